// Package gather turns calls that come at about the same time into one: while a batch is on its way, what comes in waits for the next, so that
// a single call is never held up and a thousand at once cost a few round trips.
package gather

import (
	"context"
	"fmt"
	"sync"
)

// Calls gathers calls of one kind. Do may be called by any number of goroutines.
type Calls[In, Out any] struct {
	do       func(context.Context, []In) ([]Out, error)
	most     int
	parallel int

	mu      sync.Mutex
	waiting []*call[In, Out]
	running int
}

type call[In, Out any] struct {
	ctx  context.Context
	in   In
	out  Out
	err  error
	done chan struct{}
}

// New makes Calls of which do answers a batch: with one Out for each In, or with an error that is every caller's. A batch holds most calls, and
// parallel batches are under way at once. do gets a context that lives on when the callers of a batch have gone away, as what it does may
// be done already; it must bound its own time.
func New[In, Out any](most, parallel int, do func(context.Context, []In) ([]Out, error)) *Calls[In, Out] {
	return &Calls[In, Out]{do: do, most: most, parallel: parallel}
}

// Do makes one call. When ctx ends first its error is returned, and whether the call is made is not known.
func (c *Calls[In, Out]) Do(ctx context.Context, in In) (out Out, err error) {
	k := &call[In, Out]{ctx: ctx, in: in, done: make(chan struct{})}
	c.mu.Lock()
	c.waiting = append(c.waiting, k)
	start := c.running < c.parallel
	if start {
		c.running++
	}
	c.mu.Unlock()
	if start {
		go c.run()
	}
	select {
	case <-k.done:
		return k.out, k.err
	case <-ctx.Done():
		return out, ctx.Err()
	}
}

// run makes batches until nothing waits.
func (c *Calls[In, Out]) run() {
	for {
		c.mu.Lock()
		n := min(len(c.waiting), c.most)
		if n == 0 {
			c.running--
			c.mu.Unlock()
			return
		}
		batch := c.waiting[:n:n]
		c.waiting = c.waiting[n:]
		c.mu.Unlock()
		c.answer(batch)
	}
}

// answer makes one batch. Calls whose callers have gone before it began are left out.
func (c *Calls[In, Out]) answer(batch []*call[In, Out]) {
	ins := make([]In, 0, len(batch))
	live := batch[:0]
	for _, k := range batch {
		if k.ctx.Err() == nil {
			live, ins = append(live, k), append(ins, k.in)
		}
	}
	if len(live) == 0 {
		return
	}
	outs, err := c.safely(context.WithoutCancel(live[0].ctx), ins)
	for i, k := range live {
		if err == nil {
			k.out = outs[i]
		}
		k.err = err
		close(k.done)
	}
}

// safely makes a panic of do an error of its callers, as it runs in a goroutine that none of them has.
func (c *Calls[In, Out]) safely(ctx context.Context, ins []In) (outs []Out, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("gather: a batch panicked: %v", r)
		}
	}()
	if outs, err = c.do(ctx, ins); err == nil && len(outs) != len(ins) {
		err = fmt.Errorf("gather: %d answers for %d calls", len(outs), len(ins))
	}
	return outs, err
}
