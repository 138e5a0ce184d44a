package media

import (
	"encoding/binary"
	"time"

	"posthorn/internal/platforms"
)

// infoVersion changes when probing finds more than before, so that what was remembered is looked for anew.
const infoVersion = 1

// Info is what a file tells of itself. What it does not tell is zero.
type Info struct {
	MIME     string        // by its bytes
	Size     int64         // bytes
	Width    int           // pixels as shown: after orientation
	Height   int           //
	Duration time.Duration // of a video
	Picture  platforms.Picture
	Film     platforms.Film
	Tagged   bool // an image that carries notes (EXIF, XMP), which are dropped where it is written anew
}

// Measured is an item with all that was found in its file.
func (i Info) Measured(m platforms.Media) platforms.Media {
	m.MIME, m.Size, m.Width, m.Height, m.Duration, m.Picture, m.Film = i.MIME, i.Size, i.Width, i.Height, i.Duration, i.Picture, i.Film
	return m
}

// jpegColours are what the number of components of a JPEG means.
var jpegColours = map[byte]string{1: platforms.Grey, 3: platforms.RGB, 4: platforms.CMYK}

// jpegColour reads the colours of a JPEG from the head of its frame.
func jpegColour(b []byte) string {
	for s := range jpegSegments(b) {
		if s.marker >= 0xc0 && s.marker <= 0xcf && s.marker != 0xc4 && s.marker != 0xc8 && s.marker != 0xcc && len(s.data) > 5 {
			return jpegColours[s.data[5]]
		}
	}
	return ""
}

// exifLocated reports whether EXIF data hold a place: tag 0x8825 of the first directory.
func exifLocated(tiff []byte) bool {
	_, ok := exifEntry(tiff, 0x8825)
	return ok
}

// exifEntry finds a tag in the first directory of EXIF data, which is a TIFF: CIPA DC-008, section 4.6. It gives the entry's 12 bytes with
// the order they are to be read in.
func exifEntry(tiff []byte, tag uint16) (found struct {
	order binary.ByteOrder
	bytes []byte
}, ok bool) {
	if len(tiff) < 8 {
		return found, false
	}
	found.order = binary.LittleEndian
	if string(tiff[:2]) == "MM" {
		found.order = binary.BigEndian
	}
	at := uint64(found.order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return found, false
	}
	const size = 12
	list := tiff[at+2:]
	for n := int(found.order.Uint16(tiff[at:])); n > 0 && len(list) >= size; n, list = n-1, list[size:] {
		if found.order.Uint16(list) == tag {
			found.bytes = list[:size]
			return found, true
		}
	}
	return found, false
}
