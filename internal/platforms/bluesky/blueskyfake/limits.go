package blueskyfake

import (
	"net/http"
	"strconv"
	"time"
)

// limits are the rate limits of Bluesky's own hosts, https://docs.bsky.app/docs/advanced-guides/rate-limits.
type limits struct {
	address    budget // requests of one address, over everything
	loginShort budget
	loginDay   budget
	writeHour  budget // points: 3 for a create, 2 for an update, 1 for a delete
	writeDay   budget
	blobDay    budget
}

func newLimits() limits {
	const day = 24 * time.Hour
	return limits{
		address:    budget{points: 3000, window: 5 * time.Minute},
		loginShort: budget{points: 30, window: 5 * time.Minute},
		loginDay:   budget{points: 300, window: day},
		writeHour:  budget{points: 5000, window: time.Hour},
		writeDay:   budget{points: 35_000, window: day},
		blobDay:    budget{points: 1000, window: day},
	}
}

// budget counts points in a window that opens with a key's first spending. As reported to a caller it is a copy for one key.
type budget struct {
	points int
	window time.Duration
	keys   map[string]spent

	left  int
	reset time.Time
}

type spent struct {
	points int
	until  time.Time
}

// maxKeys bounds the memory of a budget; beyond it, keys whose window has closed are forgotten.
const maxKeys = 10_000

// spend takes points of a budget. Of all budgets that a call spends, the one with the least left is reported.
func (f *Fake) spend(c *call, b *budget, key string, points int) error {
	now := f.now()
	if b.keys == nil || len(b.keys) > maxKeys {
		kept := map[string]spent{}
		for k, s := range b.keys {
			if now.Before(s.until) {
				kept[k] = s
			}
		}
		b.keys = kept
	}
	s := b.keys[key]
	if !now.Before(s.until) {
		s = spent{until: now.Add(b.window)}
	}
	s.points += points
	b.keys[key] = s
	left := max(b.points-s.points, 0)
	if c.budget == nil || left <= c.budget.left {
		c.budget = &budget{points: b.points, window: b.window, left: left, reset: s.until}
	}
	if s.points > b.points {
		return &failure{Status: http.StatusTooManyRequests, Name: "RateLimitExceeded", Message: "Rate Limit Exceeded"}
	}
	return nil
}

// header reports the budget. RateLimit-Reset is a moment in Unix seconds, Retry-After a number of seconds.
func (b *budget) header(h http.Header, now time.Time, err error) {
	h.Set("RateLimit-Limit", strconv.Itoa(b.points))
	h.Set("RateLimit-Remaining", strconv.Itoa(b.left))
	h.Set("RateLimit-Reset", strconv.FormatInt(ceilSeconds(b.reset), 10))
	h.Set("RateLimit-Policy", strconv.Itoa(b.points)+";w="+strconv.Itoa(int(b.window/time.Second)))
	if e, ok := err.(*failure); ok && e.Status == http.StatusTooManyRequests {
		h.Set("Retry-After", strconv.FormatInt(max(ceilSeconds(b.reset)-now.Unix(), 1), 10))
	}
}

// ceilSeconds is the first whole Unix second that is not before t.
func ceilSeconds(t time.Time) int64 {
	s := t.Unix()
	if t.Nanosecond() > 0 {
		s++
	}
	return s
}
