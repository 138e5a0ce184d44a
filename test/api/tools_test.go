package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestValidatePostLength(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const text = "👨‍👩‍👧‍👦 https://example.com/a/long/path #tag 日本"
	a := w.do("POST", "/v1/tools/validate/post-length", map[string]any{"text": text}).want(200)
	if a.text("text") != text {
		t.Errorf("the text comes back as %q", a.text("text"))
	}
	for name, want := range map[string][2]int{
		"twitter": {2 + 1 + 23 + 6 + 4, 280}, "twitterPremium": {36, 25000}, "bluesky": {41, 300}, "threads": {25 + 40, 500}, "instagram": {47, 2200}, "tiktok": {51, 2200},
		"youtube": {69, 5000}, "facebook": {47, 63206}, "linkedin": {47 + 12, 3000}, "pinterest": {47, 800}, "reddit": {47, 40000}, "googlebusiness": {47, 1500}, "telegram": {51, 4096},
		"snapchat": {47, 160}, "discord": {51, 2000}, "slack": {47, 40000},
	} {
		row := "platforms." + name
		if a.at(row+".count") != float64(want[0]) || a.at(row+".limit") != float64(want[1]) || a.at(row+".valid") != true {
			t.Errorf("%s: %v, want %v", name, a.at(row), want)
		}
	}
	if rows := a.at("platforms").(map[string]any); len(rows) != 16 {
		t.Errorf("%d rows", len(rows))
	}
	long := w.do("POST", "/v1/tools/validate/post-length", map[string]any{"text": strings.Repeat("の", 141)}).want(200)
	if long.at("platforms.twitter.valid") != false || long.at("platforms.bluesky.valid") != true || long.at("platforms.twitterPremium.valid") != true {
		t.Errorf("%s", long.body)
	}
	bytes := w.do("POST", "/v1/tools/validate/post-length", map[string]any{"text": strings.Repeat("👨‍👩‍👧‍👦", 121)}).want(200) // 121 characters, 3025 bytes
	if bytes.at("platforms.bluesky.valid") != false || bytes.at("platforms.bluesky.count") != 121.0 {
		t.Errorf("%s", bytes.body)
	}
	w.do("POST", "/v1/tools/validate/post-length", map[string]any{"text": ""}).want(200)
	for _, body := range []string{"", `{}`, `{"text":null}`, `{"text":1}`, `{"text":"\u0000"}`, `[]`, `{"text":"` + strings.Repeat("a", 200_001) + `"}`} {
		w.do("POST", "/v1/tools/validate/post-length", body).want(400)
	}
}

func TestValidatePost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	photo := map[string]any{"url": w.photos + "coast.jpg"}
	broken := map[string]any{"url": w.photos + "nothing.jpg"}
	on := func(names ...string) []map[string]any {
		var list []map[string]any
		for _, n := range names {
			list = append(list, map[string]any{"platform": n})
		}
		return list
	}
	for _, tt := range []struct {
		name     string
		body     map[string]any
		rules    []string // platform and rule of each error; none: valid
		warnings []string // the platforms that are warned of
	}{
		{"short", map[string]any{"content": "Hi", "platforms": on("bluesky")}, nil, nil},
		{"nearly full", map[string]any{"content": strings.Repeat("a", 271), "platforms": on("bluesky")}, nil, []string{"bluesky"}},
		{"just below", map[string]any{"content": strings.Repeat("a", 270), "platforms": on("bluesky")}, nil, nil},
		{"too long for one", map[string]any{"content": strings.Repeat("a", 301), "platforms": on("bluesky", "telegram")}, []string{"bluesky bluesky.text.max_length"}, []string{"telegram"}},
		{"own text", map[string]any{"content": strings.Repeat("a", 301), "platforms": []map[string]any{{"platform": "bluesky", "customContent": "short"}}}, nil, nil},
		{"media are missing", map[string]any{"content": "Hi", "platforms": on("instagram", "youtube")},
			[]string{"instagram instagram.photo.min_items", "youtube youtube.video.min_items"}, nil},
		{"with a photo", map[string]any{"content": "Hi", "mediaItems": []any{photo}, "platforms": on("instagram", "bluesky")}, nil, nil},
		{"a file that is not there", map[string]any{"content": "Hi", "mediaItems": []any{broken}, "platforms": on("instagram", "bluesky")},
			[]string{"instagram media.not_found", "bluesky media.not_found"}, nil},
		{"its own file is not there", map[string]any{"content": "Hi", "mediaItems": []any{photo}, "platforms": []map[string]any{{"platform": "instagram"}, {"platform": "bluesky", "customMedia": []any{broken}}}},
			[]string{"bluesky media.not_found"}, nil},
		{"options", map[string]any{"content": "Hi", "platforms": []map[string]any{{"platform": "bluesky", "platformSpecificData": map[string]any{"langs": []string{"a b"}}}}},
			[]string{"bluesky bluesky.langs.tag"}, nil},
		{"the same platform twice", map[string]any{"content": "Hi", "platforms": on("bluesky", "bluesky")}, nil, nil},
		{"the same account twice", map[string]any{"content": "Hi", "platforms": []any{target("bluesky", w.bluesky), target("bluesky", w.bluesky)}}, []string{"bluesky post.repeated_target"}, nil},
		{"an account that does not exist", map[string]any{"content": "Hi", "platforms": []any{target("bluesky", "nobody")}}, nil, nil},
		{"with the other fields", map[string]any{"content": "Hi", "platforms": on("bluesky"), "publishNow": true, "queuedFromProfile": w.profile, "timezone": "Europe/Berlin", "scheduledFor": "2026-03-29T02:30"}, nil, nil},
	} {
		a := w.do("POST", "/v1/tools/validate/post", tt.body).want(200)
		if a.at("valid") != (tt.rules == nil) || (a.text("message") != "") != (tt.rules == nil) {
			t.Errorf("%s: %s", tt.name, a.body)
		}
		var rules, warnings []string
		for i := 0; a.at(fmt.Sprintf("errors.%d", i)) != nil; i++ {
			e := fmt.Sprintf("errors.%d.", i)
			rules = append(rules, a.text(e+"platform")+" "+a.text(e+"rule"))
			if a.text(e+"error") == "" || a.text(e+"remediation") == "" || a.text(e+"field") == "" {
				t.Errorf("%s: %s", tt.name, a.body)
			}
		}
		for i := 0; a.at(fmt.Sprintf("warnings.%d", i)) != nil; i++ {
			warnings = append(warnings, a.text(fmt.Sprintf("warnings.%d.platform", i)))
		}
		if !slices.Equal(rules, tt.rules) || !slices.Equal(warnings, tt.warnings) {
			t.Errorf("%s: errors %v, want %v; warnings %v, want %v", tt.name, rules, tt.rules, warnings, tt.warnings)
		}
	}
	if n := w.do("GET", "/v1/posts", nil).want(200).at("pagination.total"); n != 0.0 {
		t.Errorf("%v posts were saved", n)
	}
	for _, body := range []string{`{}`, `{"content":"x"}`, `{"content":"x","platforms":[]}`, `{"content":"x","platforms":["bluesky"]}`, `{"content":"x","platforms":[{}]}`, `{"content":1,"platforms":[{"platform":"bluesky"}]}`,
		`{"content":"x","platforms":[{"platform":"bluesky"}],"timezone":"Nowhere/Land","scheduledFor":"2026-01-01T10:00"}`,
		`{"content":"x","platforms":[{"platform":"bluesky","platformSpecificData":[]}]}`} {
		w.do("POST", "/v1/tools/validate/post", body).want(400)
	}
	unknown := w.do("POST", "/v1/tools/validate/post", `{"content":"x","platforms":[{"platform":"myspace"}]}`).want(400)
	if unknown.text("rule") != "platform.unknown" || unknown.text("param") != "platforms[0].platform" || !strings.Contains(unknown.text("error"), "twitter") {
		t.Errorf("%s", unknown.body)
	}
}

func TestValidatePostFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("POST", "/v1/posts/validate", map[string]any{"content": "Hi", "platform": "bluesky"}).want(200)
	a := w.do("POST", "/v1/posts/validate", map[string]any{"content": strings.Repeat("a", 281), "platform": "twitter"}).want(200)
	if a.at("valid") != false || a.text("errors.0.rule") != "twitter.text.max_length" || a.at("errors.0.limit") != 280.0 || a.at("errors.0.actual") != 281.0 {
		t.Errorf("%s", a.body)
	}
	w.do("POST", "/v1/posts/validate", map[string]any{"content": "Hi", "platform": "myspace"}).want(400)
	w.do("POST", "/v1/posts/validate", map[string]any{"content": "Hi"}).want(400)
	w.do("GET", "/v1/posts/validate", nil).want(404) // no post has that ID
}

func TestValidateMedia(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do("POST", "/v1/tools/validate/media", map[string]any{"url": w.photos + "coast.jpg"}).want(200)
	if a.at("valid") != true || a.text("contentType") != "image/jpeg" || a.text("type") != "image" || a.at("size").(float64) <= 0 || a.text("sizeFormatted") == "" {
		t.Errorf("%s", a.body)
	}
	for _, name := range []string{"instagram", "bluesky", "twitter", "pinterest"} {
		if a.at("platformLimits."+name+".withinLimit") != true || a.at("platformLimits."+name+".limit").(float64) <= 0 {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	if a.at("platformLimits.youtube") != nil {
		t.Errorf("YouTube takes images: %s", a.body)
	}
	for address, rule := range map[string]string{
		w.photos + "nothing.jpg": "media.not_found", w.sandbox + "/": "media.not_media", "ftp://example.com/a.jpg": "media.bad_url", "nonsense": "media.bad_url",
		"http://no-such-host.invalid/a.jpg": "media.unreachable",
	} {
		a := w.do("POST", "/v1/tools/validate/media", map[string]any{"url": address}).want(200)
		if a.at("valid") != false || a.text("rule") != rule || a.text("error") == "" || a.text("url") != address || a.at("platformLimits") != nil {
			t.Errorf("%s: %s", address, a.body)
		}
	}
	w.do("POST", "/v1/tools/validate/media", `{}`).want(400)
	w.do("POST", "/v1/tools/validate/media", `{"url":""}`).want(400)
}

func TestValidateMediaOnPrivateNetworks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_ALLOW_PRIVATE_NETWORKS=false")
	reached := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer srv.Close()
	for _, address := range []string{srv.URL + "/a.jpg", strings.Replace(srv.URL, "127.0.0.1", "localhost", 1), "http://169.254.169.254/latest/meta-data", "http://[::1]:80/", "http://10.0.0.1/"} {
		a := w.do("POST", "/v1/tools/validate/media", map[string]any{"url": address}).want(200)
		if a.at("valid") != false || a.text("rule") != "media.private_address" {
			t.Errorf("%s: %s", address, a.body)
		}
	}
	if reached {
		t.Error("a private address was called")
	}
}

func TestValidateSubreddit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(name string) answer {
		return w.do("GET", "/v1/tools/validate/subreddit", url.Values{"name": {name}, "accountId": {""}})
	}
	for _, name := range []string{"golang", "r/golang", "/r/GoLang"} {
		a := ask(name).want(200)
		if a.at("exists") != true || a.text("subreddit.name") != "golang" || a.text("subreddit.type") != "public" || a.at("subreddit.allowImages") != true || a.at("subreddit.subscribers").(float64) <= 0 {
			t.Errorf("%s", a.body)
		}
	}
	if a := ask("sandbox_private").want(200); a.text("subreddit.type") != "private" {
		t.Errorf("%s", a.body)
	}
	for _, name := range []string{"no_such_subreddit", "sandbox_banned"} {
		if a := ask(name).want(200); a.at("exists") != false || a.text("error") == "" || a.at("subreddit") != nil {
			t.Errorf("%s", a.body)
		}
	}
	for _, name := range []string{"a", "has space", "../../etc", strings.Repeat("a", 22), "日本", ""} {
		ask(name).want(400)
	}
	w.do("GET", "/v1/tools/validate/subreddit", nil).want(400)
}

// TestValidateSubredditWithoutReddit asks a gateway that has no Reddit.
func TestValidateSubredditWithoutReddit(t *testing.T) {
	t.Parallel()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	w := newWorld(t, "POSTHORN_PLATFORM_GATEWAY="+away.URL)
	a := w.do("GET", "/v1/tools/validate/subreddit?name=golang", nil).want(503)
	if a.text("code") != "platform_api_error" || a.text("type") != "platform_error" || a.text("platform") != "reddit" || a.header.Get("Retry-After") == "" {
		t.Errorf("%s", a.body)
	}
}

func TestToolsNeedAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/v1/tools/validate/post-length", "/v1/tools/validate/post", "/v1/tools/validate/media", "/v1/posts/validate"} {
		w.as("", "POST", path, `{}`).want(401)
	}
	w.as("", "GET", "/v1/tools/validate/subreddit?name=golang", nil).want(401)
	w.as("", "GET", "/v1/rules", nil).want(401)
}
