package instagram

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"posthorn/internal/platforms"
)

// Costs counts containers: they are what a POST to an account's media makes.
func (Platform) Costs(req *http.Request) map[string]int {
	if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/media") {
		return map[string]int{budgetContainers: 1}
	}
	return nil
}

// usageRow is one entry of Meta's usage headers: percentages of the limit, and minutes until calls are taken again.
type usageRow struct {
	Type    string  `json:"type"`
	Calls   float64 `json:"call_count"`
	CPU     float64 `json:"total_cputime"`
	Time    float64 `json:"total_time"`
	Minutes float64 `json:"estimated_time_to_regain_access"`
}

func (r usageRow) percent() float64 { return max(r.Calls, r.CPU, r.Time) }

// maxRegain bounds what a header may claim.
const maxRegain = 24 * time.Hour

// Usage reads the account's own budget off X-Business-Use-Case-Usage, or else the app's off X-App-Usage. Both are absent while little
// is used. See https://developers.facebook.com/docs/graph-api/overview/rate-limiting#headers.
func (Platform) Usage(h http.Header) (platforms.Usage, bool) {
	var cases map[string][]usageRow
	if err := json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &cases); err == nil {
		if row, ok := worst(cases); ok {
			return platforms.Usage{Budget: budgetCalls, Percent: row.percent(), Regain: regain(row.Minutes)}, true
		}
	}
	var app *usageRow
	if err := json.Unmarshal([]byte(h.Get("X-App-Usage")), &app); err == nil && app != nil {
		return platforms.Usage{Budget: budgetAppCalls, Percent: app.percent(), Regain: regain(app.Minutes)}, true
	}
	return platforms.Usage{}, false
}

// worst joins the rows that count for publishing: those of type instagram, or all where none is.
func worst(cases map[string][]usageRow) (usageRow, bool) {
	var own, all usageRow
	var hasOwn, hasAny bool
	for _, rows := range cases {
		for _, r := range rows {
			all, hasAny = join(all, r), true
			if r.Type == "instagram" {
				own, hasOwn = join(own, r), true
			}
		}
	}
	if hasOwn {
		return own, true
	}
	return all, hasAny
}

func join(a, b usageRow) usageRow {
	return usageRow{Calls: max(a.Calls, b.Calls), CPU: max(a.CPU, b.CPU), Time: max(a.Time, b.Time), Minutes: max(a.Minutes, b.Minutes)}
}

func regain(minutes float64) time.Duration {
	if minutes <= 0 {
		return 0
	}
	return time.Duration(min(minutes, maxRegain.Minutes()) * float64(time.Minute))
}
