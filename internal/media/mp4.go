package media

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/abema/go-mp4"
)

// movie reads the duration and the dimensions on the screen of an MP4 or QuickTime file from its moov box; zeros when that does not
// lie whole in the first part of the file, which is all that b holds.
func movie(b []byte) (width, height int, d time.Duration) {
	for name, moov := range boxes(b) {
		if name != "moov" {
			continue
		}
		for name, payload := range boxes(moov) {
			switch {
			case name == "mvhd":
				d = movieDuration(payload)
			case name == "trak" && width == 0: // the first track with a picture
				width, height = trackSize(payload)
			}
		}
		break
	}
	return width, height, d
}

func movieDuration(mvhd []byte) time.Duration {
	var h mp4.Mvhd
	if _, err := mp4.Unmarshal(bytes.NewReader(mvhd), uint64(len(mvhd)), &h, mp4.Context{}); err != nil || h.Timescale == 0 {
		return 0
	}
	seconds := float64(h.GetDuration()) / float64(h.Timescale)
	if seconds > 1e6 { // eleven days; all ones mean unknown
		return 0
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
}

func trackSize(trak []byte) (width, height int) {
	for name, payload := range boxes(trak) {
		if name != "tkhd" {
			continue
		}
		var h mp4.Tkhd
		if _, err := mp4.Unmarshal(bytes.NewReader(payload), uint64(len(payload)), &h, mp4.Context{}); err != nil {
			return 0, 0
		}
		width, height = int(h.GetWidthInt()), int(h.GetHeightInt())
		if h.Matrix[0] == 0 && h.Matrix[4] == 0 { // a quarter turn, as phones write it
			width, height = height, width
		}
		return width, height
	}
	return 0, 0
}

// boxes yields the ISO boxes that lie whole in b, in order, each with its payload; it ends at the first that does not.
func boxes(b []byte) func(yield func(string, []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for len(b) >= 8 {
			size, header := uint64(binary.BigEndian.Uint32(b)), uint64(8)
			switch {
			case size == 0: // to the end of the file, which b may not reach
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
