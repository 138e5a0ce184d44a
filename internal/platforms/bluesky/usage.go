package bluesky

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms"
)

var (
	_ platforms.UsageReader = Platform{}
	_ platforms.Spender     = Platform{}
)

// The names of the budgets.
const (
	budgetRequests   = "requests"
	budgetPointsHour = "points_hour"
	budgetPointsDay  = "points_day"
	budgetBlobs      = "blobs_day"
)

// What writes cost in points. A put that makes a record is a create to the host.
const (
	pointsOfPut    = 3
	pointsOfDelete = 1
)

// Costs counts the points of writes and the files that are stored, neither of which the host tells of.
// See https://docs.bsky.app/docs/advanced-guides/rate-limits.
func (Platform) Costs(req *http.Request) map[string]int {
	switch path := req.URL.Path; {
	case strings.HasSuffix(path, "/com.atproto.repo.putRecord"):
		return map[string]int{budgetPointsHour: pointsOfPut, budgetPointsDay: pointsOfPut}
	case strings.HasSuffix(path, "/com.atproto.repo.deleteRecord"):
		return map[string]int{budgetPointsHour: pointsOfDelete, budgetPointsDay: pointsOfDelete}
	case strings.HasSuffix(path, "/com.atproto.repo.uploadBlob"):
		return map[string]int{budgetBlobs: 1}
	default:
		return nil
	}
}

// Usage reads the RateLimit headers of the five minutes' limit on requests. Several limits apply to a call and the host tells only the
// one with the least left: those on single methods, which run for a day, say nothing of other calls and are left to the host's refusal.
// Nothing tells of the account's points.
func (Platform) Usage(h http.Header) (platforms.Usage, bool) {
	if policy := h.Get("RateLimit-Policy"); policy != "" && !strings.HasSuffix(policy, ";w=300") {
		return platforms.Usage{}, false
	}
	limit, err := strconv.ParseInt(h.Get("RateLimit-Limit"), 10, 64)
	if err != nil || limit <= 0 {
		return platforms.Usage{}, false
	}
	left, err := strconv.ParseInt(h.Get("RateLimit-Remaining"), 10, 64)
	if err != nil || left < 0 || left > limit {
		return platforms.Usage{}, false
	}
	u := platforms.Usage{Budget: budgetRequests, Percent: 100 * float64(limit-left) / float64(limit)}
	reset, err := strconv.ParseInt(h.Get("RateLimit-Reset"), 10, 64) // seconds since 1970
	now, noDate := http.ParseTime(h.Get("Date"))
	if err == nil && noDate == nil {
		u.Regain = max(0, time.Unix(reset, 0).Sub(now))
	}
	return u, true
}
