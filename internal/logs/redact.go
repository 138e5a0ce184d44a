package logs

import (
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

const redacted = "[redacted]"

// secretWords are what the name of a field with a secret contains. Rather one field too many than one too few.
var secretWords = []string{"token", "secret", "password", "passwd", "jwt", "authorization", "cookie", "credential", "apikey", "api_key", "api-key",
	"private_key", "privatekey", "signature", "assertion", "code_verifier", "proof"}

// secretNames are whole names of that kind.
var secretNames = map[string]bool{"code": true, "sig": true, "pin": true, "otp": true, "client_key": true, "auth": true,
	"upload_id": true} // of Google's resumable uploads: whoever has it can write to the upload

// isSecretName reports whether a field of that name holds what nobody may read.
func isSecretName(name string) bool {
	name = strings.ToLower(name)
	if secretNames[name] {
		return true
	}
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

var (
	// jsonField is a field of JSON whose value is a string or a list; the text may be cut off within the value.
	jsonField = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"(\s*:\s*)("(?:[^"\\]|\\.?)*"?|\[[^\]]*\]?)`)
	// formField is a field of a form or query.
	formField = regexp.MustCompile(`([A-Za-z0-9_.%\[\]-]+)=([^&\s"'<>\\]*)`)
	// bearer and jwt are credentials wherever they stand.
	bearer = regexp.MustCompile(`(?i)\b(bearer|basic)[ +]+[A-Za-z0-9._~+/=-]{8,}`)
	jwt    = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{6,}(\.[A-Za-z0-9_-]*){0,2}`)
)

// Redact blanks the secrets of a body, JSON or form or plain text, by the names of its fields and by the look of tokens. It may be cut off.
func Redact(body string) string {
	body = jsonField.ReplaceAllStringFunc(body, func(field string) string {
		m := jsonField.FindStringSubmatch(field)
		// A field "code" of a platform's answer is mostly an error's; those that are secrets are long.
		if !isSecretName(m[1]) || strings.EqualFold(m[1], "code") && len(m[3]) < 12 {
			if strings.Contains(m[3], `"`) && strings.HasPrefix(m[3], "[") {
				return `"` + m[1] + `"` + m[2] + Redact(m[3]) // a list may hold objects
			}
			return field
		}
		return `"` + m[1] + `"` + m[2] + `"` + redacted + `"`
	})
	body = formField.ReplaceAllStringFunc(body, func(field string) string {
		name, value, _ := strings.Cut(field, "=")
		if plain, err := url.QueryUnescape(name); err == nil && isSecretName(plain) && value != "" {
			return name + "=" + redacted
		}
		return field
	})
	body = bearer.ReplaceAllString(body, "$1 "+redacted)
	return jwt.ReplaceAllString(body, redacted)
}

// cut shortens a text to at most n bytes and makes it one that Postgres takes.
func cut(s string, n int) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.ContainsRune(s, 0) {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
