package bluesky

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"posthorn/internal/platforms"
)

// facet annotates a stretch of a post's text. Offsets are of UTF-8 bytes, the end exclusive; facets are sorted and never overlap.
// https://docs.bsky.app/docs/advanced-guides/post-richtext
type facet struct {
	Index    byteRange `json:"index"`
	Features []feature `json:"features"`
}

type byteRange struct {
	Start int `json:"byteStart"`
	End   int `json:"byteEnd"`
}

// feature is a link, a mention or a tag, by its type.
type feature struct {
	Type string `json:"$type"`
	URI  string `json:"uri,omitempty"`
	DID  string `json:"did,omitempty"`
	Tag  string `json:"tag,omitempty"`
}

const (
	typeLink    = "app.bsky.richtext.facet#link"
	typeMention = "app.bsky.richtext.facet#mention"
	typeTag     = "app.bsky.richtext.facet#tag"
)

const (
	maxTagGraphemes = 64
	maxTagBytes     = 640
)

// span is a stretch of text that asks to be a facet. The value is the address, the handle in lower case, or the tag without its sign.
type span struct {
	byteRange
	kind, value string
}

// detect finds the links, mentions and tags of a text, from left to right.
func detect(text string) []span {
	var spans []span
	before := ' ' // the rune in front of i
	for i := 0; i < len(text); {
		if s, ok := spanAt(text, i, before); ok {
			spans = append(spans, s)
			i = s.End
			before, _ = utf8.DecodeLastRuneInString(text[:i])
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		before, i = r, i+size
	}
	return spans
}

func spanAt(text string, i int, before rune) (span, bool) {
	if !opens(before) {
		return span{}, false
	}
	r, size := utf8.DecodeRuneInString(text[i:])
	var s span
	var n int
	switch {
	case r == '@':
		s.kind = typeMention
		s.value, n = handleIn(text[i+size:])
		n += size
	case r == '#' || r == '＃':
		s.kind = typeTag
		s.value, n = tagIn(text[i+size:])
		n += size
	default:
		s.kind = typeLink
		s.value, n = linkIn(text[i:])
	}
	s.byteRange = byteRange{i, i + n}
	return s, s.value != ""
}

// opens reports whether a facet may begin after a rune: after space and punctuation, and after scripts that are written without
// spaces; not within a word, a path or an e-mail address.
func opens(before rune) bool {
	switch {
	case strings.ContainsRune("@#&/.-_+=~%$", before):
		return false
	case unicode.In(before, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
		return true
	}
	return !unicode.IsLetter(before) && !unicode.IsDigit(before) && !unicode.IsMark(before)
}

var handleForm = regexp.MustCompile(`^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

// isHandle reports whether s has the form of a handle, which is a domain name. https://atproto.com/specs/handle
func isHandle(s string) bool { return len(s) <= 253 && handleForm.MatchString(s) }

// handleIn reads the handle at the beginning of s; empty when there is none, as in an address of another network (@a@b.c).
func handleIn(s string) (handle string, n int) {
	n = strings.IndexFunc(s, func(r rune) bool { return !isDomainRune(r) })
	if n < 0 {
		n = len(s)
	} else if s[n] == '@' || s[n] == '_' {
		return "", 0
	}
	handle = strings.TrimRight(s[:n], ".-")
	if !isHandle(handle) {
		return "", 0
	}
	return strings.ToLower(handle), len(handle)
}

func isDomainRune(r rune) bool {
	return r == '.' || r == '-' || (r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)))
}

// tagIn reads the tag at the beginning of s; empty when it has neither letter nor symbol, or is too long to be one.
func tagIn(s string) (tag string, n int) {
	n = strings.IndexFunc(s, func(r rune) bool { return !isTagRune(r) })
	if n < 0 {
		n = len(s)
	}
	tag = strings.TrimRight(s[:n], "_-")
	if strings.HasPrefix(tag, "\ufe0f") || strings.HasPrefix(tag, "\u20e3") { // the sign was part of a keycap emoji
		return "", 0
	}
	if !strings.ContainsFunc(tag, func(r rune) bool { return !unicode.IsDigit(r) && r != '_' && r != '-' }) {
		return "", 0
	}
	if len(tag) > maxTagBytes || platforms.Graphemes.Of(tag) > maxTagGraphemes {
		return "", 0
	}
	return tag, len(tag)
}

func isTagRune(r rune) bool {
	const joiner = '\u200d' // holds families of emoji together
	switch {
	case r == '_' || r == '-' || r == joiner:
		return true
	case r == '<' || r == '>' || r == '`' || r == '|' || r == utf8.RuneError:
		return false
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.S)
}

var scheme = regexp.MustCompile(`^(?i:https?)://`)

// linkIn reads the web address at the beginning of s, with or without its scheme; empty when there is none.
func linkIn(s string) (uri string, n int) {
	head := len(scheme.FindString(s))
	if head == 0 {
		return bareLinkIn(s)
	}
	n = head + hostLength(s[head:])
	if n == head {
		return "", 0
	}
	n = trimAddress(s[:n+restLength(s[n:])])
	u, err := url.Parse(s[:n])
	if err != nil || !strings.ContainsFunc(u.Hostname(), isWordRune) {
		return "", 0
	}
	return s[:n], n
}

// bareDomain is a lower-case domain under a top-level domain that is hardly ever a word or the ending of a file's name, so that
// "main.rs" and "thanks.it works" stay text.
var bareDomain = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:com|org|net|edu|gov|int|info|biz|io|dev|app|ai|tv|xyz|` +
	`blog|shop|tech|social|cloud|eu|uk|de|fr|nl|ch|es|se|dk|fi|ca|au|nz|jp|kr|cn|br|mx|ie|pt|cz|gr|hu|ro|ua|tr|za|sg|hk|tw|co)`)

func bareLinkIn(s string) (uri string, n int) {
	n = len(bareDomain.FindString(s))
	if n == 0 {
		return "", 0
	}
	if next, _ := utf8.DecodeRuneInString(s[n:]); n < len(s) {
		continues := next == '.' && len(s) > n+1 && isDomainRune(rune(s[n+1]))
		if continues || next == '@' || next == '_' || next == '-' || (next < utf8.RuneSelf && isWordRune(next)) {
			return "", 0 // a longer name, or an e-mail address
		}
	}
	n = trimAddress(s[:n+restLength(s[n:])])
	return "https://" + s[:n], n
}

// hostLength is how much of s is host and port. A domain in letters beyond ASCII is taken, but text that follows an ASCII ending
// without a space is not.
func hostLength(s string) int {
	n := strings.IndexFunc(s, func(r rune) bool { return !isWordRune(r) && !strings.ContainsRune(".-:@[]%_", r) })
	if n < 0 {
		n = len(s)
	}
	host := s[:n]
	last := strings.LastIndexByte(host, '.') + 1
	if last < len(host) && host[last] < utf8.RuneSelf {
		if i := strings.IndexFunc(host[last:], func(r rune) bool { return r >= utf8.RuneSelf }); i > 0 {
			return last + i
		}
	}
	return n
}

// restLength is how much of s, which follows a host, is path, query and fragment.
func restLength(s string) int {
	if s == "" || !strings.ContainsRune("/?#:", rune(s[0])) {
		return 0
	}
	n := strings.IndexFunc(s, func(r rune) bool {
		if r < utf8.RuneSelf {
			return r <= ' ' || r == 0x7f || strings.ContainsRune("<>\"`{}|\\^", r)
		}
		return !isWordRune(r) // quotation marks and full stops of other scripts end an address
	})
	if n < 0 {
		return len(s)
	}
	return n
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// trimAddress is the length of an address without the punctuation of the sentence around it: closing brackets stay where they
// close one of the address's own.
func trimAddress(s string) int {
	for s != "" {
		last := s[len(s)-1]
		if open := strings.IndexByte(")]", last); open >= 0 {
			if strings.Count(s, string(last)) <= strings.Count(s, string("(["[open])) {
				break
			}
		} else if !strings.ContainsRune(".,;:!?'", rune(last)) {
			break
		}
		s = s[:len(s)-1]
	}
	return len(s)
}

// addFacets finds the facets of all posts, and asks for the DID of each handle once. It returns the handles that belong to nobody:
// they stay plain text.
func (p *plan) addFacets(ctx context.Context, c *platforms.Conn) (plain []string, err error) {
	dids := map[string]string{}
	for i := range p.Posts {
		post := &p.Posts[i]
		for _, s := range detect(post.Text) {
			f := feature{Type: s.kind}
			switch s.kind {
			case typeLink:
				f.URI = s.value
			case typeTag:
				f.Tag = s.value
			case typeMention:
				did, known := dids[s.value]
				if !known {
					if did, err = mentioned(ctx, c, p.PDS, s.value); err != nil {
						return nil, err
					}
					dids[s.value] = did
					if did == "" {
						plain = append(plain, s.value)
					}
				}
				if did == "" {
					continue
				}
				f.DID = did
			}
			post.Facets = append(post.Facets, facet{Index: s.byteRange, Features: []feature{f}})
		}
	}
	return plain, nil
}
