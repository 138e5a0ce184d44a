package rules_test

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/all"
	"posthorn/internal/platforms/outline"
	"posthorn/internal/rules"
)

func book(t *testing.T) *rules.Book {
	t.Helper()
	b, err := rules.New(all.Registry())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryRuleIsDescribed(t *testing.T) {
	t.Parallel()
	for _, r := range book(t).All() {
		if r.Area == "" || strings.HasSuffix(r.Title, ".") || !strings.HasSuffix(r.Meaning, ".") || !strings.HasSuffix(r.Remedy, ".") {
			t.Errorf("%s: area %q, title %q, meaning %q, remedy %q: a title has no full stop, the others end with one", r.Name, r.Area, r.Title, r.Meaning, r.Remedy)
		}
		if u, err := url.Parse(r.Source); err != nil || r.Platform != "" && u.Scheme != "https" {
			t.Errorf("%s: the source %q is no link", r.Name, r.Source)
		}
		if rules.Path(r.Name) != "/docs/rules/"+r.Name {
			t.Errorf("%s: its page is %s", r.Name, rules.Path(r.Name))
		}
	}
}

// TestPlatforms holds that every posting platform of the contract is known once: by its adapter or in outline.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	names := all.Registry().Names()
	for _, info := range outline.All() {
		if slices.Contains(names, info.Name) {
			t.Errorf("%s has an adapter, so that its outline is not needed any more: remove it", info.Name)
		}
		names = append(names, info.Name)
	}
	for _, name := range []string{"twitter", "threads", "instagram", "youtube", "facebook", "linkedin", "pinterest", "reddit", "tiktok", "bluesky", "googlebusiness", "telegram",
		"snapchat", "discord", "slack"} {
		if !slices.Contains(names, name) {
			t.Errorf("nothing is known of %s", name)
		}
		if _, ok := book(t).Find(name + ".text.max_length"); !ok {
			t.Errorf("%s has no limit for the text", name)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	b := book(t)
	for _, tt := range []struct {
		code errs.Code
		wire string
		want string
	}{
		{errs.Invalid, "missing_required_field", "request.missing_required_field"},
		{errs.Invalid, "", "request.invalid"},
		{errs.Forbidden, "ACCOUNT_DISCONNECTED", "account.disconnected"},
		{errs.Conflict, "a_code_of_tomorrow", "request.conflict"},
		{errs.Internal, "internal_error", "server.internal"},
	} {
		if got := b.Answer(tt.code, tt.wire).Name; got != tt.want {
			t.Errorf("%s %s breaks %s, want %s", tt.code, tt.wire, got, tt.want)
		}
	}
	for _, tt := range []struct {
		platform string
		kind     platforms.Kind
		rule     string
		want     string
	}{
		{"instagram", platforms.Rejected, "instagram.error.36003-2207009", "instagram.error.36003-2207009"},
		{"instagram", platforms.Rejected, "", "instagram.rejected"},
		{"bluesky", platforms.Ambiguous, "bluesky.gone", "bluesky.ambiguous"},
		{"bluesky", "new", "", "bluesky.unknown"},
		{"gone", platforms.Rejected, "", "platform.not_supported"},
	} {
		if got := b.Failure(tt.platform, tt.kind, tt.rule).Name; got != tt.want {
			t.Errorf("%s %s %q breaks %s, want %s", tt.platform, tt.kind, tt.rule, got, tt.want)
		}
	}
}

// TestChecksAreListed breaks everything that can be broken at every platform, in many ways at once, and finds each rule in the list.
func TestChecksAreListed(t *testing.T) {
	t.Parallel()
	b := book(t)
	infos := outline.All()
	validators := map[string]platforms.Validator{}
	for _, name := range all.Registry().Names() {
		p, _ := all.Registry().Get(name)
		infos = append(infos, p.Info())
		validators[name], _ = p.(platforms.Validator)
	}
	media := func(t platforms.MediaType, n int) []platforms.Media {
		return slices.Repeat([]platforms.Media{{Type: t, URL: "x", MIME: "x/odd", Size: 1 << 50, Width: 10, Height: 1000, Duration: 1e15, AltText: strings.Repeat("a", 9999)}}, n)
	}
	texts := []string{"", "plain", strings.Repeat("👨‍👩‍👧‍👦é", 200), strings.Repeat("a", 70_000), strings.Repeat("#a @b ", 100)}
	lists := [][]platforms.Media{nil, media("image", 1), media("image", 50), media("video", 1), media("video", 50), media("document", 2), media("gif", 3),
		append(media("image", 1), media("video", 1)...)}
	options := []string{"", `{"contentType":"odd"}`, `{"contentType":"story","firstComment":"x","locationId":"1"}`, `[]`, `{"langs":["a b","c","d","e"],"threadItems":[]}`,
		`{"threadItems":[{"content":"","mediaItems":[{"url":"nowhere","type":"video"}]}]}`, `{"contentType":1}`}
	seen := map[string]bool{}
	for _, info := range infos {
		for _, text := range texts {
			for _, list := range lists {
				for _, o := range options {
					if len(text) > 10_000 && o != "" {
						continue // counting it once is enough
					}
					for _, p := range platforms.CheckRules(info, validators[info.Name], platforms.Content{Text: text, Media: list, Options: []byte(o)}) {
						if _, ok := b.Find(p.Rule); !ok && !seen[p.Rule] {
							t.Errorf("%s is not in the list: %s", p.Rule, p.Message)
						}
						seen[p.Rule] = true
					}
				}
			}
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d rules were broken", len(seen))
	}
}

func TestFaultyListsAreRefused(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]platforms.RuleDoc{
		"twice":     {Name: "kind", Title: "T", Meaning: "M.", Remedy: "R."},
		"no remedy": {Name: "odd", Title: "T", Meaning: "M."},
		"bad name":  {Name: "Odd Name", Title: "T", Meaning: "M.", Remedy: "R."},
	} {
		if _, err := rules.New(platforms.NewRegistry(demo{doc})); err == nil {
			t.Errorf("%s: the list is made all the same", name)
		}
	}
}

type demo struct{ doc platforms.RuleDoc }

func (d demo) Info() platforms.Info {
	return platforms.Info{Name: "demo", Title: "Demo", RuleDocs: []platforms.RuleDoc{d.doc}, Rules: platforms.Rules{KindOf: func(platforms.Content) string { return "" }}}
}

func (demo) Publish(context.Context, *platforms.Conn, platforms.Task) (platforms.Step, error) {
	return platforms.Step{}, nil
}

func TestTheFileIsFresh(t *testing.T) {
	t.Parallel()
	kept, err := os.ReadFile("../../docs/rules.md")
	if err != nil || !bytes.Equal(kept, book(t).Markdown()) {
		t.Errorf("docs/rules.md is not what the list says (%v); write it anew with make generate", err)
	}
}
