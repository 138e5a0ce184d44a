package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// call is one request.
type call struct {
	method, path string
	body         []byte
}

// figures are what was measured.
type figures struct {
	n        int
	rate     float64 // a second
	p50, p99 time.Duration
}

// load sends requests from so many clients at once, each waiting for its answer before the next, until the time is up. An answer that is
// no success ends it.
func (s *system) load(ctx context.Context, m measure, clients int, long time.Duration) (figures, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	for range 2 * clients { // connections and plans are made before the clock runs
		if _, err := s.send(ctx, client, m.request(s.next.Add(1))); err != nil {
			return figures{}, err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var all []time.Duration
	var failed atomic.Pointer[error]
	var group sync.WaitGroup
	begun := time.Now()
	for range clients {
		group.Go(func() {
			var own []time.Duration
			for time.Since(begun) < long && ctx.Err() == nil {
				took, err := s.send(ctx, client, m.request(s.next.Add(1)))
				if err != nil {
					failed.CompareAndSwap(nil, &err)
					cancel()
					return
				}
				own = append(own, took)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, own...)
		})
	}
	group.Wait()
	took := time.Since(begun)
	if err := failed.Load(); err != nil {
		return figures{}, *err
	}
	slices.Sort(all)
	return figures{n: len(all), rate: float64(len(all)) / took.Seconds(), p50: all[len(all)/2], p99: all[len(all)*99/100]}, nil
}

func (s *system) send(ctx context.Context, client *http.Client, c call) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, c.method, s.base+c.path, bytes.NewReader(c.body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("X-Owner", s.owner) // for bare, which looks no key up
	if c.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	begun := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if resp.StatusCode >= 300 {
		return 0, fmt.Errorf("%s %s answered %d: %s", c.method, c.path, resp.StatusCode, body)
	}
	return time.Since(begun), nil
}
