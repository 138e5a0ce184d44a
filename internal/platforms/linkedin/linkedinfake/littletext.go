package linkedinfake

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// reserved are the characters that need a backslash. https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format
const reserved = `\|{}@[]()<>#*_~`

var (
	tagTemplate  = regexp.MustCompile(`^\{hashtag\|\\[#＃]\|((?:\\.|[^\\|{}])+)\}`)
	mentionForm  = regexp.MustCompile(`^@\[((?:\\.|[^\\\]])+)\]\((urn:li:(?:person|organization):[A-Za-z0-9_-]+)\)`)
	bareTag      = regexp.MustCompile(`^#[\p{L}\p{N}]+`)
	backslashing = regexp.MustCompile(`\\(.)`)
)

// text is a text as it is kept.
type text struct {
	stored string // as reads have it: hashtags and mentions as templates, all else escaped
	plain  string // as people see it
	length int    // that counts
}

// read reads a text in LinkedIn's format, up to the first reserved character that is neither escaped nor part of a template: there it ends, silently.
func (f *Fake) read(in string) text {
	var stored, plain strings.Builder
	tags := 0
	tag := func(word string) {
		tags++
		stored.WriteString(`{hashtag|\#|` + escapeText(word) + "}")
		plain.WriteString("#" + word)
	}
reading:
	for in != "" {
		r, size := utf8.DecodeRuneInString(in)
		switch {
		case r == '\\' && len(in) > 1:
			_, next := utf8.DecodeRuneInString(in[1:])
			literal := in[1 : 1+next]
			stored.WriteString(escapeText(literal))
			plain.WriteString(literal)
			size += next
		case r == '{' && tagTemplate.MatchString(in):
			m := tagTemplate.FindStringSubmatch(in)
			tag(backslashing.ReplaceAllString(m[1], "$1"))
			size = len(m[0])
		case r == '@' && mentionForm.MatchString(in):
			m := mentionForm.FindStringSubmatch(in)
			name := backslashing.ReplaceAllString(m[1], "$1")
			if f.isNamed(m[2], name) {
				stored.WriteString(m[0])
			} else { // the words stay, and link to nothing
				stored.WriteString(escapeText(name))
			}
			plain.WriteString(name)
			size = len(m[0])
		case r == '#' && bareTag.MatchString(in):
			word := bareTag.FindString(in)
			tag(word[1:])
			size = len(word)
		case strings.ContainsRune(reserved, r):
			break reading
		default:
			stored.WriteRune(r)
			plain.WriteRune(r)
		}
		in = in[size:]
	}
	return text{stored.String(), plain.String(), utf8.RuneCountInString(plain.String()) + 12*tags}
}

// isNamed tells whether a mention has the name of whom it mentions: the whole one, or one part of a member's.
func (f *Fake) isNamed(urn, name string) bool {
	for _, p := range f.pages {
		if p.urn() == urn {
			return p.name == name
		}
	}
	for _, m := range f.members {
		if m.urn() == urn {
			return m.name == name || strings.Contains(" "+m.name+" ", " "+name+" ")
		}
	}
	return false
}

func escapeText(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(reserved, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
