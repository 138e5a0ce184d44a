package posts_test

import (
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

func TestClaimIsExclusiveAndEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "hello", w.account)
	id, all := p.Targets[0].ID, []posts.Share{{Lane: posts.Lane{OwnerID: p.OwnerID, Platform: "demo"}, N: 5}}
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := 0
	for range 10 {
		wg.Go(func() {
			list, err := w.Claim(t.Context(), "a", time.Minute, false, all)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got += len(list)
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
	if _, ok := w.tryClaim(t, later.Post.Targets[0].ID, "a"); ok {
		t.Error("a target of later was claimed")
	}
	if ready, err := w.Look(t.Context(), false, 2*time.Hour); err != nil || len(ready.Shares) != 0 || !ready.Next.Equal(w.now.Add(time.Hour)) {
		t.Errorf("what is ready: %+v, %v; want the next one in an hour", ready, err)
	}
	p := w.create(t, "done", w.account)
	w.settle(t, w.claim(t, p.Targets[0].ID, "a"), platforms.Step{Done: &platforms.Remote{ID: "1"}}, nil)
	if _, ok := w.tryClaim(t, p.Targets[0].ID, "a"); ok {
		t.Error("an ended target was claimed")
	}
}

// TestLanes has two owners with work at two platforms, some of it claimed and some for later.
func TestLanes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if lanes, err := w.Lanes(t.Context(), false); err != nil || len(lanes) != 0 {
		t.Errorf("at first there are %v, %v", lanes, err)
	}
	mine := w.create(t, "a", w.account, w.second)
	w.create(t, "b", w.account)
	w.make(t, posts.NewPost{Content: "later", Mode: posts.At, ScheduledFor: tomorrow, Targets: []posts.NewTarget{w.target(w.video)}})
	demo, other := posts.Lane{OwnerID: mine.OwnerID, Platform: "demo"}, posts.Lane{OwnerID: mine.OwnerID, Platform: "other"}
	if lanes, err := w.Lanes(t.Context(), false); err != nil || len(lanes) != 2 || lanes[0] != demo || lanes[1] != other {
		t.Errorf("the lanes are %v, %v", lanes, err)
	}
	ready, err := w.Look(t.Context(), false, time.Minute)
	if err != nil || ready.More || len(ready.Shares) != 2 || ready.Shares[0] != (posts.Share{Lane: demo, N: 2}) {
		t.Errorf("what is ready: %+v, %v", ready, err)
	}
	list, err := w.Claim(t.Context(), "a", time.Minute, false, []posts.Share{{Lane: demo, N: 1}, {Lane: other, N: 1}})
	if err != nil || len(list) != 2 || list[0].TargetID == list[1].TargetID {
		t.Fatalf("claimed %d, %v", len(list), err)
	}
	if list, err = w.Claim(t.Context(), "b", time.Minute, false, []posts.Share{{Lane: demo, N: 9}, {Lane: other, N: 9}}); err != nil || len(list) != 1 || list[0].Task.Content.Text != "b" {
		t.Errorf("the next worker got %d, %v", len(list), err)
	}
	if list, err = w.Claim(t.Context(), "b", time.Minute, true, []posts.Share{{Lane: demo, N: 9}}); err != nil || len(list) != 0 {
		t.Errorf("of the uploads it got %d, %v", len(list), err)
	}
}

// TestKeptTargetsGoOn: a settle may take the next claim along.
func TestKeptTargetsGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create(t, "hello", w.account).Targets[0].ID
	keep := func(c posts.Claim, step platforms.Step, err error) posts.Settled {
		t.Helper()
		s, settleErr := w.Settle(t.Context(), []posts.Outcome{{Claim: c, Step: step, Err: err, Hold: time.Minute}})
		if settleErr != nil || s[0].Stale {
			t.Fatalf("settled as %+v, %v", s, settleErr)
		}
		return s[0]
	}
	first := w.claim(t, id, "a")
	got := keep(first, platforms.Step{State: platforms.State{Step: "publishing", Data: []byte(`{"container":"1"}`)}}, nil)
	if c := got.Next; c == nil || c.Number != 2 || c.Task.InDoubt || c.Task.State.Step != "publishing" || c.Task.Content.Text != "hello" {
		t.Fatalf("it goes on with %+v", c)
	}
	if r := w.row(t, id); !r.InDoubt || r.Claim != 2 { // should it die now, the next one must look
		t.Errorf("stored as %+v", r)
	}
	if _, ok := w.tryClaim(t, id, "b"); ok {
		t.Error("another worker got a kept target")
	}
	if s := w.trySettle(t, first, platforms.Step{}, platforms.Errorf(platforms.Rejected, "no")); !s.Stale {
		t.Error("the claim before still counts")
	}
	if waits := keep(*got.Next, platforms.Step{}, platforms.Errorf(platforms.Unavailable, "away")); waits.Next != nil {
		t.Error("a target that waits was kept")
	}
	if r := w.row(t, id); r.Claim != 2 || !r.Open {
		t.Errorf("stored as %+v", r)
	}
}

// TestAKeptTargetIsReleased: the answer of a settle that kept its target was lost.
func TestAKeptTargetIsReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create(t, "hello", w.account).Targets[0].ID
	o := posts.Outcome{Claim: w.claim(t, id, "a"), Step: platforms.Step{State: platforms.State{Step: "publishing"}}, Hold: time.Minute}
	if _, err := w.Settle(t.Context(), []posts.Outcome{o}); err != nil {
		t.Fatal(err)
	}
	if s := w.trySettle(t, o.Claim, o.Step, nil); !s.Stale {
		t.Errorf("stored twice: %+v", s)
	}
	if err := w.Release(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if c := w.claim(t, id, "b"); c.Number != 3 || !c.Task.InDoubt {
		t.Errorf("then it is %+v", c)
	}
}

// TestSettledTogether: outcomes of one batch do not touch each other, also where one is stale and two are of one post.
func TestSettledTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := w.create(t, "a", w.account, w.second), w.create(t, "b", w.account)
	late := w.claim(t, q.Targets[0].ID, "a")
	w.advance(2 * time.Minute)
	w.claim(t, q.Targets[0].ID, "b")
	list := []posts.Outcome{
		{Claim: late, Step: platforms.Step{Done: &platforms.Remote{ID: "late"}}},
		{Claim: w.claim(t, p.Targets[1].ID, "a"), Err: platforms.Errorf(platforms.Rejected, "no, \x00 and \xff")},
		{Claim: w.claim(t, p.Targets[0].ID, "a"), Step: platforms.Step{Done: &platforms.Remote{ID: "1\x00"}, State: platforms.State{Data: []byte(`{"a":["\u0000","\\u0000"]}`)}}},
	}
	s, err := w.Settle(t.Context(), list)
	if err != nil || !s[0].Stale || s[1].Stale || s[2].Stale {
		t.Fatalf("settled as %+v, %v", s, err)
	}
	if got := w.get(t, p.ID); got.Status != posts.Partial || got.Targets[0].RemoteID != "1" || got.Targets[1].Failure.Message != "no,  and \uFFFD" {
		t.Errorf("it ended as %s: %+v", got.Status, got.Targets)
	}
	if got := w.get(t, q.ID); got.Status != posts.Scheduled {
		t.Errorf("the other is %s", got.Status)
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
	if s := w.trySettle(t, slow, platforms.Step{Done: &platforms.Remote{ID: "slow"}}, nil); !s.Stale {
		t.Errorf("the late riser's settle counts: %+v", s)
	}
	w.settle(t, fast, platforms.Step{Done: &platforms.Remote{ID: "fast", URL: "https://example.com/fast"}}, nil)
	if got := w.get(t, p.ID).Targets[0]; got.RemoteID != "fast" {
		t.Errorf("published as %q", got.RemoteID)
	}
	// The answer of a settle was lost, and it comes again.
	w.settle(t, fast, platforms.Step{Done: &platforms.Remote{ID: "fast", URL: "https://example.com/fast"}}, nil)
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
	w.show(t, p)
	if got := w.get(t, p.ID).Status; got != posts.Publishing {
		t.Errorf("claimed, it is %s", got)
	}
	for c, no := range map[*posts.Claim]error{&a: platforms.Errorf(platforms.Unavailable, "away"), &b: platforms.Errorf(platforms.RateLimited, "slow down")} {
		if _, err := w.Settle(t.Context(), []posts.Outcome{{Claim: *c, Err: no, Shown: true}}); err != nil {
			t.Fatal(err)
		}
	}
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
