package graph

import (
	"encoding/binary"
	"slices"
)

// What the page says of videos' pictures and sound. A file that does not tell is not judged.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media#video-specifications
const (
	mostColumns  = 1920
	fewestFrames = 23
	mostFrames   = 60
	mostChannels = 2
	mostSamples  = 48_000
	mostBits     = 25_000_000
)

var (
	pictureEntries = []string{"avc1", "avc3", "hvc1", "hev1"}
	soundEntries   = []string{"mp4a"}
)

// TracksFit reports whether the tracks of a movie are of a kind that is taken, and its boxes in the order that is.
func TracksFit(data []byte) bool {
	media := false
	for {
		kind, body, rest := box(data)
		switch kind {
		case "":
			return true // there is no description; others see to that
		case "mdat":
			media = true
		case "moov":
			ok, tracks := moovFits(body)
			return ok && !(media && tracks > 0) // the description stands in front
		}
		data = rest
	}
}

func moovFits(moov []byte) (ok bool, tracks int) {
	ok = true
	for {
		kind, body, rest := box(moov)
		if kind == "" {
			return ok, tracks
		}
		if kind == "trak" {
			tracks++
			ok = ok && trackFits(body)
		}
		moov = rest
	}
}

// inside finds a box by the names that lead to it.
func inside(data []byte, path ...string) []byte {
	for {
		kind, body, rest := box(data)
		switch {
		case kind == "":
			return nil
		case kind != path[0]:
			data = rest
		case len(path) == 1:
			return body
		default:
			return inside(body, path[1:]...)
		}
	}
}

func trackFits(trak []byte) bool {
	if edits := inside(trak, "edts", "elst"); len(edits) >= 8 && !plain(edits) {
		return false
	}
	handler := inside(trak, "mdia", "hdlr")
	stsd := inside(trak, "mdia", "minf", "stbl", "stsd")
	if len(handler) < 12 || len(stsd) < 8 {
		return true
	}
	entry, body, _ := box(stsd[8:])
	switch string(handler[8:12]) {
	case "vide":
		return picturesFit(trak, entry)
	case "soun":
		if !slices.Contains(soundEntries, entry) || len(body) < 28 {
			return false
		}
		return binary.BigEndian.Uint16(body[16:]) <= mostChannels && binary.BigEndian.Uint32(body[24:])>>16 <= mostSamples
	}
	return true
}

// plain reports whether an edit list shows the whole track from its start.
func plain(elst []byte) bool {
	return binary.BigEndian.Uint32(elst[4:]) == 1 && len(elst) >= 20 && elst[0] == 0 && binary.BigEndian.Uint32(elst[12:]) == 0
}

func picturesFit(trak []byte, entry string) bool {
	if !slices.Contains(pictureEntries, entry) {
		return false
	}
	head := inside(trak, "tkhd")
	if len(head) >= 84 {
		w, h := binary.BigEndian.Uint32(head[76:])>>16, binary.BigEndian.Uint32(head[80:])>>16
		if binary.BigEndian.Uint32(head[40:]) == 0 { // on its side
			w, h = h, w
		}
		if w > mostColumns || w*100 < h || w > h*10 {
			return false
		}
	}
	times, mdhd := inside(trak, "mdia", "minf", "stbl", "stts"), inside(trak, "mdia", "mdhd")
	if len(times) < 8 || len(mdhd) < 20 {
		return true
	}
	var frames, units uint64
	for run := times[8:]; len(run) >= 8; run = run[8:] {
		frames += uint64(binary.BigEndian.Uint32(run))
		units += uint64(binary.BigEndian.Uint32(run)) * uint64(binary.BigEndian.Uint32(run[4:]))
	}
	if units == 0 {
		return true
	}
	seconds := float64(units) / float64(binary.BigEndian.Uint32(mdhd[12:]))
	rate := float64(frames) / seconds
	return rate > fewestFrames-0.5 && rate < mostFrames+0.5 && float64(pictureBits(trak))/seconds <= mostBits
}

func pictureBits(trak []byte) (bits uint64) {
	sizes := inside(trak, "mdia", "minf", "stbl", "stsz")
	if len(sizes) < 12 || binary.BigEndian.Uint32(sizes[4:]) != 0 {
		return 0
	}
	for s := sizes[12:]; len(s) >= 4; s = s[4:] {
		bits += 8 * uint64(binary.BigEndian.Uint32(s))
	}
	return bits
}
