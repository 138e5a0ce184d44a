package posts_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

func TestUnpublishCancelsWhatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.publishPost(t, "hello", w.account, w.video)
	if err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube"); err != nil {
		t.Fatal(err)
	}
	got := w.get(t, p.ID)
	if got.Status != posts.Partial || got.Targets[0].Status != posts.Published || got.Targets[1].Status != posts.Cancelled {
		t.Errorf("the post is %s, its targets %s and %s", got.Status, got.Targets[0].Status, got.Targets[1].Status)
	}
	if gone := got.Targets[1]; gone.RemoteID != "remote of youtube" || gone.RemovedAt == nil || gone.PublishedAt == nil || gone.Open {
		t.Errorf("the target is %+v", gone)
	}
	steps, err := w.Timeline(t.Context(), w.owner, p.ID)
	if err != nil || !slices.ContainsFunc(steps, func(s posts.Step) bool { return s.Outcome == "unpublished" && s.TargetID == p.Targets[1].ID }) {
		t.Errorf("the timeline is %+v (%v)", steps, err)
	}
	if err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube"); codeOf(err) != errs.Invalid {
		t.Errorf("again: %v", err)
	}
	if seen := w.changer.seen(); !slices.Equal(seen, []string{"delete remote of youtube of youtube"}) {
		t.Errorf("the platform was asked %q", seen)
	}
	if _, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "hello", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.video)}}); err != nil {
		t.Errorf("the content is not free again: %v", err)
	}
	only := w.publishPost(t, "alone", w.video)
	if err := w.Unpublish(t.Context(), w.owner, only.ID, "youtube"); err != nil {
		t.Fatal(err)
	}
	if got := w.get(t, only.ID); got.Status != posts.Cancelled || got.PublishedAt != nil {
		t.Errorf("nothing is published, and the post is %s, published at %v", got.Status, got.PublishedAt)
	}
}

func TestUnpublishIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.publishPost(t, "hello", w.account, w.video)
	waiting := w.create(t, "not yet", w.video)
	reader := auth.Root(w.owner.OwnerID)
	reader.Profiles = []string{}
	tests := []struct {
		name     string
		by       auth.Principal
		post     string
		platform string
		code     errs.Code
		wire     string
	}{
		{"another owner", w.stranger, p.ID, "youtube", errs.NotFound, ""},
		{"out of reach", reader, p.ID, "youtube", errs.NotFound, ""},
		{"no such post", w.owner, "6745a1b2c3d4e5f600000000", "youtube", errs.NotFound, ""},
		{"no ID", w.owner, "x\x00", "youtube", errs.NotFound, ""},
		{"a platform that cannot", w.owner, p.ID, "demo", errs.Invalid, "platform_not_supported"},
		{"an unknown platform", w.owner, p.ID, "friendster", errs.Invalid, "platform_not_supported"},
		{"not published yet", w.owner, waiting.ID, "youtube", errs.Invalid, ""},
	}
	for _, tt := range tests {
		err := w.Unpublish(t.Context(), tt.by, tt.post, tt.platform)
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != tt.code || e.Wire != tt.wire {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if got := w.get(t, p.ID); got.Status != posts.Published || len(w.changer.seen()) > 0 {
		t.Errorf("the post is %s, and the platform was asked %q", got.Status, w.changer.seen())
	}
}

func TestUnpublishThatFailsChangesNothingAndCanBeRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.publishPost(t, "hello", w.video)
	w.changer.delete = func(platforms.Existing) error {
		return &platforms.Error{Kind: platforms.Rejected, Status: 400, Message: "no", Body: []byte(`{"no":1}`)}
	}
	err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube")
	var e *platforms.Error
	if !errors.As(err, &e) || e.Platform != "youtube" || string(e.Body) != `{"no":1}` {
		t.Fatalf("it failed with %v", err)
	}
	if got := w.get(t, p.ID); got.Status != posts.Published || got.Targets[0].Status != posts.Published {
		t.Errorf("the post is %s", got.Status)
	}
	w.changer.delete = nil
	if err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube"); err != nil {
		t.Errorf("the next attempt: %v", err)
	}
}

func TestStaleTokenIsRefreshedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.publishPost(t, "hello", w.video)
	w.changer.delete = func(platforms.Existing) error { return &platforms.Error{Kind: platforms.TokenExpired, Status: 401} }
	if err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube"); platforms.AsError(err).Kind != platforms.TokenExpired {
		t.Errorf("it failed with %v", err)
	}
	if n := len(w.changer.seen()); n != 2 {
		t.Errorf("the platform was asked %d times", n)
	}
	w.changer.delete = func(platforms.Existing) error { return &platforms.Error{Kind: platforms.Unauthorized, Status: 401} }
	if err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube"); platforms.AsError(err).Kind != platforms.Unauthorized {
		t.Errorf("it failed with %v", err)
	}
	var reconnect bool
	if err := w.pool.QueryRow(t.Context(), `select needs_reconnection from accounts where id = $1`, w.video).Scan(&reconnect); err != nil || !reconnect {
		t.Errorf("the account needs reconnection: %v (%v)", reconnect, err)
	}
}

// TestUnpublishKeepsOthersAway tries the two who could meet it: a worker at a follow-up, and another unpublish.
func TestUnpublishKeepsOthersAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "hello", w.video)
	target := p.Targets[0].ID
	remote := &platforms.Remote{ID: "r1"}
	w.settle(t, w.claim(t, target, "w1"), platforms.Step{Done: remote, State: platforms.State{Step: "commenting"}}, nil)
	working := w.claim(t, target, "w1")
	err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube")
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != errs.Conflict || e.RetryAfter <= 0 {
		t.Fatalf("while a worker is at it: %v", err)
	}
	w.settle(t, working, platforms.Step{}, platforms.Errorf(platforms.Unavailable, "later"))
	w.changer.delete = func(platforms.Existing) error {
		w.advance(time.Hour / 2)
		if _, ok := w.tryClaim(t, target, "w2"); ok {
			t.Error("a worker got the target in the meantime")
		}
		w.advance(-time.Hour / 2)
		if err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube"); codeOf(err) != errs.Conflict {
			t.Errorf("two at once: %v", err)
		}
		return platforms.Errorf(platforms.Unavailable, "not now")
	}
	if err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube"); err == nil {
		t.Fatal("it did not fail")
	}
	if got := w.get(t, p.ID); !got.Targets[0].Open {
		t.Error("the follow-up was given up with an unpublish that failed")
	}
	w.changer.delete = nil
	if err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube"); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Hour)
	if _, ok := w.tryClaim(t, target, "w2"); ok {
		t.Error("a worker goes on with it")
	}
}

func TestUnpublishAtOnceIsDoneOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.publishPost(t, "hello", w.video)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube"); err != nil && codeOf(err) != errs.Conflict && codeOf(err) != errs.Invalid {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := w.get(t, p.ID); got.Status != posts.Cancelled || len(w.changer.seen()) != 1 {
		t.Errorf("the post is %s, and the platform was asked %q", got.Status, w.changer.seen())
	}
}

// TestUnpublishAfterACrash begins where a process died that had removed the post and could not store it.
func TestUnpublishAfterACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.publishPost(t, "hello", w.video)
	if _, err := w.pool.Exec(t.Context(), `update targets set claim = claim + 1, claimed_by = 'request', claimed_until = $2, open = false where post_id = $1`, p.ID, w.clock().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube"); codeOf(err) != errs.Conflict {
		t.Errorf("while the hold lasts: %v", err)
	}
	w.advance(time.Minute)
	if err := w.Unpublish(t.Context(), w.owner, p.ID, "youtube"); err != nil || w.get(t, p.ID).Status != posts.Cancelled {
		t.Errorf("after it: %v, the post is %s", err, w.get(t, p.ID).Status)
	}
}

func TestEditChangesTextHereAndThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.publishPost(t, "hello", w.account, w.video)
	w.changer.edit = func(e platforms.Edit) (platforms.Remote, error) {
		return platforms.Remote{ID: e.Remote.ID + "-2"}, nil
	}
	remote, err := w.Edit(t.Context(), w.owner, p.ID, posts.NewText{Platform: "youtube", Content: "good-bye"})
	if err != nil {
		t.Fatal(err)
	}
	if remote.ID != "remote of youtube-2" || remote.URL != "https://example.com/youtube" {
		t.Errorf("it is called %+v", remote)
	}
	got := w.get(t, p.ID)
	if got.Content != "good-bye" || got.Targets[0].CustomContent == nil || *got.Targets[0].CustomContent != "hello" || got.Targets[1].CustomContent != nil || got.Targets[1].RemoteID != "remote of youtube-2" {
		t.Errorf("stored as %+v", got)
	}
	if got.Status != posts.Published || len(w.changer.seen()) != 1 {
		t.Errorf("the post is %s, and the platform was asked %q", got.Status, w.changer.seen())
	}
	if _, err := w.Edit(t.Context(), w.owner, p.ID, posts.NewText{Platform: "youtube", AccountID: w.video, Content: "good-bye"}); err != nil || len(w.changer.seen()) != 1 {
		t.Errorf("the same text again: %v; the platform was asked %q", err, w.changer.seen())
	}
	var before, after string
	var done bool
	if err := w.pool.QueryRow(t.Context(), `select text_before, text_after, done from target_edits`).Scan(&before, &after, &done); err != nil || before != "hello" || after != "good-bye" || !done {
		t.Errorf("the history is %q, %q, %v (%v)", before, after, done, err)
	}
	_, err = w.Create(t.Context(), w.owner, posts.NewPost{Content: "good-bye", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.video)}})
	if codeOf(err) != errs.Conflict {
		t.Errorf("the edited text is not known as a duplicate: %v", err)
	}
}

func TestEditIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.publishPost(t, "hello", w.account, w.video)
	waiting := w.create(t, "not yet", w.video)
	tests := []struct {
		name string
		by   auth.Principal
		post string
		n    posts.NewText
		code errs.Code
		at   string
	}{
		{"another owner", w.stranger, p.ID, posts.NewText{Platform: "youtube", Content: "x"}, errs.NotFound, ""},
		{"a platform that cannot", w.owner, p.ID, posts.NewText{Platform: "demo", Content: "x"}, errs.Invalid, "platform"},
		{"an unknown platform", w.owner, p.ID, posts.NewText{Platform: "friendster", Content: "x"}, errs.Invalid, "platform"},
		{"not published", w.owner, waiting.ID, posts.NewText{Platform: "youtube", Content: "x"}, errs.Invalid, "platform"},
		{"another account", w.owner, p.ID, posts.NewText{Platform: "youtube", AccountID: w.account, Content: "x"}, errs.Invalid, "accountId"},
		{"too long", w.owner, p.ID, posts.NewText{Platform: "youtube", Content: strings.Repeat("x", 51)}, errs.Invalid, "content"},
		{"blank", w.owner, p.ID, posts.NewText{Platform: "youtube", Content: " "}, errs.Invalid, "content"},
	}
	for _, tt := range tests {
		_, err := w.Edit(t.Context(), tt.by, tt.post, tt.n)
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != tt.code || e.Field != tt.at {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if seen := w.changer.seen(); len(seen) > 0 {
		t.Errorf("the platform was asked %q", seen)
	}
}

// TestEditWithoutAnAnswer leaves a doubt, of which the next edit knows; one that was refused leaves none.
func TestEditWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.publishPost(t, "hello", w.video)
	outcome := platforms.Errorf(platforms.Rejected, "no")
	w.changer.edit = func(e platforms.Edit) (platforms.Remote, error) {
		if outcome == nil {
			return e.Remote, nil
		}
		return platforms.Remote{}, outcome
	}
	edit := func(text string) error {
		_, err := w.Edit(t.Context(), w.owner, p.ID, posts.NewText{Platform: "youtube", Content: text})
		return err
	}
	if err := edit("one"); platforms.AsError(err).Kind != platforms.Rejected {
		t.Errorf("refused: %v", err)
	}
	outcome = platforms.Errorf(platforms.Ambiguous, "the answer was lost")
	if err := edit("two"); platforms.AsError(err).Kind != platforms.Ambiguous || w.get(t, p.ID).Content != "hello" {
		t.Errorf("lost: %v", err)
	}
	outcome = nil
	if err := edit("hello"); err != nil { // what it said before the doubt
		t.Error(err)
	}
	if err := edit("three"); err != nil || w.get(t, p.ID).Content != "three" {
		t.Error(err)
	}
	want := []string{`"one", in doubt false`, `"two", in doubt false`, `"hello", in doubt true`, `"three", in doubt false`}
	for i, seen := range w.changer.seen() {
		if i >= len(want) || !strings.HasSuffix(seen, want[i]) {
			t.Errorf("call %d was %s", i, seen)
		}
	}
}

func TestEditsAtOnceExcludeEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.publishPost(t, "hello", w.video)
	w.changer.edit = func(e platforms.Edit) (platforms.Remote, error) {
		time.Sleep(20 * time.Millisecond)
		return e.Remote, nil
	}
	var group sync.WaitGroup
	for _, text := range []string{"a", "b", "c", "d"} {
		group.Go(func() {
			if _, err := w.Edit(t.Context(), w.owner, p.ID, posts.NewText{Platform: "youtube", Content: text}); err != nil && codeOf(err) != errs.Conflict {
				t.Error(err)
			}
		})
	}
	group.Wait()
	seen := w.changer.seen()
	if last := seen[len(seen)-1]; !strings.Contains(last, `"`+w.get(t, p.ID).Content+`"`) {
		t.Errorf("the platform says the last of %q, the post %q", seen, w.get(t, p.ID).Content)
	}
}

func TestUpdateMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.publishPost(t, "film", w.video)
	title := platforms.Metadata{Title: "new"}
	fields, id, err := w.UpdateMetadata(t.Context(), w.owner, posts.VideoUpdate{Platform: "youtube", PostID: p.ID, Metadata: platforms.Metadata{Title: "new", Tags: &[]string{}}})
	if err != nil || !slices.Equal(fields, []string{"title", "tags"}) || id != "remote of youtube" {
		t.Errorf("%v, %s: %v", fields, id, err)
	}
	if _, id, err := w.UpdateMetadata(t.Context(), w.owner, posts.VideoUpdate{Platform: "youtube", VideoID: "abc", AccountID: w.video, Metadata: title}); err != nil || id != "abc" {
		t.Errorf("%s: %v", id, err)
	}
	if seen := w.changer.seen(); !slices.Equal(seen, []string{"update remote of youtube of youtube", "update abc of youtube"}) {
		t.Errorf("the platform was asked %q", seen)
	}
	long := []string{strings.Repeat("ü", 251), strings.Repeat("ü", 250)}
	tests := []struct {
		name  string
		by    auth.Principal
		u     posts.VideoUpdate
		code  errs.Code
		field string
	}{
		{"nothing", w.owner, posts.VideoUpdate{Platform: "youtube", PostID: p.ID}, errs.Invalid, ""},
		{"too many tags", w.owner, posts.VideoUpdate{Platform: "youtube", PostID: p.ID, Metadata: platforms.Metadata{Tags: &long}}, errs.Invalid, "tags"},
		{"no address", w.owner, posts.VideoUpdate{Platform: "youtube", PostID: p.ID, Metadata: platforms.Metadata{ThumbnailURL: "file:///etc"}}, errs.Invalid, "thumbnailUrl"},
		{"a platform that cannot", w.owner, posts.VideoUpdate{Platform: "demo", PostID: p.ID, Metadata: title}, errs.Invalid, "platform"},
		{"another owner", w.stranger, posts.VideoUpdate{Platform: "youtube", PostID: p.ID, Metadata: title}, errs.NotFound, ""},
		{"no video", w.owner, posts.VideoUpdate{Platform: "youtube", AccountID: w.video, Metadata: title}, errs.Invalid, "videoId"},
		{"no account", w.owner, posts.VideoUpdate{Platform: "youtube", VideoID: "abc", Metadata: title}, errs.Invalid, "accountId"},
		{"another owner's account", w.stranger, posts.VideoUpdate{Platform: "youtube", VideoID: "abc", AccountID: w.video, Metadata: title}, errs.NotFound, "accountId"},
		{"an account elsewhere", w.owner, posts.VideoUpdate{Platform: "youtube", VideoID: "abc", AccountID: w.account, Metadata: title}, errs.Invalid, "accountId"},
	}
	for _, tt := range tests {
		_, _, err := w.UpdateMetadata(t.Context(), tt.by, tt.u)
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != tt.code || e.Field != tt.field {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if n := len(w.changer.seen()); n != 2 {
		t.Errorf("the platform was asked %d times", n)
	}
}
