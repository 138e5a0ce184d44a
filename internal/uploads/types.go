package uploads

import (
	"bytes"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"posthorn/internal/errs"
	"posthorn/internal/media"
)

// extensions are the types that can be uploaded, and what their files are called. The first name is given to a file without one.
var extensions = map[string][]string{
	"image/jpeg": {"jpg", "jpeg"}, "image/jpg": {"jpg", "jpeg"}, "image/png": {"png"}, "image/webp": {"webp"}, "image/gif": {"gif"},
	"video/mp4": {"mp4", "m4v"}, "video/mpeg": {"mpg", "mpeg"}, "video/quicktime": {"mov", "qt"}, "video/avi": {"avi"}, "video/x-msvideo": {"avi"},
	"video/webm": {"webm"}, "video/x-m4v": {"m4v", "mp4"}, "application/pdf": {"pdf"}, "audio/mpeg": {"mp3"}, "audio/mp4": {"m4a", "mp4"}, "audio/aac": {"aac"},
	"audio/ogg": {"ogg", "oga", "opus"}, "audio/wav": {"wav"}, "audio/webm": {"webm", "weba"}, "audio/x-m4a": {"m4a"},
}

// Types lists the types that can be uploaded.
func Types() []string {
	list := make([]string, 0, len(extensions))
	for t := range extensions {
		list = append(list, t)
	}
	slices.Sort(list)
	return list
}

var unsafe = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

const longestName = 80

// keyFor names a file within the store: secret is what makes the name one that nobody guesses, and the name that the customer gave stays
// readable. The extension is the customer's where it is one of its type.
func keyFor(secret, filename, contentType string) string {
	known := extensions[contentType]
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(filename), "."))
	if !slices.Contains(known, ext) {
		ext = known[0]
	}
	name := strings.Trim(unsafe.ReplaceAllString(strings.TrimSuffix(path.Base(filename), path.Ext(filename)), "-"), "-")
	if name == "" {
		name = "file"
	}
	return "uploads/" + secret + "/" + name[:min(len(name), longestName)] + "." + ext
}

// typeByName is the type that a file's name speaks of; empty when it speaks of none.
func typeByName(filename string) string {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(filename), "."))
	for _, t := range Types() {
		if extensions[t][0] == ext {
			return t
		}
	}
	for _, t := range Types() {
		if slices.Contains(extensions[t], ext) {
			return t
		}
	}
	return ""
}

// typeOf is the type of a file by its first bytes, where they tell; declared decides between sound and moving pictures in containers that
// hold both. A file that is of none of our types, or of another kind than declared, is Invalid.
func typeOf(head []byte, declared string) (string, error) {
	found := media.Sniff(head)
	switch {
	case found == media.HTML:
		found = ""
	case found == "":
		found = sniffRest(head)
	}
	kind, _, _ := strings.Cut(found, "/")
	wanted, _, _ := strings.Cut(declared, "/")
	both := found == media.MP4 || found == media.QuickTime || found == media.WebM || found == "application/ogg"
	switch {
	case found == "":
		return "", &errs.Error{Code: errs.Invalid, Rule: media.RuleUnsupported, Field: "file", Message: "the file is none of the types that can be uploaded, by its bytes"}
	case both && (wanted == "audio" || wanted == "video"):
		if wanted == "video" && found != "application/ogg" {
			return found, nil
		}
		return declared, nil
	case kind == wanted:
		return found, nil
	default:
		return "", &errs.Error{Code: errs.Invalid, Rule: "media.type_mismatch", Field: "contentType", Message: "the file was announced as " + declared + ", and by its bytes it is " + found,
			Remedy: "Announce it as what it is."}
	}
}

// sniffRest knows the types that no post takes, but messages do.
func sniffRest(head []byte) string {
	switch found := http.DetectContentType(head); found {
	case "audio/mpeg", "application/ogg", "video/avi":
		return found
	case "audio/wave":
		return "audio/wav"
	case "video/mp4": // sound alone is one to us
		return "audio/mp4"
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x00\x00\x01\xba")), bytes.HasPrefix(head, []byte("\x00\x00\x01\xb3")):
		return "video/mpeg"
	case len(head) > 1 && head[0] == 0xff && head[1]&0xf6 == 0xf0:
		return "audio/aac"
	case len(head) > 1 && head[0] == 0xff && head[1]&0xe0 == 0xe0 && head[1]&0x06 != 0:
		return "audio/mpeg"
	case len(head) > 11 && string(head[4:8]) == "ftyp":
		return "audio/mp4"
	default:
		return ""
	}
}
