package tiktokfake

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/consent"
)

// far is a Fake with a clock, as its clients see it.
type far struct {
	*Fake
	t   *testing.T
	now time.Time
}

func newFar(t *testing.T, fetch *http.Client) *far {
	f := &far{t: t, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	f.Fake = New(farside.Options{Now: func() time.Time { return f.now }, Fetch: fetch})
	return f
}

func (f *far) do(method, address, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, address, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

// api asks something of the API as a creator, and gives what it answers as "status code", with its data.
func (f *far) api(a *account, path string, body any) (string, map[string]any) {
	b, _ := json.Marshal(body)
	w := f.do("POST", "https://open.tiktokapis.com/v2/"+path, string(b), "Authorization", "Bearer "+a.access, "Content-Type", "application/json; charset=UTF-8")
	var out struct {
		Data  map[string]any `json:"data"`
		Error struct {
			Code string `json:"code"`
			Log  string `json:"log_id"`
		} `json:"error"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || out.Error.Log == "" {
		f.t.Errorf("%s: %s, %v", path, w.Body, err)
	}
	return fmt.Sprintf("%d %s", w.Code, out.Error.Code), out.Data
}

func direct(privacy string) map[string]any {
	return map[string]any{"title": "x", "privacy_level": privacy, "disable_comment": true}
}

func sent(size, piece int64, n int) map[string]any {
	return map[string]any{"source": "FILE_UPLOAD", "video_size": size, "chunk_size": piece, "total_chunk_count": n}
}

// TestInit tries what a post can be begun with.
func TestInit(t *testing.T) {
	t.Parallel()
	f := newFar(t, nil)
	f.settings.generous = true
	open, shut := f.accounts[0], f.accounts[1]
	const video, photos, draft = "post/publish/video/init/", "post/publish/content/init/", "post/publish/inbox/video/init/"
	for name, c := range map[string]struct {
		a    *account
		path string
		body map[string]any
		want string
	}{
		"a piece":                {open, video, map[string]any{"post_info": direct("SELF_ONLY"), "source_info": sent(4_000_000, 4_000_000, 1)}, "200 ok"},
		"the page's example":     {open, video, map[string]any{"post_info": direct("SELF_ONLY"), "source_info": sent(50_000_123, 10_000_000, 5)}, "200 ok"},
		"a remainder of its own": {open, video, map[string]any{"post_info": direct("SELF_ONLY"), "source_info": sent(50_000_123, 10_000_000, 6)}, "400 invalid_file_upload"},
		"too small pieces":       {open, video, map[string]any{"post_info": direct("SELF_ONLY"), "source_info": sent(12_000_000, 4_000_000, 3)}, "400 invalid_file_upload"},
		"too large a piece":      {open, video, map[string]any{"post_info": direct("SELF_ONLY"), "source_info": sent(80_000_000, 80_000_000, 1)}, "400 invalid_file_upload"},
		"not offered":            {open, video, map[string]any{"post_info": direct("FOLLOWER_OF_CREATOR"), "source_info": sent(1, 1, 1)}, "403 privacy_level_option_mismatch"},
		"no privacy":             {open, video, map[string]any{"post_info": direct(""), "source_info": sent(1, 1, 1)}, "400 invalid_params"},
		"comments, though off":   {shut, video, map[string]any{"post_info": map[string]any{"privacy_level": "SELF_ONLY"}, "source_info": sent(1, 1, 1)}, "400 invalid_params"},
		"unknown field":          {open, video, map[string]any{"post_info": map[string]any{"caption": "x"}, "source_info": sent(1, 1, 1)}, "400 invalid_params"},
		"too long":               {open, video, map[string]any{"post_info": map[string]any{"title": strings.Repeat("😀", 1101), "privacy_level": "SELF_ONLY"}, "source_info": sent(1, 1, 1)}, "400 invalid_params"},
		"an address of a number": {open, video, map[string]any{"post_info": direct("SELF_ONLY"), "source_info": map[string]any{"source": "PULL_FROM_URL", "video_url": "https://203.0.113.1/a.mp4"}}, "400 invalid_params"},
		"http":                   {open, video, map[string]any{"post_info": direct("SELF_ONLY"), "source_info": map[string]any{"source": "PULL_FROM_URL", "video_url": "http://example.com/a.mp4"}}, "400 invalid_params"},
		"no post_info":           {open, video, map[string]any{"source_info": sent(1, 1, 1)}, "400 invalid_params"},
		"a draft":                {open, draft, map[string]any{"source_info": sent(1, 1, 1)}, "200 ok"},
		"photos that are sent":   {open, photos, map[string]any{"media_type": "PHOTO", "post_mode": "DIRECT_POST", "post_info": direct("SELF_ONLY"), "source_info": map[string]any{"source": "FILE_UPLOAD", "photo_images": []string{"https://example.com/a.jpg"}}}, "400 invalid_params"},
		"AI in the wrong place":  {open, photos, map[string]any{"media_type": "PHOTO", "post_mode": "DIRECT_POST", "post_info": map[string]any{"privacy_level": "SELF_ONLY", "is_aigc": true}, "source_info": map[string]any{"source": "PULL_FROM_URL", "photo_images": []string{"https://example.com/a.jpg"}}}, "400 invalid_params"},
		"too many photos":        {open, photos, map[string]any{"media_type": "PHOTO", "post_mode": "DIRECT_POST", "post_info": direct("SELF_ONLY"), "source_info": map[string]any{"source": "PULL_FROM_URL", "photo_images": strings.Split(strings.Repeat("https://example.com/a.jpg ", 36), " ")[:36]}}, "400 invalid_params"},
	} {
		if got, _ := f.api(c.a, c.path, c.body); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	for name, want := range map[string]string{"a token of nobody": "401 access_token_invalid"} {
		if got, _ := f.api(&account{access: "act.x"}, video, nil); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if w := f.do("POST", "https://open.tiktokapis.com/v2/post/publish/video/init", "{}", "Authorization", "Bearer "+open.access, "Content-Type", "application/json"); w.Code != 404 {
		t.Errorf("without the last slash: %d", w.Code)
	}
	if w := f.do("POST", "https://open.tiktokapis.com/v2/post/publish/video/init/", "{}", "Authorization", "Bearer "+open.access, "Content-Type", "text/plain"); w.Code != 400 {
		t.Errorf("of another type: %d", w.Code)
	}
}

// TestMinute asks more often than a minute allows.
func TestMinute(t *testing.T) {
	t.Parallel()
	f := newFar(t, nil)
	body := map[string]any{"post_info": direct("SELF_ONLY"), "source_info": sent(1, 1, 1)}
	for i := range 7 {
		got, _ := f.api(f.accounts[0], "post/publish/video/init/", body)
		if want := map[bool]string{true: "429 rate_limit_exceeded", false: "200 ok"}[i == 6]; got != want {
			t.Errorf("call %d: %s", i+1, got)
		}
	}
	f.now = f.now.Add(time.Minute)
	if got, _ := f.api(f.accounts[0], "post/publish/video/init/", body); got != "200 ok" {
		t.Errorf("a minute later: %s", got)
	}
}

// TestPieces sends the pieces of a video, in and out of order, too late, and with what does not belong there.
func TestPieces(t *testing.T) {
	t.Parallel()
	f := newFar(t, nil)
	const size, piece = 12_000_000, 5_000_000
	begin := func() (id, address string) {
		_, data := f.api(f.accounts[0], "post/publish/video/init/", map[string]any{"post_info": direct("PUBLIC_TO_EVERYONE"), "source_info": sent(size, piece, 2)})
		return data["publish_id"].(string), data["upload_url"].(string)
	}
	film := append([]byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00"), make([]byte, size-16)...)
	put := func(address string, from, to int, headers ...string) string {
		w := f.do("PUT", address, string(film[from:to]), append([]string{"Content-Type", "video/mp4", "Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, size)}, headers...)...)
		return fmt.Sprint(w.Code, " ", w.Header().Get("Content-Range"))
	}
	status := func(id string) map[string]any {
		_, data := f.api(f.accounts[0], "post/publish/status/fetch/", map[string]any{"publish_id": id})
		return data
	}
	id, address := begin()
	if got := put(address, 0, piece, "Authorization", "Bearer "+f.accounts[0].access); got != "400 " || f.Leaks() != 1 {
		t.Errorf("with the token: %s, %d leaks", got, f.Leaks())
	}
	for _, c := range []struct {
		from, to int
		want     string
	}{{piece, size, "416 bytes 0-0/12000000"}, {0, 4_000_000, "416 bytes 0-0/12000000"}, {0, piece, "206 bytes 0-4999999/12000000"}, {0, piece, "416 bytes 0-4999999/12000000"}, {piece, 2 * piece, "416 bytes 0-4999999/12000000"}} {
		if got := put(address, c.from, c.to); got != c.want {
			t.Errorf("%d to %d: %s, want %s", c.from, c.to, got, c.want)
		}
	}
	if got := put(address, piece, size, "Content-Type", "text/plain"); got != "400 " {
		t.Errorf("of another type: %s", got)
	}
	if s := status(id); s["status"] != "PROCESSING_UPLOAD" || s["uploaded_bytes"] != 5e6 {
		t.Errorf("half of it: %v", s)
	}
	if got := put(address+"x", piece, size); got != "404 " {
		t.Errorf("another upload: %s", got)
	}
	if got := put(address, piece, size); got != "201 bytes 0-11999999/12000000" {
		t.Errorf("the last: %s", got)
	}
	if got := put(address, piece, size); got != "416 bytes 0-11999999/12000000" {
		t.Errorf("once more: %s", got)
	}
	seen := []any{}
	for range 10 {
		s := status(id)
		f.now = f.now.Add(10 * time.Second)
		seen = append(seen, s["status"], s["publicaly_available_post_id"] != nil)
	}
	if got := fmt.Sprint(seen); !strings.HasPrefix(got, "[PROCESSING_UPLOAD false PROCESSING_UPLOAD false PUBLISH_COMPLETE false PUBLISH_COMPLETE false PUBLISH_COMPLETE true") {
		t.Errorf("its statuses are %s", got)
	}
	if n := len(f.Posts()); n != 1 {
		t.Errorf("the public sees %d posts", n)
	}
	_, late := begin()
	f.now = f.now.Add(uploadLife)
	if got := put(late, 0, piece); got != "403 " {
		t.Errorf("too late: %s", got)
	}
}

// TestReading lets TikTok read photos: such as it takes, and others.
func TestReading(t *testing.T) {
	t.Parallel()
	encode := func(write func(io.Writer, image.Image) error, side int) []byte {
		var b bytes.Buffer
		if err := write(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	toJPEG := func(w io.Writer, img image.Image) error { return jpeg.Encode(w, img, nil) }
	files := map[string][]byte{"/a.jpg": encode(toJPEG, 20), "/large.jpg": encode(toJPEG, 1100), "/a.png": encode(png.Encode, 20), "/x.txt": []byte("x")}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved.jpg" {
			http.Redirect(w, r, "/a.jpg", http.StatusFound)
			return
		}
		if files[r.URL.Path] == nil {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(files[r.URL.Path])
	}))
	t.Cleanup(srv.Close)
	for name, want := range map[string]string{"/a.jpg": "PUBLISH_COMPLETE ", "/large.jpg": "FAILED picture_size_check_failed", "/a.png": "FAILED file_format_check_failed", "/x.txt": "FAILED file_format_check_failed",
		"/none.jpg": "FAILED photo_pull_failed", "/moved.jpg": "FAILED photo_pull_failed"} {
		f := newFar(t, srv.Client())
		_, data := f.api(f.accounts[0], "post/publish/content/init/", map[string]any{"media_type": "PHOTO", "post_mode": "DIRECT_POST", "post_info": map[string]any{"title": "t", "privacy_level": "SELF_ONLY"},
			"source_info": map[string]any{"source": "PULL_FROM_URL", "photo_images": []string{srv.URL + "/a.jpg", srv.URL + name}, "photo_cover_index": 1}})
		look := func() map[string]any {
			_, s := f.api(f.accounts[0], "post/publish/status/fetch/", map[string]any{"publish_id": data["publish_id"]})
			return s
		}
		if s := look(); s["status"] != "PROCESSING_DOWNLOAD" {
			t.Errorf("%s: at once %v", name, s)
		}
		f.now = f.now.Add(2 * time.Second)
		look()
		f.now = f.now.Add(time.Minute)
		s := look()
		reason, _ := s["fail_reason"].(string)
		if got := fmt.Sprint(s["status"], " ", reason); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if s["publicaly_available_post_id"] != nil {
			t.Errorf("%s: the ID of a private post is told", name)
		}
	}
}

// TestLogins goes through the consent page as apps on the web and on the desktop do.
func TestLogins(t *testing.T) {
	t.Parallel()
	f := newFar(t, nil)
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	plain, hexed := base64.RawURLEncoding.EncodeToString(sum[:]), hex.EncodeToString(sum[:])
	const web, desk = "https://shop.example/back", "http://127.0.0.1:8080/back"
	login := func(redirect, scope string, more ...string) (int, url.Values) {
		q := url.Values{"client_key": {"k"}, "response_type": {"code"}, "state": {"s"}, "redirect_uri": {redirect}, "scope": {scope}}
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		form := url.Values{consent.FieldUser: {"amber.reels"}, consent.FieldDecision: {"allow"}, consent.FieldScope: strings.Split(scope, ",")}
		w := f.do("POST", "https://www.tiktok.com/v2/auth/authorize/?"+q.Encode(), form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		back, _ := url.Parse(w.Header().Get("Location"))
		return w.Code, back.Query()
	}
	token := func(form url.Values, kind string) map[string]any {
		form.Set("client_key", "k")
		form.Set("client_secret", "s")
		w := f.do("POST", "https://open.tiktokapis.com/v2/oauth/token/", form.Encode(), "Content-Type", kind)
		out := map[string]any{}
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Errorf("%s: %v", w.Body, err)
		}
		return out
	}
	const formType = "application/x-www-form-urlencoded"
	redeem := func(q url.Values, redirect string) any {
		out := token(url.Values{"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {redirect}, "code_verifier": {verifier}}, formType)
		if out["error"] != nil {
			return out["error"]
		}
		return out["scope"]
	}
	for name, c := range map[string]struct {
		redirect string
		more     []string
		want     any
	}{
		"on the web":                        {web, nil, "user.info.basic"},
		"on the web, with a challenge":      {web, []string{"code_challenge", plain, "code_challenge_method", "S256"}, "user.info.basic"},
		"on the desktop":                    {desk, []string{"code_challenge", hexed, "code_challenge_method", "S256"}, "user.info.basic"},
		"on the desktop, as everybody else": {desk, []string{"code_challenge", plain, "code_challenge_method", "S256"}, "invalid_request"},
	} {
		code, q := login(c.redirect, "user.info.basic", c.more...)
		if code != 302 {
			t.Errorf("%s: %d", name, code)
			continue
		}
		if got := redeem(q, c.redirect); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if got := redeem(q, c.redirect); c.want != "invalid_request" && got != "invalid_grant" {
			t.Errorf("%s, once more: %v", name, got)
		}
	}
	for name, c := range map[string]struct {
		redirect, scope, kind string
	}{"no challenge": {desk, "user.info.basic", "code_challenge"}, "spaces": {web, "user.info.basic video.publish", "client_key"}} {
		if _, q := login(c.redirect, c.scope); q.Get("error") != "access_denied" || q.Get("error_type") != c.kind || q.Get("code") != "" {
			t.Errorf("%s: %v", name, q)
		}
	}
	for name, redirect := range map[string]string{"http": "http://shop.example/back", "a query": web + "?a=1"} {
		if code, _ := login(redirect, "user.info.basic"); code != 400 {
			t.Errorf("%s: %d", name, code)
		}
	}
	if out := token(url.Values{"grant_type": {"refresh_token"}}, "application/json"); out["error"] != "invalid_request" {
		t.Errorf("JSON: %v", out)
	}
	old := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.accounts[0].refresh}}
	for i, want := range []bool{true, true, false} { // the second time for an answer that was lost
		if out := token(old, formType); (out["refresh_token"] != nil) != want || !want && out["error"] != "invalid_grant" {
			t.Errorf("refresh %d: %v", i+1, out)
		}
	}
	f.now = f.now.Add(refreshLife)
	if out := token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.accounts[1].refresh}}, formType); out["error"] != "invalid_grant" {
		t.Errorf("after a year: %v", out)
	}
}

// TestLists lists what everybody sees, shortened, and nothing else.
func TestLists(t *testing.T) {
	t.Parallel()
	f := newFar(t, nil)
	f.settings.generous = true
	a := f.accounts[0]
	for _, p := range []struct{ title, privacy string }{{strings.Repeat("a", 200), "PUBLIC_TO_EVERYONE"}, {"mine", "SELF_ONLY"}, {"second", "PUBLIC_TO_EVERYONE"}} {
		_, data := f.api(a, "post/publish/video/init/", map[string]any{"post_info": map[string]any{"title": p.title, "privacy_level": p.privacy}, "source_info": sent(16, 16, 1)})
		f.do("PUT", data["upload_url"].(string), "\x00\x00\x00\x10ftypisom\x00\x00\x00\x00", "Content-Type", "video/mp4", "Content-Range", "bytes 0-15/16")
		f.now = f.now.Add(time.Minute)
	}
	f.now = f.now.Add(time.Minute)
	code, data := f.api(a, "video/list/?fields=id,video_description", map[string]any{"max_count": 1})
	videos, _ := data["videos"].([]any)
	if code != "200 ok" || len(videos) != 1 || data["has_more"] != true || videos[0].(map[string]any)["video_description"] != "second" {
		t.Fatalf("%s %v", code, data)
	}
	_, data = f.api(a, "video/list/?fields=id,video_description", map[string]any{"max_count": 20, "cursor": data["cursor"]})
	videos, _ = data["videos"].([]any)
	if len(videos) != 1 || len(videos[0].(map[string]any)["video_description"].(string)) != maxShown {
		t.Errorf("the next page: %v", data)
	}
	for path, want := range map[string]string{"video/list/": "400 invalid_params", "video/list/?fields=secrets": "400 invalid_params"} {
		if got, _ := f.api(a, path, map[string]any{}); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	if got, _ := f.api(a, "video/list/?fields=id", map[string]any{"max_count": 21}); got != "400 invalid_params" {
		t.Errorf("too many: %s", got)
	}
}
