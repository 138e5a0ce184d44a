package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/media/mediatest"
	"posthorn/internal/platforms"
)

var filmFit = platforms.Fit{Formats: []string{MP4, QuickTime}, MoovFirst: true, NoEdits: true}

func video(address string) platforms.Media {
	return platforms.Media{Type: platforms.Video, URL: address}
}

// marked is a movie whose media is not all zeros: each chunk begins with its number.
func marked(m mediatest.Movie) []byte {
	b := m.File()
	for i, at := range chunkPlaces(b) {
		copy(b[at:], "chunk"+string(rune('0'+i)))
	}
	return b
}

// chunkPlaces are where a film's chunks lie, by its tables.
func chunkPlaces(file []byte) (places []int64) {
	for name, moov := range boxes(file) {
		if name != "moov" {
			continue
		}
		for name, trak := range boxes(moov) {
			if name != "trak" {
				continue
			}
			for name, b := range boxes(parseTrack(trak).stbl) {
				switch name {
				case "stco":
					places = append(places, int64(binary.BigEndian.Uint32(b[8:])))
				case "co64":
					places = append(places, int64(binary.BigEndian.Uint64(b[8:])))
				}
			}
		}
	}
	return places
}

// What is made of a film is the same film, in a container that fits.
func TestFilmsAreMadeToFit(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]mediatest.Movie{
		"last":             {MoovLast: true},
		"last, with gaps":  {MoovLast: true, Free: 500},
		"trimmed":          {Edits: "trim"},
		"trimmed and last": {Edits: "trim", MoovLast: true, Brand: "qt  "},
		"located":          {Place: true},
		"all at once":      {Edits: "trim", MoovLast: true, Place: true, Free: 100, Rotation: 90},
		"without sound":    {AudioCodec: "-", MoovLast: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := marked(m)
			for kind, serve := range map[string]http.HandlerFunc{
				"in parts": func(w http.ResponseWriter, r *http.Request) {
					http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
				},
				"whole": func(w http.ResponseWriter, _ *http.Request) { w.Write(file) },
			} {
				s := newSource(t)
				before, err := describe(t.Context(), bytesFile(file))
				if err != nil {
					t.Fatal(err)
				}
				address, err := s.URL(t.Context(), video(handle(t, serve)), filmFit)
				key, ours := s.files.Store.KeyOf(address)
				if err != nil || !ours {
					t.Fatalf("%s: %s, %v", kind, address, err)
				}
				r, err := s.files.Store.open(t.Context(), key)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				r.Close()
				if err != nil {
					t.Fatal(err)
				}
				after, err := describe(t.Context(), bytesFile(got))
				if err != nil {
					t.Fatal(err)
				}
				if after.Film.MoovLast || after.Film.Trimmed || after.Film.Cut || after.Film.Located || bytes.Contains(got, []byte("+52.5200")) {
					t.Errorf("%s: %+v", kind, after)
				}
				before.Film.MoovLast, before.Film.Trimmed, before.Film.Located = false, false, false
				before.Size, before.Film.BitRate, after.Size, after.Film.BitRate = 0, 0, 0, 0
				if after != before {
					t.Errorf("%s:\n got %+v\nwant %+v", kind, after, before)
				}
				places := chunkPlaces(got)
				if want := len(chunkPlaces(file)); len(places) != want {
					t.Fatalf("%s: %d chunks, want %d", kind, len(places), want)
				}
				for i, at := range places {
					if word := "chunk" + string(rune('0'+i)); string(got[at:at+6]) != word {
						t.Errorf("%s: at %d lies %q, want %q", kind, at, got[at:at+6], word)
					}
				}
			}
		})
	}
}

// Pictures are shown when they were to be shown before, now without an edit list that says so.
func TestTrimsAreTakenIntoTheTables(t *testing.T) {
	t.Parallel()
	file := mediatest.Movie{Edits: "trim"}.File()
	r, err := remuxed(t.Context(), bytesFile(file), filmFit)
	if err != nil {
		t.Fatal(err)
	}
	var offsets []int32
	for name, moov := range boxes(append(r.head, make([]byte, 0)...)) {
		if name != "moov" {
			continue
		}
		for name, trak := range boxes(moov) {
			if name == "trak" {
				for name, b := range boxes(parseTrack(trak).stbl) {
					if name == "ctts" {
						offsets = append(offsets, int32(b[0]), int32(binary.BigEndian.Uint32(b[12:])))
					}
				}
			}
		}
	}
	if len(offsets) != 2 || offsets[0] != 1 || offsets[1] != 0 {
		t.Errorf("version and offset %v, want 1 and 0", offsets)
	}
	b := binary.BigEndian.AppendUint32([]byte("\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x05\x00\x00\x00\x01"), 50)
	got, err := shifted(b, 20)
	if err != nil || int32(binary.BigEndian.Uint32(got[20:])) != -15 || binary.BigEndian.Uint32(got[28:]) != 30 || got[8] != 1 {
		t.Errorf("%x, %v", got, err)
	}
}

// A film that fits is not touched, and neither is one whose cuts are meant; both are left where they are.
func TestFilmsThatFitStay(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{"plain": mediatest.Movie{}.File(), "cut": mediatest.Movie{Edits: "cut"}.File(), "pieces": mediatest.Movie{Fragmented: true, Place: true}.File(),
		"odd": append(mediatest.Movie{MoovLast: true}.File(), "\x00\x00\x00\x03odd!"...)}
	f := newFar(t, files)
	s := newSource(t)
	for name := range files {
		if got, err := s.URL(t.Context(), video(f.URL+"/"+name), filmFit); err != nil || got != f.URL+"/"+name {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// Bluesky is sent the bytes themselves: they fit too, and their number is right.
func TestFilmsAreOpenedFitted(t *testing.T) {
	t.Parallel()
	file := marked(mediatest.Movie{Place: true, MoovLast: true})
	f := newFar(t, map[string][]byte{"a.mp4": file})
	s := newSource(t)
	got, err := s.Open(t.Context(), video(f.URL+"/a.mp4"), platforms.Fit{Formats: []string{MP4}})
	if err != nil {
		t.Fatal(err)
	}
	if got.MIME != MP4 || got.Width != 1080 || got.Height != 1920 {
		t.Errorf("%+v", got)
	}
	if b := read(t, got); bytes.Contains(b, []byte("+52.5200")) || !bytes.Contains(b, []byte("chunk0")) {
		t.Error("the place is still told, or the film is not there")
	}
}

// A film is copied once, however many ask, and whoever does not wait finds it there later.
func TestFilmsAreMadeOnce(t *testing.T) {
	t.Parallel()
	reel := mediatest.Movie{MoovLast: true, Bytes: 8 << 20}.Make()
	var sent atomic.Int64
	free := make(chan struct{})
	address := handle(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"reel"`)
		if r.Header.Get("Range") != "" && !strings.HasPrefix(r.Header.Get("Range"), "bytes=0-") && !strings.HasSuffix(r.Header.Get("Range"), "-") {
			<-free
		}
		http.ServeContent(counting{w, &sent}, r, "reel.mp4", time.Time{}, reel.Again())
	})
	d := newDesk(t, newStore(t))
	s := NewSource(openClient(), d.Uploads)
	close(free)
	if _, err := s.URL(t.Context(), video(address), filmFit); err != nil {
		t.Fatal(err)
	}
	sent.Store(0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.URL(t.Context(), video(address), filmFit); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if sent.Load() > 8<<20 {
		t.Errorf("%d bytes were read again", sent.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	other := NewSource(openClient(), newDesk(t, newStore(t)).Uploads)
	info, err := other.prober.Probe(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := other.filmURL(ctx, address, info, filmFit); platforms.AsError(err).Kind != platforms.NotReady {
		t.Errorf("whoever cannot wait got %v", err)
	}
	for try := 0; ; try++ { // it goes on all the same
		got, err := other.URL(t.Context(), video(address), filmFit)
		if err == nil && got != address {
			break
		}
		if try == 5 {
			t.Fatalf("%s, %v", got, err)
		}
	}
	if d.files() != 1 {
		t.Errorf("%d files are kept", d.files())
	}
}

// What cannot be made to fit is found out, and nothing breaks.
func FuzzRemux(f *testing.F) {
	for _, m := range []mediatest.Movie{{MoovLast: true}, {Edits: "trim"}, {Place: true, Free: 9}, {Brand: "qt  ", Rotation: 90}} {
		m.Seconds = 0.5
		f.Add(m.File())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := remuxed(t.Context(), bytesFile(b), filmFit)
		if err != nil {
			return
		}
		got, err := io.ReadAll(r.reader(t.Context(), func(_ context.Context, at, n int64) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(b[at : at+n])), nil
		}))
		if err != nil || int64(len(got)) != r.size {
			t.Errorf("%d bytes, want %d, %v", len(got), r.size, err)
		}
		if info, err := describe(t.Context(), bytesFile(got)); err == nil && info.Film.MoovLast {
			t.Error("it is still last")
		}
	})
}
