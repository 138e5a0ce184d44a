package gather

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestEachGetsItsOwnAnswer(t *testing.T) {
	t.Parallel()
	var batches, largest, running, most atomic.Int32
	c := New(50, 2, func(_ context.Context, list []int) ([]int, error) {
		batches.Add(1)
		raise(&largest, int32(len(list)))
		raise(&most, running.Add(1))
		defer running.Add(-1)
		time.Sleep(time.Millisecond)
		out := make([]int, len(list))
		for i, n := range list {
			out[i] = 2 * n
		}
		return out, nil
	})
	var wg sync.WaitGroup
	for n := range 1000 {
		wg.Go(func() {
			if got, err := c.Do(t.Context(), n); err != nil || got != 2*n {
				t.Errorf("%d became %d, %v", n, got, err)
			}
		})
	}
	wg.Wait()
	if batches.Load() > 500 || largest.Load() > 50 || most.Load() > 2 {
		t.Errorf("%d batches, the largest of %d, %d at once", batches.Load(), largest.Load(), most.Load())
	}
}

func raise(max *atomic.Int32, n int32) {
	for old := max.Load(); n > old && !max.CompareAndSwap(old, n); old = max.Load() {
	}
}

func TestFaultsReachEveryCaller(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, do := range map[string]func(context.Context, []int) ([]int, error){
		"broken":                 func(context.Context, []int) ([]int, error) { return nil, broken },
		"a batch panicked: oops": func(context.Context, []int) ([]int, error) { panic("oops") },
		"0 answers for 1 calls":  func(context.Context, []int) ([]int, error) { return nil, nil },
	} {
		if _, err := New(1, 1, do).Do(t.Context(), 1); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

func TestACallerMayGo(t *testing.T) {
	t.Parallel()
	release, begun := make(chan struct{}), make(chan struct{}, 1)
	var seen atomic.Int32
	c := New(10, 1, func(ctx context.Context, list []int) ([]int, error) {
		begun <- struct{}{}
		<-release
		seen.Add(int32(len(list)))
		return list, ctx.Err()
	})
	first, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { _, err := c.Do(first, 1); gone <- err }()
	<-begun
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who left got %v", err)
	}
	second, leave2 := context.WithCancel(t.Context())
	go func() { _, err := c.Do(second, 2); gone <- err }()
	for c.count() == 0 {
		time.Sleep(time.Millisecond)
	}
	leave2()
	<-gone
	go func() { _, err := c.Do(t.Context(), 3); gone <- err }()
	for c.count() < 2 {
		time.Sleep(time.Millisecond)
	}
	close(release)
	if err := <-gone; err != nil {
		t.Errorf("the one who stayed got %v", err)
	}
	if seen.Load() != 2 {
		t.Errorf("%d calls were made, want the one that had begun and the last", seen.Load())
	}
}

// count is how many calls wait.
func (c *Calls[In, Out]) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting)
}
