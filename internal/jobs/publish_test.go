package jobs

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

func fine(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"id":"1"}`) }

func TestPublishesByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fine)
	w.run(t)
	p := w.await(t, w.create(t, posts.NewPost{Content: "hello"}))
	if tg := p.Targets[0]; p.Status != posts.Published || tg.RemoteID != "1" || tg.RemoteURL != "https://echo.example/1" || tg.Open {
		t.Errorf("it ended as %s: %+v", p.Status, tg)
	}
	if got := fmt.Sprint(w.seen()); got != "[/echo.example/prepare /echo.example/publish]" {
		t.Errorf("the platform saw %s", got)
	}
}

func TestDueOnTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fine)
	w.run(t)
	at := time.Now().Add(1200 * time.Millisecond)
	p := w.create(t, posts.NewPost{Content: "soon", Mode: posts.At, ScheduledFor: at.Format(time.RFC3339Nano)})
	got := w.await(t, p)
	if got.Status != posts.Published {
		t.Fatalf("it ended as %s", got.Status)
	}
	if late := got.PublishedAt.Sub(at); late < 0 || late > time.Second {
		t.Errorf("it was published %v after its time", late)
	}
}

func TestGetsOverOutages(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if n.Add(1) <= 3 {
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		fine(rw, r)
	})
	w.run(t)
	if p := w.await(t, w.create(t, posts.NewPost{Content: "hello"})); p.Status != posts.Published || p.Targets[0].Failure != nil {
		t.Errorf("it ended as %s with %+v", p.Status, p.Targets[0].Failure)
	}
}

func TestFailsWithThePlatformsWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(http.StatusForbidden)
		io.WriteString(rw, `{"why":"access-1 may not"}`)
	})
	w.run(t)
	p := w.await(t, w.create(t, posts.NewPost{Content: "hello"}))
	f := p.Targets[0].Failure
	if p.Status != posts.Failed || f == nil || f.Body != `{"why":"[redacted] may not"}` || f.HTTPStatus != 403 || f.Endpoint != "POST echo.example/prepare" || f.WillRetry || f.Remediation == "" {
		t.Errorf("it ended as %s with %+v", p.Status, f)
	}
}

func TestDeadTokenMarksTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusUnauthorized) })
	w.run(t)
	p := w.await(t, w.create(t, posts.NewPost{Content: "hello"}))
	if p.Status != posts.Failed || p.Targets[0].Failure.Category != platforms.AuthExpired {
		t.Errorf("it ended as %s with %+v", p.Status, p.Targets[0].Failure)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		found, err := w.accounts.Lookup(t.Context(), w.owner, []string{w.account})
		if err != nil {
			t.Fatal(err)
		}
		if found[w.account].NeedsReconnection {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the account does not show that it must be connected again")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestStaleTokenIsRefreshedOnce(t *testing.T) {
	t.Parallel()
	var refreshes atomic.Int32
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/refresh") {
			refreshes.Add(1)
			time.Sleep(50 * time.Millisecond)
			io.WriteString(rw, `{"token":"access-2"}`)
			return
		}
		if r.Header.Get("Authorization") != "Bearer access-2" {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		fine(rw, r)
	})
	w.seed(t, platforms.Token{Access: platforms.NewSecret("access-1"), Refresh: platforms.NewSecret("refresh-1"), ExpiresAt: time.Now().Add(time.Minute)})
	w.run(t)
	w.run(t)
	var all []posts.Post
	for i := range 10 {
		all = append(all, w.create(t, posts.NewPost{Content: fmt.Sprintf("hello %d", i)}))
	}
	for _, p := range all {
		if p := w.await(t, p); p.Status != posts.Published {
			t.Errorf("it ended as %s with %+v", p.Status, p.Targets[0].Failure)
		}
	}
	if n := refreshes.Load(); n != 1 {
		t.Errorf("the token was refreshed %d times", n)
	}
}

func TestFullBudgetStopsTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("X-Full", "1")
		fine(rw, r)
	})
	w.run(t)
	p := w.await(t, w.create(t, posts.NewPost{Content: "hello"}))
	f := p.Targets[0].Failure
	if p.Status != posts.Scheduled || f == nil || f.Kind != platforms.RateLimited || !f.WillRetry || time.Until(*f.RetryAt) < 50*time.Minute {
		t.Errorf("it stands as %s with %+v", p.Status, f)
	}
	if got := w.seen(); len(got) != 1 {
		t.Errorf("after the platform said that the budget is used up, it was called again: %v", got)
	}
}

func TestShutdownFinishesTheStepInHand(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/publish") {
			close(begun)
			<-release
		}
		fine(rw, r)
	})
	stop := w.run(t)
	p := w.create(t, posts.NewPost{Content: "hello"})
	<-begun
	go func() {
		time.Sleep(200 * time.Millisecond)
		close(release)
	}()
	stop()
	got, err := w.posts.Get(t.Context(), w.owner, p.ID)
	if err != nil || got.Status != posts.Published {
		t.Errorf("after the shutdown it is %s, %v", got.Status, err)
	}
}
