package media

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
)

// desk is an Uploads with a clock of its own and an owner.
type desk struct {
	*Uploads
	t   *testing.T
	by  auth.Principal
	now atomic.Pointer[time.Time]
}

func newDesk(t *testing.T, s *Store) *desk {
	t.Helper()
	d := &desk{t: t}
	d.at(time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC))
	d.Uploads = &Uploads{Pool: pgtest.New(t), Store: s, Now: func() time.Time { return *d.now.Load() }}
	people := &auth.Service{Pool: d.Pool, Now: d.Now}
	err := postgres.InTx(t.Context(), d.Pool, func(tx pgx.Tx) error {
		id, _, err := people.EnsureOwner(t.Context(), tx, "owner")
		d.by = auth.Root(id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) at(now time.Time)         { d.now.Store(&now) }
func (d *desk) advance(by time.Duration) { d.at(d.Now().Add(by)) }
func (d *desk) presign(mime, name string) (Upload, string) {
	d.t.Helper()
	up, err := d.Presign(d.t.Context(), d.by, NewUpload{Filename: name, ContentType: mime})
	if err != nil {
		d.t.Fatal(err)
	}
	u, err := url.Parse(up.UploadURL)
	if err != nil {
		d.t.Fatal(err)
	}
	return up, u.Query().Get(TokenParam)
}

// served is what the world gets under a key.
func (d *desk) served(key string) (int, []byte) {
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, Prefix+key, nil))
	return w.Code, w.Body.Bytes()
}

func (d *desk) want(err error, code errs.Code, rule string) {
	d.t.Helper()
	if e := errs.As(err); e == nil || e.Code != code || e.Rule != rule {
		d.t.Errorf("got %v, want %s %s", err, code, rule)
	}
}

// files counts the objects in the store's folder.
func (d *desk) files() int {
	d.t.Helper()
	n := 0
	err := filepath.WalkDir(d.Store.folder, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !strings.HasSuffix(path, ".attrs") {
			n++
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

func TestUpload(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore(t))
	file := jpegOf(t, quarters(40, 20))
	up, token := d.presign("image/jpeg", "../Mein Foto (1).JPEG")
	if !strings.HasSuffix(up.PublicURL, "/Mein-Foto-1.jpeg") || up.PublicURL != "https://pub.example/media/"+up.Key || up.ExpiresIn != time.Hour {
		t.Errorf("%+v", up)
	}
	if code, _ := d.served(up.Key); code != 404 {
		t.Errorf("before it was sent: %d", code)
	}
	_, err := d.Receive(t.Context(), up.Key, "guess", int64(len(file)), bytes.NewReader(file))
	d.want(err, errs.NotFound, "upload.unknown")
	_, err = d.Receive(t.Context(), "uploads/nothing/a.jpg", token, -1, bytes.NewReader(file))
	d.want(err, errs.NotFound, "upload.unknown")
	_, err = d.Receive(t.Context(), up.Key, token, int64(len(file)), io.MultiReader(bytes.NewReader(file[:100]), iotest.ErrReader(io.ErrUnexpectedEOF)))
	d.want(err, errs.Invalid, "upload.broken")
	if code, _ := d.served(up.Key); code != 404 || d.files() != 0 {
		t.Errorf("half a file: %d, %d files", code, d.files())
	}
	for range 2 { // and again, for the answer was lost
		f, err := d.Receive(t.Context(), up.Key, token, int64(len(file)), bytes.NewReader(file))
		if err != nil || f.MIME != JPEG || f.Size != int64(len(file)) || f.URL != up.PublicURL {
			t.Fatalf("%+v, %v", f, err)
		}
	}
	if code, got := d.served(up.Key); code != 200 || !bytes.Equal(got, file) {
		t.Errorf("%d, %d bytes", code, len(got))
	}
	_, err = d.Receive(t.Context(), up.Key, token, -1, bytes.NewReader(pngOf(t, quarters(4, 4))))
	d.want(err, errs.Conflict, "upload.done")
	d.advance(59 * time.Minute)
	late, lateToken := d.presign("video/mp4", "a.mov")
	if !strings.HasSuffix(late.Key, "/a.mp4") {
		t.Errorf("the extension of another type is kept: %s", late.Key)
	}
	d.advance(time.Hour + time.Second)
	_, err = d.Receive(t.Context(), late.Key, lateToken, -1, bytes.NewReader(file))
	d.want(err, errs.Gone, "upload.expired")
	d.advance(365 * 24 * time.Hour)
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code, _ := d.served(up.Key); code != 200 || d.files() != 1 {
		t.Errorf("a year later: %d, %d files", code, d.files())
	}
}

func TestUploadIsWhatItsBytesAre(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore(t))
	for name, c := range map[string]struct {
		declared string
		bytes    []byte
		mime     string // "": refused
		rule     string
	}{
		"a picture of another format": {"image/png", jpegOf(t, quarters(4, 4)), JPEG, ""},
		"jpg":                         {"image/jpg", jpegOf(t, quarters(4, 4)), JPEG, ""},
		"m4v":                         {"video/x-m4v", []byte("\x00\x00\x00\x18ftypM4V \x00\x00\x00\x00M4V isom"), MP4, ""},
		"sound in a container":        {"audio/mp4", []byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isomiso2"), MP4, ""},
		"pdf":                         {"application/pdf", []byte("%PDF-1.7\n"), PDF, ""},
		"a page":                      {"image/jpeg", []byte("<!DOCTYPE html><script>alert(1)</script>"), "", RuleUnsupported},
		"svg":                         {"image/png", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "", RuleUnsupported},
		"program":                     {"video/mp4", []byte("\x7fELF\x02\x01\x01"), "", RuleUnsupported},
		"heic":                        {"image/jpeg", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "", RuleUnsupported},
		"zip":                         {"image/gif", []byte("PK\x03\x04aaaa"), "", RuleUnsupported},
		"nothing":                     {"image/gif", nil, "", RuleUnsupported},
		"a video for a picture":       {"image/jpeg", []byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isomiso2"), "", "media.type_mismatch"},
		"a picture for a video":       {"video/mp4", jpegOf(t, quarters(4, 4)), "", "media.type_mismatch"},
	} {
		up, token := d.presign(c.declared, "x")
		f, err := d.Receive(t.Context(), up.Key, token, int64(len(c.bytes)), bytes.NewReader(c.bytes))
		if c.mime == "" {
			if e := errs.As(err); e == nil || e.Rule != c.rule || e.Code != errs.Invalid {
				t.Errorf("%s: %v", name, err)
			}
			if code, _ := d.served(up.Key); code != 404 {
				t.Errorf("%s: served with %d", name, code)
			}
			continue
		}
		if err != nil || f.MIME != c.mime {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
		w := httptest.NewRecorder()
		d.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, Prefix+up.Key, nil))
		if got := w.Header().Get("Content-Type"); got != c.mime {
			t.Errorf("%s: served as %s", name, got)
		}
	}
	for _, mime := range []string{"", "text/html", "image/svg+xml", "image/heic", "application/zip", "IMAGE/JPEG"} {
		_, err := d.Presign(t.Context(), d.by, NewUpload{Filename: "a.jpg", ContentType: mime})
		d.want(err, errs.Invalid, "upload.type")
	}
	if _, err := d.Presign(t.Context(), d.by, NewUpload{Filename: "a.mp4", ContentType: "video/mp4", Size: MaxUpload}); err != nil {
		t.Error(err)
	}
	_, err := d.Presign(t.Context(), d.by, NewUpload{Filename: "a.mp4", ContentType: "video/mp4", Size: MaxUpload + 1})
	d.want(err, errs.Invalid, "upload.too_large")
}

// Many send to one address at once: one file is there afterwards, whole, and whoever sent another one is told.
func TestUploadsAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore(t))
	up, token := d.presign("image/jpeg", "a.jpg")
	files := make([][]byte, 8)
	for i := range files {
		files[i] = jpegOf(t, quarters(40+8*i/4*8, 20)) // the first four are the same, and so are the others
	}
	errors := make([]error, len(files))
	var wg sync.WaitGroup
	for i, b := range files {
		wg.Go(func() {
			_, errors[i] = d.Receive(t.Context(), up.Key, token, -1, iotest.OneByteReader(bytes.NewReader(b)))
		})
	}
	wg.Wait()
	code, got := d.served(up.Key)
	if code != 200 {
		t.Fatalf("served with %d", code)
	}
	for i, b := range files {
		if same := bytes.Equal(b, got); same != (errors[i] == nil) {
			t.Errorf("upload %d, the same as what is served: %v, got %v", i, same, errors[i])
		}
	}
	d.advance(2 * partTime)
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, again := d.served(up.Key); d.files() != 1 || !bytes.Equal(again, got) {
		t.Errorf("%d files are left", d.files())
	}
}

func TestDirectUploadLivesAWeek(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore(t))
	file := pngOf(t, quarters(8, 8))
	take := func() File {
		t.Helper()
		f, err := d.Take(t.Context(), d.by, "photo", "", bytes.NewReader(file))
		if err != nil || f.MIME != PNG || f.Size != int64(len(file)) || !strings.HasSuffix(f.URL, "/photo.png") {
			t.Fatalf("%+v, %v", f, err)
		}
		return f
	}
	plain, reserved, dropped := take(), take(), take()
	if plain.Filename == reserved.Filename {
		t.Errorf("two files are called %s", plain.Filename)
	}
	if err := d.Drop(t.Context(), dropped); err != nil {
		t.Fatal(err)
	}
	if err := d.Reserve(t.Context(), []string{reserved.URL, "https://elsewhere.example/a.jpg"}, d.Now().Add(10*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		day                   int
		plain, reserved, left int
	}{{6, 200, 200, 2}, {8, 404, 200, 1}, {16, 404, 200, 1}, {18, 404, 404, 0}} {
		d.at(time.Date(2026, 1, 15+c.day, 10, 0, 1, 0, time.UTC))
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		a, _ := d.served(plain.Key)
		b, _ := d.served(reserved.Key)
		if a != c.plain || b != c.reserved || d.files() != c.left {
			t.Errorf("day %d: %d, %d, %d files", c.day, a, b, d.files())
		}
	}
	_, err := d.Take(t.Context(), d.by, "a", "", io.MultiReader(bytes.NewReader(file), io.LimitReader(zeros{}, MaxDirect)))
	d.want(err, errs.Invalid, "upload.too_large")
	_, err = d.Take(t.Context(), d.by, "a", "text/html", bytes.NewReader(file))
	d.want(err, errs.Invalid, "upload.type")
	if d.files() != 0 {
		t.Errorf("%d files are left", d.files())
	}
}

// What a dead process left of its writing goes, and what another one is writing stays.
func TestSweepOfStrays(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore(t))
	up, token := d.presign("image/jpeg", "a.jpg")
	if _, err := d.Receive(t.Context(), up.Key, token, -1, bytes.NewReader(jpegOf(t, quarters(4, 4)))); err != nil {
		t.Fatal(err)
	}
	old, fresh := filepath.Join(d.Store.folder, "uploads", "old.jpg.18f.tmp"), filepath.Join(d.Store.folder, "uploads", "fresh.jpg.18f.tmp")
	for path, age := range map[string]time.Duration{old: 25 * time.Hour, fresh: time.Hour} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, d.Now().Add(-age), d.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, oldErr := os.Stat(old)
	_, freshErr := os.Stat(fresh)
	if !errors.Is(oldErr, os.ErrNotExist) || freshErr != nil || d.files() != 2 {
		t.Errorf("old: %v, fresh: %v, %d files", oldErr, freshErr, d.files())
	}
}

// An owner cannot fill the table with addresses that nothing is sent to.
func TestWaitingUploadsAreBounded(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore(t))
	_, err := d.Pool.Exec(t.Context(), `insert into media_files (key, owner_id, filename, declared, open_until, created_at)
		select 'uploads/' || n || '/a.jpg', $1, 'a.jpg', 'image/jpeg', $2, $3 from generate_series(1, $4) n`, d.by.OwnerID, d.Now().Add(time.Hour), d.Now(), mostWaits)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Presign(t.Context(), d.by, NewUpload{Filename: "a.jpg", ContentType: "image/jpeg"})
	d.want(err, errs.Limited, "upload.too_many")
	d.advance(2 * time.Hour)
	d.presign("image/jpeg", "a.jpg")
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := d.Pool.QueryRow(t.Context(), `select count(*) from media_files`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// However large a file is, taking it in costs little memory. POSTHORN_TEST_UPLOAD_MB=5120 measures the largest there is.
func TestUploadMemory(t *testing.T) {
	size := int64(256 << 20)
	if mb, err := strconv.Atoi(os.Getenv("POSTHORN_TEST_UPLOAD_MB")); err == nil {
		size = int64(mb) << 20
	}
	d := newDesk(t, newStore(t))
	up, token := d.presign("video/mp4", "large.mp4")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f, err := d.Receive(r.Context(), up.Key, token, r.ContentLength, r.Body); err != nil {
			t.Errorf("%+v, %v", f, err)
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer server.Close()
	head := []byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isomiso2")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL, io.MultiReader(bytes.NewReader(head), io.LimitReader(zeros{}, size-int64(len(head)))))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = size
	runtime.GC()
	before, peak := heap(), uint64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			peak = max(peak, heap())
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	began := time.Now()
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	close(stop)
	<-stopped
	used := int64(peak) - int64(before)
	t.Logf("%d MB uploaded in %s with at most %.1f MB of heap", size>>20, time.Since(began).Round(time.Millisecond), float64(used)/(1<<20))
	if resp.StatusCode != http.StatusOK || used > 32<<20 {
		t.Errorf("status %d, %d bytes of heap", resp.StatusCode, used)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"": "file", "a": "a", "Ünï cödé.png": "n-c-d", "....": "file", `C:\pics\b.jpg`: "b", "/etc/passwd": "passwd", "a/../b.png": "b", strings.Repeat("x", 500): strings.Repeat("x", 60),
		"a\x00b.jpg": "a-b", "日本.mp4": "file"} {
		if got := slug(name); got != want {
			t.Errorf("slug(%q) = %q, want %q", name, got, want)
		}
		if key := freshKey(name, "image/jpeg"); !validKey(key) {
			t.Errorf("the key %q is not valid", key)
		}
	}
	random := make([]byte, 40)
	for range 200 {
		rand.Read(random)
		if key := freshKey(string(random), "video/mp4"); !validKey(key) || !strings.HasSuffix(key, ".mp4") && !strings.HasSuffix(key, ".m4v") {
			t.Errorf("the key %q is not valid", key)
		}
	}
	for _, mime := range UploadTypes() {
		if key := freshKey("a", mime); !validKey(key) {
			t.Errorf("the key %q of type %s is not valid", key, mime)
		}
	}
}
