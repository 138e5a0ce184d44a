package youtube_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/youtube"
)

// TestChanges edits a video's page: what is not named stays, which YouTube would erase by itself.
func TestChanges(t *testing.T) {
	t.Parallel()
	f := newFar(t, 0)
	task := f.task("A title\nand a description", `{"visibility":"unlisted","categoryId":"27","containsSyntheticMedia":true}`)
	task.Content.Tags = []string{"one", "two words"}
	s, err := f.until(&task, "checking")
	if err != nil {
		t.Fatal(err)
	}
	id := s.Done.ID
	ctx, p := t.Context(), youtube.Platform{}
	seen := func() string { return f.Posts()[0].Text + " | " + strings.Join(f.Posts()[0].Extra, " | ") }
	if remote, err := p.Edit(ctx, f.conn, platforms.Edit{Existing: platforms.Existing{Remote: *s.Done}, Text: "another"}); err != nil || remote != *s.Done || seen() != "A title\n\nanother | unlisted | made with AI | tags: one, two words" {
		t.Errorf("edited: %v: %s", err, seen())
	}
	yes, no, empty := true, false, []string{}
	if err := p.UpdateMetadata(ctx, f.conn, id, platforms.Metadata{Title: "New", Tags: &empty, Privacy: "public", MadeForKids: &yes, SyntheticWork: &no, PlaylistID: "PLf4keTidewatchHarbours01"}); err != nil || seen() != "New\n\nanother | made for kids | in Harbours" {
		t.Errorf("changed: %v: %s", err, seen())
	}
	if err := p.UpdateMetadata(ctx, f.conn, id, platforms.Metadata{PlaylistID: "PLf4keTidewatchHarbours01"}); err != nil || f.Entries("PLf4keTidewatchHarbours01", id) != 1 {
		t.Errorf("put into the playlist again: %v, %d times", err, f.Entries("PLf4keTidewatchHarbours01", id))
	}
	long := strings.Repeat("x", 5001)
	for field, m := range map[string]platforms.Metadata{"title": {Title: "a < b"}, "description": {Description: &long}, "tags": {Tags: &[]string{strings.Repeat("a", 501)}}, "categoryId": {CategoryID: "music"}, "playlistId": {PlaylistID: "?"}} {
		calls := len(f.calls)
		if e := platforms.AsError(p.UpdateMetadata(ctx, f.conn, id, m)); e == nil || e.Kind != platforms.Rejected || e.Field != field || len(f.calls) != calls {
			t.Errorf("%s: %+v", field, e)
		}
	}
	if e := platforms.AsError(p.UpdateMetadata(ctx, f.conn, "nothing", platforms.Metadata{Title: "x"})); e == nil || e.Code != "videoNotFound" {
		t.Errorf("a video that is not there: %+v", e)
	}
	for range 2 {
		if err := p.Delete(ctx, f.conn, platforms.Existing{Remote: *s.Done}); err != nil || len(f.Posts()) != 0 {
			t.Errorf("deleted: %v", err)
		}
	}
}

// TestCosts counts a plain video and one with all that there is as YouTube does.
func TestCosts(t *testing.T) {
	t.Parallel()
	for options, most := range map[string]int{"": 20, `{"playlistId":"PLf4keTidewatchHarbours01","firstComment":"first","captions":[{"language":"en","content":"-->"}]}`: 20 + 50 + 50 + 400} {
		f := newFar(t, 0)
		counted := map[string]int{}
		inner := f.conn.HTTP.Transport
		f.conn.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			for name, n := range (youtube.Platform{}).Costs(r) {
				counted[name] += n
			}
			return inner.RoundTrip(r)
		})
		task := f.task("priced", options)
		s, err := f.until(&task, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := (youtube.Platform{}).Delete(t.Context(), f.conn, platforms.Existing{Remote: *s.Done}); err != nil {
			t.Fatal(err)
		}
		uploads, units := f.Units()
		if counted["uploads_day"] != uploads || counted["units_day"] != units || uploads != 1 || units-50 > most {
			t.Errorf("%s: counted %v, YouTube counts %d uploads and %d units", options, counted, uploads, units)
		}
		t.Logf("%d units with the deletion's 50: %s", units, options)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRefresh gets access tokens as long as the login lives.
func TestRefresh(t *testing.T) {
	t.Parallel()
	f := newFar(t, 0)
	fresh, err := youtube.Platform{}.Refresh(t.Context(), f.conn)
	if err != nil || fresh.Access == f.conn.Token.Access || fresh.Refresh != f.conn.Token.Refresh || fresh.ExpiresAt.Before(f.now) || !slices.Contains(fresh.Scopes, "https://www.googleapis.com/auth/youtube.upload") {
		t.Errorf("%v, %v", fresh.ExpiresAt, err)
	}
	f.Revoke(f.conn.Account.RemoteID)
	if _, err = (youtube.Platform{}).Refresh(t.Context(), f.conn); platforms.AsError(err) == nil || platforms.AsError(err).Kind != platforms.Unauthorized {
		t.Errorf("of a login that was taken back: %v", err)
	}
	f.conn.App.Secret = platforms.Secret{}
	if _, err = (youtube.Platform{}).Refresh(t.Context(), f.conn); platforms.AsError(err) == nil || platforms.AsError(err).Kind != platforms.Unavailable {
		t.Errorf("of an app that Google does not know: %v", err)
	}
}

// TestRules tries what a post can do wrong, and what it may.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, title, text, options string
		tags                       []string
		rule                       string // empty: nothing is wrong
	}{
		{name: "plain", text: "x"},
		{name: "a title alone", title: "A title"},
		{name: "no title", rule: "title.required"},
		{name: "a first line that is too long", text: strings.Repeat("a", 150)},
		{name: "brackets in the first line", text: "<b>", rule: "text.characters"},
		{name: "a title that is too long", text: "x", options: `{"title":"` + strings.Repeat("é", 101) + `"}`, rule: "title.max_length"},
		{name: "a title of the post that is too long", title: strings.Repeat("é", 101), rule: "title.max_length"},
		{name: "a title at the limit", text: "x", options: `{"title":"` + strings.Repeat("é", 100) + `"}`},
		{name: "brackets", text: "x", options: `{"title":"a > b"}`, rule: "title.characters"},
		{name: "bytes", text: strings.Repeat("é", 2501), rule: "text.max_length"},
		{name: "tags at the limit", text: "x", tags: []string{strings.Repeat("a", 250), strings.Repeat("b", 249)}},
		{name: "and a quote more", text: "x", tags: []string{strings.Repeat("a", 248) + " c", strings.Repeat("b", 249)}, rule: "tags.max_length"},
		{name: "who", text: "x", options: `{"visibility":"friends"}`, rule: "visibility.value"},
		{name: "when", text: "x", options: `{"publishAt":"tomorrow"}`, rule: "publish_at.time"},
		{name: "when and who", text: "x", options: `{"publishAt":"2026-12-01T09:00:00Z","visibility":"unlisted"}`, rule: "publish_at.public"},
		{name: "category", text: "x", options: `{"categoryId":"music"}`, rule: "category.id"},
		{name: "playlist", text: "x", options: `{"playlistId":"https://www.youtube.com/playlist?list=PL1"}`, rule: "playlist.id"},
		{name: "comment of kids", text: "x", options: `{"firstComment":"x","madeForKids":true}`, rule: "first_comment.kids"},
		{name: "comment in private", text: "x", options: `{"firstComment":"x","visibility":"private"}`, rule: "first_comment.private"},
		{name: "long comment", text: "x", options: `{"firstComment":"` + strings.Repeat("a", 10001) + `"}`, rule: "first_comment.max_length"},
		{name: "no comment", text: "x", options: `{"firstComment":" "}`, rule: "first_comment.empty"},
		{name: "language", text: "x", options: `{"captions":[{"language":"english!","content":"-->"}]}`, rule: "captions.language"},
		{name: "no times", text: "x", options: `{"captions":[{"language":"en","content":"sea"}]}`, rule: "captions.content"},
		{name: "twice", text: "x", options: `{"captions":[{"language":"en","content":"-->"},{"language":"EN","content":"-->"}]}`, rule: "captions.twice"},
		{name: "type", text: "x", options: `{"madeForKids":"no"}`, rule: "options.type"},
	} {
		content := platforms.Content{Title: c.title, Text: c.text, Tags: c.tags, Options: []byte(c.options), Media: []platforms.Media{{Type: platforms.Video, URL: "https://example.com/a.mp4"}}}
		got := platforms.Check(youtube.Platform{}, content)
		if c.rule == "" && len(got) > 0 || c.rule != "" && (len(got) == 0 || got[0].Rule != "youtube."+c.rule) {
			t.Errorf("%s: %+v, want %q", c.name, got, c.rule)
		}
	}
}
