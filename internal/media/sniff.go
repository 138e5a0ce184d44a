package media

import (
	"bytes"
	"net/http"
	"strings"
)

// The types that Sniff tells apart.
const (
	JPEG      = "image/jpeg"
	PNG       = "image/png"
	GIF       = "image/gif"
	WebP      = "image/webp"
	HEIC      = "image/heic"
	AVIF      = "image/avif"
	MP4       = "video/mp4"
	QuickTime = "video/quicktime"
	WebM      = "video/webm"
	AVI       = "video/x-msvideo"
	MPEG      = "video/mpeg"
	PDF       = "application/pdf"
	HTML      = "text/html"

	MP3 = "audio/mpeg"
	M4A = "audio/mp4"
	AAC = "audio/aac"
	Ogg = "audio/ogg"
	WAV = "audio/wav"
)

// extensions are those of the types we serve, and the types of those.
var extensions = map[string]string{
	JPEG: ".jpg", PNG: ".png", GIF: ".gif", WebP: ".webp", HEIC: ".heic", AVIF: ".avif",
	MP4: ".mp4", QuickTime: ".mov", WebM: ".webm", AVI: ".avi", MPEG: ".mpg", PDF: ".pdf",
	MP3: ".mp3", M4A: ".m4a", AAC: ".aac", Ogg: ".ogg", WAV: ".wav",
}

// Sniff tells the type of media by its first bytes (512 are enough), whatever a server or a name says. It gives HTML for a web
// page and "" for what it does not know.
func Sniff(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return JPEG
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return PNG
	case bytes.HasPrefix(b, []byte("GIF87a")), bytes.HasPrefix(b, []byte("GIF89a")):
		return GIF
	case len(b) >= 12 && string(b[:4]) == "RIFF" && riffs[strings.TrimSpace(string(b[8:12]))] != "":
		return riffs[strings.TrimSpace(string(b[8:12]))]
	case bytes.HasPrefix(b, []byte("%PDF-")):
		return PDF
	case bytes.HasPrefix(b, []byte("\x1a\x45\xdf\xa3")) && bytes.Contains(b[:min(len(b), 64)], []byte("webm")):
		return WebM
	}
	if len(b) >= 12 {
		if t := sniffBoxes(b); t != "" {
			return t
		}
	}
	if t := sniffStream(b); t != "" {
		return t
	}
	if strings.HasPrefix(http.DetectContentType(b), HTML) || bytes.HasPrefix(bytes.ToLower(bytes.TrimSpace(b)), []byte("<html")) {
		return HTML
	}
	return ""
}

// riffs are the kinds of RIFF files.
var riffs = map[string]string{"WEBP": WebP, "AVI": AVI, "WAVE": WAV}

// sniffStream knows the formats that are made of packets, which begin with a few bits rather than a word.
func sniffStream(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("OggS")):
		return Ogg
	case bytes.HasPrefix(b, []byte("\x00\x00\x01\xba")), bytes.HasPrefix(b, []byte("\x00\x00\x01\xb3")), len(b) > 376 && b[0] == 0x47 && b[188] == 0x47 && b[376] == 0x47:
		return MPEG
	case bytes.HasPrefix(b, []byte("ID3")):
		return MP3
	case len(b) > 3 && b[0] == 0xff && b[1]&0xf6 == 0xf0: // ADTS
		return AAC
	case len(b) > 3 && b[0] == 0xff && b[1]&0xe0 == 0xe0 && b[1]&0x06 != 0 && b[2]&0xf0 != 0xf0 && b[2]&0x0c != 0x0c:
		return MP3
	}
	return ""
}

// sniffBoxes reads the brands of a file made of ISO media boxes: https://mp4ra.org/registered-types/brands
func sniffBoxes(b []byte) string {
	switch string(b[4:8]) {
	case "ftyp":
	case "moov", "mdat", "wide", "free", "skip", "pnot": // QuickTime from before ftyp
		return QuickTime
	default:
		return ""
	}
	size := int(b[2])<<8 | int(b[3]) // a ftyp box is never 64 KB
	brands := b[8:min(len(b), max(size, 12))]
	switch major := string(brands[:4]); major {
	case "qt  ":
		return QuickTime
	case "heic", "heix", "hevc", "hevx", "heim", "heis":
		return HEIC
	case "avif", "avis":
		return AVIF
	case "mif1", "msf1": // says nothing of the coding; the compatible brands do
		if bytes.Contains(brands, []byte("avif")) {
			return AVIF
		}
		return HEIC
	case "M4A ", "M4B ", "M4P ":
		return M4A
	}
	return MP4
}
