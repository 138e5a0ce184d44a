package media

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// newCloud is a store in a server that speaks S3.
func newCloud(t *testing.T) (*Store, *httptest.Server) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	backend := s3mem.New()
	if err := backend.CreateBucket("media"); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(srv.Close)
	s, err := OpenStore(t.Context(), "s3://media?region=us-east-1&use_path_style=true&endpoint="+url.QueryEscape(srv.URL), "https://pub.example/")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, srv
}

func put(t *testing.T, address, mime string, file []byte) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", mime)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// With a cloud's store the bytes go straight there, and what they are is told when the file is first asked for.
func TestUploadToTheCloud(t *testing.T) {
	s, srv := newCloud(t)
	d := newDesk(t, s)
	file := jpegOf(t, quarters(40, 20))
	up, token := d.presign("image/jpeg", "coast.jpg")
	if !strings.HasPrefix(up.UploadURL, srv.URL+"/media/uploads/") || !strings.Contains(up.UploadURL, "X-Amz-Signature=") || token != "" {
		t.Fatalf("the address is not the store's own: %s", up.UploadURL)
	}
	if code, _ := d.served(up.Key); code != 404 {
		t.Errorf("before it was sent: %d", code)
	}
	if code := put(t, up.UploadURL, "image/jpeg", file); code != 200 {
		t.Fatalf("PUT: %d", code)
	}
	if code, got := d.served(up.Key); code != 200 || !bytes.Equal(got, file) {
		t.Errorf("%d, %d bytes", code, len(got))
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, Prefix+up.Key, nil)
	r.Header.Set("Range", "bytes=2-5")
	if d.Handler().ServeHTTP(w, r); w.Code != 206 || !bytes.Equal(w.Body.Bytes(), file[2:6]) {
		t.Errorf("a range: %d %q", w.Code, w.Body)
	}

	first, err := d.DeliveryURL(t.Context(), up.PublicURL)
	if err != nil || !strings.HasPrefix(first, srv.URL) {
		t.Fatalf("delivery by %s, %v", first, err)
	}
	q, err := url.Parse(first)
	if err != nil || q.Query().Get("X-Amz-Expires") != "90000" {
		t.Errorf("it holds for %s s, %v", q.Query().Get("X-Amz-Expires"), err)
	}
	resp, err := http.Get(first)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, file) || resp.Header.Get("Content-Type") != JPEG {
		t.Errorf("%d bytes of type %s, %v", len(got), resp.Header.Get("Content-Type"), err)
	}

	page, _ := d.presign("image/jpeg", "page.jpg")
	put(t, page.UploadURL, "image/jpeg", []byte("<!DOCTYPE html><script>alert(1)</script>"))
	if code, _ := d.served(page.Key); code != 404 {
		t.Errorf("a web page is served with %d", code)
	}
	if has, err := s.Has(t.Context(), page.Key); has || err != nil {
		t.Errorf("the web page is still there, %v", err)
	}

	other, _ := d.presign("image/png", "other.png") // the store would serve it as what it is not
	put(t, other.UploadURL, "image/png", file)
	if address, err := d.DeliveryURL(t.Context(), other.PublicURL); err != nil || address != other.PublicURL {
		t.Errorf("delivery by %s, %v", address, err)
	}

	unseen, _ := d.presign("image/jpeg", "unseen.jpg")
	never, _ := d.presign("image/jpeg", "never.jpg")
	put(t, unseen.UploadURL, "image/jpeg", file)
	d.advance(48 * time.Hour)
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{up.Key: 200, unseen.Key: 200, never.Key: 404} {
		if code, _ := d.served(key); code != want {
			t.Errorf("%s after a sweep: %d, want %d", key, code, want)
		}
	}
	if _, err := d.find(context.Background(), never.Key); !errors.Is(err, ErrNoFile) {
		t.Errorf("what nobody sent: %v", err)
	}
	direct, err := d.Take(t.Context(), d.by, "a.jpg", "", bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if code, got := d.served(direct.Key); code != 200 || !bytes.Equal(got, file) {
		t.Errorf("direct: %d, %d bytes", code, len(got))
	}
	if err := d.Drop(t.Context(), direct); err != nil {
		t.Fatal(err)
	}
	if has, _ := s.Has(t.Context(), direct.Key); has {
		t.Error("the dropped file is still there")
	}
}
