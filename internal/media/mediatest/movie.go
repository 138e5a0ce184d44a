// Package mediatest makes media files for tests: videos of any size and form without an encoder, whose pictures are zeros.
package mediatest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// Movie describes a video. Zero values are those of a plain one: an MP4 with ten seconds of H.264 at 30 frames a second and stereo AAC.
type Movie struct {
	Brand         string // of the file: "isom", "qt  "
	Width, Height int
	Rotation      int     // 90, 180 or 270
	VideoCodec    string  // four letters: "avc1", "hvc1"; "-" is none
	Profile       byte    // of H.264; 0 is High
	Chroma        int     // 1: 4:2:0, 2: 4:2:2
	Interlaced    bool    //
	FPS           float64 //
	Seconds       float64 //
	Variable      bool    // every other frame lasts three times as long
	AudioCodec    string  // "mp4a", "ac-3"; "-" is none
	Channels      int
	Rate          int
	Bytes         int64  // of the media altogether; 0: a few for each frame
	MoovLast      bool   //
	Edits         string // "": none, "trim", "cut", "delay"
	Place         bool   // where it was filmed
	Fragmented    bool
	NoMoov        bool // cut off before it
	Free          int  // bytes of nothing between the boxes
}

func (m Movie) filled() Movie {
	or := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	or(&m.Brand, "isom")
	or(&m.VideoCodec, "avc1")
	or(&m.AudioCodec, "mp4a")
	if m.Width == 0 {
		m.Width, m.Height = 1080, 1920
	}
	if m.FPS == 0 {
		m.FPS = 30
	}
	if m.Seconds == 0 {
		m.Seconds = 10
	}
	if m.Channels == 0 {
		m.Channels = 2
	}
	if m.Rate == 0 {
		m.Rate = 48000
	}
	if m.Profile == 0 {
		m.Profile = 100
	}
	if m.Chroma == 0 {
		m.Chroma = 1
	}
	return m
}

// scale is the ticks of a second of pictures.
const scale = 90_000

// Make builds the file.
func (m Movie) Make() *Sparse {
	m = m.filled()
	frames, packets := 0, 0
	if m.VideoCodec != "-" {
		frames = int(m.FPS*m.Seconds + 0.5)
	}
	if m.AudioCodec != "-" {
		packets = int(m.Seconds * float64(m.Rate) / 1024)
	}
	sound := int64(packets) * 16
	pictures := int64(frames) * 8
	if m.Bytes > 0 && frames > 0 {
		pictures = m.Bytes - sound
	}
	ftyp := box("ftyp", []byte(m.Brand+"\x00\x00\x02\x00"+m.Brand+"isomiso2mp41"))
	free := []byte{}
	if m.Free > 0 {
		free = box("free", make([]byte, m.Free))
	}
	data := pictures + sound
	header := mdatHeader(data)
	at := int64(len(ftyp) + len(free) + len(header))
	moov := m.moov(frames, packets, at, pictures)
	if !m.MoovLast {
		moov = m.moov(frames, packets, at+int64(len(moov)), pictures)
	}
	s := &Sparse{hole: data}
	switch {
	case m.NoMoov:
		s.head = concat(ftyp, free, header)
	case m.MoovLast:
		s.head, s.tail = concat(ftyp, free, header), moov
	default:
		s.head = concat(ftyp, free, moov, header)
	}
	return s
}

// File builds a file that is not too large to be held.
func (m Movie) File() []byte {
	b, err := io.ReadAll(m.Make())
	if err != nil { // nothing can fail
		panic("mediatest: " + err.Error())
	}
	return b
}

func mdatHeader(n int64) []byte {
	if n+8 < 1<<32 {
		return append(u32(uint32(n+8)), "mdat"...)
	}
	return concat(u32(1), []byte("mdat"), u64(uint64(n+16)))
}

func (m Movie) moov(frames, packets int, at, pictures int64) []byte {
	mvhd := make([]byte, 100)
	binary.BigEndian.PutUint32(mvhd[12:], 1000)
	if !m.Fragmented {
		binary.BigEndian.PutUint32(mvhd[16:], uint32(m.Seconds*1000+0.5))
	}
	copy(mvhd[20:], "\x00\x01\x00\x00\x01\x00")
	parts := [][]byte{box("mvhd", mvhd)}
	if frames > 0 {
		parts = append(parts, m.trak("vide", frames, pictures, at))
	}
	if packets > 0 {
		parts = append(parts, m.trak("soun", packets, int64(packets)*16, at+pictures))
	}
	if m.Fragmented {
		parts = append(parts, box("mvex", box("mehd", concat(u32(0), u32(uint32(m.Seconds*1000+0.5))))))
	}
	if m.Place {
		parts = append(parts, box("udta", box("\xa9xyz", []byte("\x00\x12\x15\xc7+52.5200+013.4050/"))))
	}
	return box("moov", concat(parts...))
}

func (m Movie) trak(kind string, samples int, size, at int64) []byte {
	tkhd := make([]byte, 84)
	copy(tkhd[0:], "\x00\x00\x00\x03")
	binary.BigEndian.PutUint32(tkhd[20:], uint32(m.Seconds*1000+0.5))
	matrix := [9]int32{1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30}
	w, h := m.Width, m.Height
	switch m.Rotation {
	case 90:
		matrix, w, h = [9]int32{0, 1 << 16, 0, -1 << 16, 0, 0, int32(h) << 16, 0, 1 << 30}, h, w
	case 180:
		matrix = [9]int32{-1 << 16, 0, 0, 0, -1 << 16, 0, int32(w) << 16, int32(h) << 16, 1 << 30}
	case 270:
		matrix, w, h = [9]int32{0, -1 << 16, 0, 1 << 16, 0, 0, 0, int32(w) << 16, 1 << 30}, h, w
	}
	for i, v := range matrix {
		binary.BigEndian.PutUint32(tkhd[40+4*i:], uint32(v))
	}
	ticks, each := uint32(scale), uint32(float64(scale)/m.FPS+0.5)
	if kind == "soun" {
		ticks, each = uint32(m.Rate), 1024
	} else {
		binary.BigEndian.PutUint32(tkhd[76:], uint32(w)<<16)
		binary.BigEndian.PutUint32(tkhd[80:], uint32(h)<<16)
	}
	mdhd := concat(u32(0), u32(0), u32(0), u32(ticks), u32(uint32(m.Seconds*float64(ticks))), u32(0x55c40000))
	hdlr := concat(u32(0), u32(0), []byte(kind), make([]byte, 12), []byte("made\x00"))
	parts := [][]byte{box("tkhd", tkhd)}
	if m.Edits != "" {
		parts = append(parts, box("edts", m.elst(each)))
	}
	entry := m.pictureEntry(w, h)
	if kind == "soun" {
		entry = m.soundEntry()
	}
	stbl := box("stbl", concat(box("stsd", concat(u32(0), u32(1), entry)), m.stts(kind, samples, each), m.sizes(samples, size),
		box("stsc", concat(u32(0), u32(1), u32(1), u32(uint32(samples)), u32(1))), chunks(at), m.ctts(kind, samples, each)))
	parts = append(parts, box("mdia", concat(box("mdhd", mdhd), box("hdlr", hdlr), box("minf", stbl))))
	return box("trak", concat(parts...))
}

func (m Movie) elst(each uint32) []byte {
	entry := func(ms float64, from int32) []byte { return concat(u32(uint32(ms)), u32(uint32(from)), u32(1<<16)) }
	switch m.Edits {
	case "trim":
		return box("elst", concat(u32(0), u32(1), entry(m.Seconds*1000, int32(2*each))))
	case "delay":
		return box("elst", concat(u32(0), u32(2), entry(500, -1), entry(m.Seconds*1000, 0)))
	default:
		return box("elst", concat(u32(0), u32(2), entry(1000, 0), entry(1000, int32(each*60))))
	}
}

// ctts shifts pictures where a trim makes up for it.
func (m Movie) ctts(kind string, samples int, each uint32) []byte {
	if kind != "vide" || m.Edits != "trim" {
		return nil
	}
	return box("ctts", concat(u32(0), u32(1), u32(uint32(samples)), u32(2*each)))
}

func (m Movie) stts(kind string, samples int, each uint32) []byte {
	if kind == "vide" && m.Variable {
		runs := [][]byte{u32(0), u32(uint32(samples))}
		for i := range samples {
			runs = append(runs, u32(1), u32(each/2*uint32(1+2*(i%2))))
		}
		return box("stts", concat(runs...))
	}
	return box("stts", concat(u32(0), u32(1), u32(uint32(samples)), u32(each)))
}

func (m Movie) sizes(samples int, size int64) []byte {
	b := concat(u32(0), u32(0), u32(uint32(samples)))
	each := size / int64(samples)
	for i := range samples {
		n := each
		if i == samples-1 {
			n = size - each*int64(samples-1)
		}
		b = append(b, u32(uint32(n))...)
	}
	return box("stsz", b)
}

func chunks(at int64) []byte {
	if at >= 1<<32 {
		return box("co64", concat(u32(0), u32(1), u64(uint64(at))))
	}
	return box("stco", concat(u32(0), u32(1), u32(uint32(at))))
}

func (m Movie) pictureEntry(w, h int) []byte {
	b := make([]byte, 78)
	b[7] = 1
	binary.BigEndian.PutUint16(b[24:], uint16(w))
	binary.BigEndian.PutUint16(b[26:], uint16(h))
	switch {
	case strings.HasPrefix(m.VideoCodec, "avc"):
		sps := m.sps(w, h)
		b = concat(b, box("avcC", concat([]byte{1, m.Profile, 0, 40, 0xff, 0xe1}, u16(uint16(len(sps))), sps, []byte{1, 0, 4, 0x68, 0xee, 0x3c, 0x80})))
	case strings.HasPrefix(m.VideoCodec, "hvc"), strings.HasPrefix(m.VideoCodec, "hev"):
		hvcC := make([]byte, 23)
		hvcC[0], hvcC[16] = 1, 0xfc|byte(m.Chroma)
		b = concat(b, box("hvcC", hvcC))
	}
	return box(m.VideoCodec, b)
}

// sps writes the parameters of an H.264 sequence.
func (m Movie) sps(w, h int) []byte {
	p := &pen{}
	p.put(uint32(m.Profile), 8)
	p.put(40, 16)
	p.golomb(0)
	if m.Profile >= 100 {
		p.golomb(uint32(m.Chroma))
		p.golomb(0)
		p.golomb(0)
		p.put(0, 2)
	}
	p.golomb(0)
	p.golomb(2)
	p.golomb(4)
	p.put(0, 1)
	p.golomb(uint32((w+15)/16 - 1))
	p.golomb(uint32((h+15)/16 - 1))
	if m.Interlaced {
		p.put(0, 2)
	} else {
		p.put(1, 1)
	}
	p.put(8, 4) // 8x8 inference, no cropping, no more; the end
	return append([]byte{0x67}, p.b...)
}

func (m Movie) soundEntry() []byte {
	b := make([]byte, 28)
	b[7] = 1
	binary.BigEndian.PutUint16(b[16:], uint16(m.Channels))
	binary.BigEndian.PutUint16(b[18:], 16)
	binary.BigEndian.PutUint32(b[24:], uint32(m.Rate&0xffff)<<16)
	if m.AudioCodec == "mp4a" {
		rates := map[int]uint16{96000: 0, 88200: 1, 64000: 2, 48000: 3, 44100: 4, 32000: 5, 24000: 6, 22050: 7, 16000: 8}
		own := u16(2<<11 | rates[m.Rate]<<7 | uint16(m.Channels)<<3)
		decoder := descriptor(4, concat([]byte{0x40, 0x15, 0, 0, 0}, u32(128000), u32(128000), descriptor(5, own)))
		b = concat(b, box("esds", concat(u32(0), descriptor(3, concat([]byte{0, 1, 0}, decoder, descriptor(6, []byte{2}))))))
	}
	return box(m.AudioCodec, b)
}

func descriptor(kind byte, content []byte) []byte {
	return concat([]byte{kind, 0x80, 0x80, 0x80, byte(len(content))}, content)
}

// pen writes bits.
type pen struct {
	b []byte
	n int
}

func (p *pen) put(v uint32, bits int) {
	for i := bits - 1; i >= 0; i-- {
		if p.n%8 == 0 {
			p.b = append(p.b, 0)
		}
		p.b[p.n/8] |= byte(v>>i&1) << (7 - p.n%8)
		p.n++
	}
}

func (p *pen) golomb(v uint32) {
	n := 0
	for (v+1)>>(n+1) > 0 {
		n++
	}
	p.put(0, n)
	p.put(v+1, n+1)
}

func u16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func box(name string, content []byte) []byte {
	return concat(u32(uint32(8+len(content))), []byte(name), content)
}

// Sparse is a file with a hole of zeros in its middle that takes no memory.
type Sparse struct {
	head, tail []byte
	hole       int64
	at         int64
}

// Size is the file's length.
func (s *Sparse) Size() int64 { return int64(len(s.head)) + s.hole + int64(len(s.tail)) }

// Again is the same file, at its start.
func (s *Sparse) Again() *Sparse { return &Sparse{head: s.head, tail: s.tail, hole: s.hole} }

// Read reads on.
func (s *Sparse) Read(p []byte) (int, error) {
	switch at := s.at; {
	case at < int64(len(s.head)):
		n := copy(p, s.head[at:])
		s.at += int64(n)
		return n, nil
	case at < int64(len(s.head))+s.hole:
		n := int(min(int64(len(p)), int64(len(s.head))+s.hole-at))
		clear(p[:n])
		s.at += int64(n)
		return n, nil
	case at < s.Size():
		n := copy(p, s.tail[at-int64(len(s.head))-s.hole:])
		s.at += int64(n)
		return n, nil
	}
	return 0, io.EOF
}

// Seek makes http.ServeContent serve it in parts.
func (s *Sparse) Seek(offset int64, whence int) (int64, error) {
	at := offset
	switch whence {
	case io.SeekCurrent:
		at += s.at
	case io.SeekEnd:
		at += s.Size()
	}
	if at < 0 {
		return 0, errors.New("mediatest: before the start")
	}
	s.at = at
	return at, nil
}
