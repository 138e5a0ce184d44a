package media

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/media/mediatest"
	"posthorn/internal/platforms"
)

// A specimen is a file of the corpus with what must be found in it; rule is the fault of one that cannot be used.
type specimen struct {
	file []byte
	want Info
	rule string
}

// corpus are files of every kind that users send, and some that nobody should.
func corpus(t testing.TB) map[string]specimen {
	t.Helper()
	photo := jpegOf(t, quarters(40, 20))
	pic := func(mime string, w, h int, p platforms.Picture) Info {
		if p.Colours == "" {
			p.Colours = platforms.RGB
		}
		if p.Orientation == 0 {
			p.Orientation = 1
		}
		return Info{MIME: mime, Width: w, Height: h, Picture: p}
	}
	tagged := func(i Info) Info { i.Tagged = true; return i }
	list := map[string]specimen{
		"plain.jpg":     {file: photo, want: pic(JPEG, 40, 20, platforms.Picture{})},
		"long-head.jpg": {file: withSegments(photo, bytes.Repeat(segment(0xe2, strings.Repeat("x", 60000)), 5)), want: tagged(pic(JPEG, 40, 20, platforms.Picture{}))},
		"grey.jpg":      {file: jpegOf(t, image.NewGray(image.Rect(0, 0, 40, 20))), want: pic(JPEG, 40, 20, platforms.Picture{Colours: platforms.Grey})},
		"cmyk.jpg":      {file: cmykJPEG(), want: pic(JPEG, 16, 16, platforms.Picture{Colours: platforms.CMYK})},
		"adobe.jpg":     {file: withSegments(cmykJPEG(), segment(0xee, "Adobe\x00\x64\x00\x00\x00\x00\x00")), want: pic(JPEG, 16, 16, platforms.Picture{Colours: platforms.CMYK})},
		"located.jpg":   {file: withEXIFPlace(photo), want: tagged(pic(JPEG, 40, 20, platforms.Picture{Located: true}))},
		"plain.png":     {file: pngOf(t, quarters(40, 20)), want: pic(PNG, 40, 20, platforms.Picture{})},
		"grey.png":      {file: pngOf(t, image.NewGray(image.Rect(0, 0, 40, 20))), want: pic(PNG, 40, 20, platforms.Picture{Colours: platforms.Grey})},
		"turned.png":    {file: withChunk(pngOf(t, quarters(40, 20)), "eXIf", tiff(binary.LittleEndian, 8)), want: tagged(pic(PNG, 20, 40, platforms.Picture{Orientation: 8}))},
		"moving.png":    {file: withChunk(pngOf(t, quarters(40, 20)), "acTL", make([]byte, 8)), want: pic(PNG, 40, 20, platforms.Picture{Animated: true})},
		"huge.png":      {file: hugePNG(t, 20_000, 20_000), want: pic(PNG, 20_000, 20_000, platforms.Picture{})},
		"still.gif":     {file: gifOf(t, 1), want: pic(GIF, 30, 20, platforms.Picture{})},
		"moving.gif":    {file: gifOf(t, 3), want: pic(GIF, 30, 20, platforms.Picture{Animated: true})},
		"plain.webp":    {file: webp1(), want: pic(WebP, 1, 1, platforms.Picture{})},
		"moving.webp":   {file: webpExtended(webpAnimation, nil), want: pic(WebP, 1, 1, platforms.Picture{Animated: true})},
		"plain.heic":    {file: heif("heic", 4032, 3024, 0), want: Info{MIME: HEIC, Width: 4032, Height: 3024}},
		"turned.heic":   {file: heif("heic", 4032, 3024, 1), want: Info{MIME: HEIC, Width: 3024, Height: 4032}},
		"plain.avif":    {file: heif("avif", 640, 480, 0), want: Info{MIME: AVIF, Width: 640, Height: 480}},
		"plain.pdf":     {file: []byte("%PDF-1.7 ..."), want: Info{MIME: PDF}},
		"plain.webm":    {file: webmFile(), want: Info{MIME: WebM, Width: 640, Height: 360, Duration: 12 * time.Second, Film: platforms.Film{VideoCodec: "vp9", FrameRate: 25, AudioCodec: "opus", AudioChannels: 2, AudioRate: 48000}}},
		"plain.avi":     {file: []byte("RIFF\x00\x00\x00\x00AVI LIST...."), want: Info{MIME: AVI}},
		"polyglot.jpg":  {file: append(bytes.Clone(photo), "<script>alert(1)</script>PK\x03\x04"...), want: pic(JPEG, 40, 20, platforms.Picture{})},
		"wrong.mp4":     {file: photo, want: pic(JPEG, 40, 20, platforms.Picture{})},
		"empty.jpg":     {rule: RuleUnsupported},
		"text.jpg":      {file: []byte("not a picture"), rule: RuleUnsupported},
		"bomb.zip":      {file: append([]byte("PK\x03\x04"), make([]byte, 1000)...), rule: RuleUnsupported},
		"page.jpg":      {file: []byte("<!doctype html><title>Sign in</title>"), rule: RuleNotMedia},
		"svg.svg":       {file: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), rule: RuleUnsupported},
		"cut.jpg":       {file: photo[:30], rule: RuleUnsupported},
		"cut.png":       {file: pngOf(t, quarters(40, 20))[:20], rule: RuleUnsupported},
		"sound.mp3":     {file: []byte("ID3\x04\x00\x00"), rule: RuleUnsupported},
		"cut.mp4":       {file: mediatest.Movie{NoMoov: true}.File(), rule: RuleUnsupported},
		"stub.mp4":      {file: []byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isomiso2"), rule: RuleUnsupported},
		"odd.mp4":       {file: []byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isomiso2\x00\x00\x00\x04moov"), rule: RuleUnsupported},
	}
	for o := 2; o <= 8; o++ {
		w, h := 40, 20
		if o >= 5 {
			w, h = h, w
		}
		list[fmt.Sprintf("turned%d.jpg", o)] = specimen{file: withEXIF(photo, o), want: tagged(pic(JPEG, w, h, platforms.Picture{Orientation: o}))}
	}
	plain := platforms.Film{VideoCodec: H264, FrameRate: 30, VideoBitRate: 1920, Chroma: "4:2:0", AudioCodec: AACCodec, AudioChannels: 2, AudioRate: 48000, AudioBitRate: 6000}
	for name, c := range map[string]struct {
		m    mediatest.Movie
		mime string
		but  func(i *Info)
	}{
		"plain.mp4":      {mediatest.Movie{}, MP4, nil},
		"plain.mov":      {mediatest.Movie{Brand: "qt  "}, QuickTime, nil},
		"last.mp4":       {mediatest.Movie{MoovLast: true}, MP4, func(i *Info) { i.Film.MoovLast = true }},
		"far.mp4":        {mediatest.Movie{MoovLast: true, Free: 3 << 20}, MP4, func(i *Info) { i.Film.MoovLast = true }},
		"turned90.mov":   {mediatest.Movie{Brand: "qt  ", Rotation: 90}, QuickTime, func(i *Info) { i.Film.Rotation = 90 }},
		"turned180.mp4":  {mediatest.Movie{Rotation: 180}, MP4, func(i *Info) { i.Film.Rotation = 180 }},
		"turned270.mp4":  {mediatest.Movie{Rotation: 270}, MP4, func(i *Info) { i.Film.Rotation = 270 }},
		"trimmed.mp4":    {mediatest.Movie{Edits: "trim"}, MP4, func(i *Info) { i.Film.Trimmed = true }},
		"edited.mp4":     {mediatest.Movie{Edits: "cut"}, MP4, func(i *Info) { i.Film.Cut = true }},
		"delayed.mp4":    {mediatest.Movie{Edits: "delay"}, MP4, func(i *Info) { i.Film.Cut = true }},
		"variable.mp4":   {mediatest.Movie{Variable: true}, MP4, func(i *Info) { i.Film.Variable = true }},
		"hevc.mp4":       {mediatest.Movie{VideoCodec: "hvc1"}, MP4, func(i *Info) { i.Film.VideoCodec = HEVC }},
		"hev1.mp4":       {mediatest.Movie{VideoCodec: "hev1", Chroma: 2}, MP4, func(i *Info) { i.Film.VideoCodec, i.Film.Chroma = HEVC, "4:2:2" }},
		"av1.mp4":        {mediatest.Movie{VideoCodec: "av01"}, MP4, func(i *Info) { i.Film.VideoCodec, i.Film.Chroma = "av1", "" }},
		"prores.mov":     {mediatest.Movie{Brand: "qt  ", VideoCodec: "apcn"}, QuickTime, func(i *Info) { i.Film.VideoCodec, i.Film.Chroma = "prores", "" }},
		"422.mp4":        {mediatest.Movie{Chroma: 2, Profile: 122}, MP4, func(i *Info) { i.Film.Chroma = "4:2:2" }},
		"baseline.mp4":   {mediatest.Movie{Profile: 66}, MP4, nil},
		"interlaced.mp4": {mediatest.Movie{Interlaced: true}, MP4, func(i *Info) { i.Film.Interlaced = true }},
		"60fps.mp4":      {mediatest.Movie{FPS: 60}, MP4, func(i *Info) { i.Film.FrameRate, i.Film.VideoBitRate = 60, 3840 }},
		"24fps.mp4":      {mediatest.Movie{FPS: 24}, MP4, func(i *Info) { i.Film.FrameRate, i.Film.VideoBitRate = 24, 1536 }},
		"5.1.mp4":        {mediatest.Movie{Channels: 6}, MP4, func(i *Info) { i.Film.AudioChannels = 6 }},
		"mono.mp4":       {mediatest.Movie{Channels: 1, Rate: 44100}, MP4, func(i *Info) { i.Film.AudioChannels, i.Film.AudioRate, i.Film.AudioBitRate = 1, 44100, 5513 }},
		"ac3.mp4":        {mediatest.Movie{AudioCodec: "ac-3"}, MP4, func(i *Info) { i.Film.AudioCodec = "ac3" }},
		"silent.mp4": {mediatest.Movie{AudioCodec: "-"}, MP4, func(i *Info) {
			i.Film.AudioCodec, i.Film.AudioChannels, i.Film.AudioRate, i.Film.AudioBitRate = "", 0, 0, 0
		}},
		"located.mp4":   {mediatest.Movie{Place: true}, MP4, func(i *Info) { i.Film.Located = true }},
		"fragments.mp4": {mediatest.Movie{Fragmented: true}, MP4, func(i *Info) { i.Film.Fragmented = true }},
		"wide-mdat.mp4": {mediatest.Movie{MoovLast: true, Bytes: 200 << 10}, MP4, func(i *Info) { i.Film.MoovLast, i.Film.VideoBitRate = true, 0 }},
		"quarter-s.mp4": {mediatest.Movie{Seconds: 0.25}, MP4, func(i *Info) { i.Duration = 250 * time.Millisecond }},
		"an-hour.mp4":   {mediatest.Movie{Seconds: 3600, FPS: 25}, MP4, func(i *Info) { i.Duration, i.Film.FrameRate, i.Film.VideoBitRate = time.Hour, 25, 1600 }},
		"landscape.mp4": {mediatest.Movie{Width: 1920, Height: 1080}, MP4, func(i *Info) { i.Width, i.Height = 1920, 1080 }},
		"sound-only.mp4": {mediatest.Movie{VideoCodec: "-"}, MP4, func(i *Info) {
			i.Width, i.Height, i.Film = 0, 0, platforms.Film{AudioCodec: AACCodec, AudioChannels: 2, AudioRate: 48000}
		}},
	} {
		i := Info{MIME: c.mime, Width: 1080, Height: 1920, Duration: 10 * time.Second, Film: plain}
		if c.but != nil {
			c.but(&i)
		}
		list[name] = specimen{file: c.m.File(), want: i}
	}
	return list
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	list := corpus(t)
	files := map[string][]byte{}
	for name, s := range list {
		files[name] = s.file
	}
	f := newFar(t, files)
	p := Prober{Client: openClient()}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(list)) {
		s := list[name]
		total += len(s.file)
		got, err := p.Probe(t.Context(), f.URL+"/"+name)
		var fault *Fault
		switch errors.As(err, &fault); {
		case s.rule != "":
			if fault == nil || fault.Rule != s.rule || fault.Temporary || fault.Remediation == "" {
				t.Errorf("%s: %+v, %v; want %s", name, got, err, s.rule)
			}
			continue
		case err != nil:
			t.Errorf("%s: %v", name, err)
			continue
		}
		s.want.Size = int64(len(s.file))
		if d := s.want.Duration.Seconds(); d > 0 {
			s.want.Film.BitRate = int64(float64(s.want.Size) * 8 / d)
		}
		near := func(a, b int64) bool { return b == 0 || a-b < a/50+2 && b-a < a/50+2 } // rounding, and rates that the table leaves out
		if !near(got.Film.VideoBitRate, s.want.Film.VideoBitRate) || !near(got.Film.AudioBitRate, s.want.Film.AudioBitRate) {
			t.Errorf("%s: %d and %d bits a second, want %d and %d", name, got.Film.VideoBitRate, got.Film.AudioBitRate, s.want.Film.VideoBitRate, s.want.Film.AudioBitRate)
		}
		s.want.Film.VideoBitRate, s.want.Film.AudioBitRate = got.Film.VideoBitRate, got.Film.AudioBitRate
		if got != s.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, s.want)
		}
	}
	t.Logf("%d files, %d KB", len(list), total>>10)
}

// Cut anywhere, a file is told from a whole one or read as far as it goes, and never breaks anything.
func TestCorpusCutOff(t *testing.T) {
	t.Parallel()
	for name, s := range corpus(t) {
		for _, part := range []int{1, 3, 7, 13, 15} {
			b := s.file[:len(s.file)*part/16]
			if _, err := describe(t.Context(), bytesFile(b)); err == nil && Sniff(b) == "" {
				t.Errorf("%s: %d bytes of it are taken for a file", name, len(b))
			}
		}
	}
}

// counting counts the bytes that a server sends.
type counting struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c counting) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return c.ResponseWriter.Write(p)
}

// Of a reel of 300 MB that lies elsewhere only the parts are read that describe it, wherever they are.
func TestProbeOfAReelReadsLittle(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]mediatest.Movie{"moov first": {Bytes: 300 << 20, Seconds: 900}, "moov last": {Bytes: 300 << 20, Seconds: 900, MoovLast: true}} {
		reel := m.Make()
		var sent, calls atomic.Int64
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			w.Header().Set("ETag", `"1"`)
			http.ServeContent(counting{w, &sent}, r, "reel.mp4", time.Time{}, reel.Again())
		}))
		t.Cleanup(srv.Close)
		d := newDesk(t, newStore(t))
		p := Prober{Client: openClient(), Files: d.Uploads}
		began := time.Now()
		info, err := p.Probe(t.Context(), srv.URL+"/reel.mp4")
		took := time.Since(began)
		if err != nil || info.Duration != 15*time.Minute || info.Size != reel.Size() || info.Film.FrameRate != 30 || info.Film.MoovLast != m.MoovLast {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
		t.Logf("%s: %d MB, of which %d KB were read in %d requests and %s", name, reel.Size()>>20, sent.Load()>>10, calls.Load(), took)
		if sent.Load() > 2<<20 || calls.Load() > 4 {
			t.Errorf("%s: %d bytes were read in %d requests", name, sent.Load(), calls.Load())
		}
		sent.Store(0)
		again, err := p.Probe(t.Context(), srv.URL+"/reel.mp4")
		if err != nil || again != info || sent.Load() > firstLook {
			t.Errorf("%s, once more: %+v, %v, %d bytes", name, again, err, sent.Load())
		}
	}
}

// A file of ours is read from the store, and what was found in it is found again without reading it, by what its bytes are.
func TestProbeOfOurOwn(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore(t))
	p := Prober{Client: openClient(), Files: d.Uploads}
	var first Info
	for i := range 2 {
		up, token := d.presign("video/mp4", "a.mp4")
		if _, err := p.Probe(t.Context(), up.PublicURL); !isRule(err, RuleNotFound) {
			t.Errorf("before it is sent: %v", err)
		}
		if _, err := d.Receive(t.Context(), up.Key, token, -1, mediatest.Movie{MoovLast: true}.Make()); err != nil {
			t.Fatal(err)
		}
		info, err := p.Probe(t.Context(), up.PublicURL)
		if err != nil || info.Film.VideoCodec != H264 || !info.Film.MoovLast || i > 0 && info != first {
			t.Errorf("%+v, %v", info, err)
		}
		first = info
	}
	var n int
	if err := d.Pool.QueryRow(t.Context(), `select count(*) from media_probes where content like 'sha256:%'`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows for two files of the same bytes, %v", n, err)
	}
	if _, err := d.Pool.Exec(t.Context(), `update media_probes set version = 0`); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.recall(t.Context(), "sha256:x"); ok {
		t.Error("something is known of what was never seen")
	}
}

func isRule(err error, rule string) bool {
	var f *Fault
	return errors.As(err, &f) && f.Rule == rule
}

// Whatever the bytes, describing them ends, without a panic.
func FuzzDescribe(f *testing.F) {
	for _, s := range corpus(f) {
		if len(s.file) < 20<<10 {
			f.Add(s.file)
		}
	}
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08"))
	f.Add(webpExtended(webpEXIF, tiff(binary.LittleEndian, 6)))
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\xff\xff\xff\xffeXIf"))
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := describe(t.Context(), bytesFile(b))
		if o := info.Picture.Orientation; o < 0 || o > 8 {
			t.Errorf("orientation %d", o)
		}
		film := info.Film
		if info.Duration < 0 || info.Width < 0 || info.Height < 0 || film.BitRate < 0 || film.FrameRate < 0 || film.VideoBitRate < 0 || film.AudioBitRate < 0 || film.AudioRate < 0 || film.AudioChannels < 0 {
			t.Errorf("negative measures: %+v", info)
		}
		if err == nil && info.MIME == "" {
			t.Error("nothing is known of it, not even an error")
		}
		if _, err := json.Marshal(info); err != nil {
			t.Errorf("it cannot be remembered: %v", err)
		}
		if m := info.MIME; info.Width > 0 && (m == JPEG || m == PNG || m == WebP) {
			if again := Sniff(strip(m, b)); again != m {
				t.Errorf("%s became %q", m, again)
			}
		}
	})
}

// cmykJPEG is a JPEG of four inks, 16 by 16, written by hand: each coefficient but the mean is zero.
func cmykJPEG() []byte {
	b := []byte("\xff\xd8")
	b = append(b, segment(0xdb, "\x00"+strings.Repeat("\x01", 64))...)
	b = append(b, segment(0xc0, "\x08\x00\x10\x00\x10\x04\x01\x11\x00\x02\x11\x00\x03\x11\x00\x04\x11\x00")...)
	b = append(b, segment(0xc4, "\x00\x01"+strings.Repeat("\x00", 15)+"\x00")...) // one code, "0": no difference
	b = append(b, segment(0xc4, "\x10\x01"+strings.Repeat("\x00", 15)+"\x00")...) // one code, "0": the end of the block
	b = append(b, segment(0xda, "\x04\x01\x00\x02\x00\x03\x00\x04\x00\x00\x3f\x00")...)
	return append(b, 0, 0, 0, 0, 0xff, 0xd9) // 16 blocks of two bits
}

// withEXIFPlace is a JPEG whose EXIF points to a place.
func withEXIFPlace(photo []byte) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x25\x88\x04\x00\x01\x00\x00\x00\x1a\x00\x00\x00\x00\x00\x00\x00")
	return withSegments(photo, segment(0xe1, "Exif\x00\x00"+string(b)))
}

// heif is the head of a HEIC or AVIF picture, with a thumbnail before it and turned by quarters.
func heif(brand string, w, h uint32, turns byte) []byte {
	size := func(w, h uint32) []byte {
		return box("ispe", binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(make([]byte, 4), w), h))
	}
	meta := box("iprp", box("ipco", slices.Concat(size(160, 120), size(w, h), box("irot", []byte{turns}))))
	return slices.Concat(box("ftyp", []byte(brand+"\x00\x00\x00\x00mif1"+brand)), box("meta", append(make([]byte, 4), meta...)), box("mdat", make([]byte, 100)))
}

// webmFile is the head of a WebM.
func webmFile() []byte {
	el := func(id string, content ...[]byte) []byte {
		b := bytes.Join(content, nil)
		return append(binary.BigEndian.AppendUint16([]byte(id), 0x4000|uint16(len(b))), b...)
	}
	info := el("\x15\x49\xa9\x66", el("\x2a\xd7\xb1", []byte{0x0f, 0x42, 0x40}), el("\x44\x89", []byte{0x46, 0x3b, 0x80, 0x00}))
	video := el("\xae", el("\x83", []byte{1}), el("\x86", []byte("V_VP9")), el("\x23\xe3\x83", []byte{0x02, 0x62, 0x5a, 0x00}), el("\xe0", el("\xb0", []byte{2, 0x80}), el("\xba", []byte{1, 0x68})))
	audio := el("\xae", el("\x83", []byte{2}), el("\x86", []byte("A_OPUS")), el("\xe1", el("\x9f", []byte{2}), el("\xb5", []byte{0x47, 0x3b, 0x80, 0x00})))
	segment := slices.Concat([]byte("\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"), info, el("\x16\x54\xae\x6b", video, audio))
	return slices.Concat(el("\x1a\x45\xdf\xa3", el("\x42\x82", []byte("webm"))), segment)
}

var _ io.ReadSeeker = (*mediatest.Sparse)(nil)
