// Package fuzz sends every operation of the API what fits its schema, what nearly fits, and what nobody sends in good faith, to a real
// server with a real database, the sandbox and a worker.
package fuzz

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/test/requests"
)

const (
	usual   = 20 * time.Second
	clients = 4
	// What may be left when all is closed: goroutines and bytes of caches that live as long as the process.
	goroutinesLeft = 8
	bytesLeft      = 48 << 20
	// How much the process may need on the way: the sandbox keeps what was published in memory.
	bytesAtMost = 3 << 30
)

// TestFuzz runs for POSTHORN_FUZZ_TIME, 20 seconds by default. POSTHORN_FUZZ_SEED repeats a run.
func TestFuzz(t *testing.T) {
	duration, seed := duration(t), seed(t)
	t.Logf("POSTHORN_FUZZ_SEED=%d POSTHORN_FUZZ_TIME=%s", seed, duration)
	all, err := requests.Operations()
	if err != nil {
		t.Fatal(err)
	}
	round(t, all, seed, 0, 2*time.Second) // what lives as long as the process is made here
	before := measure()
	total, peak := round(t, all, seed, 1, duration)
	report(t, all, total)
	after := settled(before)
	t.Logf("goroutines: %d before, %d under load, %d after; heap: %d MB, %d MB, %d MB", before.goroutines, peak.goroutines, after.goroutines, before.heap>>20, peak.heap>>20, after.heap>>20)
	if after.goroutines > before.goroutines+goroutinesLeft {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines are left:\n%s", after.goroutines-before.goroutines, stacks[:runtime.Stack(stacks, true)])
	}
	if after.heap > before.heap+bytesLeft {
		t.Errorf("%d MB of memory are left", (after.heap-before.heap)>>20)
	}
	if peak.heap > bytesAtMost {
		t.Errorf("the process needed %d MB", peak.heap>>20)
	}
}

// round opens a world, lets the clients loose on it, and closes it.
func round(t *testing.T, all []requests.Operation, seed, n uint64, d time.Duration) (total counts, peak figures) {
	w := open(t)
	defer w.shut()
	total = run(t, w, all, seed, n, d)
	return total, measure()
}

func duration(t *testing.T) time.Duration {
	text := os.Getenv("POSTHORN_FUZZ_TIME")
	if text == "" {
		return usual
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("POSTHORN_FUZZ_TIME: %v", err)
	}
	return d
}

func seed(t *testing.T) uint64 {
	text := os.Getenv("POSTHORN_FUZZ_SEED")
	if text == "" {
		return uint64(time.Now().UnixNano())
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("POSTHORN_FUZZ_SEED: %v", err)
	}
	return n
}

// run lets several clients send for a while, and fails the test for what they find.
func run(t *testing.T, w *world, all []requests.Operation, seed, round uint64, d time.Duration) counts {
	t.Helper()
	end, total := time.Now().Add(d), counts{}
	var mu sync.Mutex
	found := 0
	var working sync.WaitGroup
	for n := range uint64(clients) {
		working.Go(func() {
			c := &client{w: w, all: all, rand: rand.New(rand.NewPCG(seed, round<<32|n)), counts: counts{}, name: fmt.Sprintf("fuzz %d %d", round, n)}
			for time.Now().Before(end) {
				if err := c.step(); err != nil {
					mu.Lock()
					if found++; found <= 10 {
						t.Errorf("client %d, request %d: %v", n, c.sent, err)
					}
					mu.Unlock()
				}
			}
			mu.Lock()
			defer mu.Unlock()
			total.add(c.counts)
		})
	}
	working.Wait()
	for _, line := range w.log.faults() {
		t.Errorf("the log says %s", line)
	}
	if found > 10 {
		t.Errorf("%d faults in all", found)
	}
	return total
}

func (c counts) add(other counts) {
	for id, statuses := range other {
		if c[id] == nil {
			c[id] = map[int]int{}
		}
		for status, n := range statuses {
			c[id][status] += n
		}
	}
}

// report tells how many requests were sent, and holds the clients to having reached what lies behind validation.
func report(t *testing.T, all []requests.Operation, total counts) {
	sent, done := 0, 0
	var shallow []string
	statuses := map[int]int{}
	for _, o := range all {
		reached := 0
		for status, n := range total[o.ID] {
			sent += n
			statuses[status] += n
			if status < 300 {
				reached += n
			}
		}
		done += reached
		if reached == 0 {
			shallow = append(shallow, o.ID)
		}
	}
	var list []string
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		list = append(list, fmt.Sprintf("%d: %d", status, statuses[status]))
	}
	t.Logf("%d requests to %d operations; %s", sent, len(all), strings.Join(list, ", "))
	if len(shallow) > 0 {
		t.Logf("never answered with success: %s", strings.Join(shallow, ", "))
	}
	if sent == 0 || done*10 < sent {
		t.Errorf("only %d of %d requests succeeded: the rest says nothing about what lies behind validation", done, sent)
	}
}

// figures are what a process holds on to.
type figures struct {
	goroutines int
	heap       uint64
}

func measure() figures {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return figures{runtime.NumGoroutine(), m.HeapAlloc}
}

// settled measures until nothing more than before is left, for ten seconds at most.
func settled(before figures) figures {
	var now figures
	for range 100 {
		now = measure()
		if now.goroutines <= before.goroutines+goroutinesLeft && now.heap <= before.heap+bytesLeft {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return now
}
