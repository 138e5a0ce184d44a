package fault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// far is a real server behind an Engine; it counts what reaches it.
type far struct {
	*httptest.Server
	engine  *Engine
	reached atomic.Int64
}

func newFar(t *testing.T) *far {
	t.Helper()
	f := &far{engine: New()}
	f.Server = httptest.NewServer(f.engine.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.reached.Add(1)
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Far", "yes")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(append([]byte("got "), body...))
	})))
	t.Cleanup(f.Close)
	t.Cleanup(f.engine.Close) // first, so that the server has nothing to wait for
	return f
}

func (f *far) add(t *testing.T, r Rule) *Handle {
	t.Helper()
	h, err := f.engine.Add(r)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (f *far) post(ctx context.Context, body string) answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL+"/a/b?x=1", strings.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	resp, err := f.Client().Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(got), err}
}

func (f *far) later(ctx context.Context, body string) <-chan answer {
	c := make(chan answer, 1)
	go func() { c <- f.post(ctx, body) }()
	return c
}

func (f *far) wantReached(t *testing.T, n int64) {
	t.Helper()
	if got := f.reached.Load(); got != n {
		t.Errorf("%d requests reached the server, want %d", got, n)
	}
}

func wantWhole(t *testing.T, a answer, body string) {
	t.Helper()
	if a.err != nil || a.status != http.StatusCreated || a.body != "got "+body || a.header.Get("X-Far") != "yes" {
		t.Errorf("answer %+v, want the server's own to %q", a, body)
	}
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestHoldAndRelease(t *testing.T) {
	t.Parallel()
	for when, reached := range map[Moment]int64{Before: 0, After: 1} {
		t.Run(string(when), func(t *testing.T) {
			t.Parallel()
			f := newFar(t)
			h := f.add(t, Rule{Action: Hold, When: when})
			done := f.later(soon(t), "text")
			if err := h.Wait(soon(t), 1); err != nil {
				t.Fatal(err)
			}
			f.wantReached(t, reached)
			if call := <-h.Held(); call.Method != "POST" || call.Path != "/a/b" || call.Host != "127.0.0.1" {
				t.Errorf("held %+v", call)
			}
			if s := h.State(); len(s.Holding) != 1 || !s.Spent || s.Applied != 1 || s.Matched != 1 {
				t.Errorf("state %+v", s)
			}
			select {
			case a := <-done:
				t.Fatalf("answered while held: %+v", a)
			default:
			}
			if n := h.Release(); n != 1 {
				t.Errorf("released %d, want 1", n)
			}
			wantWhole(t, <-done, "text")
			f.wantReached(t, 1)
			if s := h.State(); len(s.Holding) != 0 || s.Gone != 0 {
				t.Errorf("state afterwards %+v", s)
			}
		})
	}
}

func TestClientLeavesWhileHeld(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]Rule{
		"hold":  {Action: Hold},
		"delay": {Action: Delay, Delay: time.Hour},
	} {
		for size, body := range map[string]string{"small": "x", "large": strings.Repeat("x", 1<<20)} {
			t.Run(name+" "+size, func(t *testing.T) {
				t.Parallel()
				f := newFar(t)
				h := f.add(t, rule)
				ctx, leave := context.WithCancel(t.Context())
				done := f.later(ctx, body)
				if err := h.Wait(soon(t), 1); err != nil {
					t.Fatal(err)
				}
				leave()
				if err := h.WaitGone(soon(t), 1); err != nil {
					t.Fatal(err)
				}
				h.Release()
				if a := <-done; a.err == nil {
					t.Errorf("the client was answered: %+v", a)
				}
				f.wantReached(t, 0)
				wantWhole(t, f.post(soon(t), "next"), "next")
				f.wantReached(t, 1)
			})
		}
	}
}

func TestDrop(t *testing.T) {
	t.Parallel()
	for when, reached := range map[Moment]int64{Before: 0, After: 1} {
		f := newFar(t)
		f.add(t, Rule{Action: Drop, When: when})
		if a := f.post(soon(t), "x"); a.err == nil {
			t.Errorf("%s: answered %+v", when, a)
		}
		f.wantReached(t, reached)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for when, reached := range map[Moment]int64{Before: 0, After: 1} {
		f := newFar(t)
		f.add(t, Rule{Action: Status, When: when, Status: 429, Body: `{"e":1}`, Header: map[string]string{"Retry-After": "7"}})
		a := f.post(soon(t), "x")
		if a.status != 429 || a.body != `{"e":1}` || a.header.Get("Retry-After") != "7" ||
			a.header.Get("Content-Type") != "application/json" || a.header.Get("X-Far") != "" {
			t.Errorf("%s: %+v", when, a)
		}
		f.wantReached(t, reached)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	f.add(t, Rule{Action: Delay, Delay: 50 * time.Millisecond})
	started := time.Now()
	wantWhole(t, f.post(soon(t), "x"), "x")
	if took := time.Since(started); took < 50*time.Millisecond {
		t.Errorf("took %v, want at least 50ms", took)
	}
}

func TestSkipTimesAndOrder(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	f.add(t, Rule{Action: Status, Status: 500, Skip: 1, Times: 2})
	forever := f.add(t, Rule{Action: Status, Status: 503, Skip: 2, Times: Forever})
	// The first rule skips request 1 and takes 2 and 3; the second sees 1, 4, 5, ... and skips two of them.
	for i, want := range []int{201, 500, 500, 201, 503, 503, 503} {
		if got := f.post(soon(t), "x").status; got != want {
			t.Errorf("request %d: %d, want %d", i+1, got, want)
		}
	}
	if s := forever.State(); s.Spent || s.Applied != 3 || s.Matched != 5 {
		t.Errorf("state %+v", s)
	}
	forever.Remove()
	forever.Remove()
	if got := f.post(soon(t), "x").status; got != 201 {
		t.Errorf("after Remove: %d", got)
	}
}

func TestRemoveAndClearLetGo(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Engine, *Handle){
		"remove": func(_ *Engine, h *Handle) { h.Remove() },
		"clear":  func(e *Engine, _ *Handle) { e.Clear() },
	} {
		f := newFar(t)
		h := f.add(t, Rule{Action: Hold, Times: Forever})
		done := f.later(soon(t), name)
		if err := h.Wait(soon(t), 1); err != nil {
			t.Fatal(err)
		}
		end(f.engine, h)
		wantWhole(t, <-done, name)
		if err := h.Wait(soon(t), 2); !errors.Is(err, ErrRemoved) {
			t.Errorf("%s: Wait: %v", name, err)
		}
		if f.engine.Rule(h.ID()) != nil || len(f.engine.Rules()) != 0 {
			t.Errorf("%s: the rule is still listed", name)
		}
	}
}

func TestCloseEndsHolds(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	h := f.add(t, Rule{Action: Hold})
	done := f.later(soon(t), "x")
	if err := h.Wait(soon(t), 1); err != nil {
		t.Fatal(err)
	}
	f.engine.Close()
	f.engine.Close()
	if a := <-done; a.err == nil {
		t.Errorf("answered %+v", a)
	}
	f.wantReached(t, 0)
	if err := h.Wait(soon(t), 9); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait after Close: %v", err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	h, err := New().Add(Rule{Action: Drop})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Wait(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v", err)
	}
}

func TestTooManyRules(t *testing.T) {
	t.Parallel()
	e := New()
	for range maxRules {
		if _, err := e.Add(Rule{Action: Status, Status: 204}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Add(Rule{Action: Drop}); !errors.Is(err, ErrTooMany) {
		t.Fatalf("error %v, want ErrTooMany", err)
	}
	first := e.Rules()[0]
	e.Wrap(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if _, err := e.Add(Rule{Action: Drop}); err != nil {
		t.Errorf("a spent rule made no room: %v", err)
	}
	if e.Rule(first.ID()) != nil {
		t.Error("the spent rule is still there")
	}
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	const n = 24
	f := newFar(t)
	h := f.add(t, Rule{Action: Hold, Times: n})
	status := f.add(t, Rule{Action: Status, Status: 503, Times: n})
	var wg sync.WaitGroup
	var whole, refused atomic.Int64
	for range 3 * n {
		wg.Go(func() {
			switch a := f.post(soon(t), "x"); a.status {
			case 201:
				whole.Add(1)
			case 503:
				refused.Add(1)
			default:
				t.Errorf("%+v", a)
			}
		})
	}
	if err := h.Wait(soon(t), n); err != nil {
		t.Fatal(err)
	}
	if got := h.Release(); got != n {
		t.Errorf("released %d, want %d", got, n)
	}
	wg.Wait()
	if whole.Load() != 2*n || refused.Load() != n || !status.State().Spent {
		t.Errorf("%d whole, %d refused", whole.Load(), refused.Load())
	}
	f.wantReached(t, 2*n)
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule   Rule
		target string
		want   bool
	}{
		{Rule{}, "http://a.example/x", true},
		{Rule{Host: "A.example"}, "http://a.Example:8080/x", true},
		{Rule{Host: "*.example"}, "http://a.example/x", true},
		{Rule{Host: "*.example"}, "http://example/x", false},
		{Rule{Method: "get"}, "http://a/x", true},
		{Rule{Method: "POST"}, "http://a/x", false},
		{Rule{Path: "/x"}, "http://a/x?q=1", true},
		{Rule{Path: "/x"}, "http://a/x/y", false},
		{Rule{Path: "/x*"}, "http://a/x/y", true},
		{Rule{Path: "/a%2Fb"}, "http://a/a%2Fb", true},
		{Rule{Path: "/a/b"}, "http://a/a%2Fb", true},
		{Rule{Path: "/x?*q=1*"}, "http://a/x?p=0&q=1&r=2", true},
		{Rule{Path: "/x?q=1"}, "http://a/x?q=2", false},
	} {
		if got := c.rule.matches(httptest.NewRequest(http.MethodGet, c.target, nil)); got != c.want {
			t.Errorf("%+v with %s: %v, want %v", c.rule, c.target, got, c.want)
		}
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "a/b", true}, {"a", "a", true}, {"a", "A", false},
		{"a*", "ab", true}, {"*b", "ab", true}, {"a*a", "a", false}, {"a*a", "aa", true}, {"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false}, {"**", "x", true}, {"*ab", "aab", true}, {"a?c", "abc", false},
		{strings.Repeat("*a", 50) + "b", strings.Repeat("a", 5000), false},
	} {
		if got := glob(c.pattern, c.s); got != c.want {
			t.Errorf("glob(%q, %.40q) = %v", c.pattern, c.s, got)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule Rule
		want string // part of the error; empty: none
	}{
		{Rule{Action: Hold}, ""},
		{Rule{Action: Drop, When: After, Times: Forever, Skip: 3}, ""},
		{Rule{Action: Status, Status: 200}, ""},
		{Rule{Action: Delay, Delay: maxDelay}, ""},
		{Rule{}, "action is missing"},
		{Rule{Action: "explode"}, `"explode" is unknown`},
		{Rule{Action: Hold, When: "during"}, `"during"`},
		{Rule{Action: Status, Status: 199}, "between 200 and 599"},
		{Rule{Action: Status, Status: 600}, "between 200 and 599"},
		{Rule{Action: Delay}, "above zero"},
		{Rule{Action: Delay, Delay: maxDelay + 1}, "at most 1h"},
		{Rule{Action: Hold, Skip: -1}, "skip"},
		{Rule{Action: Hold, Times: -2}, "times"},
		{Rule{Action: Hold, Header: map[string]string{"A\r\nB": "x"}}, "header"},
		{Rule{Action: Hold, Header: map[string]string{"A": "x\ny"}}, "header"},
		{Rule{Action: Hold, Header: map[string]string{"content-length": "3"}}, "header"},
		{Rule{Action: Hold, Header: map[string]string{"": "3"}}, "header"},
	} {
		err := c.rule.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.rule, err, c.want)
		}
		if _, added := New().Add(c.rule); (added == nil) != (c.want == "") {
			t.Errorf("Add(%+v): %v", c.rule, added)
		}
	}
}

func TestAnswerIsKeptAsWritten(t *testing.T) {
	t.Parallel()
	e := New()
	if _, err := e.Add(Rule{Action: Delay, Delay: time.Nanosecond, When: After}); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	e.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("A", "1")
		w.WriteHeader(http.StatusAccepted)
		w.Header().Set("A", "too late")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("body"))
	})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusAccepted || w.Header().Get("A") != "1" || !bytes.Equal(w.Body.Bytes(), []byte("body")) {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
}
