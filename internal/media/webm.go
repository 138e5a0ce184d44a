package media

import (
	"encoding/binary"
	"math"
	"strings"
	"time"
)

// The elements of Matroska that are read: https://www.matroska.org/technical/elements.html
const (
	idSegment    = 0x18538067
	idInfo       = 0x1549a966
	idScale      = 0x2ad7b1
	idDuration   = 0x4489
	idTracks     = 0x1654ae6b
	idTrack      = 0xae
	idType       = 0x83
	idCodec      = 0x86
	idFrameTime  = 0x23e383
	idVideo      = 0xe0
	idWidth      = 0xb0
	idHeight     = 0xba
	idInterlaced = 0x9a
	idAudio      = 0xe1
	idChannels   = 0x9f
	idRate       = 0xb5
)

// readWebM reads the head of a WebM file, which stands before the media.
func readWebM(b []byte, info *Info) {
	for id, b := range elements(b) {
		if id != idSegment {
			continue
		}
		scale, length := uint64(1_000_000), 0.0
		for id, b := range elements(b) {
			switch id {
			case idInfo:
				for id, b := range elements(b) {
					switch id {
					case idScale:
						scale = number(b)
					case idDuration:
						length = real(b)
					}
				}
			case idTracks:
				for id, b := range elements(b) {
					if id == idTrack {
						readWebMTrack(b, info)
					}
				}
			}
		}
		if ns := length * float64(scale); ns > 0 && ns < 1e15 {
			info.Duration = time.Duration(ns).Round(time.Millisecond)
			if info.Size > 0 {
				info.Film.BitRate = int64(float64(info.Size) * 8e9 / ns)
			}
		}
	}
}

func readWebMTrack(b []byte, info *Info) {
	var kind, frame uint64
	var codec string
	var shown, heard []byte
	for id, b := range elements(b) {
		switch id {
		case idType:
			kind = number(b)
		case idCodec:
			codec = strings.ToLower(strings.TrimRight(string(b), "\x00"))
		case idFrameTime:
			frame = number(b)
		case idVideo:
			shown = b
		case idAudio:
			heard = b
		}
	}
	_, codec, _ = strings.Cut(codec, "_")
	codec = strings.Map(printable, strings.ToValidUTF8(clip(codec, 20), "?"))
	switch {
	case kind == 1 && info.Film.VideoCodec == "":
		info.Film.VideoCodec = codec
		if frame > 0 {
			info.Film.FrameRate = math.Round(1e12/float64(frame)) / 1000
		}
		for id, b := range elements(shown) {
			switch id {
			case idWidth:
				info.Width = int(min(number(b), math.MaxInt32))
			case idHeight:
				info.Height = int(min(number(b), math.MaxInt32))
			case idInterlaced:
				info.Film.Interlaced = number(b) == 1
			}
		}
	case kind == 2 && info.Film.AudioCodec == "":
		info.Film.AudioCodec, info.Film.AudioChannels, info.Film.AudioRate = codec, 1, 8000 // the format's own defaults
		for id, b := range elements(heard) {
			switch id {
			case idChannels:
				info.Film.AudioChannels = int(min(number(b), 1000))
			case idRate:
				info.Film.AudioRate = rounded(real(b))
			}
		}
	}
}

// elements yields the elements in b; the last may reach beyond it, since only the beginning of a file is read.
func elements(b []byte) func(yield func(uint32, []byte) bool) {
	return func(yield func(uint32, []byte) bool) {
		for len(b) > 1 {
			id, n := vint(b, 4, true)
			if n == 0 {
				return
			}
			size, m := vint(b[n:], 8, false)
			if m == 0 {
				return
			}
			b = b[n+m:]
			end := min(size, uint64(len(b)))
			if !yield(uint32(id), b[:end]) {
				return
			}
			b = b[end:]
		}
	}
}

// vint reads a number whose length stands in its first bits; with the mark that says so left in, or not. All ones mean unknown, which is
// taken for as much as there is.
func vint(b []byte, most int, mark bool) (v uint64, n int) {
	if len(b) == 0 || b[0] == 0 {
		return 0, 0
	}
	n = 1
	for m := byte(0x80); b[0]&m == 0; m >>= 1 {
		n++
	}
	if n > most || n > len(b) {
		return 0, 0
	}
	v = uint64(b[0])
	if !mark {
		v &= 1<<(8-n) - 1
	}
	for _, c := range b[1:n] {
		v = v<<8 | uint64(c)
	}
	if !mark && v == 1<<(7*n)-1 {
		v = math.MaxInt64
	}
	return v, n
}

func number(b []byte) (v uint64) {
	for _, c := range b[:min(len(b), 8)] {
		v = v<<8 | uint64(c)
	}
	return v
}

func real(b []byte) float64 {
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return 0
}
