package api

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/media/mediatest"
)

// raw sends a request without a key to an address that the API gave.
func (w *world) raw(method, address string, body []byte, headers ...string) answer {
	w.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send("", httptest.NewRequest(method, "http://posthorn.test"+u.RequestURI(), bytes.NewReader(body)), headers...)
}

// direct is an upload with fields in their order; "name=value" is a field and "name@file" one with the photo.
func (w *world) direct(fields ...string) answer {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, f := range fields {
		if name, file, ok := strings.Cut(f, "@"); ok {
			part, err := form.CreateFormFile(name, file)
			if err != nil {
				w.t.Fatal(err)
			}
			if _, err := part.Write(photo()); err != nil {
				w.t.Fatal(err)
			}
			continue
		}
		name, value, _ := strings.Cut(f, "=")
		if err := form.WriteField(name, value); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "http://posthorn.test/v1/media/upload-direct", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return w.send(w.key, r)
}

func TestPresignedUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do("POST", "/v1/media/presign", map[string]any{"filename": "Coast.JPG", "contentType": "image/jpeg", "size": len(photo())}).want(200)
	if a.at("expiresIn") != 3600.0 || a.text("type") != "image" || !strings.HasSuffix(a.text("publicUrl"), "/Coast.jpg") || !strings.HasSuffix(a.text("publicUrl"), a.text("key")) {
		t.Errorf("%s", a.body)
	}
	w.raw("GET", a.text("publicUrl"), nil).want(404)
	preflight := w.raw("OPTIONS", a.text("uploadUrl"), nil, "Origin", "https://app.example", "Access-Control-Request-Method", "PUT").want(200)
	if preflight.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(preflight.header.Get("Access-Control-Allow-Methods"), "PUT") {
		t.Errorf("%v", preflight.header)
	}
	w.raw("PUT", a.text("publicUrl"), photo()).want(404) // without what lets one write
	page := w.raw("PUT", a.text("uploadUrl"), []byte("<!DOCTYPE html>"), "Content-Type", "image/jpeg").want(400)
	if page.text("rule") != "media.unsupported" || page.text("code") != "invalid_field_value" || page.text("param") != "file" {
		t.Errorf("%s", page.body)
	}
	w.raw("PUT", a.text("uploadUrl"), photo(), "Content-Encoding", "gzip").want(415)
	done := w.raw("PUT", a.text("uploadUrl"), photo(), "Content-Type", "image/jpeg").want(200)
	if done.text("url") != a.text("publicUrl") || done.text("contentType") != "image/jpeg" || done.at("size") != float64(len(photo())) {
		t.Errorf("%s", done.body)
	}
	got := w.raw("GET", a.text("publicUrl"), nil).want(200)
	if !bytes.Equal(got.body, photo()) || got.header.Get("Content-Type") != "image/jpeg" || got.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%d bytes, %v", len(got.body), got.header)
	}
	if part := w.raw("GET", a.text("publicUrl"), nil, "Range", "bytes=10-19").want(206); !bytes.Equal(part.body, photo()[10:20]) {
		t.Errorf("%q", part.body)
	}
	if head := w.raw("HEAD", a.text("publicUrl"), nil).want(200); len(head.body) != 0 || head.header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("%v", head.header)
	}
	if again := w.raw("PUT", a.text("uploadUrl"), append(photo(), 0)).want(409); again.text("rule") != "upload.done" {
		t.Errorf("%s", again.body)
	}
	late := w.do("POST", "/v1/media/presign", map[string]any{"filename": "a.mp4", "contentType": "video/mp4"}).want(200)
	w.advance(time.Hour + time.Second)
	w.raw("PUT", late.text("uploadUrl"), photo()).want(410)
}

func TestPresignRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		body  any
		param string
	}{
		"nothing":         {map[string]any{}, "filename"},
		"no type":         {map[string]any{"filename": "a.jpg"}, "contentType"},
		"an empty name":   {map[string]any{"filename": "", "contentType": "image/jpeg"}, "filename"},
		"a foreign type":  {map[string]any{"filename": "a.html", "contentType": "text/html"}, "contentType"},
		"too large":       {map[string]any{"filename": "a.mp4", "contentType": "video/mp4", "size": 5<<30 + 1}, "size"},
		"a negative size": {map[string]any{"filename": "a.mp4", "contentType": "video/mp4", "size": -1}, "size"},
		"a size of text":  {map[string]any{"filename": "a.mp4", "contentType": "video/mp4", "size": "1"}, "size"},
	} {
		if a := w.do("POST", "/v1/media/presign", tt.body).want(400); a.text("param") != tt.param {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	w.do("POST", "/v1/media/presign", map[string]any{"filename": "a.mp4", "contentType": "video/mp4", "size": 5 << 30}).want(200)
	w.do("POST", "/v1/media/presign", map[string]any{"filename": "a.jpg", "contentType": "image/jpeg", "size": nil}).want(200)
	w.as("", "POST", "/v1/media/presign", map[string]any{"filename": "a.jpg", "contentType": "image/jpeg"}).want(401)
	for _, path := range []string{"/media/uploads/", "/media/uploads/x/a.jpg?upload=x", "/media/a.jpg?upload=%00", "/media/uploads/a%00/b.jpg", "/media/../x.jpg", "/media/fit/ab/c.jpg"} {
		w.raw("PUT", path, photo()).want(404)
	}
}

func TestUploadDirect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, fields := range [][]string{{"file@coast.jpg"}, {"contentType=image/jpeg", "file@coast"}, {"file@coast.png", "contentType=image/png", "more=1"}} {
		a := w.direct(fields...).want(200)
		if a.text("contentType") != "image/jpeg" || a.at("size") != float64(len(photo())) || a.text("filename") == "" || !strings.HasSuffix(a.text("url"), "/coast.jpg") {
			t.Errorf("%v: %s", fields, a.body)
		}
		if got := w.raw("GET", a.text("url"), nil).want(200); !bytes.Equal(got.body, photo()) {
			t.Errorf("%v: %d bytes", fields, len(got.body))
		}
	}
	for _, fields := range [][]string{{}, {"contentType=image/jpeg"}, {"other@a.jpg"}, {"contentType=video/mp4", "file@a.mp4"}, {"file@a.mp4", "contentType=video/mp4"}, {"file@a", "file@b"}, {"file@a", "contentType=text/html"}} {
		w.direct(fields...).want(400)
	}
	w.do("POST", "/v1/media/upload-direct", map[string]any{}).want(400)
	large := strings.Repeat("x", 25<<20)
	if a := w.upload("/v1/media/upload-direct", "file", "a.jpg", string(photo())+large); a.status != 400 || a.text("rule") != "upload.too_large" {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.upload("/v1/media/upload-direct", "file", "a.jpg", large+large).want(413)
	var kept int
	if err := w.app.Pool.QueryRow(t.Context(), `select count(*) from media_files where kept_at is not null`).Scan(&kept); err != nil || kept != 3 {
		t.Errorf("%d files are kept, %v", kept, err)
	}
}

// TestUploadAndPublish uploads a picture and publishes it, without the server being reachable under its public address.
func TestUploadAndPublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://posthorn.example", "POSTHORN_ALLOW_PRIVATE_NETWORKS=false")
	w.work()
	a := w.do("POST", "/v1/media/presign", map[string]any{"filename": "coast.jpg", "contentType": "image/jpeg"}).want(200)
	post := func(text string) answer {
		return w.do("POST", "/v1/posts", map[string]any{"content": text, "publishNow": true, "mediaItems": []any{map[string]any{"url": a.text("publicUrl")}}, "platforms": []any{target("bluesky", w.bluesky)}})
	}
	if early := post("too early").want(400); early.text("rule") != "media.not_found" {
		t.Errorf("before it is sent: %s", early.body)
	}
	w.raw("PUT", a.text("uploadUrl"), photo()).want(200)
	post("with a picture").want(201)
	if seen := w.seenAt("bluesky"); len(seen) != 1 || len(seen[0].Media) != 1 {
		t.Errorf("at Bluesky is %+v", seen)
	}
	if v := w.do("POST", "/v1/tools/validate/media", map[string]any{"url": a.text("publicUrl")}).want(200); v.at("valid") != true || v.text("contentType") != "image/jpeg" || v.at("size") != float64(len(photo())) {
		t.Errorf("validated: %s", v.body)
	}
}

func TestUploadNeedsTheRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reading := w.do("POST", "/v1/api-keys", map[string]any{"name": "reads", "permission": "read"}).want(201).text("apiKey.key")
	w.as(reading, "POST", "/v1/media/presign", map[string]any{"filename": "a.png", "contentType": "image/png"}).want(403)
}

// What will be done to media is told when the post is made, and in the validation tool; asking for it makes it possible to begin with.
func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := map[string][]byte{"/a.png": pngSized(1600, 1600)[0].([]byte), "/tall.jpg": jpegSized(500, 1000)[0].([]byte), "/last.mp4": mediatest.Movie{MoovLast: true, Place: true}.File(), "/plain.jpg": photo()}
	shelf := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(files[r.URL.Path]))
	}))
	t.Cleanup(shelf.Close)
	for name, tt := range map[string]struct {
		item map[string]any
		want []string
		rule string
	}{
		"plain":    {map[string]any{"url": "/plain.jpg"}, nil, ""},
		"png":      {map[string]any{"url": "/a.png"}, []string{"the PNG image is turned into JPEG", "the image is scaled down from 1600 to 1440 pixels in width"}, ""},
		"too tall": {map[string]any{"url": "/tall.jpg"}, nil, "instagram.image.aspect_ratio"},
		"cropped":  {map[string]any{"url": "/tall.jpg", "reshape": "crop"}, []string{"the image is cropped to a ratio of 0.8, as the item's reshape asks"}, ""},
		"padded":   {map[string]any{"url": "/tall.jpg", "reshape": "pad"}, []string{"the image is padded with white to a ratio of 0.8, as the item's reshape asks"}, ""},
		"film":     {map[string]any{"url": "/last.mp4"}, []string{"the video's description is moved from the end of the file to its start", "the place where the video was filmed is removed from its data"}, ""},
		"odd":      {map[string]any{"url": "/tall.jpg", "reshape": "stretch"}, nil, "request.invalid_field_value"},
	} {
		tt.item["url"] = shelf.URL + tt.item["url"].(string)
		body := map[string]any{"content": name, "mediaItems": []any{tt.item}, "scheduledFor": "2026-03-01T10:00:00Z", "platforms": []any{target("instagram", w.instagram)}}
		a := w.do("POST", "/v1/posts", body)
		if tt.rule != "" {
			if a.want(400); a.text("rule") != tt.rule {
				t.Errorf("%s: %s", name, a.body)
			}
			continue
		}
		a.want(201)
		v := w.do("POST", "/v1/tools/validate/post", body).want(200)
		for i, text := range tt.want {
			if got := a.text(fmt.Sprintf("warnings.%d", i)); got != "mediaItems[0], for Instagram: "+text {
				t.Errorf("%s: warning %d is %q", name, i, got)
			}
			if got := v.text(fmt.Sprintf("warnings.%d.warning", i)); got != "mediaItems[0]: "+text {
				t.Errorf("%s: the tool's warning %d is %q", name, i, got)
			}
		}
		if a.at(fmt.Sprintf("warnings.%d", len(tt.want))) != nil || v.at("valid") != true {
			t.Errorf("%s: %s, %s", name, a.body, v.body)
		}
	}
}

// A file that has changed, or is gone, since the post was made ends its target before anything is sent.
func TestMediaAreCheckedOnceMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	var now atomic.Pointer[[]byte]
	good, wide := photo(), jpegSized(1000, 100)[0].([]byte)
	now.Store(&good)
	shelf := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if b := *now.Load(); b != nil {
			_, _ = rw.Write(b)
			return
		}
		http.NotFound(rw, r)
	}))
	t.Cleanup(shelf.Close)
	for rule, becomes := range map[string][]byte{"instagram.image.aspect_ratio": wide, "media.not_found": nil} {
		now.Store(&good)
		due := w.clock().Add(2 * time.Second).UTC().Format(time.RFC3339)
		p := w.do("POST", "/v1/posts", map[string]any{"content": rule, "mediaItems": []any{map[string]any{"type": "image", "url": shelf.URL + "/" + rule}}, "scheduledFor": due,
			"platforms": []any{target("instagram", w.instagram)}}).want(201).text("post._id")
		now.Store(&becomes)
		var a answer
		for range 300 {
			if a = w.do("GET", "/v1/posts/"+p, nil).want(200); a.text("post.status") == "failed" || a.text("post.status") == "published" {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if a.text("post.status") != "failed" || !strings.Contains(string(a.body), rule) || len(w.seenAt("instagram")) != 0 {
			t.Errorf("%s: %s", rule, a.body)
		}
	}
}
