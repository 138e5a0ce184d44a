package jobs

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"posthorn/internal/accounts"
	"posthorn/internal/gather"
	"posthorn/internal/logs"
	"posthorn/internal/postgres"
	"posthorn/internal/posts"
)

// The deadlines nest, so that two workers never hold one target: an HTTP call (at most 100 s) < step < claim. A claim is made anew for each
// step.
const (
	stepTimeout = 110 * time.Second
	claimFor    = 125 * time.Second
	// oneGo is how long a target goes on with steps that need no wait, before others get their turn.
	oneGo = 45 * time.Second

	// lookEvery is how often it is looked for due targets that nobody could foresee: those that are to be published at once. All others start
	// on time by a timer.
	lookEvery = 25 * time.Millisecond
	// busyWait is how long slots are gathered while there is more due than there are slots.
	busyWait = 15 * time.Millisecond
	// lanesFor is how long a list of the lanes with work is good while there is more due than can be counted.
	lanesFor = 200 * time.Millisecond
	// troubleWait is how long to wait for a database that does not answer.
	troubleWait = 500 * time.Millisecond

	// recallFor is how long after a lost call to claim something of it may still come to be, and recallEvery how often that is looked for.
	recallFor   = 10 * time.Second
	recallEvery = time.Second

	// showAfter is how long a target is worked on before its post is shown as being published.
	showAfter = 150 * time.Millisecond

	// settleAtOnce bounds the outcomes that are stored in one transaction.
	settleAtOnce = 100
	settlers     = 1
)

// dialer opens the connection of an account; accounts.Service fits it.
type dialer interface {
	Dial(ctx context.Context, accountID string, before func() error) (*accounts.Session, error)
	NeedsReconnection(ctx context.Context, accountID string) error
}

// engine takes due targets and works on each: one step at a time, with a claim for each. Claims are made many at once and outcomes stored many
// at once, which weakens no promise: each still has its number, and is stored before the next one begins.
type engine struct {
	posts    *posts.Service
	accounts dialer
	crew     *Crew
	log      zerolog.Logger
	logs     *logs.Writer
	now      func() time.Time
	slots    *slots
	uploads  bool // it takes the targets whose next step sends a file, or the others
	settling *gather.Calls[posts.Outcome, settlement]
	showing  *gather.Calls[string, struct{}] // IDs of posts

	freed   chan struct{} // some slot is free again
	working sync.WaitGroup
	lanes   []posts.Share // all that have work, while more is due than can be counted
	listed  time.Time

	hand              hand
	doubted, recalled time.Time // when a call to claim was lost, and when what it may have claimed was freed last
}

func newEngine(c Config, crew *Crew, n int, uploads bool, settling *gather.Calls[posts.Outcome, settlement]) *engine {
	return &engine{posts: c.Posts, accounts: c.Accounts, crew: crew, log: c.Log, logs: c.Logs, now: c.Now, slots: newSlots(n), uploads: uploads, settling: settling,
		freed: make(chan struct{}, 1), showing: gather.New(settleAtOnce, 1, func(ctx context.Context, ids []string) ([]struct{}, error) {
			return make([]struct{}, len(ids)), c.Posts.ShowPublishing(ctx, ids)
		})}
}

// run takes targets until the context ends. Those in hand go on under work, and run returns when they have ended.
func (e *engine) run(ctx, work context.Context) {
	for ctx.Err() == nil {
		wait, full := e.pull(ctx, work)
		if !full {
			pauseFor(ctx, wait, nil)
			continue
		}
		pauseFor(ctx, wait, e.freed)
	}
	e.working.Wait()
}

// pauseFor waits for a time, or until something is freed.
func pauseFor(ctx context.Context, d time.Duration, freed <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-freed:
	}
}

// pull claims what is due and sets to work on it. wait is how long to wait before the next pull; with full it is for want of slots, and over as
// soon as one is freed.
func (e *engine) pull(ctx, work context.Context) (wait time.Duration, full bool) {
	if e.slots.free() == 0 {
		return lookEvery, true
	}
	lease := e.crew.Lease()
	if lease.Check() != nil { // cut off: whatever this process claimed now could be taken from it
		return troubleWait, false
	}
	if err := e.recall(ctx); err != nil {
		return e.trouble(ctx, err), false
	}
	ready, err := e.posts.Look(ctx, e.uploads, lookEvery)
	if err == nil && ready.More {
		ready.Shares, err = e.allLanes(ctx)
	}
	if err != nil {
		return e.trouble(ctx, err), false
	}
	shares := e.slots.share(ready.Shares)
	claims, err := e.posts.Claim(ctx, e.crew.ID(), claimFor, e.uploads, shares)
	if err != nil {
		e.doubted = e.now()
		return e.trouble(ctx, err), false
	}
	for _, c := range claims {
		lane := posts.Lane{OwnerID: c.OwnerID, Platform: c.Platform.Info().Name}
		e.slots.take(lane)
		e.hand.take(c.TargetID)
		e.working.Go(func() {
			defer e.done(lane)
			defer e.hand.drop(c.TargetID)
			e.work(work, c, lease)
		})
	}
	switch {
	case len(claims) > 0 && (ready.More || len(claims) < wanted(ready.Shares)): // as fast as slots are freed, but many at once
		return busyWait, false
	case !ready.Next.IsZero():
		return max(0, min(ready.Next.Sub(e.now()), lookEvery)), false
	}
	return lookEvery, false
}

// recall frees what may have been claimed by a call whose answer was lost, or nobody would take it before the claim has run out. It does so for a
// while, as Postgres may still be at that call when the connection is gone.
func (e *engine) recall(ctx context.Context) error {
	now := e.now()
	if e.doubted.IsZero() || now.Sub(e.recalled) < recallEvery {
		return nil
	}
	freed, err := e.posts.FreeForgotten(ctx, e.crew.ID(), e.uploads, e.hand.all())
	if err != nil {
		return err
	}
	if freed > 0 {
		e.log.Warn().Int64("targets", freed).Msg("what was claimed by a call whose answer was lost is free again")
	}
	if e.recalled = now; now.Sub(e.doubted) > recallFor {
		e.doubted = time.Time{}
	}
	return nil
}

// hand is the targets that an engine works on.
type hand struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (h *hand) take(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ids == nil {
		h.ids = map[string]bool{}
	}
	h.ids[id] = true
}

func (h *hand) drop(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.ids, id)
}

func (h *hand) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.AppendSeq([]string{}, maps.Keys(h.ids))
}

func wanted(shares []posts.Share) (n int) {
	for _, x := range shares {
		n += x.N
	}
	return n
}

// allLanes lists every lane with work. Looking all of them up is dear where there are thousands, so a list is good for a while.
func (e *engine) allLanes(ctx context.Context) ([]posts.Share, error) {
	now := e.now()
	if e.lanes != nil && now.Sub(e.listed) < lanesFor {
		return e.lanes, nil
	}
	lanes, err := e.posts.Lanes(ctx, e.uploads)
	if err != nil {
		return nil, err
	}
	e.lanes, e.listed = make([]posts.Share, len(lanes)), now
	for i, l := range lanes {
		e.lanes[i].Lane = l
	}
	return e.lanes, nil
}

func (e *engine) trouble(ctx context.Context, err error) time.Duration {
	if ctx.Err() == nil {
		e.log.Error().Err(err).Msg("looking for what is due failed; it is tried again")
	}
	return troubleWait
}

func (e *engine) done(lane posts.Lane) {
	e.slots.give(lane)
	select {
	case e.freed <- struct{}{}:
	default:
	}
}

// work takes steps of one target until it ends, must wait, or has had its turn.
func (e *engine) work(ctx context.Context, claim posts.Claim, lease Lease) {
	begun := e.now()
	shown := e.showLater(ctx, claim.PostID)
	defer shown()
	for {
		settled, next, err := e.step(ctx, claim, lease, e.now().Sub(begun) < oneGo, shown)
		switch {
		case err != nil:
			e.log.Error().Err(err).Str("target", claim.TargetID).Msg("settle failed; the step will be taken again when its claim has run out")
			return
		case settled.Next == nil: // ended, waiting, or another worker's
			return
		}
		claim, lease = *settled.Next, next
	}
}

// showLater shows a post as being published unless the returned function is called soon. It must be called before an outcome is stored, so
// that it never comes after the post's own status, and reports whether the post was shown; calling it again does nothing.
func (e *engine) showLater(ctx context.Context, postID string) (stop func() bool) {
	done := make(chan struct{})
	timer := time.AfterFunc(showAfter, func() {
		defer close(done)
		if _, err := e.showing.Do(ctx, postID); err != nil && ctx.Err() == nil {
			e.log.Warn().Err(err).Str("post", postID).Msg("the post could not be shown as being published")
		}
	})
	return sync.OnceValue(func() bool {
		if timer.Stop() {
			return false
		}
		<-done
		return true
	})
}

// settleMany stores outcomes together. Where that fails for another reason than a database that cannot serve, one of them may be what it fails
// for, and each is stored by itself.
func settleMany(s *posts.Service, log zerolog.Logger) func(context.Context, []posts.Outcome) ([]settlement, error) {
	return func(ctx context.Context, list []posts.Outcome) ([]settlement, error) {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		settled, err := s.Settle(ctx, list)
		if err != nil {
			log.Warn().Err(err).Int("targets", len(list)).Msg("what became of some targets could not be stored; it is tried again")
		}
		out := make([]settlement, len(list))
		for i := range list {
			switch {
			case err == nil:
				out[i].Settled = settled[i]
			case len(list) == 1 || postgres.IsUnavailable(err):
				out[i].err = err
			default:
				alone, err := s.Settle(ctx, list[i:i+1])
				if out[i].err = err; err == nil {
					out[i].Settled = alone[0]
				}
			}
		}
		return out, nil
	}
}

// settlement is what became of one outcome.
type settlement struct {
	posts.Settled
	err error
}

// settle tries until the claim's end: a step's result is too dear to be lost to a database that is restarting.
func (e *engine) settle(ctx context.Context, o posts.Outcome) (posts.Settled, error) {
	ctx, cancel := context.WithDeadline(ctx, o.Claim.Deadline)
	defer cancel()
	kept := o
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		s, err := e.settling.Do(ctx, o)
		if err == nil {
			err = s.err
		}
		if err == nil {
			if s.Stale && kept.Hold > 0 && o.Hold == 0 { // or it was the first try that came through
				return s.Settled, e.posts.Release(ctx, kept)
			}
			return s.Settled, nil
		}
		o.Hold = 0 // a second try must find what the first one may have left
		if !wait(ctx, pause) {
			return posts.Settled{}, errors.Join(err, ctx.Err())
		}
	}
}
