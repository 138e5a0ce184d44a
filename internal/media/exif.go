package media

import (
	"bytes"
	"encoding/binary"
)

// traits are what the bytes around an image's pixels say of it.
type traits struct {
	orientation int  // as in EXIF, 1 to 8; 1 when nothing is said
	tagged      bool // carries EXIF or XMP, which may tell where the picture was taken
	located     bool // tells it
	animated    bool
}

// traitsOf reads the metadata of a JPEG, PNG, GIF or WebP, or as much of it as lies in b. Damage ends the reading, without an error:
// whoever decodes the picture will meet it.
func traitsOf(mime string, b []byte) traits {
	t := traits{orientation: 1}
	switch mime {
	case JPEG:
		t.readJPEG(b)
	case PNG:
		t.readPNG(b)
	case WebP:
		t.readWebP(b)
	case GIF:
		t.animated = gifFrames(b) > 1
	}
	return t
}

var exifMark = []byte("Exif\x00\x00")

// readJPEG walks the segments before the picture itself: https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B.
func (t *traits) readJPEG(b []byte) {
	for s := range jpegSegments(b) {
		if s.marker == 0xe1 && bytes.HasPrefix(s.data, exifMark) {
			t.readEXIF(s.data[len(exifMark):])
		}
		t.tagged = t.tagged || !s.needed()
	}
}

// A jpegSegment is one marker segment: raw is all of it, data what follows its length, end where it ends in the file.
type jpegSegment struct {
	marker    byte
	raw, data []byte
	end       int
}

// needed reports whether the picture looks the same only with this segment: all but comments and what applications add, of which
// the colour profile and Adobe's note on the colour transform count.
func (s jpegSegment) needed() bool {
	switch {
	case s.marker == 0xe2:
		return bytes.HasPrefix(s.data, profileMark)
	case s.marker == 0xe0, s.marker == 0xee:
		return true
	}
	return s.marker != 0xfe && (s.marker < 0xe0 || s.marker > 0xef)
}

// jpegSegments yields the segments of a JPEG from after its first marker to before the scan, as far as they are whole.
func jpegSegments(b []byte) func(yield func(jpegSegment) bool) {
	return func(yield func(jpegSegment) bool) {
		for i := 2; i+4 <= len(b) && b[i] == 0xff; {
			marker := b[i+1]
			if marker == 0xff { // fill byte
				i++
				continue
			}
			n := int(binary.BigEndian.Uint16(b[i+2:]))
			end := i + 2 + n
			if marker == 0xda || n < 2 || end > len(b) {
				return
			}
			if !yield(jpegSegment{marker: marker, raw: b[i:end], data: b[i+4 : end], end: end}) {
				return
			}
			i = end
		}
	}
}

// A chunk is a named part of a PNG or WebP: raw is all of it, data its content.
type chunk struct {
	name      string
	raw, data []byte
}

// pngChunks yields the chunks that are whole: https://www.w3.org/TR/png-3/#5Chunk-layout
func pngChunks(b []byte) func(yield func(chunk) bool) {
	return func(yield func(chunk) bool) {
		for i := uint64(8); i+12 <= uint64(len(b)); {
			end := i + 12 + uint64(binary.BigEndian.Uint32(b[i:])) // length, name, data, checksum
			if end > uint64(len(b)) || !yield(chunk{string(b[i+4 : i+8]), b[i:end], b[i+8 : end-4]}) {
				return
			}
			i = end
		}
	}
}

func (t *traits) readPNG(b []byte) {
	for c := range pngChunks(b) {
		t.tagged = t.tagged || pngNotes[c.name]
		switch c.name {
		case "eXIf":
			t.readEXIF(c.data)
		case "acTL":
			t.animated = true
		}
	}
}

// pngNotes are the chunks that say something of a PNG without changing how it looks, but for the orientation in eXIf.
var pngNotes = map[string]bool{"eXIf": true, "tEXt": true, "iTXt": true, "zTXt": true, "tIME": true}

// webpChunks yields the chunks that are whole: https://developers.google.com/speed/webp/docs/riff_container
func webpChunks(b []byte) func(yield func(chunk) bool) {
	return func(yield func(chunk) bool) {
		for i := uint64(12); i+8 <= uint64(len(b)); {
			n := uint64(binary.LittleEndian.Uint32(b[i+4:]))
			end := i + 8 + n
			if end > uint64(len(b)) || !yield(chunk{string(b[i : i+4]), b[i:min(end+n&1, uint64(len(b)))], b[i+8 : end]}) {
				return
			}
			i = end + n&1
		}
	}
}

// The flags of the first chunk of an extended WebP.
const (
	webpAnimation = 0x02
	webpXMP       = 0x04
	webpEXIF      = 0x08
)

func (t *traits) readWebP(b []byte) {
	for c := range webpChunks(b) {
		switch {
		case c.name == "VP8X" && len(c.data) > 0:
			t.tagged = c.data[0]&(webpEXIF|webpXMP) != 0
			t.animated = c.data[0]&webpAnimation != 0
		case c.name == "EXIF":
			t.readEXIF(bytes.TrimPrefix(c.data, exifMark))
		}
	}
}

// readEXIF reads the orientation, tag 0x0112, and whether a place is told.
func (t *traits) readEXIF(tiff []byte) {
	const short = 3
	if e, ok := exifEntry(tiff, 0x0112); ok && e.order.Uint16(e.bytes[2:]) == short {
		if v := int(e.order.Uint16(e.bytes[8:])); v >= 1 && v <= 8 {
			t.orientation = v
		}
	}
	t.located = t.located || exifLocated(tiff)
}

// swaps reports whether the orientation turns the picture on its side.
func (t traits) swaps() bool { return t.orientation >= 5 }

// gifFrames counts the pictures of a GIF, as far as b reaches: https://www.w3.org/Graphics/GIF/spec-gif89a.txt
func gifFrames(b []byte) int {
	if len(b) < 13 {
		return 0
	}
	frames, i := 0, 13+colourTable(b[10])
	for i < len(b) {
		switch b[i] {
		case 0x21: // extension: label, blocks
			i = skipBlocks(b, i+2)
		case 0x2c: // picture: position, table, code size, blocks
			if i+10 > len(b) {
				return frames
			}
			frames++
			i = skipBlocks(b, i+10+colourTable(b[i+9])+1)
		default:
			return frames
		}
	}
	return frames
}

func colourTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

func skipBlocks(b []byte, i int) int {
	for i < len(b) && b[i] != 0 {
		i += 1 + int(b[i])
	}
	return i + 1
}
