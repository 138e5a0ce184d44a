package api

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// put sends a file to an address that was given out, as a browser would: without a key.
func (w *world) put(address, contentType string, body []byte) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPut, address, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	got := httptest.NewRecorder()
	w.handler.ServeHTTP(got, r)
	return got
}

// TestUploadAndPublish uploads a picture and publishes it, without the server being reachable under its public address.
func TestUploadAndPublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://posthorn.example", "POSTHORN_ALLOW_PRIVATE_NETWORKS=false")
	w.work()
	p := w.do("POST", "/v1/media/presign", map[string]any{"filename": "coast.jpg", "contentType": "image/jpeg", "size": len(photo())}).want(200)
	uploadURL, publicURL := p.text("uploadUrl"), p.text("publicUrl")
	if p.at("expiresIn") != 3600.0 || !strings.HasPrefix(uploadURL, "https://posthorn.example/media/uploads/") || !strings.HasSuffix(publicURL, "/coast.jpg") ||
		publicURL != "https://posthorn.example/media/"+p.text("key") {
		t.Fatalf("presigned: %s", p.body)
	}
	path := func(address string) string { return strings.TrimPrefix(address, "https://posthorn.example") }
	early := w.do("POST", "/v1/posts", map[string]any{"content": "too early", "publishNow": true, "mediaItems": []any{map[string]any{"url": publicURL}}, "platforms": []any{target("bluesky", w.bluesky)}}).want(400)
	if early.text("rule") != "media.not_found" {
		t.Errorf("before it is sent: %s", early.body)
	}
	for range 2 {
		if got := w.put(path(uploadURL), "image/jpeg", photo()); got.Code != 200 || got.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Fatalf("sending: %d %s", got.Code, got.Body)
		}
	}
	if got := w.put(path(uploadURL), "image/jpeg", append(bytes.Clone(photo()), 0)); got.Code != 409 || !strings.Contains(got.Body.String(), `"upload.done"`) {
		t.Errorf("another file: %d %s", got.Code, got.Body)
	}
	if got := w.put("/media/uploads/nothing", "image/jpeg", photo()); got.Code != 404 {
		t.Errorf("no such address: %d", got.Code)
	}
	ask := func(method, rangeOf string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path(publicURL), nil)
		if rangeOf != "" {
			r.Header.Set("Range", rangeOf)
		}
		got := httptest.NewRecorder()
		w.handler.ServeHTTP(got, r)
		return got
	}
	if got := ask("GET", ""); got.Code != 200 || got.Header().Get("Content-Type") != "image/jpeg" || !bytes.Equal(got.Body.Bytes(), photo()) {
		t.Errorf("reading: %d, %d bytes", got.Code, got.Body.Len())
	}
	if got := ask("HEAD", ""); got.Code != 200 || got.Body.Len() != 0 || got.Header().Get("Accept-Ranges") != "bytes" {
		t.Errorf("its header: %d %v", got.Code, got.Header())
	}
	if got := ask("GET", "bytes=10-19"); got.Code != 206 || !bytes.Equal(got.Body.Bytes(), photo()[10:20]) {
		t.Errorf("a part: %d, %d bytes", got.Code, got.Body.Len())
	}
	w.do("POST", "/v1/posts", map[string]any{"content": "with a picture", "publishNow": true, "mediaItems": []any{map[string]any{"url": publicURL}}, "platforms": []any{target("bluesky", w.bluesky)}}).want(201)
	if seen := w.seenAt("bluesky"); len(seen) != 1 || len(seen[0].Media) != 1 {
		t.Errorf("at Bluesky is %+v", seen)
	}
	if v := w.do("POST", "/v1/tools/validate/media", map[string]any{"url": publicURL}).want(200); v.at("valid") != true || v.text("contentType") != "image/jpeg" {
		t.Errorf("validated: %s", v.body)
	}
}

func TestUploadIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []map[string]any{{"filename": "a.exe", "contentType": "application/x-msdownload"}, {"filename": "a.svg", "contentType": "image/svg+xml"}, {"contentType": "image/png"},
		{"filename": "", "contentType": "image/png"}, {"filename": "a.png"}, {"filename": "a.mp4", "contentType": "video/mp4", "size": int64(6) << 30}, {"filename": "a.mp4", "contentType": "video/mp4", "size": -1}} {
		w.do("POST", "/v1/media/presign", body).want(400)
	}
	if got := w.do("POST", "/v1/media/presign", map[string]any{"filename": "a", "contentType": "text/html"}).want(400); got.text("code") != "invalid_field_value" || got.text("param") != "contentType" {
		t.Errorf("%s", got.body)
	}
	direct := w.upload("/v1/media/upload-direct", "file", "coast.jpg", string(photo())).want(200)
	if direct.text("contentType") != "image/jpeg" || direct.at("size") != float64(len(photo())) || direct.text("filename") != "coast.jpg" || !strings.HasSuffix(direct.text("url"), "/coast.jpg") {
		t.Errorf("direct: %s", direct.body)
	}
	w.upload("/v1/media/upload-direct", "file", "page.html", "<html><script>").want(400)
	w.upload("/v1/media/upload-direct", "file", "coast.jpg", "<html><script>").want(400)
	w.upload("/v1/media/upload-direct", "picture", "coast.jpg", string(photo())).want(400)
	w.upload("/v1/media/upload-direct", "file", "long.jpg", string(photo())+strings.Repeat("x", 26<<20)).want(413)
	reading := w.do("POST", "/v1/api-keys", map[string]any{"name": "reads", "permission": "read"}).want(201).text("apiKey.key")
	w.as(reading, "POST", "/v1/media/presign", map[string]any{"filename": "a.png", "contentType": "image/png"}).want(403)
	preflight := httptest.NewRecorder()
	w.handler.ServeHTTP(preflight, httptest.NewRequest(http.MethodOptions, "/media/uploads/x", nil))
	if preflight.Code != 204 || preflight.Header().Get("Access-Control-Allow-Methods") != "PUT" {
		t.Errorf("preflight: %d %v", preflight.Code, preflight.Header())
	}
}
