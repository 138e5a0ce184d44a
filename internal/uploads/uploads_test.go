package uploads_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/media"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/uploads"
)

type world struct {
	*uploads.Service
	t   *testing.T
	dir string
	mu  sync.Mutex
	now time.Time
	who auth.Principal
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), now: time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)}
	clock := func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	}
	store, err := media.OpenStore(t.Context(), "file://"+filepath.ToSlash(w.dir), "https://posthorn.test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	pool := pgtest.New(t)
	w.Service = &uploads.Service{Pool: pool, Media: store, Public: "https://posthorn.test", Now: clock}
	err = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		owner, _, err := (&auth.Service{Pool: pool, Now: clock}).EnsureOwner(t.Context(), tx, "owner")
		w.who = auth.Root(owner)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// presign gives the token and the key of a new upload.
func (w *world) presign(filename, contentType string, size *int64) (token, key string) {
	w.t.Helper()
	p, err := w.Presign(w.t.Context(), w.who, filename, contentType, size)
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimPrefix(p.UploadURL, "https://posthorn.test/media/uploads/"), p.Key
}

func (w *world) has(key string) bool {
	w.t.Helper()
	ok, err := w.Media.Has(w.t.Context(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	return ok
}

// refused holds an error to its rule.
func (w *world) refused(what string, err error, rule string) {
	w.t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Rule != rule {
		w.t.Errorf("%s: %v, want %s", what, err, rule)
	}
}

var jpeg = append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF"), bytes.Repeat([]byte("x"), 1000)...)

func TestReceive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	size := int64(len(jpeg))
	token, key := w.presign("Summer in Épernay.JPG", "image/jpeg", &size)
	if !strings.HasPrefix(key, "uploads/") || !strings.HasSuffix(key, "/Summer-in-pernay.jpg") {
		t.Errorf("the key is %s", key)
	}
	send := func(token, contentType string, length int64, body io.Reader) error {
		return w.Receive(t.Context(), token, contentType, length, body)
	}
	w.refused("an unknown address", send("nonsense", "image/jpeg", size, bytes.NewReader(jpeg)), "upload.unknown")
	w.refused("another type", send(token, "image/png", size, bytes.NewReader(jpeg)), "upload.other_type")
	w.refused("another size, told", send(token, "image/jpeg", size+1, bytes.NewReader(jpeg)), "upload.other_size")
	w.refused("a shorter one, not told", send(token, "image/jpeg", -1, bytes.NewReader(jpeg[:500])), "upload.other_size")
	w.refused("a longer one, not told", send(token, "", -1, io.MultiReader(bytes.NewReader(jpeg), strings.NewReader("y"))), "media.too_large")
	w.refused("nothing", send(token, "image/jpeg", -1, strings.NewReader("")), "media.unsupported")
	w.refused("a page", send(token, "image/jpeg", -1, strings.NewReader("<html><script>alert(1)</script></html>")), "media.unsupported")
	w.refused("a PDF", send(token, "image/jpeg", -1, strings.NewReader("%PDF-1.7 and so on")), "media.type_mismatch")
	w.refused("cut off", send(token, "image/jpeg", size, io.MultiReader(bytes.NewReader(jpeg[:800]), broken{})), "upload.broken")
	if w.has(key) {
		t.Fatal("something was kept of what was refused")
	}
	for range 2 { // the first answer may have been lost
		if err := send(token, "image/jpeg; charset=binary", size, bytes.NewReader(jpeg)); err != nil {
			t.Fatal(err)
		}
	}
	if !w.has(key) {
		t.Fatal("it was not kept")
	}
	other := bytes.Clone(jpeg)
	other[900] = 'z'
	w.refused("another file", send(token, "image/jpeg", size, bytes.NewReader(other)), "upload.done")
	w.advance(2 * time.Hour)
	if err := send(token, "image/jpeg", size, bytes.NewReader(jpeg)); err != nil {
		t.Errorf("the same file later: %v", err)
	}
	late, _ := w.presign("a.png", "image/png", nil)
	w.advance(uploads.Valid + time.Second)
	w.refused("too late", send(late, "image/png", -1, strings.NewReader("\x89PNG\r\n\x1a\n....")), "upload.expired")
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestPresignRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, contentType := range []string{"text/html", "image/svg+xml", "", "image", "application/x-msdownload"} {
		_, err := w.Presign(t.Context(), w.who, "a", contentType, nil)
		if errs.CodeOf(err) != errs.Invalid {
			t.Errorf("%q: %v", contentType, err)
		}
	}
	for _, size := range []int64{0, -1, uploads.MaxSize + 1} {
		_, err := w.Presign(t.Context(), w.who, "a.mp4", "video/mp4", &size)
		w.refused(strconv.FormatInt(size, 10), err, "media.too_large")
	}
	for name, want := range map[string]string{"../../etc/passwd": "/passwd.mp4", "a.html": "/a.mp4", "...": "/file.mp4", "x.M4V": "/x.m4v", "no extension": "/no-extension.mp4", strings.Repeat("n", 400): "/" + strings.Repeat("n", 80) + ".mp4"} {
		if _, key := w.presign(name, "video/mp4", nil); !strings.HasSuffix(key, want) || strings.Count(key, "/") != 2 {
			t.Errorf("%.40q becomes %s", name, key)
		}
	}
}

// TestOneSender: while one sends, another may not.
func TestOneSender(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, key := w.presign("a.jpg", "image/jpeg", nil)
	slow, feed := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- w.Receive(context.Background(), token, "image/jpeg", -1, slow) }()
	if _, err := feed.Write(jpeg[:512]); err != nil {
		t.Fatal(err)
	}
	w.refused("a second sender", w.Receive(t.Context(), token, "image/jpeg", -1, bytes.NewReader(jpeg)), "upload.busy")
	go func() { // the pipe is read as the file is written
		_, _ = feed.Write(jpeg[512:])
		feed.Close()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !w.has(key) {
		t.Error("it was not kept")
	}
}

func TestTypesByBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct{ declared, head, want string }{
		{"image/jpg", string(jpeg[:20]), "image/jpeg"}, {"image/jpeg", "\x89PNG\r\n\x1a\n....", "image/png"}, {"image/gif", "GIF89a......", "image/gif"},
		{"image/webp", "RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"}, {"video/mp4", "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isom", "video/mp4"},
		{"video/x-m4v", "\x00\x00\x00\x18ftypM4V \x00\x00\x00\x00isom", "video/mp4"}, {"audio/mp4", "\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00isom", "audio/mp4"},
		{"audio/x-m4a", "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isom", "audio/x-m4a"}, {"video/quicktime", "\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "video/quicktime"},
		{"video/avi", "RIFF\x00\x00\x00\x00AVI LIST", "video/avi"}, {"video/mpeg", "\x00\x00\x01\xba....", "video/mpeg"}, {"audio/mpeg", "ID3\x04\x00", "audio/mpeg"},
		{"audio/mpeg", "\xff\xfb\x90\x64", "audio/mpeg"}, {"audio/aac", "\xff\xf1\x50\x80", "audio/aac"}, {"audio/ogg", "OggS\x00\x02", "audio/ogg"},
		{"audio/wav", "RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"}, {"application/pdf", "%PDF-1.7", "application/pdf"},
		{"image/jpeg", "GIF89a......", "image/gif"}, {"image/jpeg", "%PDF-1.7", ""}, {"video/mp4", "MZ\x90\x00", ""}, {"audio/mpeg", "\x89PNG\r\n\x1a\n....", ""}, {"image/png", "<svg xmlns=", ""},
	} {
		f, err := w.Direct(t.Context(), w.who, "name", tt.declared, strings.NewReader(tt.head))
		if (err != nil) != (tt.want == "") || f.ContentType != tt.want {
			t.Errorf("%s as %q is %q, %v; want %q", tt.declared, tt.head, f.ContentType, err, tt.want)
		}
	}
	if f, err := w.Direct(t.Context(), w.who, "photo.jpeg", "application/octet-stream", bytes.NewReader(jpeg)); err != nil || f.ContentType != "image/jpeg" || f.Size != int64(len(jpeg)) || f.Filename != "photo.jpeg" {
		t.Errorf("by its name: %+v, %v", f, err)
	}
	_, err := w.Direct(t.Context(), w.who, "a.jpg", "image/jpeg", io.MultiReader(bytes.NewReader(jpeg), io.LimitReader(zeros{}, uploads.MaxDirect)))
	w.refused("more than 25 MB", err, "media.too_large")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestSweep: what is over goes, and nothing else.
func TestSweep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	direct, err := w.Direct(t.Context(), w.who, "a.jpg", "image/jpeg", bytes.NewReader(jpeg))
	if err != nil {
		t.Fatal(err)
	}
	token, kept := w.presign("b.jpg", "image/jpeg", nil)
	if err := w.Receive(t.Context(), token, "image/jpeg", -1, bytes.NewReader(jpeg)); err != nil {
		t.Fatal(err)
	}
	never, _ := w.presign("c.jpg", "image/jpeg", nil)
	key := strings.TrimPrefix(direct.URL, "https://posthorn.test/media/")
	half := filepath.Join(w.dir, filepath.FromSlash(filepath.Dir(kept)), "b.jpg.18d2f0c1a2b3c4d5.tmp")
	other := filepath.Join(w.dir, "notes.tmp")
	for _, path := range []string{half, other} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		long := w.now.Add(-48 * time.Hour)
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	sweep := func() {
		t.Helper()
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sweep()
	if !w.has(key) || !w.has(kept) {
		t.Fatal("it swept too early")
	}
	if _, err := os.Stat(half); !os.IsNotExist(err) {
		t.Errorf("half a file is still there: %v", err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("what is not the store's is gone: %v", err)
	}
	w.advance(26 * time.Hour)
	sweep()
	w.refused("one that was never sent", w.Receive(t.Context(), never, "image/jpeg", -1, bytes.NewReader(jpeg)), "upload.unknown")
	w.advance(7 * 24 * time.Hour)
	sweep()
	if w.has(key) || !w.has(kept) {
		t.Errorf("after a week: the direct one %v, the other %v", w.has(key), w.has(kept))
	}
}

// TestMemory streams a large file, of 200 MB or as many as POSTHORN_TEST_UPLOAD_MB says, and watches the memory.
func TestMemory(t *testing.T) { //nolint:paralleltest // it measures the whole process
	megabytes := int64(200)
	if s := os.Getenv("POSTHORN_TEST_UPLOAD_MB"); s != "" {
		var err error
		if megabytes, err = strconv.ParseInt(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t)
	size := megabytes << 20
	token, key := w.presign("long.mp4", "video/mp4", &size)
	head := "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isom"
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most := uint64(0)
	body := &watched{Reader: io.LimitReader(io.MultiReader(strings.NewReader(head), zeros{}), size), every: size / 50, look: func() {
		runtime.ReadMemStats(&during)
		most = max(most, during.HeapAlloc)
	}}
	if err := w.Receive(t.Context(), token, "video/mp4", size, body); err != nil {
		t.Fatal(err)
	}
	if grown := int64(most) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	} else {
		t.Logf("%d MB: the heap grew by %d KB at most", megabytes, grown>>10)
	}
	if !w.has(key) {
		t.Error("it was not kept")
	}
}

// watched looks now and then while it is read.
type watched struct {
	io.Reader
	every, read, looked int64
	look                func()
}

// Read reads on.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if w.read += int64(n); w.read-w.looked >= w.every {
		w.looked = w.read
		w.look()
	}
	return n, err
}
