package posts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

// fieldOf is the field and the machine code that an error blames.
func fieldOf(err error) string {
	var e *errs.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Field + " " + e.Wire
}

func TestTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := strings.Repeat("ä", 100)
	tests := []struct {
		name  string
		tags  []string
		want  []string
		fault string
	}{
		{"none", nil, nil, ""},
		{"twice", []string{"a", "b", "a"}, []string{"a", "b"}, ""},
		{"100 characters", []string{long}, []string{long}, ""},
		{"101 characters", []string{"a", long + "x"}, nil, "tags[1] "},
		{"500 together, and twice", []string{long, long, "1" + long[:198], "2" + long[:198], "3" + long[:198], "4" + long[:198], long}, []string{long, "1" + long[:198], "2" + long[:198], "3" + long[:198], "4" + long[:198]}, ""},
		{"501 together", []string{long, "1" + long[:198], "2" + long[:198], "3" + long[:198], "4" + long[:198], "x"}, nil, "tags "},
	}
	for _, tt := range tests {
		created, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "a", Mode: posts.AsDraft, Tags: tt.tags})
		if fieldOf(err) != tt.fault || !slices.Equal(created.Post.Tags, tt.want) {
			t.Errorf("%s: got %q, %v; want %q, fault %q", tt.name, created.Post.Tags, err, tt.want, tt.fault)
		}
	}
}

func TestContentMayBeMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo{"twitter"}, demo{"linkedin"})
	own, blank := "own", " "
	media := []posts.Media{{URL: "https://example.com/a.jpg"}}
	on := func(platform, options string) posts.NewTarget {
		return posts.NewTarget{Platform: platform, AccountID: w.at[platform], Options: []byte(options)}
	}
	const missing = "content missing_required_field"
	tests := []struct {
		name    string
		media   []posts.Media
		targets []posts.NewTarget
		want    string // "text" where the platform's own rule refuses what this one lets through
	}{
		{"nothing", nil, []posts.NewTarget{on("demo", "")}, missing},
		{"media", media, []posts.NewTarget{on("demo", "")}, ""},
		{"own media", nil, []posts.NewTarget{{Platform: "other", AccountID: w.second, CustomMedia: media}}, ""},
		{"own media at one of two", nil, []posts.NewTarget{{Platform: "demo", AccountID: w.account, CustomMedia: media}, on("other", "")}, missing},
		{"own text", nil, []posts.NewTarget{{Platform: "demo", AccountID: w.account, CustomContent: &own}}, ""},
		{"blank text", nil, []posts.NewTarget{{Platform: "demo", AccountID: w.account, CustomContent: &blank}}, missing},
		{"own text at one of two", nil, []posts.NewTarget{{Platform: "demo", AccountID: w.account, CustomContent: &own}, on("other", "")}, missing},
		{"an article", nil, []posts.NewTarget{on("twitter", `{"article":{"title":"t"}}`)}, "content "},
		{"an article elsewhere", nil, []posts.NewTarget{on("demo", `{"article":{"title":"t"}}`)}, missing},
		{"no article", nil, []posts.NewTarget{on("twitter", `{"article":null}`)}, missing},
		{"a reshare", nil, []posts.NewTarget{on("linkedin", `{"reshareUrl":"https://example.com"}`)}, "content "},
		{"a reshare elsewhere", nil, []posts.NewTarget{on("demo", `{"reshareUrl":"https://example.com"}`)}, missing},
		{"a thread", nil, []posts.NewTarget{on("demo", `{"threadItems":[{"content":"a"}]}`)}, "content "},
		{"an empty thread", nil, []posts.NewTarget{on("demo", `{"threadItems":[]}`)}, missing},
	}
	for _, tt := range tests {
		_, err := w.Create(t.Context(), w.owner, posts.NewPost{Mode: posts.Now, Media: tt.media, Targets: tt.targets})
		if fieldOf(err) != tt.want { // the demo platform itself needs a text, and says so without a machine code
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, demo{"tiktok"})
	tiktok := posts.NewTarget{Platform: "tiktok", AccountID: w.at["tiktok"]}
	before := w.rows(t)
	run := func(p posts.NewPost, targets ...posts.NewTarget) ([]posts.DryRunVerdict, error) {
		p.Targets = targets
		return w.DryRun(t.Context(), w.owner, p)
	}
	list, err := run(posts.NewPost{Content: "hello"}, w.target(w.gone), tiktok)
	if err != nil || len(list) != 1 || !list[0].CanPublish || list[0].AccountID != w.at["tiktok"] || list[0].Reason == "" || *list[0].PostedToday {
		t.Errorf("got %+v, %v", list, err)
	}
	for name, p := range map[string]posts.NewPost{
		"too long":      {Content: strings.Repeat("x", 51)},
		"missing media": {Content: "a", Media: []posts.Media{{URL: "https://example.com/gone.jpg"}}},
		"no text":       {},
	} {
		if list, err := run(p, tiktok); err != nil || list[0].CanPublish || list[0].Reason == "" {
			t.Errorf("%s: got %+v, %v", name, list, err)
		}
	}
	for name, c := range map[string]struct {
		targets []posts.NewTarget
		want    string
	}{
		"no target":           {nil, "platforms "},
		"no TikTok target":    {[]posts.NewTarget{w.target(w.account)}, "platforms "},
		"a foreign account":   {[]posts.NewTarget{w.target(w.account), {Platform: "tiktok", AccountID: w.foreign}}, "platforms[1].accountId -"},
		"of another platform": {[]posts.NewTarget{{Platform: "tiktok", AccountID: w.account}}, "platforms[0].platform "},
	} {
		if _, err := run(posts.NewPost{Content: "a"}, c.targets...); fieldOf(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if after := w.rows(t); after != before {
		t.Errorf("dry runs stored %d rows", after-before)
	}
	if created, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "hello", Mode: posts.Now, Targets: []posts.NewTarget{tiktok}}); err != nil {
		t.Fatal(err)
	} else {
		w.settle(t, w.claim(t, created.Post.Targets[0].ID, "a"), platforms.Step{Done: &platforms.Remote{ID: "1"}}, nil)
	}
	if list, err := run(posts.NewPost{Content: "hello"}, tiktok); err != nil || !*list[0].PostedToday {
		t.Errorf("after a post: %+v, %v", list, err)
	}
	for _, set := range []string{"needs_reconnection = true", "active = false"} {
		if _, err := w.pool.Exec(t.Context(), `update accounts set `+set+` where id = $1`, w.at["tiktok"]); err != nil {
			t.Fatal(err)
		}
		if list, err := run(posts.NewPost{Content: "hello"}, tiktok); err != nil || list[0].CanPublish || !strings.Contains(list[0].Reason, "connect") {
			t.Errorf("%s: %+v, %v", set, list, err)
		}
	}
}
