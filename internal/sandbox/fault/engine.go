// Package fault makes a server misbehave at an exact moment: it holds, drops, delays or answers the requests that a rule names,
// before the server has seen them or after it has done its work.
package fault

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// maxRules bounds what an Engine keeps; rules that have done their work make room for new ones.
const maxRules = 500

// ErrTooMany is returned by Add when there are as many unfinished rules as an Engine keeps.
var ErrTooMany = errors.New("too many rules are waiting: remove some")

// ErrRemoved is returned by Wait when the rule is removed meanwhile.
var ErrRemoved = errors.New("the rule was removed")

// Call names a request that a rule has taken.
type Call struct {
	Method string `json:"method"`
	Host   string `json:"host"`
	Path   string `json:"path"` // as sent, without the query
}

// Engine holds the rules. Its methods may be called from many goroutines at once. The zero value is not ready; use New.
type Engine struct {
	done chan struct{} // closed by Close
	once sync.Once

	mu    sync.Mutex
	rules []*rule // oldest first: the first that wants a request gets it
	next  int
}

// rule is a Rule and what became of it; the Engine's mutex guards everything but the constants.
type rule struct {
	Rule
	id string

	matched int            // requests that matched while the rule was looking, skipped ones included
	taken   int            // requests it has decided to act on
	applied int            // requests that have reached the fault
	gone    int            // requests whose client left while they were held or delayed
	held    map[*held]Call // in hand now
	calls   chan Call      // told of each request as it is held
	changed chan struct{}  // closed and replaced at each change
	removed bool
}

// held is one request in hand; release is closed to let it go on.
type held struct{ release chan struct{} }

// New makes an Engine without rules.
func New() *Engine { return &Engine{done: make(chan struct{})} }

// Add puts a rule behind those that are there. Of several rules that match a request, the oldest that still has to act takes it.
func (e *Engine) Add(r Rule) (*Handle, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	if r.Times == 0 {
		r.Times = 1
	}
	if r.When == "" {
		r.When = Before
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.rules) >= maxRules {
		i := slices.IndexFunc(e.rules, func(old *rule) bool { return old.spent() && len(old.held) == 0 })
		if i < 0 {
			return nil, ErrTooMany
		}
		e.remove(e.rules[i])
	}
	e.next++
	added := &rule{
		Rule: r, id: "r" + strconv.Itoa(e.next),
		held: map[*held]Call{}, calls: make(chan Call, 64), changed: make(chan struct{}),
	}
	e.rules = append(e.rules, added)
	return &Handle{e, added}, nil
}

// Rules returns a handle on each rule, oldest first; those that have done their work stay until they are removed.
func (e *Engine) Rules() []*Handle {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]*Handle, 0, len(e.rules))
	for _, r := range e.rules {
		all = append(all, &Handle{e, r})
	}
	return all
}

// Rule finds a rule by its ID, nil if there is none.
func (e *Engine) Rule(id string) *Handle {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.rules {
		if r.id == id {
			return &Handle{e, r}
		}
	}
	return nil
}

// Clear removes every rule; what they hold goes on.
func (e *Engine) Clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range slices.Clone(e.rules) {
		e.remove(r)
	}
}

// Close ends what is held and delayed by closing the connections: nothing held before the server reaches it any more. Later
// requests that a Hold or Delay takes end the same way. It may be called twice.
func (e *Engine) Close() { e.once.Do(func() { close(e.done) }) }

// Wrap returns next with the rules in front of it. A dropped connection is a panic with http.ErrAbortHandler, as net/http
// servers understand it; whoever calls the handler without one has to recover it.
func (e *Engine) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		taken := e.take(r)
		if taken == nil {
			next.ServeHTTP(w, r)
			return
		}
		if n, ok := w.(Noter); ok {
			n.NoteFault(taken.id, taken.Action, taken.When)
		}
		e.apply(taken, w, r, next)
	})
}

// Noter is what a ResponseWriter given to Wrap's handler may implement to learn that a rule has taken the request.
type Noter interface {
	NoteFault(ruleID string, action Action, when Moment)
}

// take finds the rule that acts on a request and counts it. A request that a rule skips is offered to the next one.
func (e *Engine) take(r *http.Request) *rule {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, candidate := range e.rules {
		if candidate.spent() || !candidate.matches(r) {
			continue
		}
		candidate.matched++
		if candidate.matched <= candidate.Skip {
			candidate.tell()
			continue
		}
		candidate.taken++
		return candidate
	}
	return nil
}

// apply lets a rule act on the request it took.
func (e *Engine) apply(rl *rule, w http.ResponseWriter, r *http.Request, next http.Handler) {
	// net/http notices that a client has gone only once the body is read to its end. It also makes a drop exact: the client
	// has sent everything and gets no answer.
	if err := buffer(r); err != nil {
		panic(http.ErrAbortHandler)
	}
	goOn := func() { next.ServeHTTP(w, r) }
	if rl.When == After {
		// The promise is that the server did its work, so a client that leaves early must not interrupt it.
		answer := newRecorder()
		next.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context())))
		goOn = func() { answer.copyTo(w) }
	}
	switch rl.Action {
	case Drop:
		e.count(rl, &rl.applied)
		panic(http.ErrAbortHandler)
	case Status:
		e.count(rl, &rl.applied)
		writeStatus(w, rl.Rule)
	case Delay:
		e.count(rl, &rl.applied)
		timer := time.NewTimer(rl.Delay)
		defer timer.Stop()
		await(r.Context(), e, rl, timer.C)
		goOn()
	case Hold:
		e.hold(rl, r)
		goOn()
	}
}

// hold keeps a request in hand until it is released. It does not return when the client leaves or the Engine closes.
func (e *Engine) hold(rl *rule, r *http.Request) {
	mine, call := &held{make(chan struct{})}, Call{r.Method, hostOf(r), r.URL.EscapedPath()}
	e.mu.Lock()
	rl.applied++
	if rl.removed { // while the request was on its way here
		close(mine.release)
	} else {
		rl.held[mine] = call
	}
	select {
	case rl.calls <- call:
	default: // nobody listens, and the count tells it as well
	}
	rl.tell()
	e.mu.Unlock()

	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(rl.held, mine)
		rl.tell()
	}()
	await(r.Context(), e, rl, mine.release)
}

// await waits for a request's time to go on, and aborts it when its client leaves or the Engine closes.
func await[T any](ctx context.Context, e *Engine, rl *rule, ready <-chan T) {
	select {
	case <-ready:
	case <-e.done:
		panic(http.ErrAbortHandler)
	case <-ctx.Done():
	}
	if ctx.Err() != nil { // also when both came at once: a client that has gone must not reach the server
		e.count(rl, &rl.gone)
		panic(http.ErrAbortHandler)
	}
}

// count adds one to one of a rule's counters.
func (e *Engine) count(rl *rule, counter *int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	*counter++
	rl.tell()
}

// remove takes a rule off the list and lets go what it holds. The mutex is held.
func (e *Engine) remove(rl *rule) {
	e.rules = slices.DeleteFunc(e.rules, func(r *rule) bool { return r == rl })
	rl.removed = true
	rl.letGo()
	rl.tell()
}

// spent tells whether a rule has nothing left to act on.
func (rl *rule) spent() bool { return rl.Times != Forever && rl.taken >= rl.Times }

// letGo releases what is held and returns how many that were.
func (rl *rule) letGo() int {
	n := len(rl.held)
	for h := range rl.held {
		close(h.release)
		delete(rl.held, h)
	}
	return n
}

// tell wakes whoever waits for a change.
func (rl *rule) tell() {
	close(rl.changed)
	rl.changed = make(chan struct{})
}
