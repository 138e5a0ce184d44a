package posts_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

func TestCreateStoresPostTargetsAndJobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	custom := "short"
	created, err := w.Create(t.Context(), w.owner, posts.NewPost{Title: "t", Content: "hello", Mode: posts.At, ScheduledFor: "2026-11-24T09:00", Timezone: "Europe/Berlin",
		Media: []posts.Media{{URL: "https://example.com/a.jpg", AltText: "alt", Raw: []byte(`{"url":"https://example.com/a.jpg","x":1}`)}}, Tags: []string{"a"}, Metadata: []byte(`{"k":1}`),
		Targets: []posts.NewTarget{w.target(w.account), {Platform: "other", AccountID: w.second, CustomContent: &custom, Options: []byte(`{"o":true}`), ScheduledFor: "2026-11-24T10:00:00Z"}}})
	if err != nil {
		t.Fatal(err)
	}
	p := created.Post
	due := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	if p.Status != posts.Scheduled || !p.ScheduledFor.Equal(due) || p.Timezone != "Europe/Berlin" || len(p.Targets) != 2 || p.Media[0].Type != platforms.Image {
		t.Errorf("stored as %+v", p)
	}
	if a := p.Targets[0]; a.Status != posts.Pending || !a.NextAt.Equal(due) || a.Account.Username != "owner at demo" || !a.Open {
		t.Errorf("the first target is %+v", a)
	}
	if b := p.Targets[1]; !b.NextAt.Equal(due.Add(2*time.Hour)) || *b.CustomContent != "short" || string(b.Options) != `{"o":true}` {
		t.Errorf("the second target is %+v", b)
	}
}

func TestDraftIsStoredUnchecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: strings.Repeat("x", 100), Mode: posts.AsDraft, Targets: []posts.NewTarget{w.target(w.account)}})
	if err != nil {
		t.Fatal(err)
	}
	if p := created.Post; p.Status != posts.Draft || p.Targets[0].Open {
		t.Errorf("stored as %+v", p)
	}
	if ready, err := w.Look(t.Context(), false, time.Hour); err != nil || len(ready.Shares) != 0 || !ready.Next.IsZero() {
		t.Errorf("a draft falls due: %+v (%v)", ready, err)
	}
}

func TestRefusedPostsLeaveNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := strings.Repeat("x", 51)
	tests := []struct {
		name        string
		change      func(*posts.NewPost)
		code        errs.Code
		field, wire string
	}{
		{"no target", func(p *posts.NewPost) { p.Targets = nil }, errs.Invalid, "platforms", "missing_required_field"},
		{"unknown platform", func(p *posts.NewPost) { p.Targets[0].Platform = "friendster" }, errs.Invalid, "platforms[0].platform", ""},
		{"unknown account", func(p *posts.NewPost) { p.Targets[0].AccountID = "65f1c0a9e2b5af0012ab34cd" }, errs.Forbidden, "platforms[0].accountId", errs.NoWire},
		{"no ID at all", func(p *posts.NewPost) { p.Targets[0].AccountID = "x\x00y" }, errs.Forbidden, "platforms[0].accountId", errs.NoWire},
		{"another owner's account", func(p *posts.NewPost) { p.Targets[0].AccountID = w.foreign }, errs.Forbidden, "platforms[0].accountId", errs.NoWire},
		{"disconnected account", func(p *posts.NewPost) { p.Targets[0].AccountID = w.gone }, errs.Forbidden, "platforms[0].accountId", "ACCOUNT_DISCONNECTED"},
		{"account of another platform", func(p *posts.NewPost) { p.Targets[0].Platform = "other" }, errs.Invalid, "platforms[0].platform", ""},
		{"time is garbage", func(p *posts.NewPost) { p.Mode, p.ScheduledFor = posts.At, "tomorrow" }, errs.Invalid, "scheduledFor", ""},
		{"no time", func(p *posts.NewPost) { p.Mode = posts.At }, errs.Invalid, "scheduledFor", "missing_required_field"},
		{"unknown zone", func(p *posts.NewPost) {
			p.Mode, p.ScheduledFor, p.Timezone = posts.At, "2026-12-01T10:00", "Mars/Olympus"
		}, errs.Invalid, "timezone", ""},
		{"target's time is garbage", func(p *posts.NewPost) { p.Mode, p.Targets[0].ScheduledFor = posts.At, "soon" }, errs.Invalid, "platforms[0].scheduledFor", ""},
		{"no content", func(p *posts.NewPost) { p.Content = " " }, errs.Invalid, "content", "missing_required_field"},
		{"text too long", func(p *posts.NewPost) { p.Content = long }, errs.Invalid, "content", ""},
		{"custom text too long", func(p *posts.NewPost) { p.Targets[0].CustomContent = &long }, errs.Invalid, "platforms[0].customContent", ""},
		{"missing media", func(p *posts.NewPost) { p.Media = []posts.Media{{URL: "https://example.com/gone.jpg"}} }, errs.Invalid, "mediaItems[0].url", ""},
		{"not what it says", func(p *posts.NewPost) {
			p.Media = []posts.Media{{URL: "https://example.com/a.pdf", Type: platforms.Image}}
		}, errs.Invalid, "mediaItems[0].type", ""},
		{"a type it does not take", func(p *posts.NewPost) { p.Media = []posts.Media{{URL: "https://example.com/a.pdf"}} }, errs.Invalid, "mediaItems[0].type", ""},
		{"too many media of its own", func(p *posts.NewPost) {
			m := posts.Media{URL: "https://example.com/a.jpg"}
			p.Targets[0].CustomMedia = []posts.Media{m, m, m}
		}, errs.Invalid, "platforms[0].customMedia", ""},
		{"the same target twice", func(p *posts.NewPost) { p.Targets = append(p.Targets, p.Targets[0]) }, errs.Invalid, "platforms[1]", ""},
	}
	before := w.rows(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := posts.NewPost{Content: "hello", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}, RequestID: "r-1"}
			tt.change(&p)
			_, err := w.Create(t.Context(), w.owner, p)
			var e *errs.Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Field != tt.field || e.Wire != tt.wire {
				t.Errorf("got %v (%+v), want code %s, field %s, wire %q", err, e, tt.code, tt.field, tt.wire)
			}
			if got := w.rows(t); got != before {
				t.Errorf("it left %d rows", got-before)
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: strings.Repeat("x", 51), Mode: posts.Now, Media: []posts.Media{{URL: "https://example.com/gone.jpg", Type: platforms.Image}},
		Targets: []posts.NewTarget{w.target(w.account), w.target(w.second)}})
	var e *errs.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	problems, _ := e.Details["problems"].([]posts.Problem)
	if len(problems) != 3 { // the file, and the text for each of two targets
		t.Errorf("%d problems: %+v", len(problems), problems)
	}
}

func TestRequestIDGivesOnePost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wg sync.WaitGroup
	ids, made := make([]string, 12), make([]bool, 12)
	for i := range ids {
		wg.Go(func() {
			created, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "once", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}, RequestID: "r-1"})
			if err != nil {
				// The content is the same too: whoever meets the duplicate check before the winner's request ID is visible would be
				// told so, which must not happen.
				t.Errorf("request %d: %v", i, err)
				return
			}
			ids[i], made[i] = created.Post.ID, !created.Replayed
		})
	}
	wg.Wait()
	n := 0
	for i := range ids {
		if ids[i] != ids[0] {
			t.Errorf("request %d gave post %s, the first %s", i, ids[i], ids[0])
		}
		if made[i] {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d requests say that they made the post", n)
	}
	w.advance(6 * time.Minute)
	if err := w.DropOldRequests(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "later", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}, RequestID: "r-1"}); err != nil {
		t.Errorf("after five minutes: %v", err)
	}
}

func TestDuplicateContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	made, refused := "", 0
	for range 8 { // all at the same instant
		wg.Go(func() {
			created, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "twice", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				made = created.Post.ID
			case codeOf(err) == errs.Conflict:
				refused++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if refused != 7 {
		t.Fatalf("%d of 8 were refused, want 7", refused)
	}
	again := posts.NewPost{Content: "twice", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}}
	_, err := w.Create(t.Context(), w.owner, again)
	var e *errs.Error
	if !errors.As(err, &e) || e.Details["existingPostId"] != made || e.Details["accountId"] != w.account || e.Details["platform"] != "demo" {
		t.Errorf("got %v, %+v", err, e)
	}
	if _, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "twice", Mode: posts.AsDraft, Targets: again.Targets}); err != nil {
		t.Errorf("a draft is refused: %v", err)
	}
	if err := w.Delete(t.Context(), w.owner, made); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Create(t.Context(), w.owner, again); err != nil {
		t.Errorf("after the first was deleted: %v", err)
	}
	w.advance(25 * time.Hour)
	if _, err := w.Create(t.Context(), w.owner, again); err != nil {
		t.Errorf("after a day: %v", err)
	}
}
