package fault

import (
	"context"
	"slices"
	"strings"
)

// Handle is one rule of an Engine.
type Handle struct {
	e *Engine
	r *rule
}

// State is what became of a rule so far.
type State struct {
	Matched int    // requests that matched while the rule was looking, skipped ones included
	Applied int    // requests that have met the fault: held, dropped, answered, delayed
	Gone    int    // of those, the ones whose client left while they were held or delayed
	Holding []Call // in hand now
	Spent   bool   // it has acted as often as it was to
}

// ID names the rule within its Engine.
func (h *Handle) ID() string { return h.r.id }

// Rule returns the rule with its defaults filled in.
func (h *Handle) Rule() Rule { return h.r.Rule }

// State returns what became of the rule so far.
func (h *Handle) State() State {
	h.e.mu.Lock()
	defer h.e.mu.Unlock()
	s := State{Matched: h.r.matched, Applied: h.r.applied, Gone: h.r.gone, Spent: h.r.spent(), Holding: []Call{}}
	for _, call := range h.r.held {
		s.Holding = append(s.Holding, call)
	}
	slices.SortFunc(s.Holding, func(a, b Call) int {
		return strings.Compare(a.Host+a.Path+a.Method, b.Host+b.Path+b.Method)
	})
	return s
}

// Held tells of each request at the moment it is held. It keeps the last 64 for a slow reader and is never closed.
func (h *Handle) Held() <-chan Call { return h.r.calls }

// Wait returns once the fault has been met n times, at once if it has already. It fails when ctx ends or the rule is removed.
func (h *Handle) Wait(ctx context.Context, n int) error {
	return h.until(ctx, func() bool { return h.r.applied >= n })
}

// WaitGone returns once n clients have left while their request was held or delayed: after that nothing of theirs reaches the server.
func (h *Handle) WaitGone(ctx context.Context, n int) error {
	return h.until(ctx, func() bool { return h.r.gone >= n })
}

// Release lets go on what is held now and returns how many requests that were; later ones are held again if the rule says so.
func (h *Handle) Release() int {
	h.e.mu.Lock()
	defer h.e.mu.Unlock()
	return h.r.letGo()
}

// Remove takes the rule away; what it holds goes on. A second call does nothing.
func (h *Handle) Remove() {
	h.e.mu.Lock()
	defer h.e.mu.Unlock()
	if !h.r.removed {
		h.e.remove(h.r)
	}
}

// until waits for a condition on the rule, which is checked under the mutex.
func (h *Handle) until(ctx context.Context, reached func() bool) error {
	for {
		h.e.mu.Lock()
		ok, removed, changed := reached(), h.r.removed, h.r.changed
		h.e.mu.Unlock()
		switch {
		case ok:
			return nil
		case removed:
			return ErrRemoved
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-h.e.done:
			return context.Canceled
		}
	}
}
