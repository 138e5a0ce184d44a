package media

import (
	"path"
	"slices"
	"strings"
)

// typeExtensions are the types that can be uploaded, each with the extensions that its files go by. The first is what a file gets that
// has none, or one of another type.
var typeExtensions = map[string][]string{
	"image/jpeg": {".jpg", ".jpeg"}, "image/png": {".png"}, "image/webp": {".webp"}, "image/gif": {".gif"},
	"video/mp4": {".mp4", ".m4v"}, "video/mpeg": {".mpg", ".mpeg"}, "video/quicktime": {".mov"}, "video/x-msvideo": {".avi"}, "video/webm": {".webm"}, "video/x-m4v": {".m4v", ".mp4"},
	"application/pdf": {".pdf"},
	"audio/mpeg":      {".mp3"}, "audio/mp4": {".m4a", ".mp4"}, "audio/aac": {".aac"}, "audio/ogg": {".ogg", ".oga", ".opus"}, "audio/wav": {".wav"}, "audio/webm": {".webm", ".weba"}, "audio/x-m4a": {".m4a"},
}

// otherNames are further names of types, as callers write them.
var otherNames = map[string]string{"image/jpg": "image/jpeg", "video/avi": "video/x-msvideo"}

// Uploadable reports whether files of a type can be uploaded.
func Uploadable(mime string) bool { return typeExtensions[canonical(mime)] != nil }

// UploadTypes lists every name of a type that can be uploaded.
func UploadTypes() []string {
	var list []string
	for name := range typeExtensions {
		list = append(list, name)
	}
	for name := range otherNames {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func canonical(mime string) string {
	if other, ok := otherNames[mime]; ok {
		return other
	}
	return mime
}

// extensionOf is the extension that a file of a type keeps of its name, or gets.
func extensionOf(name, mime string) string {
	known := typeExtensions[canonical(mime)]
	if own := strings.ToLower(path.Ext(name)); slices.Contains(known, own) {
		return own
	}
	return known[0]
}

// A family is what types have in common that a caller may take for each other: a picture is a picture. Sound and pictures come in the
// same containers, which nobody can tell apart by their first bytes.
func family(mime string) string {
	kind, _, _ := strings.Cut(mime, "/")
	if kind == "audio" {
		return "video"
	}
	return kind
}

// slug is a file's name as it can stand in a key: letters, digits, "-" and "_", at most 60 of them.
func slug(name string) string {
	name = strings.TrimSuffix(path.Base(strings.ReplaceAll(name, `\`, "/")), path.Ext(name))
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == 60 {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "file"
}
