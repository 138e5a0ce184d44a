package posts_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

func TestUpdateOfADraft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	draft := w.make(t, posts.NewPost{Content: "draft", Mode: posts.AsDraft, Targets: []posts.NewTarget{w.target(w.account)}})
	got := w.update(t, draft, posts.Change{ScheduledFor: ptr(tomorrow), Title: ptr("t"), Tags: &[]string{"a", "a"}, Content: ptr(strings.Repeat("x", 51))})
	if p := got.Post; p.Status != posts.Draft || !p.ScheduledFor.Equal(at(tomorrow)) || p.Title != "t" || !slices.Equal(p.Tags, []string{"a"}) || got.Due || len(got.Warnings) != 1 {
		t.Fatalf("a time alone gives %+v", got)
	}
	if r := w.row(t, draft.Targets[0].ID); r.Open {
		t.Errorf("its target is %+v", r)
	}
	_, err := w.Update(t.Context(), w.owner, draft.ID, posts.Change{Draft: ptr(false)})
	if errs.CodeOf(err) != errs.Invalid {
		t.Errorf("a text that is too long: %v", err)
	}
	got = w.update(t, draft, posts.Change{Draft: ptr(false), Content: ptr("short")})
	if p := got.Post; p.Status != posts.Scheduled || got.Due || p.Targets[0].ID != draft.Targets[0].ID {
		t.Fatalf("with isDraft false it is %+v", got)
	}
	if r := w.row(t, draft.Targets[0].ID); !r.Open || !r.NextAt.Equal(at(tomorrow)) {
		t.Errorf("its target is %+v", r)
	}
	if _, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "short", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}}); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("its content is not reserved: %v", err)
	}
	got = w.update(t, draft, posts.Change{Draft: ptr(true)})
	if r := w.row(t, draft.Targets[0].ID); got.Post.Status != posts.Draft || r.Open {
		t.Errorf("a draft again: %+v, %+v", got.Post, r)
	}
	w.advance(48 * time.Hour)
	if _, ok := w.tryClaim(t, draft.Targets[0].ID, "a"); ok {
		t.Error("its job")
	}
	got = w.update(t, draft, posts.Change{Draft: ptr(false), PublishNow: true})
	if r := w.row(t, draft.Targets[0].ID); !got.Due || !r.Open || r.NextAt.After(w.now) {
		t.Errorf("published now: %+v, %+v", got, r)
	}
}

func TestUpdateMovesAScheduledPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.make(t, posts.NewPost{Content: "a", Mode: posts.At, ScheduledFor: tomorrow, Timezone: "Europe/Berlin", Metadata: []byte(`{"a":1}`),
		Targets: []posts.NewTarget{w.target(w.account), {Platform: "other", AccountID: w.second, ScheduledFor: later, Options: []byte(`{"otherSettings":{"a":1},"b":2}`)}}})
	first, second := p.Targets[0].ID, p.Targets[1].ID
	got := w.update(t, p, posts.Change{ScheduledFor: ptr("2026-11-26T09:00")})
	if r := w.row(t, first); !r.NextAt.Equal(at("2026-11-26T08:00:00Z")) || got.Due {
		t.Errorf("local time in the stored zone: %+v", r)
	}
	if r := w.row(t, second); !r.NextAt.Equal(at(later)) {
		t.Errorf("a target's own time: %+v", r)
	}
	got = w.update(t, p, posts.Change{Content: ptr("b")})
	if r := w.row(t, first); got.Post.Content != "b" || !r.NextAt.Equal(at("2026-11-26T08:00:00Z")) || got.Post.Status != posts.Scheduled || string(got.Post.Metadata) != `{"a": 1}` {
		t.Errorf("its text alone: %+v, %+v", got.Post, r)
	}
	got = w.update(t, p, posts.Change{Metadata: ptr(json.RawMessage(nil)), Targets: &[]posts.NewTarget{{Platform: "other", AccountID: w.second, Options: []byte(`{"c":3}`)}}})
	if q := got.Post; len(q.Targets) != 1 || q.Targets[0].ID != second || string(q.Targets[0].Options) != `{"c": 3, "otherSettings": {"a": 1}}` || q.Targets[0].ScheduledFor != nil || q.Metadata != nil {
		t.Errorf("other targets: %+v", q)
	}
	got = w.update(t, p, posts.Change{Targets: &[]posts.NewTarget{w.target(w.account), {Platform: "other", AccountID: w.second, Options: []byte(`{"otherSettings":{"d":4}}`)}}})
	if q := got.Post; len(q.Targets) != 2 || q.Targets[0].Account.ID != w.account || q.Targets[1].ID != second || string(q.Targets[1].Options) != `{"otherSettings": {"d": 4}}` {
		t.Errorf("a namespace that is sent again: %+v", q)
	}
	if r := w.row(t, got.Post.Targets[0].ID); !r.Open || !r.NextAt.Equal(at("2026-11-26T08:00:00Z")) {
		t.Errorf("the new target: %+v", r)
	}
	got = w.update(t, p, posts.Change{ScheduledFor: ptr("2020-01-01T00:00:00Z")})
	if !got.Due {
		t.Error("a time in the past is not due")
	}
}

func TestRefusedUpdatesChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.make(t, posts.NewPost{Content: "a", Mode: posts.At, ScheduledFor: tomorrow, Targets: []posts.NewTarget{w.target(w.account)}})
	draft := w.make(t, posts.NewPost{Content: "draft", Mode: posts.AsDraft, Targets: []posts.NewTarget{w.target(w.account)}})
	w.make(t, posts.NewPost{Content: "taken", Mode: posts.At, ScheduledFor: tomorrow, Targets: []posts.NewTarget{w.target(w.account)}})
	out := w.create(t, "out", w.account)
	w.publish(t, out.Targets[0].ID)
	busy := w.create(t, "busy", w.account)
	w.claim(t, busy.Targets[0].ID, "b")
	partly := w.create(t, "partly", w.account, w.second)
	w.publish(t, partly.Targets[0].ID)
	w.fail(t, partly.Targets[1].ID)
	tests := []struct {
		name   string
		post   posts.Post
		change posts.Change
		code   errs.Code
		wire   string
		field  string
	}{
		{"too long", p, posts.Change{Content: ptr(strings.Repeat("x", 51))}, errs.Invalid, "", "content"},
		{"no text", p, posts.Change{Content: ptr("")}, errs.Invalid, "missing_required_field", "content"},
		{"no target", p, posts.Change{Targets: &[]posts.NewTarget{}}, errs.Invalid, "missing_required_field", "platforms"},
		{"a tag too long", p, posts.Change{Tags: &[]string{strings.Repeat("x", 101)}}, errs.Invalid, "", "tags[0]"},
		{"foreign account", p, posts.Change{Targets: &[]posts.NewTarget{w.target(w.account), w.target(w.foreign)}}, errs.Forbidden, errs.NoWire, "platforms[1].accountId"},
		{"disconnected account", p, posts.Change{Targets: &[]posts.NewTarget{w.target(w.gone)}}, errs.Forbidden, "ACCOUNT_DISCONNECTED", "platforms[0].accountId"},
		{"another post's content", p, posts.Change{Content: ptr("taken")}, errs.Conflict, "duplicate_content", "platforms[0]"},
		{"the same target twice", p, posts.Change{Targets: &[]posts.NewTarget{w.target(w.account), w.target(w.account)}}, errs.Invalid, "", "platforms[1]"},
		{"no time", p, posts.Change{ScheduledFor: ptr("tomorrow")}, errs.Invalid, "", "scheduledFor"},
		{"no time any more", p, posts.Change{ScheduledFor: ptr("")}, errs.Invalid, "missing_required_field", "scheduledFor"},
		{"unknown zone", p, posts.Change{ScheduledFor: ptr("2026-12-01T10:00"), Timezone: ptr("Mars/Olympus")}, errs.Invalid, "", "timezone"},
		{"a draft without a time", draft, posts.Change{Draft: ptr(false)}, errs.Invalid, "missing_required_field", "scheduledFor"},
		{"a draft for another post's content", draft, posts.Change{Draft: ptr(false), PublishNow: true, Content: ptr("taken")}, errs.Conflict, "duplicate_content", "platforms[0]"},
		{"published", out, posts.Change{Content: ptr("b")}, errs.Invalid, "", ""},
		{"published, as a draft", out, posts.Change{Draft: ptr(true)}, errs.Invalid, "", ""},
		{"published, again", out, posts.Change{PublishNow: true, Draft: ptr(false)}, errs.Invalid, "", ""},
		{"publishing", busy, posts.Change{Content: ptr("b")}, errs.Conflict, "post_publishing", ""},
		{"partly published, as a draft", partly, posts.Change{Draft: ptr(true)}, errs.Invalid, "", "isDraft"},
		{"unknown", posts.Post{ID: "65f1c0a9e2b5af0012ab34cd"}, posts.Change{}, errs.NotFound, "", ""},
		{"no ID", posts.Post{ID: "x"}, posts.Change{}, errs.NotFound, "", ""},
	}
	before := w.dump(t)
	for _, tt := range tests {
		_, err := w.Update(t.Context(), w.owner, tt.post.ID, tt.change)
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != tt.code || e.Wire != tt.wire || e.Field != tt.field {
			t.Errorf("%s: got %v (%+v), want %s, %q at %q", tt.name, err, e, tt.code, tt.wire, tt.field)
		}
		if w.dump(t) != before {
			t.Fatalf("%s: something was changed", tt.name)
		}
	}
	if _, err := w.Update(t.Context(), w.stranger, p.ID, posts.Change{Title: ptr("mine")}); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("another owner's: %v", err)
	}
	if got := w.update(t, out, posts.Change{}); got.Post.Status != posts.Published || got.Due {
		t.Errorf("a published post that nothing is asked of: %+v", got)
	}
}

// TestUpdateLeavesAloneWhatIsPublished holds the promise for a post that is published at some of its accounts.
func TestUpdateLeavesAloneWhatIsPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "first", w.account, w.second)
	out, failed := p.Targets[0].ID, p.Targets[1].ID
	w.publish(t, out)
	w.fail(t, failed)
	before := w.row(t, out)
	got := w.update(t, p, posts.Change{Content: ptr("second")})
	if got.Due || got.Post.Status != posts.Partial || len(got.Warnings) != 1 {
		t.Errorf("without a time it is %+v", got)
	}
	a, b := got.Post.Targets[0], got.Post.Targets[1]
	if a.Status != posts.Published || a.RemoteID == "" || *a.CustomContent != "first" || b.Status != posts.Failed || b.CustomContent != nil || w.row(t, failed).Open {
		t.Errorf("its targets are %+v and %+v", a, b)
	}
	// The published account is left out, then named with another text, after the other one. It stays each time.
	got = w.update(t, p, posts.Change{Targets: &[]posts.NewTarget{w.target(w.second)}})
	if len(got.Post.Targets) != 2 || got.Post.Targets[1].ID != out {
		t.Fatalf("left out: %+v", got.Post.Targets)
	}
	own := "own"
	got = w.update(t, p, posts.Change{PublishNow: true, Targets: &[]posts.NewTarget{w.target(w.second), {Platform: "demo", AccountID: w.account, CustomContent: &own}}})
	if !got.Due || got.Post.Targets[0].ID != failed || got.Post.Targets[1].ID != out || *got.Post.Targets[1].CustomContent != "first" || got.Post.Status != posts.Publishing {
		t.Fatalf("published again: %+v", got.Post)
	}
	if after := w.row(t, out); after != before {
		t.Errorf("the published target was %+v and is %+v", before, after)
	}
	if _, ok := w.tryClaim(t, out, "a"); ok {
		t.Error("it can be claimed")
	}
	if c := w.claim(t, failed, "a"); c.Task.Content.Text != "second" {
		t.Errorf("the other one publishes %q", c.Task.Content.Text)
	}
}

// TestUpdateTellsTwoTargetsOfOneAccountApart: of a photo and a story, the one that is published is never taken for the other.
func TestUpdateTellsTwoTargetsOfOneAccountApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	story, photo := w.target(w.account), w.target(w.account)
	story.Options = []byte(`{"contentType":"story"}`)
	p := w.make(t, posts.NewPost{Content: "a", Mode: posts.Now, Targets: []posts.NewTarget{photo, story}})
	w.fail(t, p.Targets[0].ID)
	w.publish(t, p.Targets[1].ID)
	got := w.update(t, p, posts.Change{PublishNow: true, Targets: &[]posts.NewTarget{story, photo}})
	if q := got.Post.Targets; len(q) != 2 || q[0].ID != p.Targets[1].ID || q[0].Status != posts.Published || q[1].ID != p.Targets[0].ID || q[1].Options != nil {
		t.Errorf("in another order they are %+v", q)
	}
}

func TestUpdateKeepsADoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "first", w.account, w.second)
	doubted, plain := p.Targets[0].ID, p.Targets[1].ID
	w.doubt(t, doubted)
	w.fail(t, plain)
	before := w.dump(t)
	for name, c := range map[string]posts.Change{
		"text":    {Content: ptr("second"), PublishNow: true},
		"media":   {Media: &[]posts.Media{{URL: "https://example.com/a.jpg"}}},
		"options": {Targets: &[]posts.NewTarget{{Platform: "demo", AccountID: w.account, Options: []byte(`{"a":1}`)}}},
	} {
		_, err := w.Update(t.Context(), w.owner, p.ID, c)
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != errs.Conflict || e.Wire != "post_unconfirmed" || e.Field != "platforms[0]" {
			t.Errorf("other %s: %v", name, err)
		}
	}
	if w.dump(t) != before {
		t.Error("something was changed")
	}
	got := w.update(t, p, posts.Change{ScheduledFor: ptr(tomorrow)})
	if r := w.row(t, doubted); got.Post.Status != posts.Scheduled || !r.InDoubt || r.State != `publishing{"container": "1"}` || r.Attempts != 0 || !r.Open {
		t.Errorf("at another time it is %+v", r)
	}
	if r := w.row(t, plain); r.InDoubt || r.State != "" {
		t.Errorf("the one that plainly failed is %+v", r)
	}
	if _, err := w.Update(t.Context(), w.owner, p.ID, posts.Change{ScheduledFor: ptr(later)}); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("an open doubt: %v", err)
	}
	w.advance(48 * time.Hour)
	if c := w.claim(t, doubted, "a"); !c.Task.InDoubt || c.Task.State.Step != "publishing" {
		t.Errorf("the next task is %+v", c.Task)
	}
}

// TestUpdateWaitsForAVisibleStep: a target that stands at a visible step may show what an earlier try did.
func TestUpdateWaitsForAVisibleStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "a", w.account)
	id := p.Targets[0].ID
	w.settle(t, w.claim(t, id, "a"), platforms.Step{State: platforms.State{Step: "publishing"}}, nil)
	w.settle(t, w.claim(t, id, "a"), platforms.Step{}, platforms.Errorf(platforms.RateLimited, "wait"))
	if r := w.row(t, id); r.InDoubt || w.get(t, p.ID).Status != posts.Scheduled {
		t.Fatalf("it is %+v", r)
	}
	if _, err := w.Update(t.Context(), w.owner, p.ID, posts.Change{Content: ptr("b")}); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("got %v", err)
	}
	// Before the visible step it is changed, and begins anew.
	q := w.create(t, "c", w.account)
	id = q.Targets[0].ID
	w.settle(t, w.claim(t, id, "a"), platforms.Step{State: platforms.State{Step: "waiting", Data: []byte(`{"container":"old"}`)}}, nil)
	w.settle(t, w.claim(t, id, "a"), platforms.Step{}, platforms.Errorf(platforms.Unavailable, "away"))
	got := w.update(t, q, posts.Change{Content: ptr("d")})
	if r := w.row(t, id); r.State != "" || r.Attempts != 0 || !got.Due {
		t.Errorf("it is %+v, due %t", r, got.Due)
	}
}

func TestUpdateOfAPostThatHasEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "a", w.account)
	w.fail(t, p.Targets[0].ID)
	got := w.update(t, p, posts.Change{Targets: &[]posts.NewTarget{w.target(w.account), w.target(w.second)}, Content: ptr("b")})
	if q := got.Post; got.Due || q.Status != posts.Failed || q.Targets[1].Status != posts.Failed || q.Targets[1].Failure == nil || q.Targets[1].Open {
		t.Fatalf("without a time it is %+v", q)
	}
	got = w.update(t, p, posts.Change{ScheduledFor: ptr(tomorrow)})
	if q := got.Post; q.Status != posts.Scheduled || q.Targets[0].Failure != nil || q.Targets[1].Failure != nil {
		t.Errorf("with a time it is %+v", q)
	}
	for _, target := range got.Post.Targets {
		if r := w.row(t, target.ID); !r.Open {
			t.Errorf("its target is %+v", r)
		}
	}
	if p := w.update(t, p, posts.Change{Draft: ptr(true)}).Post; p.Status != posts.Draft {
		t.Errorf("as a draft it is %s", p.Status)
	}
}

// TestUpdateByAScopedKey: whoever reaches a post may take its last target away, and is told so.
func TestUpdateByAScopedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	draft := w.make(t, posts.NewPost{Content: "a", Mode: posts.AsDraft, Targets: []posts.NewTarget{w.target(w.account)}})
	scoped := w.owner
	scoped.KeyID = "65f1c0a9e2b5af0012ab34cd"
	scoped.Profiles = []string{draft.Targets[0].Account.ProfileID}
	updated, err := w.Update(t.Context(), scoped, draft.ID, posts.Change{Targets: &[]posts.NewTarget{}})
	if err != nil || len(updated.Post.Targets) != 0 {
		t.Errorf("got %+v, %v", updated, err)
	}
	if _, err := w.Update(t.Context(), scoped, draft.ID, posts.Change{Title: ptr("t")}); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("without a target it is not the key's: %v", err)
	}
}

// TestUpdatedContentIsReservedFromThenOn: the day in which it counts as sent begins with the update.
func TestUpdatedContentIsReservedFromThenOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.make(t, posts.NewPost{Content: "old", Mode: posts.At, ScheduledFor: "2026-12-24T10:00:00Z", Targets: []posts.NewTarget{w.target(w.account)}})
	w.advance(72 * time.Hour)
	w.update(t, p, posts.Change{Content: ptr("new")})
	again := posts.NewPost{Content: "new", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}}
	if _, err := w.Create(t.Context(), w.owner, again); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("got %v", err)
	}
	again.Content = "old"
	if _, err := w.Create(t.Context(), w.owner, again); err != nil {
		t.Errorf("the old content: %v", err)
	}
}
