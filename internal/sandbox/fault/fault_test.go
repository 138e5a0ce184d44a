package fault_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/sandbox/fault"
)

// patience bounds every wait of these tests; none takes that long unless something is broken.
const patience = 10 * time.Second

// far is a server that counts what reaches it and gives back the body.
type far struct{ seen atomic.Int32 }

func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.seen.Add(1)
	w.Header().Set("X-Far", "yes")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(append([]byte("far:"), body...))
}

func serve(t *testing.T) (*fault.Engine, *far, string) {
	t.Helper()
	e, f := fault.New(), &far{}
	server := httptest.NewServer(e.Wrap(f))
	t.Cleanup(func() { e.Close(); server.Close() })
	return e, f, server.URL
}

func add(t *testing.T, e *fault.Engine, r fault.Rule) *fault.Handle {
	t.Helper()
	h, err := e.Add(r)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// outcome is what a client saw.
type outcome struct {
	status int
	body   string
	header http.Header
	err    error
}

func post(ctx context.Context, url, body string) outcome {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return outcome{err: err}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return outcome{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return outcome{res.StatusCode, string(b), res.Header, err}
}

func start(ctx context.Context, url, body string) <-chan outcome {
	done := make(chan outcome, 1)
	go func() { done <- post(ctx, url, body) }()
	return done
}

func within[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing happened")
		panic("unreachable")
	}
}

func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func TestHoldAndRelease(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		when fault.Moment
		seen int32 // by the server while the request is held
	}{{fault.Before, 0}, {fault.After, 1}} {
		t.Run(string(c.when), func(t *testing.T) {
			t.Parallel()
			e, f, url := serve(t)
			h := add(t, e, fault.Rule{Method: "post", Path: "/a/*", Action: fault.Hold, When: c.when})
			answer := start(patient(t), url+"/a/b", "body")
			call := within(t, h.Held())
			if call.Method != http.MethodPost || call.Path != "/a/b" || call.Host != "127.0.0.1" {
				t.Errorf("held %+v", call)
			}
			if got := f.seen.Load(); got != c.seen {
				t.Errorf("the server has seen %d requests, want %d", got, c.seen)
			}
			if s := h.State(); len(s.Holding) != 1 || s.Applied != 1 || !s.Spent {
				t.Errorf("state %+v", s)
			}
			if n := h.Release(); n != 1 {
				t.Errorf("released %d", n)
			}
			got := within(t, answer)
			if got.err != nil || got.status != http.StatusCreated || got.body != "far:body" || got.header.Get("X-Far") != "yes" {
				t.Errorf("answer %+v", got)
			}
			if n := f.seen.Load(); n != 1 {
				t.Errorf("the server saw %d requests", n)
			}
		})
	}
}

func TestClientThatVanishesWhileHeld(t *testing.T) {
	t.Parallel()
	for when, seen := range map[fault.Moment]int32{fault.Before: 0, fault.After: 1} {
		t.Run(string(when), func(t *testing.T) {
			t.Parallel()
			e, f, url := serve(t)
			h := add(t, e, fault.Rule{Action: fault.Hold, When: when})
			ctx, vanish := context.WithCancel(t.Context())
			answer := start(ctx, url+"/x", "a body that has to be read before anyone can notice")
			within(t, h.Held())
			vanish()
			if got := within(t, answer); got.err == nil {
				t.Errorf("answered %+v", got)
			}
			if err := h.WaitGone(patient(t), 1); err != nil {
				t.Fatal(err)
			}
			h.Release()
			// The next request passes, and by then the first would have reached the server if it ever did.
			if got := post(patient(t), url+"/x", ""); got.status != http.StatusCreated {
				t.Fatalf("answer %+v", got)
			}
			if n := f.seen.Load(); n != seen+1 {
				t.Errorf("the server saw %d requests, want %d", n, seen+1)
			}
		})
	}
}

func TestDrop(t *testing.T) {
	t.Parallel()
	for when, seen := range map[fault.Moment]int32{fault.Before: 0, fault.After: 1} {
		t.Run(string(when), func(t *testing.T) {
			t.Parallel()
			e, f, url := serve(t)
			h := add(t, e, fault.Rule{Action: fault.Drop, When: when})
			if got := post(patient(t), url, "lost"); got.err == nil {
				t.Errorf("answered %+v", got)
			}
			if err := h.Wait(patient(t), 1); err != nil {
				t.Error(err)
			}
			if n := f.seen.Load(); n != seen {
				t.Errorf("the server saw %d requests, want %d", n, seen)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for when, seen := range map[fault.Moment]int32{fault.Before: 0, fault.After: 1} {
		t.Run(string(when), func(t *testing.T) {
			t.Parallel()
			e, f, url := serve(t)
			add(t, e, fault.Rule{
				Action: fault.Status, When: when, Status: 429, Body: `{"no":1}`, Header: map[string]string{"Retry-After": "7"},
			})
			got := post(patient(t), url, "x")
			if got.status != 429 || got.body != `{"no":1}` || got.header.Get("Retry-After") != "7" ||
				got.header.Get("Content-Type") != "application/json" || got.header.Get("X-Far") != "" {
				t.Errorf("answer %+v", got)
			}
			if n := f.seen.Load(); n != seen {
				t.Errorf("the server saw %d requests, want %d", n, seen)
			}
		})
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	e, _, url := serve(t)
	add(t, e, fault.Rule{Action: fault.Delay, Delay: 60 * time.Millisecond})
	began := time.Now()
	if got := post(patient(t), url, "x"); got.status != http.StatusCreated || got.body != "far:x" {
		t.Errorf("answer %+v", got)
	}
	if took := time.Since(began); took < 60*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
}

func TestSkipTimesAndOrder(t *testing.T) {
	t.Parallel()
	e, _, url := serve(t)
	first := add(t, e, fault.Rule{Path: "/p", Action: fault.Status, Status: 500, Skip: 1, Times: 2})
	second := add(t, e, fault.Rule{Path: "/p", Action: fault.Status, Status: 503, Times: fault.Forever})
	for i, want := range []int{503, 500, 500, 503, 503} {
		if got := post(patient(t), url+"/p", "").status; got != want {
			t.Errorf("request %d: %d, want %d", i, got, want)
		}
	}
	if s := first.State(); s.Matched != 3 || s.Applied != 2 || !s.Spent {
		t.Errorf("first %+v", s)
	}
	if s := second.State(); s.Applied != 3 || s.Spent {
		t.Errorf("second %+v", s)
	}
	second.Remove()
	if got := post(patient(t), url+"/p", "").status; got != http.StatusCreated {
		t.Errorf("after the removal: %d", got)
	}
	if e.Rule(second.ID()) != nil || e.Rule(first.ID()) == nil || len(e.Rules()) != 1 {
		t.Error("the list of rules is wrong")
	}
}

func TestRemoveAndClearLetGo(t *testing.T) {
	t.Parallel()
	for name, free := range map[string]func(*fault.Engine, *fault.Handle){
		"remove": func(_ *fault.Engine, h *fault.Handle) { h.Remove(); h.Remove() },
		"clear":  func(e *fault.Engine, _ *fault.Handle) { e.Clear() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, _, url := serve(t)
			h := add(t, e, fault.Rule{Action: fault.Hold})
			answer := start(patient(t), url, "x")
			within(t, h.Held())
			free(e, h)
			if got := within(t, answer); got.status != http.StatusCreated {
				t.Errorf("answer %+v", got)
			}
			if err := h.Wait(patient(t), 2); !errors.Is(err, fault.ErrRemoved) {
				t.Errorf("wait: %v", err)
			}
		})
	}
}

func TestCloseBreaksWhatIsHeld(t *testing.T) {
	t.Parallel()
	e, f, url := serve(t)
	h := add(t, e, fault.Rule{Action: fault.Hold})
	answer := start(patient(t), url, "x")
	within(t, h.Held())
	e.Close()
	if got := within(t, answer); got.err == nil {
		t.Errorf("answered %+v", got)
	}
	if n := f.seen.Load(); n != 0 {
		t.Errorf("the server saw %d requests", n)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	e, _, _ := serve(t)
	h := add(t, e, fault.Rule{Action: fault.Hold})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := h.Wait(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("wait: %v", err)
	}
}

func TestManyRulesMakeRoom(t *testing.T) {
	t.Parallel()
	e := fault.New()
	for range 500 {
		add(t, e, fault.Rule{Path: "/never", Action: fault.Drop})
	}
	if _, err := e.Add(fault.Rule{Action: fault.Drop}); !errors.Is(err, fault.ErrTooMany) {
		t.Fatalf("rule 501: %v", err)
	}
	e.Clear()
	add(t, e, fault.Rule{Action: fault.Status, Status: 204})
	for range 499 {
		add(t, e, fault.Rule{Path: "/never", Action: fault.Drop})
	}
	e.Wrap(&far{}).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	add(t, e, fault.Rule{Action: fault.Drop}) // in place of the one that has done its work
}
