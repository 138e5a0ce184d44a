package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/abema/go-mp4"

	"posthorn/internal/platforms"
)

// maxMoov bounds the description of a movie: that of ten hours has some ten megabytes.
const maxMoov = 32 << 20

// readFilm reads the boxes of an MP4 or QuickTime file: https://developer.apple.com/documentation/quicktime-file-format. The media itself
// is skipped, wherever it lies.
func readFilm(ctx context.Context, f *ranged, info *Info) error {
	seenData := false
	for at := int64(0); f.size < 0 || at < f.size; {
		b, err := f.at(ctx, at, 8)
		if err != nil {
			return ended(err, at)
		}
		size, header := int64(binary.BigEndian.Uint32(b)), int64(8)
		name := string(b[4:8])
		switch size {
		case 0: // to the end of the file
			if size = f.size - at; f.size < 0 {
				return errNoRanges
			}
		case 1:
			if b, err = f.at(ctx, at, 16); err != nil {
				return ended(err, at)
			}
			size, header = int64(min(binary.BigEndian.Uint64(b[8:]), math.MaxInt64/2)), 16
		}
		if size < header {
			return errUnknown
		}
		switch name {
		case "mdat":
			seenData = true
		case "moov":
			if size > maxMoov {
				return errTooMuch
			}
			if b, err = f.at(ctx, at+header, size-header); err != nil {
				return err
			}
			info.Film.MoovLast = seenData
			readMoov(b, info)
			return nil
		}
		at += size
	}
	return errNoMoov
}

var errNoMoov = errors.New("the file has no description of its tracks")

// ended tells a file that is cut off from one that cannot be read.
func ended(err error, at int64) error {
	if errors.Is(err, errCut) && at > 0 {
		return errNoMoov
	}
	return err
}

func readMoov(moov []byte, info *Info) {
	for name, b := range boxes(moov) {
		switch name {
		case "mvhd":
			info.Duration = movieDuration(b)
		case "trak":
			readTrack(b, info)
		case "mvex":
			info.Film.Fragmented = true
			if info.Duration == 0 {
				info.Duration = fragmentsDuration(b, moov)
			}
		case "udta", "meta":
			info.Film.Located = info.Film.Located || hasLocation(b)
		}
	}
	if s := info.Duration.Seconds(); s > 0 && info.Size > 0 {
		info.Film.BitRate = int64(float64(info.Size) * 8 / s)
	}
}

// hasLocation reports whether metadata tell where something was filmed: 3GPP's and QuickTime's words for it.
func hasLocation(b []byte) bool {
	return bytes.Contains(b, []byte("\xa9xyz")) || bytes.Contains(b, []byte("loci")) || bytes.Contains(b, []byte("location.ISO6709"))
}

func movieDuration(mvhd []byte) time.Duration {
	var h mp4.Mvhd
	if _, err := mp4.Unmarshal(bytes.NewReader(mvhd), uint64(len(mvhd)), &h, mp4.Context{}); err != nil {
		return 0
	}
	return lasting(h.GetDuration(), h.Timescale)
}

// fragmentsDuration is the duration that a movie in fragments tells of all of them.
func fragmentsDuration(mvex, moov []byte) time.Duration {
	var scale uint32
	for name, b := range boxes(moov) {
		var h mp4.Mvhd
		if name == "mvhd" {
			if _, err := mp4.Unmarshal(bytes.NewReader(b), uint64(len(b)), &h, mp4.Context{}); err == nil {
				scale = h.Timescale
			}
		}
	}
	for name, b := range boxes(mvex) {
		switch {
		case name != "mehd":
		case len(b) >= 12 && b[0] == 1:
			return lasting(binary.BigEndian.Uint64(b[4:]), scale)
		case len(b) >= 8:
			return lasting(uint64(binary.BigEndian.Uint32(b[4:])), scale)
		}
	}
	return 0
}

func lasting(units uint64, scale uint32) time.Duration {
	if scale == 0 {
		return 0
	}
	seconds := float64(units) / float64(scale)
	if seconds > 1e6 { // eleven days; all ones mean unknown
		return 0
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
}

// track is what the boxes of one track say.
type track struct {
	kind           string // "vide", "soun"
	width, height  int    // on the screen
	rotation       int
	scale          uint32
	units          uint64 // how long it is
	edits          []edit
	stbl           []byte
	samples, bytes uint64
	played         uint64 // units, the samples together
	steady         bool   // every sample lasts as long as any other
}

// edit is one entry of an edit list.
type edit struct {
	units uint64 // of the movie's time
	from  int64  // of the track's time; -1: nothing is shown
	rate  float64
}

func readTrack(trak []byte, info *Info) {
	t := parseTrack(trak)
	switch t.kind {
	case "vide":
		if info.Film.VideoCodec != "" || t.isStill() { // the first track with moving pictures
			return
		}
		info.Width, info.Height, info.Film.Rotation = t.width, t.height, t.rotation
		readPictureEntry(t.stbl, info)
		if s := float64(t.played) / float64(max(t.scale, 1)); s > 0 {
			info.Film.FrameRate = math.Round(float64(t.samples)/s*1000) / 1000
			info.Film.VideoBitRate = int64(float64(t.bytes) * 8 / s)
		}
		info.Film.Variable = !t.steady
		t.noteEdits(&info.Film)
	case "soun":
		if info.Film.AudioCodec != "" {
			return
		}
		readSoundEntry(t.stbl, info)
		if s := float64(t.played) / float64(max(t.scale, 1)); s > 0 {
			info.Film.AudioBitRate = int64(float64(t.bytes) * 8 / s)
		}
		t.noteEdits(&info.Film)
	}
}

// isStill tells a cover picture from a film.
func (t track) isStill() bool {
	codec := ""
	for name := range entries(t.stbl) {
		codec = name
	}
	return (codec == "jpeg" || codec == "png ") && t.samples <= 1
}

func parseTrack(trak []byte) (t track) {
	for name, b := range boxes(trak) {
		switch name {
		case "tkhd":
			t.readHeader(b)
		case "edts":
			for name, b := range boxes(b) {
				if name == "elst" {
					t.edits = readEdits(b)
				}
			}
		case "mdia":
			for name, b := range boxes(b) {
				switch name {
				case "mdhd":
					t.readMediaHeader(b)
				case "hdlr":
					if len(b) >= 12 {
						t.kind = string(b[8:12])
					}
				case "minf":
					for name, b := range boxes(b) {
						if name == "stbl" {
							t.stbl = b
						}
					}
				}
			}
		}
	}
	t.count()
	return t
}

func (t *track) readHeader(b []byte) {
	var h mp4.Tkhd
	if _, err := mp4.Unmarshal(bytes.NewReader(b), uint64(len(b)), &h, mp4.Context{}); err != nil {
		return
	}
	t.width, t.height = int(h.GetWidthInt()), int(h.GetHeightInt())
	switch m := h.Matrix; {
	case m[0] == 0 && m[4] == 0 && m[1] > 0: // a quarter turn, as phones write it
		t.rotation = 90
	case m[0] == 0 && m[4] == 0:
		t.rotation = 270
	case m[0] < 0 && m[4] < 0:
		t.rotation = 180
	}
	if t.rotation%180 != 0 {
		t.width, t.height = t.height, t.width
	}
}

func (t *track) readMediaHeader(b []byte) {
	switch {
	case len(b) >= 32 && b[0] == 1:
		t.scale, t.units = binary.BigEndian.Uint32(b[20:]), binary.BigEndian.Uint64(b[24:])
	case len(b) >= 20 && b[0] == 0:
		t.scale, t.units = binary.BigEndian.Uint32(b[12:]), uint64(binary.BigEndian.Uint32(b[16:]))
	}
}

func readEdits(b []byte) []edit {
	if len(b) < 8 {
		return nil
	}
	wide := b[0] == 1
	step := 12
	if wide {
		step = 20
	}
	var list []edit
	for n, b := binary.BigEndian.Uint32(b[4:]), b[8:]; n > 0 && len(b) >= step; n, b = n-1, b[step:] {
		e := edit{units: uint64(binary.BigEndian.Uint32(b)), from: int64(int32(binary.BigEndian.Uint32(b[4:]))), rate: float64(int32(binary.BigEndian.Uint32(b[step-4:]))) / 65536}
		if wide {
			e.units, e.from = binary.BigEndian.Uint64(b), int64(binary.BigEndian.Uint64(b[8:]))
		}
		list = append(list, e)
	}
	return list
}

// count adds the samples up: how many, how long and how large they are.
func (t *track) count() {
	for name, b := range boxes(t.stbl) {
		if len(b) < 8 {
			continue
		}
		n := binary.BigEndian.Uint32(b[4:])
		switch name {
		case "stts":
			last := uint32(0)
			runs := 0
			for b := b[8:]; n > 0 && len(b) >= 8; n, b = n-1, b[8:] {
				count, delta := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
				t.samples += uint64(count)
				t.played += uint64(count) * uint64(delta)
				if delta != last && !(n == 1 && count == 1) { // the last sample may be as long as it likes
					runs++
				}
				last = delta
			}
			t.steady = runs <= 1
		case "stsz":
			if len(b) < 12 {
				continue
			}
			if each := binary.BigEndian.Uint32(b[4:]); each > 0 {
				t.bytes = uint64(each) * uint64(binary.BigEndian.Uint32(b[8:]))
				continue
			}
			for b := b[12:]; len(b) >= 4; b = b[4:] {
				t.bytes += uint64(binary.BigEndian.Uint32(b))
			}
		}
	}
}

// trimLimit is how many seconds encoders skip at most to let a decoder start: what is skipped then is nothing that anybody made.
const trimLimit = 0.2

// noteEdits says what the edit list does to what is shown of the track.
func (t track) noteEdits(f *platforms.Film) {
	switch {
	case len(t.edits) == 0, len(t.edits) == 1 && t.edits[0].from == 0 && t.edits[0].rate == 1:
	case len(t.edits) == 1 && t.edits[0].from > 0 && t.edits[0].rate == 1 && float64(t.edits[0].from) <= trimLimit*float64(t.scale):
		f.Trimmed = true
	default:
		f.Cut = true
	}
}

// boxes yields the ISO boxes that lie whole in b, in order, each with its payload; it ends at the first that does not.
func boxes(b []byte) func(yield func(string, []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for len(b) >= 8 {
			size, header := uint64(binary.BigEndian.Uint32(b)), uint64(8)
			switch {
			case size == 0: // to the end, which b may not reach
				return
			case size == 1 && len(b) >= 16:
				size, header = binary.BigEndian.Uint64(b[8:]), 16
			}
			if size < header || size > uint64(len(b)) {
				return
			}
			if !yield(string(b[4:8]), b[header:size]) {
				return
			}
			b = b[size:]
		}
	}
}

// entries yields the sample descriptions of a track.
func entries(stbl []byte) func(yield func(string, []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for name, b := range boxes(stbl) {
			if name != "stsd" || len(b) < 8 {
				continue
			}
			for name, b := range boxes(b[8:]) {
				if !yield(name, b) {
					return
				}
			}
		}
	}
}

// codecs are the names of what tracks are coded with, by the four letters of their descriptions: https://mp4ra.org/registered-types/sampleentries
var codecs = map[string]string{
	"avc1": H264, "avc2": H264, "avc3": H264, "avc4": H264, "dva1": H264, "dvav": H264, "hvc1": HEVC, "hev1": HEVC, "dvh1": HEVC, "dvhe": HEVC,
	"av01": "av1", "vp08": "vp8", "vp09": "vp9", "mp4v": "mpeg4", "jpeg": "mjpeg", "mjpa": "mjpeg", "mjpb": "mjpeg", "s263": "h263", "h263": "h263",
	"apch": "prores", "apcn": "prores", "apcs": "prores", "apco": "prores", "ap4h": "prores", "ap4x": "prores", "vvc1": "vvc", "vvi1": "vvc",
	"ac-3": "ac3", "ec-3": "eac3", "ac-4": "ac4", "Opus": "opus", "alac": "alac", "fLaC": "flac", "samr": "amr", "sawb": "amr", ".mp3": "mp3",
	"lpcm": "pcm", "sowt": "pcm", "twos": "pcm", "in24": "pcm", "in32": "pcm", "fl32": "pcm", "fl64": "pcm", "ipcm": "pcm", "fpcm": "pcm", "raw": "pcm", "ulaw": "ulaw", "alaw": "alaw",
}

// The codecs that rules speak of.
const (
	H264     = "h264"
	HEVC     = "hevc"
	AACCodec = "aac"
)

func codecOf(entry string) string {
	entry = strings.TrimSpace(entry)
	if name, ok := codecs[entry]; ok {
		return name
	}
	return strings.ToLower(strings.ToValidUTF8(strings.Map(printable, entry), ""))
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}
