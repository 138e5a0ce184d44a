package posts_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

func TestClaimIsExclusiveAndEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create(t, "hello", w.account).Targets[0].ID
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := 0
	for range 10 {
		wg.Go(func() {
			_, err := w.Claim(t.Context(), id, "a", time.Minute)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				got++
			} else if notYet := new(posts.NotYet); !errors.As(err, &notYet) || !notYet.Until.Equal(w.now.Add(time.Minute)) {
				t.Errorf("got %v, want not before a minute from now", err)
			}
		})
	}
	wg.Wait()
	if got != 1 {
		t.Fatalf("%d of 10 got the claim", got)
	}
	w.advance(61 * time.Second)
	if c := w.claim(t, id, "b"); c.Number != 2 {
		t.Errorf("the second claim has number %d", c.Number)
	}
}

func TestNothingToClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	later, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "later", Mode: posts.At, ScheduledFor: "2026-11-23T11:00:00Z", Targets: []posts.NewTarget{w.target(w.account)}})
	if err != nil {
		t.Fatal(err)
	}
	notYet := new(posts.NotYet)
	if _, err := w.Claim(t.Context(), later.Post.Targets[0].ID, "a", time.Minute); !errors.As(err, &notYet) || !notYet.Until.Equal(w.now.Add(time.Hour)) {
		t.Errorf("a target of later: %v", err)
	}
	if _, err := w.Claim(t.Context(), "65f1c0a9e2b5af0012ab34cd", "a", time.Minute); !errors.Is(err, posts.ErrNothingToDo) {
		t.Errorf("no target: %v", err)
	}
	p := w.create(t, "done", w.account)
	w.settle(t, w.claim(t, p.Targets[0].ID, "a"), platforms.Step{Done: &platforms.Remote{ID: "1"}}, nil)
	if _, err := w.Claim(t.Context(), p.Targets[0].ID, "a", time.Minute); !errors.Is(err, posts.ErrNothingToDo) {
		t.Errorf("an ended target: %v", err)
	}
}

// TestDoubtOutlivesACrash is the heart of it: a claim of a visible step that is never settled leaves the target in doubt, and only a
// step that succeeds takes the doubt away.
func TestDoubtOutlivesACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create(t, "hello", w.account).Targets[0].ID
	c := w.claim(t, id, "a")
	if c.Task.InDoubt || c.Task.State.Step != "" || c.Task.Content.Text != "hello" {
		t.Fatalf("the first task is %+v", c.Task)
	}
	w.settle(t, c, platforms.Step{State: platforms.State{Step: "publishing", Data: []byte(`{"container":"1"}`)}}, nil)
	if c = w.claim(t, id, "a"); c.Task.InDoubt {
		t.Fatal("in doubt before anything was tried")
	}
	// The worker is killed here. Its claim is handed back.
	if n, err := w.HandBack(t.Context(), "a"); err != nil || n != 1 {
		t.Fatalf("handed back %d, %v", n, err)
	}
	c = w.claim(t, id, "b")
	if !c.Task.InDoubt || string(c.Task.State.Data) != `{"container": "1"}` {
		t.Fatalf("after the crash the task is %+v", c.Task)
	}
	w.settle(t, c, platforms.Step{}, platforms.Errorf(platforms.Unavailable, "away"))
	w.advance(time.Hour)
	if c = w.claim(t, id, "b"); !c.Task.InDoubt {
		t.Fatal("an error settled the doubt")
	}
	w.settle(t, c, platforms.Step{State: platforms.State{Step: "publishing"}}, nil)
	if c = w.claim(t, id, "b"); c.Task.InDoubt {
		t.Fatal("a step did not settle the doubt")
	}
}

func TestUnconfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "hello", w.account)
	id := p.Targets[0].ID
	w.settle(t, w.claim(t, id, "a"), platforms.Step{State: platforms.State{Step: "publishing"}}, nil)
	w.settle(t, w.claim(t, id, "a"), platforms.Step{}, platforms.Errorf(platforms.Ambiguous, "lost"))
	if got := w.get(t, p.ID).Targets[0]; got.Status != posts.Processing || got.Unconfirmed || !got.Failure.WillRetry {
		t.Fatalf("in doubt it shows %+v", got)
	}
	w.advance(time.Hour)
	w.settle(t, w.claim(t, id, "a"), platforms.Step{}, platforms.Errorf(platforms.Unauthorized, "token is dead"))
	got := w.get(t, p.ID)
	if f := got.Targets[0]; f.Status != posts.Failed || !f.Unconfirmed || f.Failure.WillRetry || f.Failure.Category != platforms.AuthExpired {
		t.Errorf("it ended as %+v, %+v", f, f.Failure)
	}
	if _, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "hello", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}}); err == nil {
		t.Error("the same content may be sent again although it may be published already")
	}
}

func TestStaleSettleIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "hello", w.account)
	id := p.Targets[0].ID
	slow := w.claim(t, id, "slow")
	w.advance(2 * time.Minute)
	fast := w.claim(t, id, "fast")
	if _, err := w.Settle(t.Context(), slow, platforms.Step{Done: &platforms.Remote{ID: "slow"}}, nil); !errors.Is(err, posts.ErrStale) {
		t.Errorf("the late riser's settle: %v, want ErrStale", err)
	}
	w.settle(t, fast, platforms.Step{Done: &platforms.Remote{ID: "fast", URL: "https://example.com/fast"}}, nil)
	if got := w.get(t, p.ID).Targets[0]; got.RemoteID != "fast" {
		t.Errorf("published as %q", got.RemoteID)
	}
	// The answer of a settle was lost, and it comes again.
	if _, err := w.Settle(t.Context(), fast, platforms.Step{Done: &platforms.Remote{ID: "fast", URL: "https://example.com/fast"}}, nil); err != nil {
		t.Errorf("a settle repeated: %v", err)
	}
	steps, err := w.Timeline(t.Context(), w.owner, p.ID)
	if err != nil || len(steps) != 1 || steps[0].Outcome != "published" {
		t.Errorf("the timeline is %+v, %v", steps, err)
	}
}

func TestRollUpWhileTargetsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "hello", w.account, w.second)
	if p.Status != posts.Scheduled {
		t.Errorf("at first it is %s", p.Status)
	}
	a, b := w.claim(t, p.Targets[0].ID, "a"), w.claim(t, p.Targets[1].ID, "b")
	if got := w.get(t, p.ID).Status; got != posts.Publishing {
		t.Errorf("claimed, it is %s", got)
	}
	w.settle(t, a, platforms.Step{}, platforms.Errorf(platforms.Unavailable, "away"))
	w.settle(t, b, platforms.Step{}, platforms.Errorf(platforms.RateLimited, "slow down"))
	if got := w.get(t, p.ID).Status; got != posts.Scheduled {
		t.Errorf("all waiting, it is %s", got)
	}
	w.advance(time.Hour)
	a, b = w.claim(t, p.Targets[0].ID, "a"), w.claim(t, p.Targets[1].ID, "b")
	var wg sync.WaitGroup
	wg.Go(func() { w.settle(t, a, platforms.Step{Done: &platforms.Remote{ID: "1"}}, nil) })
	wg.Go(func() { w.settle(t, b, platforms.Step{}, platforms.Errorf(platforms.Rejected, "no")) })
	wg.Wait()
	got := w.get(t, p.ID)
	if got.Status != posts.Partial || got.PublishedAt == nil || !got.PublishedAt.Equal(w.now) {
		t.Errorf("it ended as %s, published at %v", got.Status, got.PublishedAt)
	}
}

func TestFollowUpKeepsThePostPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "hello", w.account)
	id := p.Targets[0].ID
	w.settle(t, w.claim(t, id, "a"), platforms.Step{State: platforms.State{Step: "commenting"}, Done: &platforms.Remote{ID: "1", URL: "https://example.com/1"}}, nil)
	if got := w.get(t, p.ID); got.Status != posts.Published || !got.Targets[0].Open {
		t.Errorf("with a comment to come it is %s, open %t", got.Status, got.Targets[0].Open)
	}
	c := w.claim(t, id, "a")
	if c.Task.Published == nil || c.Task.Published.URL != "https://example.com/1" {
		t.Errorf("the follow-up is told %+v", c.Task.Published)
	}
	w.settle(t, c, platforms.Step{}, platforms.Errorf(platforms.Rejected, "comments are closed"))
	got := w.get(t, p.ID)
	if tg := got.Targets[0]; got.Status != posts.Published || tg.Open || tg.Failure == nil || tg.Failure.Message != "The post is published, but what should follow could not be done: comments are closed" {
		t.Errorf("it ended as %s with %+v", got.Status, tg.Failure)
	}
}

// TestPublishedWithoutAnID is for a post of which the platform says that it is there, but not yet under which ID.
func TestPublishedWithoutAnID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "hello", w.account)
	id := p.Targets[0].ID
	w.settle(t, w.claim(t, id, "a"), platforms.Step{State: platforms.State{Step: "finding"}, Done: &platforms.Remote{}}, nil)
	c := w.claim(t, id, "a")
	if c.Task.Published == nil {
		t.Fatal("the follow-up is not told that the post is visible")
	}
	w.settle(t, c, platforms.Step{}, platforms.Errorf(platforms.Rejected, "not found"))
	if got := w.get(t, p.ID); got.Status != posts.Published {
		t.Errorf("a visible post ended as %s", got.Status)
	}
}

func TestOverdue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "hello", w.account, w.second)
	w.claim(t, p.Targets[0].ID, "a")
	w.advance(30 * time.Second)
	due, err := w.Overdue(t.Context(), w.now.Add(-15*time.Second), 10)
	if err != nil || len(due) != 1 || due[0].TargetID != p.Targets[1].ID {
		t.Errorf("overdue are %+v, %v; want only the unclaimed target", due, err)
	}
}
