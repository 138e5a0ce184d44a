package posts_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

func TestRetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "a", w.account, w.second)
	out, failed := p.Targets[0].ID, p.Targets[1].ID
	w.publish(t, out)
	w.settle(t, w.claim(t, failed, "a"), platforms.Step{State: platforms.State{Step: "waiting", Data: []byte(`{"container":"1"}`)}}, nil)
	w.fail(t, failed)
	before := w.row(t, out)
	w.advance(time.Hour)
	got, err := w.Retry(t.Context(), w.owner, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != posts.Publishing || got.Targets[0].Status != posts.Published || got.Targets[1].Status != posts.Pending || got.Targets[1].Failure != nil {
		t.Errorf("it is %+v", got)
	}
	if r := w.row(t, failed); !r.Open || r.Attempts != 0 || r.State != "" || r.InDoubt || r.NextAt.After(w.now) {
		t.Errorf("the failed target is %+v", r)
	}
	if after := w.row(t, out); after != before {
		t.Errorf("the published target was %+v and is %+v", before, after)
	}
	w.publish(t, failed)
	if got := w.get(t, p.ID); got.Status != posts.Published {
		t.Errorf("it ended as %s", got.Status)
	}
}

func TestRetryLooksWhereThereIsADoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "a", w.account)
	id := p.Targets[0].ID
	w.doubt(t, id)
	if _, err := w.Retry(t.Context(), w.owner, p.ID); err != nil {
		t.Fatal(err)
	}
	c := w.claim(t, id, "a")
	if !c.Task.InDoubt || c.Task.State.Step != "publishing" || string(c.Task.State.Data) != `{"container": "1"}` || c.Attempts != 0 {
		t.Errorf("the task is %+v", c.Task)
	}
}

func TestRetryIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	failed := w.create(t, "failed", w.account)
	w.fail(t, failed.Targets[0].ID)
	w.create(t, "failed", w.account) // what failed may be sent again; then it is taken
	out := w.create(t, "out", w.account)
	w.publish(t, out.Targets[0].ID)
	busy := w.create(t, "busy", w.account)
	w.claim(t, busy.Targets[0].ID, "a")
	w.show(t, busy)
	tests := []struct {
		name string
		id   string
		code errs.Code
		wire string
	}{
		{"draft", w.make(t, posts.NewPost{Content: "d", Mode: posts.AsDraft}).ID, errs.Invalid, ""},
		{"scheduled", w.create(t, "s", w.account).ID, errs.Invalid, ""},
		{"published", out.ID, errs.Invalid, ""},
		{"publishing", busy.ID, errs.Conflict, "post_publishing"},
		{"its content was sent again", failed.ID, errs.Conflict, "duplicate_content"},
		{"unknown", "65f1c0a9e2b5af0012ab34cd", errs.NotFound, ""},
		{"no ID", "x", errs.NotFound, ""},
	}
	before := w.dump(t)
	for _, tt := range tests {
		_, err := w.Retry(t.Context(), w.owner, tt.id)
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != tt.code || e.Wire != tt.wire {
			t.Errorf("%s: got %v, want %s %q", tt.name, err, tt.code, tt.wire)
		}
	}
	if _, err := w.Retry(t.Context(), w.stranger, failed.ID); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("another owner's: %v", err)
	}
	if w.dump(t) != before {
		t.Error("something was changed")
	}
}

func TestRetriesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "a", w.account, w.second)
	for _, target := range p.Targets {
		w.fail(t, target.ID)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 8 {
		all.Go(func() {
			_, err := w.Retry(t.Context(), w.owner, p.ID)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if code := errs.CodeOf(err); code != errs.Conflict && code != errs.Invalid {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won != 1 {
		t.Errorf("%d of 8 retries won", won)
	}
	for _, target := range p.Targets {
		w.publish(t, target.ID)
		if _, ok := w.tryClaim(t, target.ID, "b"); ok {
			t.Error("it can be published twice")
		}
	}
}

// TestALateSettleDoesNotUndoARetry: a worker that stores the failure again, because its answer was lost, comes too late.
func TestALateSettleDoesNotUndoARetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "a", w.account)
	c := w.claim(t, p.Targets[0].ID, "a")
	no := platforms.Errorf(platforms.Rejected, "no")
	w.settle(t, c, platforms.Step{}, no)
	if _, err := w.Retry(t.Context(), w.owner, p.ID); err != nil {
		t.Fatal(err)
	}
	if s := w.trySettle(t, c, platforms.Step{}, no); !s.Stale {
		t.Errorf("got %+v", s)
	}
	if got := w.get(t, p.ID); got.Status != posts.Scheduled {
		t.Errorf("it is %s", got.Status)
	}
}

func TestDuplicate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := "own"
	p := w.make(t, posts.NewPost{Title: "t", Content: "a", Mode: posts.Now, Tags: []string{"a"}, Metadata: []byte(`{"hidden":true,"usageCounted":1,"usageRefunded":2,"mine":3}`), Visibility: "private", Timezone: "Europe/Berlin",
		Media: []posts.Media{{URL: "https://example.com/a.jpg"}}, Targets: []posts.NewTarget{w.target(w.account), {Platform: "other", AccountID: w.second, CustomContent: &own, Options: []byte(`{"a":1}`)}}})
	w.publish(t, p.Targets[0].ID)
	if _, err := w.pool.Exec(t.Context(), `update accounts set active = false where id = $1`, w.second); err != nil {
		t.Fatal(err)
	}
	created, err := w.Duplicate(t.Context(), w.owner, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	d := w.get(t, created.Post.ID)
	if d.ID == p.ID || d.Status != posts.Draft || d.ScheduledFor != nil || d.Title != "t" || d.Content != "a" || d.Tags[0] != "a" || d.Visibility != "private" || d.Timezone != "Europe/Berlin" ||
		string(d.Metadata) != `{"mine": 3}` || len(d.Media) != 1 || len(d.Targets) != 2 {
		t.Errorf("the copy is %+v", d)
	}
	if a, b := d.Targets[0], d.Targets[1]; a.Status != posts.Pending || a.RemoteID != "" || a.ID == p.Targets[0].ID || *b.CustomContent != "own" || string(b.Options) != `{"a": 1}` {
		t.Errorf("its targets are %+v, %+v", a, b)
	}
	if _, err := w.Duplicate(t.Context(), w.stranger, p.ID); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("another owner's: %v", err)
	}
}
