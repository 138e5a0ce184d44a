package api

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// contents are the texts of the posts of a list, in its order.
func (a answer) contents() []string {
	a.t.Helper()
	list, _ := a.at("posts").([]any)
	texts := []string{}
	for i := range list {
		texts = append(texts, a.text(fmt.Sprintf("posts.%d.content", i)))
	}
	return texts
}

func TestListsOfPosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	photo := []any{map[string]any{"url": w.photos + "coast.jpg"}}
	create := func(text, day string, body map[string]any) {
		body["content"] = text
		if day != "" {
			body["scheduledFor"] = "2026-02-" + day + "T10:00:00Z"
		}
		w.do("POST", "/v1/posts", body).want(201)
		w.advance(time.Second)
	}
	both := []any{target("bluesky", w.bluesky), target("instagram", w.instagram)}
	create("a", "04", map[string]any{"platforms": both[:1]})
	create("b", "02", map[string]any{"platforms": both[1:], "mediaItems": photo})
	create("c", "03", map[string]any{"platforms": both, "mediaItems": photo})
	create("d", "", map[string]any{"isDraft": true})
	create("e", "05", map[string]any{"isDraft": true, "platforms": both[:1], "metadata": map[string]any{"hidden": true}})
	create("f", "01", map[string]any{"platforms": both[:1], "metadata": map[string]any{"hidden": true}})
	tests := []struct {
		query string
		want  []string
		total float64
		pages float64
	}{
		{"", []string{"a", "c", "b", "d"}, 4, 1},
		{"includeHidden=false&limit=3", []string{"a", "c", "b"}, 4, 2},
		{"limit=3&page=2", []string{"d"}, 4, 2},
		{"limit=3&page=2&offset=1", []string{"c", "b", "d"}, 4, 2},
		{"page=1000000000", []string{}, 4, 1},
		{"includeHidden=true", []string{"e", "a", "c", "b", "f", "d"}, 6, 1},
		{"sortBy=scheduled-asc&includeHidden=true", []string{"d", "f", "b", "c", "a", "e"}, 6, 1},
		{"sortBy=created-desc", []string{"d", "c", "b", "a"}, 4, 1},
		{"sortBy=created-asc&limit=2", []string{"a", "b"}, 4, 2},
		{"sortBy=status", []string{"d", "a", "c", "b"}, 4, 1},
		{"sortBy=platform", []string{"a", "c", "b", "d"}, 4, 1},
		{"status=draft", []string{"d"}, 1, 1},
		{"status=draft&includeHidden=true", []string{"e", "d"}, 2, 1},
		{"status=published", []string{}, 0, 0},
		{"platform=bluesky", []string{"a", "c"}, 2, 1},
		{"platform=instagram&status=scheduled", []string{"c", "b"}, 2, 1},
		{"platform=bluesky&includeHidden=true&status=draft", []string{"e"}, 1, 1},
		{"platform=bluesky&limit=1&page=2", []string{"c"}, 2, 2},
		{"accountId=" + w.instagram, []string{"c", "b"}, 2, 1},
		{"profileId=" + w.profile + "&platform=bluesky", []string{"a", "c"}, 2, 1},
		{"profileId=" + w.second, []string{}, 0, 0},
		{"createdBy=" + w.owner.UserID, []string{"a", "c", "b", "d"}, 4, 1},
		{"fromDate=2026-02-02&toDate=2026-02-03", []string{"c", "b"}, 2, 1},
		{"search=B", []string{"b"}, 1, 1},
		{"source=external", []string{}, 0, 0},
	}
	for _, folded := range []bool{false, true} {
		if folded {
			if err := w.app.Posts.FoldTallies(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range tests {
			a := w.do("GET", "/v1/posts?"+tt.query, nil).want(200)
			if got := a.contents(); !slices.Equal(got, tt.want) || a.at("pagination.total") != tt.total || a.at("pagination.pages") != tt.pages {
				t.Errorf("%s, folded %t: got %v and %v, want %v of %v on %v pages", tt.query, folded, got, a.at("pagination"), tt.want, tt.total, tt.pages)
			}
		}
	}
	if a := w.as(w.strangerKey, "GET", "/v1/posts?includeHidden=true", nil).want(200); a.at("pagination.total") != 0.0 {
		t.Errorf("a stranger sees %s", a.body)
	}
}
