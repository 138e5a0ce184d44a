package webhooks

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestBatcherAnswersEachWithItsOwn(t *testing.T) {
	t.Parallel()
	var b batcher[int, int]
	var calls, most atomic.Int64
	double := func(_ context.Context, list []int) ([]int, error) {
		calls.Add(1)
		most.Store(max(most.Load(), int64(len(list))))
		out := make([]int, len(list))
		for i, n := range list {
			if n == 13 {
				return nil, errors.New("unlucky")
			}
			out[i] = 2 * n
		}
		return out, nil
	}
	var wg sync.WaitGroup
	for i := range 2000 {
		wg.Go(func() {
			n := 14 + i
			if got, err := b.ask(t.Context(), n, double); err != nil || got != 2*n {
				t.Errorf("twice %d is %d, %v", n, got, err)
			}
		})
	}
	wg.Wait()
	if most.Load() > batchMost {
		t.Errorf("%d were asked at once", most.Load())
	}
	if _, err := b.ask(t.Context(), 13, double); err == nil {
		t.Error("a failure was not told")
	}
	if got, err := b.ask(t.Context(), 4, double); err != nil || got != 8 {
		t.Errorf("after a failure: %d, %v", got, err)
	}
	t.Logf("2000 questions in %d calls, %d at most", calls.Load(), most.Load())
}
