package media

import (
	"encoding/binary"
	"math"
)

// readPictureEntry reads how the pictures of a track are coded.
func readPictureEntry(stbl []byte, info *Info) {
	for name, b := range entries(stbl) {
		info.Film.VideoCodec = codecOf(name)
		const fixed = 78 // of a description of pictures
		if len(b) < fixed {
			return
		}
		for name, b := range boxes(b[fixed:]) {
			switch name {
			case "avcC":
				if len(b) > 8 && b[5]&0x1f > 0 {
					n := int(binary.BigEndian.Uint16(b[6:]))
					info.Film.Chroma, info.Film.Interlaced = readSPS(b[8:min(len(b), 8+n)])
				}
			case "hvcC":
				if len(b) > 18 {
					info.Film.Chroma = chromas[b[16]&3]
				}
			case "fiel":
				info.Film.Interlaced = info.Film.Interlaced || len(b) > 0 && b[0] == 2
			}
		}
		return
	}
}

// chromas are how densely colours are sampled, by the number that codecs write.
var chromas = [4]string{"4:0:0", "4:2:0", "4:2:2", "4:4:4"}

// readSoundEntry reads how the sound of a track is coded.
func readSoundEntry(stbl []byte, info *Info) {
	for name, b := range entries(stbl) {
		info.Film.AudioCodec = codecOf(name)
		fixed := 28 // of a description of sound
		if len(b) < fixed {
			return
		}
		info.Film.AudioChannels, info.Film.AudioRate = int(binary.BigEndian.Uint16(b[16:])), int(binary.BigEndian.Uint32(b[24:])>>16)
		switch version := binary.BigEndian.Uint16(b[8:]); { // QuickTime's longer forms
		case version == 1:
			fixed += 16
		case version == 2 && len(b) >= 64:
			info.Film.AudioRate, info.Film.AudioChannels = rounded(math.Float64frombits(binary.BigEndian.Uint64(b[32:]))), int(binary.BigEndian.Uint32(b[40:])&0xffff)
			fixed += 36
		}
		if name == "mp4a" {
			info.Film.AudioCodec = AACCodec // what is left unsaid
			if esds := findESDS(b[min(fixed, len(b)):]); esds != nil {
				readESDS(esds, info)
			}
		}
		return
	}
}

func rounded(f float64) int {
	if f >= 0 && f < 1e7 {
		return int(f + 0.5)
	}
	return 0
}

// findESDS finds the description of the stream, which QuickTime wraps once more.
func findESDS(b []byte) []byte {
	for name, b := range boxes(b) {
		switch name {
		case "esds":
			return b
		case "wave":
			return findESDS(b)
		}
	}
	return nil
}

// soundTypes are the object types of ISO/IEC 14496-1 that files hold.
var soundTypes = map[byte]string{0x40: AACCodec, 0x66: AACCodec, 0x67: AACCodec, 0x68: AACCodec, 0x69: "mp3", 0x6b: "mp3", 0xa5: "ac3", 0xa6: "eac3", 0xa9: "dts", 0xad: "opus", 0xe1: "qcelp"}

// readESDS reads the descriptors of ISO/IEC 14496-1: a stream's, within it its decoder's, and within that the decoder's own.
func readESDS(b []byte, info *Info) {
	if len(b) < 4 {
		return
	}
	b = descriptor(b[4:], 3)
	if len(b) < 3 {
		return
	}
	flags := b[2]
	b = b[3:]
	for _, f := range []struct {
		bit  byte
		size int
	}{{0x80, 2}, {0x40, 1}, {0x20, 2}} {
		if flags&f.bit == 0 {
			continue
		}
		if f.bit == 0x40 {
			if len(b) == 0 {
				return
			}
			f.size += int(b[0])
		}
		if len(b) < f.size {
			return
		}
		b = b[f.size:]
	}
	b = descriptor(b, 4)
	if len(b) < 13 {
		return
	}
	if name, ok := soundTypes[b[0]]; ok {
		info.Film.AudioCodec = name
	}
	own := descriptor(b[13:], 5)
	if info.Film.AudioCodec != AACCodec || len(own) < 2 {
		return
	}
	// Five bits of object type, four of the rate, four of the channels: ISO/IEC 14496-3, 1.6.2.1. Longer forms keep what the entry says.
	word := binary.BigEndian.Uint16(own)
	rates := []int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
	if word>>11 == 31 {
		return
	}
	if i := int(word >> 7 & 15); i < len(rates) {
		info.Film.AudioRate = rates[i]
	}
	switch n := int(word >> 3 & 15); {
	case n == 7:
		info.Film.AudioChannels = 8
	case n > 0 && n < 7:
		info.Film.AudioChannels = n
	}
}

// descriptor is the content of the descriptor of a kind at the start of b; nil when there is another.
func descriptor(b []byte, kind byte) []byte {
	if len(b) == 0 || b[0] != kind {
		return nil
	}
	n, i := 0, 1
	for ; i < len(b) && i <= 4; i++ {
		n = n<<7 | int(b[i]&0x7f)
		if b[i]&0x80 == 0 {
			i++
			break
		}
	}
	return b[min(i, len(b)):min(len(b), i+n)]
}

// readSPS reads the parameters of an H.264 sequence, as far as they tell of colour and of fields: ITU-T H.264, 7.3.2.1.1.
func readSPS(nal []byte) (chroma string, interlaced bool) {
	if len(nal) < 5 {
		return "", false
	}
	r := &bits{b: unescaped(nal[1:])}
	profile := r.take(8)
	r.take(16)
	r.golomb()
	chroma = chromas[1]
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		c := r.golomb()
		if c > 3 {
			return "", false
		}
		if chroma = chromas[c]; c == 3 {
			r.take(1)
		}
		r.golomb()
		r.golomb()
		r.take(1)
		if r.take(1) == 1 {
			r.scalingLists(c == 3)
		}
	}
	r.golomb()
	switch r.golomb() { // how the order of pictures is told
	case 0:
		r.golomb()
	case 1:
		r.take(1)
		r.golomb()
		r.golomb()
		for n := min(r.golomb(), 255); n > 0; n-- {
			r.golomb()
		}
	}
	r.golomb()
	r.take(1)
	r.golomb()
	r.golomb()
	framesOnly := r.take(1)
	if r.over {
		return "", false
	}
	return chroma, framesOnly == 0
}

// unescaped drops the bytes that keep a start code from appearing.
func unescaped(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i, c := range b {
		if c == 3 && i >= 2 && b[i-1] == 0 && b[i-2] == 0 {
			continue
		}
		out = append(out, c)
	}
	return out
}

// bits reads a bit stream. over says that it was read beyond its end.
type bits struct {
	b    []byte
	at   int
	over bool
}

func (r *bits) take(n int) (v uint32) {
	for range n {
		if r.at >= 8*len(r.b) {
			r.over = true
			return 0
		}
		v = v<<1 | uint32(r.b[r.at/8]>>(7-r.at%8)&1)
		r.at++
	}
	return v
}

// golomb reads a number in Exp-Golomb coding.
func (r *bits) golomb() uint32 {
	n := 0
	for r.take(1) == 0 {
		if n++; n > 31 || r.over {
			r.over = true
			return 0
		}
	}
	return 1<<n - 1 + r.take(n)
}

func (r *bits) scalingLists(all bool) {
	lists := 8
	if all {
		lists = 12
	}
	for i := range lists {
		if r.take(1) == 0 {
			continue
		}
		size := 16
		if i >= 6 {
			size = 64
		}
		last, next := 8, 8
		for range size {
			if next != 0 {
				u := r.golomb()
				delta := int(u+1) / 2
				if u%2 == 0 {
					delta = -delta
				}
				next = (last + delta + 256) % 256
			}
			if next != 0 {
				last = next
			}
		}
	}
}
