package graph

import (
	"encoding/json"
	"net/http"
	"time"
)

// How a spent budget behaves. Meta documents the header and that calls made meanwhile lengthen the wait, but none of the numbers:
// https://developers.facebook.com/docs/graph-api/overview/rate-limiting
const (
	usageShown   = 5 // percent below which the headers are left out
	firstBlock   = 5 * time.Minute
	longerBlock  = time.Minute // for each call made while blocked
	longestBlock = Day
)

// Usage is an account's calls of the last hour, by minute, and the block that follows when they were too many.
type Usage struct {
	minutes map[int64]int
	blocked time.Time // until then
}

// spent is the number of calls in the hour up to now.
func (u *Usage) spent(now time.Time) int {
	n := 0
	for minute, calls := range u.minutes {
		if age := now.Unix()/60 - minute; age >= 60 {
			delete(u.minutes, minute)
		} else {
			n += calls
		}
	}
	return n
}

// Meter counts calls of accounts of one kind: "instagram", "pages".
type Meter struct {
	Kind   string
	Budget int // calls an hour per account; 0: without end
	All    []*Usage
}

// Count spends one call of an account's budget and sets the usage headers. Reaching 100 % begins a block, in which each further call fails, which
// false tells, and adds a minute; when it is over the account starts afresh.
func (m Meter) Count(id string, u *Usage, now time.Time, h http.Header) bool {
	if m.Budget <= 0 {
		return true
	}
	if now.Before(u.blocked) {
		u.blocked = minTime(u.blocked.Add(longerBlock), now.Add(longestBlock))
		m.show(id, u, now, h, 100)
		return false
	}
	if !u.blocked.IsZero() || u.minutes == nil {
		*u = Usage{minutes: map[int64]int{}}
	}
	u.minutes[now.Unix()/60]++
	percent := min(100, u.spent(now)*100/m.Budget)
	if percent == 100 {
		u.blocked = now.Add(firstBlock)
	}
	m.show(id, u, now, h, percent)
	return true
}

// show sets the headers: percent of the account's budget, and of the app's, which is that of all accounts together.
func (m Meter) show(id string, u *Usage, now time.Time, h http.Header, percent int) {
	if percent < usageShown {
		return
	}
	type spent struct {
		Type      string `json:"type"`
		CallCount int    `json:"call_count"`
		CPU       int    `json:"total_cputime"`
		Time      int    `json:"total_time"`
		Regain    int    `json:"estimated_time_to_regain_access"` // minutes
	}
	regain := 0
	if now.Before(u.blocked) {
		regain = int((u.blocked.Sub(now) + time.Minute - 1) / time.Minute)
	}
	setJSON(h, "X-Business-Use-Case-Usage", map[string][]spent{id: {{m.Kind, percent, percent / 2, percent / 3, regain}}})
	calls := 0
	for _, other := range m.All {
		calls += other.spent(now)
	}
	app := min(100, calls*100/(m.Budget*max(1, len(m.All))))
	setJSON(h, "X-App-Usage", map[string]int{"call_count": app, "total_cputime": app / 2, "total_time": app / 3})
}

func setJSON(h http.Header, name string, v any) {
	b, err := json.Marshal(v)
	if err == nil { // numbers and fixed names always can be
		h.Set(name, string(b))
	}
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
