package outbound

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	// breakAfter is how many calls in a row must fail until a host counts as down.
	breakAfter = 8
	firstBreak = 5 * time.Second
	longBreak  = 2 * time.Minute
)

// Breaker keeps calls away from hosts that are down: after several failures in a row a host gets none for a while, then one that tries,
// and all again once that succeeds. A failure is a call without an answer, or a 5xx. It knows what this process has seen and no more:
// every other finds out for itself, at the price of a few calls. The zero value lets everything pass.
type Breaker struct {
	Now   func() time.Time
	mu    sync.Mutex
	hosts map[string]*hostState
}

type hostState struct {
	failures int // in a row
	pause    time.Duration
	until    time.Time // nothing is sent before; zero: the host is well
	trying   bool      // one call is under way to see whether it is well again
}

// DownError says that a host is down, and when to try again.
type DownError struct {
	Host  string
	Until time.Time
}

// Error names the host.
func (e *DownError) Error() string { return e.Host + " is down" }

// Allow is nil when a host may be called, else a *DownError. Every call that it allows must be reported.
func (b *Breaker) Allow(host string) error {
	if b == nil || b.Now == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[host]
	if h == nil || h.until.IsZero() {
		return nil
	}
	now := b.Now()
	if now.Before(h.until) || h.trying {
		until := h.until
		if !now.Before(until) {
			until = now.Add(time.Second)
		}
		return &DownError{Host: host, Until: until.Add(rand.N(h.pause/4 + 1))} // so that not everybody comes back at once
	}
	h.trying = true
	return nil
}

// Report says what became of a call that was allowed. A call that its own caller gave up says nothing of the host.
func (b *Breaker) Report(host string, resp *http.Response, err error) {
	if b == nil || b.Now == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[host]
	switch {
	case errors.Is(err, context.Canceled):
		if h != nil {
			h.trying = false
		}
	case err == nil && resp.StatusCode < http.StatusInternalServerError:
		delete(b.hosts, host)
	default:
		if h == nil {
			if b.hosts == nil {
				b.hosts = map[string]*hostState{}
			}
			h = &hostState{}
			b.hosts[host] = h
		}
		h.trying = false
		if h.failures++; h.failures < breakAfter {
			return
		}
		if now := b.Now(); !now.Before(h.until) { // those that were under way when it broke count once
			h.pause = min(max(firstBreak, 2*h.pause), longBreak)
			h.until = now.Add(h.pause)
		}
	}
}
