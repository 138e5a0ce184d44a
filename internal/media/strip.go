package media

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// strip copies an image without what may tell of its author or place (EXIF, XMP, IPTC, comments, further pictures behind the
// first), leaving the picture as it is. What has no such parts, or is too damaged to be sure, comes back unchanged.
func strip(mime string, file []byte) []byte {
	switch mime {
	case JPEG:
		return stripJPEG(file)
	case PNG:
		out := append(make([]byte, 0, len(file)), file[:8]...)
		for c := range pngChunks(file) {
			if !pngNotes[c.name] {
				out = append(out, c.raw...)
			}
		}
		return out
	case WebP:
		return stripWebP(file)
	}
	return file
}

func stripJPEG(file []byte) []byte {
	out := append(make([]byte, 0, len(file)), file[:2]...)
	scan := 2
	for s := range jpegSegments(file) {
		if s.needed() {
			out = append(out, s.raw...)
		}
		scan = s.end
	}
	return append(out, file[scan:pictureEnd(file, scan)]...)
}

// pictureEnd finds the end of the JPEG whose scans begin at i. Phones put more pictures behind it, with metadata of their own.
func pictureEnd(file []byte, i int) int {
	for i+1 < len(file) {
		switch marker := file[i+1]; {
		case file[i] != 0xff, marker == 0xff: // within a scan, or a fill byte
			i++
		case marker == 0xd9:
			return i + 2
		case marker == 0, marker >= 0xd0 && marker <= 0xd7: // an escaped byte, a restart
			i += 2
		case i+4 > len(file):
			return len(file)
		default: // a segment: tables between scans, the head of the next scan
			i += 2 + int(binary.BigEndian.Uint16(file[i+2:]))
		}
	}
	return len(file)
}

func stripWebP(file []byte) []byte {
	out := append(make([]byte, 0, len(file)), file[:12]...)
	for c := range webpChunks(file) {
		if c.name == "EXIF" || c.name == "XMP " {
			continue
		}
		at := len(out)
		out = append(out, c.raw...)
		if c.name == "VP8X" && len(c.data) > 0 {
			out[at+8] &^= webpEXIF | webpXMP
		}
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

var profileMark = []byte("ICC_PROFILE\x00")

// profileOf is the colour profile of a JPEG, whole; nil when there is none, or none for colours that we write. Without it an image
// made on a phone would look pale. Profiles of grey and CMYK images do not fit what is written.
func profileOf(mime string, file []byte) []byte {
	if mime != JPEG {
		return nil
	}
	var parts [][]byte
	for s := range jpegSegments(file) {
		if s.marker == 0xe2 && bytes.HasPrefix(s.data, profileMark) && len(s.data) > len(profileMark)+2 {
			parts = append(parts, s.data[len(profileMark):])
		}
	}
	slices.SortStableFunc(parts, func(a, b []byte) int { return int(a[0]) - int(b[0]) }) // number, count, data
	var profile []byte
	for _, p := range parts {
		profile = append(profile, p[2:]...)
	}
	if len(profile) < 128 || string(profile[16:20]) != "RGB " { // https://www.color.org/specification/ICC.1-2022-05.pdf, 7.2.8
		return nil
	}
	return profile
}

// withProfile puts a colour profile into a JPEG, in as many segments as it takes.
func withProfile(file, profile []byte) []byte {
	if profile == nil {
		return file
	}
	const most = 0xffff - 2 - 14
	parts := slices.Collect(slices.Chunk(profile, most))
	if len(parts) > 255 {
		return file
	}
	out := append(make([]byte, 0, len(file)+len(profile)+len(parts)*18), file[:2]...)
	for i, p := range parts {
		out = append(out, 0xff, 0xe2)
		out = binary.BigEndian.AppendUint16(out, uint16(2+14+len(p)))
		out = append(out, profileMark...)
		out = append(out, byte(i+1), byte(len(parts)))
		out = append(out, p...)
	}
	return append(out, file[2:]...)
}
