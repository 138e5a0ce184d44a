package api

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"posthorn/internal/media/mediatest"
	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/youtube/youtubefake"
)

// film is the address of a video, different for each name.
func (w *world) film(name string, m mediatest.Movie) string {
	w.t.Helper()
	m.Free += 1000 + len(name)
	body := m.File()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.ServeContent(rw, r, name, time.Time{}, bytes.NewReader(body))
	}))
	w.t.Cleanup(srv.Close)
	return srv.URL + "/" + name
}

// eventually waits for what comes by itself.
func (w *world) eventually(what string, is func() bool) {
	w.t.Helper()
	for until := time.Now().Add(60 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			w.t.Fatalf("it never came to be that %s", what)
		}
	}
}

// TestYouTube connects a channel, publishes a Short with all that hangs on it, changes what its page says, and takes it back. The upload's address shows
// nowhere, and lies sealed in the target while the file is sent.
func TestYouTube(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example")
	w.work()
	authURL, _ := w.begin("youtube", url.Values{"redirect_url": {"https://shop.example/done"}})
	u, err := url.Parse(authURL)
	if q := u.Query(); err != nil || q.Get("access_type") != "offline" || q.Get("prompt") != "consent" || len(q.Get("code_challenge")) != 43 || !strings.Contains(q.Get("scope"), "auth/youtube.upload") {
		t.Errorf("the consent page is %s", authURL)
	}
	q := w.arrives(authURL).Query()
	account := q.Get("accountId")
	if q.Get("connected") != "youtube" || q.Get("username") != "tidewatch_films" || account != w.accounts["youtube/tidewatch_films"] {
		t.Fatalf("the browser ends up with %v", q)
	}
	far := w.fakes["youtube"].(*youtubefake.Fake)
	upright := mediatest.Movie{Width: 720, Height: 1280, Seconds: 8}
	post := w.do("POST", "/v1/posts", map[string]any{"content": "Spring tide\nseen from the quay", "tags": []string{"tides", "sea walls"}, "publishNow": true,
		"mediaItems": []any{map[string]any{"type": "video", "url": w.film("tide.mp4", upright), "thumbnail": w.photos + "cover.jpg"}},
		"platforms": []any{map[string]any{"platform": "youtube", "accountId": account, "platformSpecificData": map[string]any{"playlistId": "PLf4keTidewatchHarbours01", "firstComment": "the first",
			"containsSyntheticMedia": true, "captions": []any{map[string]any{"language": "en", "content": "WEBVTT\n\n00:00.000 --> 00:01.000\nSea"}}}}}}).want(201)
	id := post.text("post.platforms.0.platformPostId")
	if post.text("post.platforms.0.status") != "published" || post.text("post.platforms.0.platformPostUrl") != "https://www.youtube.com/shorts/"+id {
		t.Fatalf("it published as %s", post.body)
	}
	notes := []string{"made with AI", "with a thumbnail", "tags: tides, sea walls", "captions: en", "in Harbours"}
	w.eventually("all that hangs on it is there", func() bool {
		p := far.Posts()[0]
		return slices.Equal(p.Extra, notes) && len(p.Comments) == 1
	})
	if p := far.Posts()[0]; p.Text != "Spring tide\n\nSpring tide\nseen from the quay" || p.Kind != "short" || p.ID != id || p.Comments[0].Text != "the first" {
		t.Errorf("the public sees %+v", p)
	}
	path := "/v1/posts/" + post.text("post._id")
	w.eventually("nobody works on it", func() bool {
		return w.do("POST", path+"/edit", map[string]any{"platform": "youtube", "content": "Neap tide"}).status == 200
	})
	if got := w.do("POST", path+"/update-metadata", map[string]any{"platform": "youtube", "title": "Neap", "privacyStatus": "unlisted", "tags": []string{}}).want(200); !strings.Contains(string(got.body), "privacyStatus") {
		t.Errorf("changed: %s", got.body)
	}
	if p := far.Posts()[0]; p.Text != "Neap\n\nNeap tide" || !slices.Contains(p.Extra, "unlisted") || slices.Contains(p.Extra, "tags: tides, sea walls") {
		t.Errorf("the public sees %+v", p)
	}
	if got := w.do("POST", "/v1/posts/_/update-metadata", map[string]any{"platform": "youtube", "videoId": "nothing", "accountId": account, "title": "x"}); got.status < 400 {
		t.Errorf("a video that is not there: %s", got.body)
	}
	w.do("POST", path+"/unpublish", map[string]any{"platform": "youtube"}).want(200)
	if n := len(far.Posts()); n != 0 {
		t.Errorf("the public sees %d videos", n)
	}
	logged := string(w.do("GET", path+"/logs", nil).want(200).body) + string(w.do("GET", "/v1/logs", url.Values{"limit": {"100"}}).body) + w.log.String()
	for _, secret := range far.Secrets() {
		if strings.Contains(logged, secret) {
			t.Errorf("the log has the address of an upload: %s", secret)
		}
	}
	if len(far.Secrets()) == 0 || !strings.Contains(logged, "upload/youtube/v3/videos") {
		t.Errorf("the log tells of no upload: %s", logged)
	}
}

// TestYouTubeLogins refuses logins with too few permissions, and of people who have no channel.
func TestYouTubeLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example")
	begin := func() string {
		authURL, _ := w.begin("youtube", url.Values{"redirect_url": {"https://shop.example/done"}})
		return authURL
	}
	const scope = "https://www.googleapis.com/auth/youtube."
	for name, c := range map[string]struct{ form, want []string }{
		"nothing":        {[]string{consent.FieldDecision, "deny"}, []string{"oauth_denied"}},
		"no channel":     {[]string{consent.FieldUser, youtubefake.Nobody}, []string{"no_youtube_channel"}},
		"uploading only": {[]string{consent.FieldScope, scope + "upload"}, []string{"missing_google_permissions", scope + "readonly"}},
		"the least":      {[]string{consent.FieldUser, "slow_lathe", consent.FieldScope, scope + "upload " + scope + "readonly"}, []string{""}},
	} {
		q := w.arrives(begin(), c.form...).Query()
		if q.Get("error") != c.want[0] || len(c.want) > 1 && q.Get("missing_scopes") != c.want[1] || (c.want[0] == "") != (q.Get("connected") == "youtube") {
			t.Errorf("%s: the browser ends up with %v", name, q)
		}
	}
}

// TestYouTubeRefusals tries what a post can do wrong.
func TestYouTubeRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.account("youtube")
	video := map[string]any{"type": "video", "url": w.film("a.mp4", mediatest.Movie{})}
	for rule, options := range map[string]map[string]any{
		"youtube.title.max_length":      {"title": strings.Repeat("x", 101)},
		"youtube.visibility.value":      {"visibility": "friends"},
		"youtube.publish_at.time":       {"publishAt": "noon"},
		"youtube.playlist.id":           {"playlistId": "my list"},
		"youtube.first_comment.kids":    {"firstComment": "x", "madeForKids": true},
		"youtube.first_comment.private": {"firstComment": "x", "visibility": "private"},
		"youtube.captions.content":      {"captions": []any{map[string]any{"language": "en", "content": "no times"}}},
	} {
		post := map[string]any{"content": "x", "mediaItems": []any{video}, "scheduledFor": w.clock().Add(time.Hour), "platforms": []any{map[string]any{"platform": "youtube", "accountId": account, "platformSpecificData": options}}}
		if got := w.do("POST", "/v1/posts", post).want(400); !strings.Contains(string(got.body), rule) {
			t.Errorf("%s: %s", rule, got.body)
		}
	}
	for rule, post := range map[string]map[string]any{
		"youtube.video.min_items":  {"content": "x"},
		"youtube.video.max_items":  {"content": "x", "mediaItems": []any{video, video}},
		"youtube.video.media_type": {"content": "x", "mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "a.jpg"}}},
		"youtube.text.characters":  {"content": "a < b", "mediaItems": []any{video}},
		"youtube.title.required":   {"content": "", "mediaItems": []any{video}},
	} {
		post["scheduledFor"], post["platforms"] = w.clock().Add(time.Hour), []any{target("youtube", account)}
		if got := w.do("POST", "/v1/posts", post).want(400); !strings.Contains(string(got.body), rule) {
			t.Errorf("%s: %s", rule, got.body)
		}
	}
}

// TestYouTubeRejects uploads what YouTube then rejects, and publishes for a login that is taken back.
func TestYouTubeRejects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	far := w.fakes["youtube"].(*youtubefake.Fake)
	account := w.accounts["youtube/tidewatch_films"]
	publish := func(text string) answer {
		return w.do("POST", "/v1/posts", map[string]any{"content": text, "publishNow": true, "mediaItems": []any{map[string]any{"type": "video", "url": w.film("b.mp4", mediatest.Movie{})}}, "platforms": []any{target("youtube", account)}})
	}
	got := publish("A song [[sandbox:fail:copyright]]")
	if got.text("post.platforms.0.status") != "failed" || !strings.Contains(string(got.body), "youtube.video.rejected") || !strings.Contains(string(got.body), "copyright") {
		t.Errorf("rejected: %s", got.body)
	}
	for _, c := range far.Accounts() {
		far.Revoke(c.RemoteID)
	}
	if got := publish("too late"); got.text("post.platforms.0.status") != "failed" {
		t.Errorf("after the login was taken back: %s", got.body)
	}
	if health := w.do("GET", "/v1/accounts/"+account+"/health", nil).want(200); health.text("status") != "error" {
		t.Errorf("the account says %s", health.body)
	}
	if n := len(far.Posts()); n != 0 {
		t.Errorf("the public sees %d videos", n)
	}
}
