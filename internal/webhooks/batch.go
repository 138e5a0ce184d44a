package webhooks

import (
	"context"
	"sync"
	"time"
)

const (
	batchMost    = 200
	batchTimeout = 30 * time.Second
)

// batcher does for many callers at once what each asks for alone: while one round trip is under way, those who come meanwhile gather for
// the next. A caller who comes alone waits for nobody.
type batcher[In, Out any] struct {
	mu      sync.Mutex
	waiting []*batched[In, Out]
	busy    bool
}

type batched[In, Out any] struct {
	in   In
	out  Out
	err  error
	done chan struct{}
}

// ask waits for the answer to in. do gets one or more of them and answers in their order; when it fails, it has failed for all.
func (b *batcher[In, Out]) ask(ctx context.Context, in In, do func(context.Context, []In) ([]Out, error)) (Out, error) {
	mine := &batched[In, Out]{in: in, done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, mine)
	leads := !b.busy
	b.busy = true
	b.mu.Unlock()
	if leads {
		go b.run(context.WithoutCancel(ctx), do)
	}
	<-mine.done
	return mine.out, mine.err
}

func (b *batcher[In, Out]) run(ctx context.Context, do func(context.Context, []In) ([]Out, error)) {
	for {
		b.mu.Lock()
		n := min(len(b.waiting), batchMost)
		batch := b.waiting[:n:n]
		b.waiting = b.waiting[n:]
		if n == 0 {
			b.waiting, b.busy = nil, false
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
		b.answer(ctx, batch, do)
	}
}

func (b *batcher[In, Out]) answer(ctx context.Context, batch []*batched[In, Out], do func(context.Context, []In) ([]Out, error)) {
	ctx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	list := make([]In, len(batch))
	for i, c := range batch {
		list[i] = c.in
	}
	out, err := do(ctx, list)
	for i, c := range batch {
		if c.err = err; err == nil {
			c.out = out[i]
		}
		close(c.done)
	}
}
