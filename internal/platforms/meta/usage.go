package meta

import (
	"encoding/json"
	"net/http"
	"time"

	"posthorn/internal/platforms"
)

// The names of the budgets that Meta's usage headers tell of: the account's own, and the app's.
const (
	BudgetCalls    = "calls"
	BudgetAppCalls = "app calls"
)

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

// Usage reads the account's own budget off X-Business-Use-Case-Usage, or else the app's off X-App-Usage. Of the former the rows of one type
// count, or all where none is. Both are absent while little is used.
// https://developers.facebook.com/docs/graph-api/overview/rate-limiting#headers
func Usage(h http.Header, kind string) (platforms.Usage, bool) {
	var cases map[string][]usageRow
	if err := json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &cases); err == nil {
		if row, ok := worst(cases, kind); ok {
			return platforms.Usage{Budget: BudgetCalls, Percent: row.percent(), Regain: regain(row.Minutes)}, true
		}
	}
	var app *usageRow
	if err := json.Unmarshal([]byte(h.Get("X-App-Usage")), &app); err == nil && app != nil {
		return platforms.Usage{Budget: BudgetAppCalls, Percent: app.percent(), Regain: regain(app.Minutes)}, true
	}
	return platforms.Usage{}, false
}

// worst joins the rows of a type, or all where none is.
func worst(cases map[string][]usageRow, kind string) (usageRow, bool) {
	var own, all usageRow
	var hasOwn, hasAny bool
	for _, rows := range cases {
		for _, r := range rows {
			all, hasAny = join(all, r), true
			if r.Type == kind {
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
