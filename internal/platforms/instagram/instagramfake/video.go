package instagramfake

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"
)

// Subcodes of failures that show in a container's status, not in an answer.
const (
	subFormat     = 2207026 // not a video, or not of a format that is supported
	subIncompat   = 2207076 // a video, but not one that fits
	subNoDownload = 2207077
	subNoUpload   = 2207082 // among others too large
	subNoTrials   = 2207081
)

// statusOnly are the subcodes which a text can ask for that let the container be made and fail it later.
var statusOnly = []int{subIncompat, subNoDownload, subNoUpload, subNoTrials}

// video is what was read of a video file.
type video struct {
	length time.Duration // 0: the file does not say
}

// notVideo are brands of the same container format that hold pictures or sound.
var notVideo = []string{"heic", "heix", "heim", "mif1", "msf1", "avif", "avis", "M4A ", "M4B "}

// parseVideo reads an MP4 or MOV file's first boxes, and returns its media type; "" is for anything else.
func parseVideo(data []byte) (*video, string) {
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
	v := &video{}
	for kind != "" {
		if kind, body, rest = box(rest); kind == "moov" {
			v.length = movieLength(body)
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
		if scale == 0 || units/scale > uint64(day/time.Second) {
			return 0
		}
		return time.Duration(units/scale)*time.Second + time.Duration(units%scale)*time.Second/time.Duration(scale)
	}
}

// shortestVideo is the same for every kind of container.
const shortestVideo = 3 * time.Second

// longestVideo is the longest video of a kind of container.
func (k kind) longestVideo() time.Duration {
	if k == kindReel {
		return 15 * time.Minute
	}
	return time.Minute
}

// maxVideo is the size of a video of this kind, in bytes.
func (k kind) maxVideo() int {
	if k == kindReel {
		return maxReel
	}
	return maxStoryVideo
}

// fetchVideo fetches and checks a video. Meta does so while it processes the container, so that a fault is no error of the call but
// ends the container: it is returned as the subcode for its status, 0 if all is well.
func (f *Fake) fetchVideo(ctx context.Context, link string, k kind) (*asset, int) {
	data, declared, err := f.download(ctx, link, k.maxVideo())
	switch {
	case errors.Is(err, errTooLarge) && strings.HasPrefix(declared, "video/"):
		return nil, subNoUpload
	case err != nil:
		return nil, subNoDownload
	case strings.HasPrefix(declared, "image/"):
		return nil, subFormat
	case !strings.HasPrefix(declared, "video/"):
		return nil, subNoDownload
	}
	return f.keepVideo(data, k)
}

// keepVideo checks and keeps a video's bytes, wherever they came from.
func (f *Fake) keepVideo(data []byte, k kind) (*asset, int) {
	v, mimeType := parseVideo(data)
	if v == nil {
		return nil, subFormat
	}
	if v.length != 0 && (v.length < shortestVideo || v.length > k.longestVideo()) || !tracksFit(data) {
		return nil, subIncompat
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.assets.keep(data, mimeType)
	if a.video == nil {
		a.video = v
	}
	return a, 0
}
