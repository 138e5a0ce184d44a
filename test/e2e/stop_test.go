package e2e

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"posthorn/internal/sandbox/fault"
)

// TestStoppedWorkerWakesUpLate stops a worker, as a laptop's lid or a frozen machine does, while its publish is on the way, lets another
// take over, and wakes the first when all is done: it has nothing to say any more.
func TestStoppedWorkerWakesUpLate(t *testing.T) {
	t.Parallel()
	s := newSystem(t, nil)
	stopped := s.start(t, "worker")
	held, err := s.sandbox.Add(fault.Rule{Host: "graph.instagram.com", Path: "*/media_publish", Action: fault.Hold})
	if err != nil {
		t.Fatal(err)
	}
	p := s.create(t, roads[0].body(s, "stopped in the middle"))
	if err := held.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := stopped.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	other := s.start(t, "worker")
	s.eventually(t, 30*time.Second, "the other worker takes over", func() bool { return strings.Contains(other.log.String(), `"lost":`) })
	t.Logf("the other worker took over after %v", time.Since(at).Round(100*time.Millisecond))
	s.eventually(t, 90*time.Second, "the post is published", func() bool { return s.get(t, p.ID).Status == "published" })
	published := s.get(t, p.ID).Platforms[0].PlatformPostID
	held.Release() // the publish of the stopped worker arrives after all
	if err := stopped.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.eventually(t, 30*time.Second, "the stopped worker finds itself counted as lost", func() bool {
		return strings.Contains(stopped.log.String(), "counted as lost")
	})
	time.Sleep(2 * time.Second) // for whatever it might still do
	seen := s.visible("stopped in the middle")
	if len(seen) != 1 || seen[0].ID != published || len(seen[0].Comments) != 1 {
		t.Errorf("the public sees %d posts, the API says %s: %+v", len(seen), published, seen)
	}
	if got := s.get(t, p.ID); got.Status != "published" || got.Platforms[0].PlatformPostID != published {
		t.Errorf("afterwards it is %s, as %s", got.Status, got.Platforms[0].PlatformPostID)
	}
}
