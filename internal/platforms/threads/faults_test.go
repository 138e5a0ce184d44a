package threads_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/meta/containers"
	"posthorn/internal/platforms/threads"
	"posthorn/internal/platforms/threads/threadsfake"
)

// direct sends every request to a fake.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		if recover() != nil { // the answer is lost
			resp, err = nil, context.DeadlineExceeded
		}
	}()
	r.Host = r.URL.Host
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders() // from here on it may have been done
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

// far is a fake, with a clock and one of its accounts.
type far struct {
	*threadsfake.Fake
	now  time.Time
	conn *platforms.Conn
}

func newFar() *far {
	f := &far{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return f.now }
	f.Fake = threadsfake.New(farside.Options{Now: clock, Processing: time.Second})
	a := f.Accounts()[0]
	f.conn = &platforms.Conn{HTTP: &http.Client{Transport: direct{f.Fake}}, Now: clock, Account: platforms.Account{RemoteID: a.RemoteID, Username: a.Username},
		Token: platforms.Token{Access: platforms.NewSecret(a.Access)}}
	return f
}

// publish takes steps until the first error, or until the post is visible.
func (f *far) publish(text string) (task platforms.Task, err error) {
	task.Content.Text = text
	for {
		step, err := threads.Platform{}.Publish(context.Background(), f.conn, task)
		if err != nil || step.Done != nil {
			return task, err
		}
		task.State = step.State
		f.now = f.now.Add(step.Wait)
	}
}

// TestPublishesThatLie publishes, and is told otherwise: the post is found, and not published again.
func TestPublishesThatLie(t *testing.T) {
	t.Parallel()
	for _, how := range []threadsfake.Death{threadsfake.DropAnswer, threadsfake.AnswerServer, threadsfake.AnswerPermission} {
		f := newFar()
		f.Republish()
		f.PublishThenDie(how)
		task, err := f.publish("a lie")
		if e := platforms.AsError(err); e == nil || e.Kind != platforms.Ambiguous || task.State.Step != containers.Publishing {
			t.Errorf("%s: %v at %q", how, err, task.State.Step)
			continue
		}
		task.InDoubt = true
		step, err := threads.Platform{}.Publish(context.Background(), f.conn, task)
		if err != nil || step.Done == nil || len(f.Posts()) != 1 || step.Done.ID != f.Posts()[0].ID {
			t.Errorf("%s: then %+v, %v; the public sees %d posts", how, step.Done, err, len(f.Posts()))
		}
	}
}

// TestQuotaIsWaitedFor publishes up to the profile's quota: the next post waits, and nothing is sent to be refused.
func TestQuotaIsWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFar()
	f.SetQuotas(1, 1)
	if _, err := f.publish("the first"); err != nil {
		t.Fatal(err)
	}
	task, err := f.publish("the second")
	e := platforms.AsError(err)
	if e == nil || e.Kind != platforms.RateLimited || e.Category != platforms.QuotaExhausted || !e.Reset.After(f.now) || task.State.Step != containers.Processing {
		t.Errorf("%+v at %q", e, task.State.Step)
	}
}

// TestRefresh lengthens a token that is old enough; one that is not says nothing of the account.
func TestRefresh(t *testing.T) {
	t.Parallel()
	f := newFar()
	_, err := threads.Platform{}.Refresh(context.Background(), f.conn)
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.Unavailable {
		t.Errorf("of a token of this day: %v", err)
	}
	f.AgeTokens(25 * time.Hour)
	fresh, err := threads.Platform{}.Refresh(context.Background(), f.conn)
	if err != nil || fresh.ExpiresAt.Sub(f.now) < 59*24*time.Hour {
		t.Errorf("%+v, %v", fresh, err)
	}
	f.conn.Token.Access = platforms.NewSecret("not-a-token-of-anyone")
	_, err = threads.Platform{}.Refresh(context.Background(), f.conn)
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.Unauthorized {
		t.Errorf("of a token that is dead: %v", err)
	}
}
