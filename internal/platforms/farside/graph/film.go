package graph

import (
	"encoding/binary"
	"slices"
	"time"
)

// Film is what was read of a video file.
type Film struct {
	Length time.Duration // 0: the file does not say
}

// notVideo are brands of the same container format that hold pictures or sound.
var notVideo = []string{"heic", "heix", "heim", "mif1", "msf1", "avif", "avis", "M4A ", "M4B "}

// ParseFilm reads an MP4 or MOV file's first boxes, and returns its media type; "" is for anything else.
func ParseFilm(data []byte) (*Film, string) {
	kind, body, rest := box(data)
	if kind != "ftyp" || len(body) < 8 {
		return nil, ""
	}
	brand, mimeType := string(body[:4]), "video/mp4"
	if slices.Contains(notVideo, brand) {
		return nil, ""
	}
	if brand == "qt  " {
		mimeType = "video/quicktime"
	}
	v := &Film{}
	for kind != "" {
		if kind, body, rest = box(rest); kind == "moov" {
			v.Length = movieLength(body)
			break
		}
	}
	return v, mimeType
}

// box splits the first box off data; no box is the kind "".
func box(data []byte) (kind string, body, rest []byte) {
	if len(data) < 8 {
		return "", nil, nil
	}
	size, head := uint64(binary.BigEndian.Uint32(data)), uint64(8)
	switch size {
	case 0: // up to the end
		size = uint64(len(data))
	case 1: // a large one
		if len(data) < 16 {
			return "", nil, nil
		}
		size, head = binary.BigEndian.Uint64(data[8:]), 16
	}
	if size < head || size > uint64(len(data)) {
		return "", nil, nil
	}
	return string(data[4:8]), data[head:size], data[size:]
}

// movieLength reads the length in a moov box's header.
func movieLength(moov []byte) time.Duration {
	for {
		kind, body, rest := box(moov)
		switch {
		case kind == "":
			return 0
		case kind != "mvhd":
			moov = rest
			continue
		}
		var scale, units uint64
		switch {
		case len(body) >= 32 && body[0] == 1:
			scale, units = uint64(binary.BigEndian.Uint32(body[20:])), binary.BigEndian.Uint64(body[24:])
		case len(body) >= 20 && body[0] == 0:
			scale, units = uint64(binary.BigEndian.Uint32(body[12:])), uint64(binary.BigEndian.Uint32(body[16:]))
		}
		if scale == 0 || units/scale > 24*60*60 {
			return 0
		}
		return time.Duration(units/scale)*time.Second + time.Duration(units%scale)*time.Second/time.Duration(scale)
	}
}
