package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/media/mediatest"
	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
)

var jpegOnly = platforms.Fit{Formats: []string{JPEG}, MaxBytes: 8 << 20, MaxWidth: 1440}

// fromStore reads what lies at a public address of the store.
func fromStore(t *testing.T, s *Source, address string) []byte {
	t.Helper()
	key, ok := strings.CutPrefix(address, s.files.Store.URL(""))
	if !ok {
		t.Fatalf("%s is not an address of the store", address)
	}
	r, err := s.files.Store.open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decoded(t *testing.T, b []byte, format string) image.Image {
	t.Helper()
	img, got, err := image.Decode(bytes.NewReader(b))
	if err != nil || got != format {
		t.Fatalf("decoded as %q: %v; want %s", got, err, format)
	}
	return img
}

// near reports whether a pixel has about that colour; JPEG is never exact.
func near(c color.Color, want color.RGBA) bool {
	r, g, b, _ := c.RGBA()
	off := func(a uint32, b uint8) bool { d := int(a>>8) - int(b); return d < -40 || d > 40 }
	return !off(r, want.R) && !off(g, want.G) && !off(b, want.B)
}

func TestURLKeepsWhatFits(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string][]byte{"a.jpg": withSegments(jpegOf(t, quarters(40, 20)), segment(0xfe, "a comment")), "a.png": pngOf(t, quarters(40, 20)), "a.mp4": mediatest.Movie{}.File()})
	s := newSource(t)
	for name, c := range map[string]struct {
		m     platforms.Media
		fit   platforms.Fit
		calls int32
	}{
		"fits":          {item(f.URL + "/a.jpg"), jpegOnly, 1},
		"nothing asked": {item(f.URL + "/a.png"), platforms.Fit{}, 0},
		"video":         {platforms.Media{Type: platforms.Video, URL: f.URL + "/a.mp4"}, jpegOnly, 1},
		"film unnamed":  {item(f.URL + "/a.mp4"), jpegOnly, 1},
	} {
		before := f.calls.Load()
		got, err := s.URL(t.Context(), c.m, c.fit)
		if err != nil || got != c.m.URL {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if n := f.calls.Load() - before; n != c.calls {
			t.Errorf("%s: %d calls, want %d", name, n, c.calls)
		}
	}
}

// All eight orientations end as the same picture, upright.
func TestOrientations(t *testing.T) {
	t.Parallel()
	upright := quarters(64, 32)
	files := map[string][]byte{}
	for o := 1; o <= 8; o++ {
		// stored is the picture as a camera held that way stores it: the inverse of what is to be applied. 6 and 8 undo each other.
		inverse := map[int]int{6: 8, 8: 6}[o]
		if inverse == 0 {
			inverse = o
		}
		stored := oriented(upright, inverse)
		files[fmt.Sprintf("%d.jpg", o)] = withEXIF(jpegOf(t, stored), o)
		files[fmt.Sprintf("%d.png", o)] = withChunk(pngOf(t, stored), "eXIf", tiff(binary.LittleEndian, o))
	}
	f := newFar(t, files)
	s := newSource(t)
	for name := range files {
		file, err := s.Open(t.Context(), item(f.URL+"/"+name), platforms.Fit{Formats: []string{JPEG}, MaxBytes: 1 << 20})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b := read(t, file)
		img := decoded(t, b, "jpeg")
		if img.Bounds().Dx() != 64 || img.Bounds().Dy() != 32 || file.Width != 64 || file.Height != 32 {
			t.Errorf("%s: %v, told as %dx%d", name, img.Bounds(), file.Width, file.Height)
			continue
		}
		for _, p := range []image.Point{{8, 8}, {56, 8}, {8, 24}, {56, 24}} {
			if !near(img.At(p.X, p.Y), upright.RGBAAt(p.X, p.Y)) {
				t.Errorf("%s: at %v is %v, want %v", name, p, img.At(p.X, p.Y), upright.RGBAAt(p.X, p.Y))
			}
		}
		if bytes.Contains(b, []byte("GPSSECRET")) {
			t.Errorf("%s: still tells the place", name)
		}
	}
}

// By hand, so that the code is not judged by itself: orientation 6 is stored with its top to the left.
func TestOrientationSix(t *testing.T) {
	t.Parallel()
	img := oriented(quarters(20, 10), 6)
	if img.Bounds() != image.Rect(0, 0, 10, 20) {
		t.Fatalf("bounds %v", img.Bounds())
	}
	for p, want := range map[image.Point]color.RGBA{
		{1, 1}: {0, 0, 255, 255}, {8, 1}: {255, 0, 0, 255}, {1, 18}: {255, 255, 255, 255}, {8, 18}: {0, 255, 0, 255},
	} {
		if img.At(p.X, p.Y) != want {
			t.Errorf("at %v is %v, want %v", p, img.At(p.X, p.Y), want)
		}
	}
}

func TestConversions(t *testing.T) {
	t.Parallel()
	clear := image.NewNRGBA(image.Rect(0, 0, 40, 20)) // transparent black
	wide := jpegOf(t, quarters(2000, 500))
	f := newFar(t, map[string][]byte{
		"clear.png": pngOf(t, clear), "wide.jpg": wide, "turned.jpg": withEXIF(wide, 6), "noise.jpg": jpegOf(t, noise(400, 400)),
		"a.webp": webp1(), "still.gif": gifOf(t, 1),
	})
	for name, c := range map[string]struct {
		file          string
		fit           platforms.Fit
		format        string
		width, height int
		corner        color.RGBA
	}{
		"transparent to white": {"clear.png", jpegOnly, "jpeg", 40, 20, color.RGBA{255, 255, 255, 255}},
		"too wide":             {"wide.jpg", jpegOnly, "jpeg", 1440, 360, color.RGBA{255, 0, 0, 255}},
		"turned and not wide":  {"turned.jpg", platforms.Fit{Formats: []string{JPEG}, MaxWidth: 400}, "jpeg", 400, 1600, color.RGBA{0, 0, 255, 255}},
		"any format, narrower": {"wide.jpg", platforms.Fit{MaxWidth: 100}, "jpeg", 100, 25, color.RGBA{255, 0, 0, 255}},
		"png stays png":        {"clear.png", platforms.Fit{MaxWidth: 20}, "png", 20, 10, color.RGBA{}},
		"second format":        {"wide.jpg", platforms.Fit{Formats: []string{WebP, PNG}, MaxWidth: 200}, "png", 200, 50, color.RGBA{255, 0, 0, 255}},
		"webp":                 {"a.webp", jpegOnly, "jpeg", 1, 1, color.RGBA{}},
		"gif that stands":      {"still.gif", jpegOnly, "jpeg", 30, 20, color.RGBA{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSource(t)
			address, err := s.URL(t.Context(), item(f.URL+"/"+c.file), c.fit)
			if err != nil {
				t.Fatal(err)
			}
			b := fromStore(t, s, address)
			img := decoded(t, b, c.format)
			if img.Bounds().Dx() != c.width || img.Bounds().Dy() != c.height {
				t.Errorf("bounds %v, want %dx%d", img.Bounds(), c.width, c.height)
			}
			if c.file != "a.webp" && !near(img.At(c.width/8, c.height/8), c.corner) {
				t.Errorf("the corner is %v, want %v", img.At(c.width/8, c.height/8), c.corner)
			}
		})
	}
}

func TestByteLimit(t *testing.T) {
	t.Parallel()
	for _, format := range []string{JPEG, PNG} {
		for _, limit := range []int64{60_000, 20_000} {
			out, err := convert(pngOf(t, noise(300, 300)), format, "", platforms.Fit{MaxBytes: limit})
			if err != nil || int64(len(out.bytes)) > limit || out.width > 300 || out.width < minSide {
				t.Errorf("%s within %d: %v, %+v", format, limit, err, out)
			}
		}
		_, err := convert(pngOf(t, noise(300, 300)), format, "", platforms.Fit{MaxBytes: 100})
		wantFault(t, err, RuleTooLarge, false)
	}
}

func TestColourProfileStays(t *testing.T) {
	t.Parallel()
	profile := append(make([]byte, 16), "RGB "...)
	profile = append(profile, bytes.Repeat([]byte("p"), 100_000)...)
	file := withProfile(jpegOf(t, quarters(64, 64)), profile)
	out, err := convert(file, JPEG, "", platforms.Fit{MaxWidth: 32})
	if err != nil {
		t.Fatal(err)
	}
	decoded(t, out.bytes, "jpeg")
	if !bytes.Equal(profileOf(JPEG, out.bytes), profile) {
		t.Error("the profile did not stay")
	}
	copy(profile[16:], "CMYK")
	if profileOf(JPEG, withProfile(jpegOf(t, quarters(8, 8)), profile)) != nil {
		t.Error("a profile for CMYK is taken along")
	}
}

func TestOpenStripsMetadata(t *testing.T) {
	t.Parallel()
	photo := jpegOf(t, quarters(40, 20))
	files := map[string][]byte{
		"exif.jpg":    withEXIF(photo, 1),
		"all.jpg":     withSegments(photo, segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00GPSSECRET"), segment(0xed, "Photoshop 3.0\x00GPSSECRET"), segment(0xfe, "GPSSECRET")),
		"behind.jpg":  append(withEXIF(photo, 1), withEXIF(photo, 1)...),
		"a.png":       withChunk(withChunk(pngOf(t, quarters(40, 20)), "tEXt", []byte("Comment\x00GPSSECRET")), "eXIf", tiff(binary.BigEndian, 1)),
		"a.webp":      webpExtended(webpEXIF, tiff(binary.LittleEndian, 1)),
		"nothing.jpg": photo,
	}
	f := newFar(t, files)
	s := newSource(t)
	fit := platforms.Fit{Formats: []string{JPEG, PNG, WebP}, MaxBytes: 1 << 20}
	for name, original := range files {
		file, err := s.Open(t.Context(), item(f.URL+"/"+name), fit)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b := read(t, file)
		if bytes.Contains(b, []byte("GPSSECRET")) {
			t.Errorf("%s: still tells the place", name)
		}
		got, want := decoded(t, b, strings.TrimPrefix(file.MIME, "image/")), decoded(t, original, strings.TrimPrefix(file.MIME, "image/"))
		if got.Bounds() != want.Bounds() || got.At(3, 3) != want.At(3, 3) || file.Width != want.Bounds().Dx() {
			t.Errorf("%s: the picture changed", name)
		}
		if strings.HasSuffix(name, ".jpg") && !bytes.Equal(b, photo) {
			t.Errorf("%s: %d bytes, want the %d of the plain photo", name, len(b), len(photo))
		}
	}
}

func TestOpenStreams(t *testing.T) {
	t.Parallel()
	clip := mediatest.Movie{MoovLast: true, Free: 2 << 20}.File()
	photo := withEXIF(jpegOf(t, quarters(40, 20)), 6)
	f := newFar(t, map[string][]byte{"a.mp4": clip, "a.jpg": photo})
	unknown := handle(t, func(w http.ResponseWriter, r *http.Request) { chunked(w, r, clip) })
	s := newSource(t)
	for address, c := range map[string]struct {
		fit  platforms.Fit
		mime string
		want []byte
	}{
		f.URL + "/a.mp4": {jpegOnly, MP4, clip},
		unknown:          {jpegOnly, MP4, clip},
		f.URL + "/a.jpg": {platforms.Fit{}, JPEG, photo},
	} {
		file, err := s.Open(t.Context(), item(address), c.fit)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if b := read(t, file); !bytes.Equal(b, c.want) || file.MIME != c.mime {
			t.Errorf("%s: %d bytes of %s, want %d of %s", address, len(b), file.MIME, len(c.want), c.mime)
		}
	}
}

// TestSkipAsksForTheRest skips most of a film: a server that gives parts sends what comes after and nothing else, and one that does not, or whose file has
// changed meanwhile, gives no wrong bytes.
func TestSkipAsksForTheRest(t *testing.T) {
	t.Parallel()
	clip := mediatest.Movie{Free: 8 << 20}.File()
	at := int64(len(clip)) - 1000
	var sent atomic.Int64
	serve := func(parts bool, tags ...string) string {
		n := 0
		return handle(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"`+tags[min(n, len(tags)-1)]+`"`)
			n++
			if !parts {
				r.Header.Del("Range")
			}
			http.ServeContent(counted{w, &sent}, r, "a.mp4", time.Time{}, bytes.NewReader(clip))
		})
	}
	s := newSource(t)
	for name, c := range map[string]struct {
		address string
		least   bool
		fails   bool
	}{
		"parts": {serve(true, "one"), true, false}, "no parts": {serve(false, "one"), false, false}, "another file": {serve(true, "one", "two"), true, true},
	} {
		file, err := s.Open(t.Context(), platforms.Media{Type: platforms.Video, URL: c.address}, platforms.Fit{})
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Skip(100); err != nil { // too little to ask anew
			t.Errorf("%s: %v", name, err)
		}
		sent.Store(0)
		err = file.Skip(at - 100)
		if c.fails {
			if e := platforms.AsError(err); e == nil || e.Kind != platforms.Unavailable {
				t.Errorf("%s: %v", name, err)
			}
			file.Body.Close()
			continue
		}
		var rest bytes.Buffer
		_, errRead := rest.ReadFrom(file.Body)
		if file.Body.Close(); err != nil || errRead != nil || !bytes.Equal(rest.Bytes(), clip[at:]) {
			t.Errorf("%s: %d bytes, want %d; %v, %v", name, rest.Len(), len(clip)-int(at), err, errRead)
		}
		if n := sent.Load(); c.least && n > 3<<20 { // what was under way on the first connection
			t.Errorf("%s: the server sent %d bytes for the last 1000", name, n)
		}
	}
}

// counted counts what a server sends.
type counted struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.n.Add(int64(n))
	return n, err
}

func TestTemporaryFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	clip := mediatest.Movie{MoovLast: true, Free: 200 << 10}.File()
	unknown := handle(t, func(w http.ResponseWriter, r *http.Request) { chunked(w, r, clip) })
	f := newFar(t, map[string][]byte{"a.png": pngOf(t, quarters(40, 20)), "a.jpg": jpegOf(t, quarters(40, 20)), "moving.gif": gifOf(t, 2)})
	s := newSource(t)
	for _, address := range []string{unknown, f.URL + "/a.png", f.URL + "/a.jpg", f.URL + "/moving.gif"} {
		if file, err := s.Open(t.Context(), item(address), jpegOnly); err == nil {
			read(t, file)
		}
		s.URL(t.Context(), item(address), jpegOnly)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestSourceErrors(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string][]byte{
		"huge.png": hugePNG(t, 20_000, 20_000), "moving.gif": gifOf(t, 2), "page.jpg": []byte("<html><title>Log in</title>"),
		"cut.jpg": jpegOf(t, quarters(400, 400))[:3000], "a.jpg": jpegOf(t, quarters(4, 4)), "heic.jpg": []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
	})
	large := handle(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(maxImage+1))
		w.Write(append(pngOf(t, quarters(4, 4)), make([]byte, 2*firstLook)...))
	})
	down := handle(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	for address, c := range map[string]struct {
		kind platforms.Kind
		rule string
		fit  platforms.Fit
	}{
		f.URL + "/huge.png":   {platforms.Rejected, RuleTooManyPixels, jpegOnly},
		f.URL + "/moving.gif": {platforms.Rejected, RuleAnimated, jpegOnly},
		f.URL + "/page.jpg":   {platforms.Rejected, RuleNotMedia, jpegOnly},
		f.URL + "/cut.jpg":    {platforms.Rejected, RuleUnsupported, platforms.Fit{Formats: []string{PNG}}},
		f.URL + "/gone.jpg":   {platforms.Rejected, RuleNotFound, jpegOnly},
		f.URL + "/a.jpg":      {platforms.Rejected, RuleUnsupported, platforms.Fit{Formats: []string{AVIF}}},
		f.URL + "/heic.jpg":   {platforms.Rejected, RuleUnsupported, jpegOnly},
		large:                 {platforms.Rejected, RuleTooLarge, jpegOnly},
		down:                  {platforms.Unavailable, RuleUnreachable, jpegOnly},
		"nonsense":            {platforms.Rejected, RuleBadURL, jpegOnly},
	} {
		s := newSource(t)
		_, errURL := s.URL(t.Context(), item(address), c.fit)
		_, errOpen := s.Open(t.Context(), item(address), c.fit)
		for _, err := range []error{errURL, errOpen} {
			var e *platforms.Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.Rule != c.rule || e.Category != platforms.UserContent || e.Message == "" || e.Remediation == "" {
				t.Errorf("%s: got %#v, want %s %s", address, err, c.kind, c.rule)
			}
		}
	}
	s := NewSource(outbound.NewGuarded(outbound.Options{}), newDesk(t, newStore(t)).Uploads)
	_, err := s.Open(t.Context(), item(f.URL+"/a.jpg"), jpegOnly)
	if e := platforms.AsError(err); e.Rule != RulePrivateAddress || e.Kind != platforms.Rejected {
		t.Errorf("private address: %v", err)
	}
}

// Many that ask at the same time for the same image get the same address, and it is made once.
func TestMadeOnce(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string][]byte{"a.png": pngOf(t, quarters(200, 200)), "same.png": pngOf(t, quarters(200, 200))})
	s := newSource(t)
	var mu sync.Mutex
	addresses := map[string]int{}
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			got, err := s.URL(t.Context(), item(f.URL+[]string{"/a.png", "/same.png"}[i%2]), jpegOnly)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			addresses[got]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if len(addresses) != 1 {
		t.Fatalf("addresses %v, want one", addresses)
	}
	for address := range addresses {
		if !strings.HasPrefix(address, "https://pub.example/media/fit/") || !strings.HasSuffix(address, ".jpg") {
			t.Errorf("address %s", address)
		}
		key := strings.TrimPrefix(address, s.files.Store.URL(""))
		// What was made is not made again: the mark put in its place is what comes back.
		if err := s.files.Store.Put(t.Context(), key, JPEG, bytes.NewReader(jpegOf(t, quarters(3, 3)))); err != nil {
			t.Fatal(err)
		}
		file, err := s.Open(t.Context(), item(f.URL+"/a.png"), jpegOnly)
		if err != nil || file.Width != 3 {
			t.Errorf("made anew: %+v, %v", file, err)
		}
		read(t, file)
	}
	other, err := s.URL(t.Context(), item(f.URL+"/a.png"), platforms.Fit{Formats: []string{JPEG}, MaxWidth: 100})
	if err != nil || addresses[other] > 0 {
		t.Errorf("another fit has the same address: %s, %v", other, err)
	}
}

// While all places are taken, a caller waits no longer than its context.
func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string][]byte{"a.png": pngOf(t, quarters(20, 20))})
	s := newSource(t)
	for range conversions {
		release, err := s.slot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer release()
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for f.calls.Load() < 2 { // the probe and the download
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	_, err := s.URL(ctx, item(f.URL+"/a.png"), jpegOnly)
	if e := platforms.AsError(err); err == nil || e.Kind != platforms.Unavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Unavailable around the cancellation", err)
	}
}
