package posts

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

// channel carries "some target changed" between processes. What changed is read from the tables.
const channel = "posthorn_targets"

// Await waits until nothing more will happen to a post within the given time, and returns it as it stands then: every target has ended
// and has no follow-up, or waits for a time after that. A context that ends, ends the wait with the context's error.
//
// Listen must be running; without it Await still ends, by looking again now and then.
func (s *Service) Await(parent context.Context, by auth.Principal, postID string, longest time.Duration) (post Post, err error) {
	defer errs.Wrap(&err, "posts.Await(%s)", clip(postID, 40))
	deadline := s.Now().Add(longest)
	ctx, cancel := context.WithTimeout(parent, longest)
	defer cancel()
	wake := s.waiters.add()
	defer s.waiters.remove(wake)
	again := time.NewTicker(time.Second) // should the listening connection be down
	defer again.Stop()
	for ctx.Err() == nil {
		settled, err := s.settled(ctx, by.OwnerID, postID, deadline)
		if err != nil && ctx.Err() == nil {
			return Post{}, err
		}
		if settled {
			return s.Get(ctx, by, postID)
		}
		select {
		case <-wake:
		case <-again.C:
		case <-ctx.Done():
		}
	}
	if err := parent.Err(); err != nil {
		return Post{}, err // the caller left, or has no more time itself
	}
	return s.Get(parent, by, postID)
}

// settled reports whether no target of the post can change before the deadline.
func (s *Service) settled(ctx context.Context, ownerID, postID string, deadline time.Time) (done bool, err error) {
	err = s.Pool.QueryRow(ctx, `
		select not exists (select 1 from targets where owner_id = $1 and post_id = $2 and open and (next_at <= $3 or claimed_until is not null))`,
		ownerID, postID, deadline).Scan(&done)
	return done, err
}

// waiters are the Awaits of this process.
type waiters struct {
	mu  sync.Mutex
	all map[chan struct{}]bool
}

func (w *waiters) add() chan struct{} {
	wake := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[chan struct{}]bool{}
	}
	w.all[wake] = true
	return wake
}

func (w *waiters) remove(wake chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, wake)
}

func (w *waiters) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for wake := range w.all {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// Listen wakes the Awaits of this process whenever some worker says that targets changed, on one connection of its own, until the
// context ends. A lost connection is opened again.
func (s *Service) Listen(ctx context.Context, onError func(error)) {
	for ctx.Err() == nil {
		if err := s.listen(ctx); err != nil && ctx.Err() == nil {
			onError(err)
			pause(ctx, time.Second)
		}
	}
}

func (s *Service) listen(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "posts.Listen")
	conn, err := pgx.ConnectConfig(ctx, s.Pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `listen `+channel); err != nil {
		return err
	}
	s.waiters.wakeAll() // for what happened before we listened
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
		s.waiters.wakeAll()
	}
}

// Notifier tells all processes that targets changed, at most once in a while: a NOTIFY in every transaction would serialise the commits.
type Notifier struct {
	changed chan struct{}
}

// NewNotifier makes a Notifier; Run must be running for it to tell anyone.
func NewNotifier() *Notifier { return &Notifier{changed: make(chan struct{}, 1)} }

// Changed notes that some target changed. It never waits.
func (n *Notifier) Changed() {
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// Run tells what was noted, no more than once in 15 ms, until the context ends.
func (n *Notifier) Run(ctx context.Context, notify func(context.Context, string) error, onError func(error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.changed:
		}
		if err := notify(ctx, channel); err != nil && ctx.Err() == nil {
			onError(err)
		}
		pause(ctx, 15*time.Millisecond)
	}
}

// Notify sends a notification on a channel; it is what a Notifier uses.
func (s *Service) Notify(ctx context.Context, channel string) error {
	_, err := s.Pool.Exec(ctx, `select pg_notify($1, '')`, channel)
	return err
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
