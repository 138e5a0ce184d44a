package platforms

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

// X's figures: https://docs.x.com/fundamentals/counting-characters
const (
	linkWeight  = 23
	emojiWeight = 2
)

// weightedLength counts as X does, in the text's composed form.
func weightedLength(text string) int {
	text = norm.NFC.String(text)
	n, from := 0, 0
	for _, link := range links(text) {
		n += weightOf(text[from:link[0]]) + linkWeight
		from = link[1]
	}
	return n + weightOf(text[from:])
}

func weightOf(text string) int {
	n := 0
	clusters(text, func(cluster string) {
		if isEmoji(cluster) {
			n += emojiWeight
			return
		}
		for _, r := range cluster {
			if isLight(r) {
				n++
			} else {
				n += 2
			}
		}
	})
	return n
}

// isLight reports whether a character counts 1: those up to Georgian, and the common spaces, dashes, quotes and marks.
func isLight(r rune) bool {
	return r <= 4351 || r >= 8192 && r <= 8205 || r >= 8208 && r <= 8223 || r >= 8242 && r <= 8247
}

// A link is a host with a known top-level domain, with or without http:// in front, and what follows of it. The groups are what stands
// before it, the scheme and the host.
var linkPattern = regexp.MustCompile(`(?i)(^|[^\pL\pN@＠$#＃_./-])(https?://)?((?:[\pL\pN\p{So}](?:[\pL\pN\pM\p{So}_-]*[\pL\pN\pM\p{So}])?\.)+[\pL][\pL\pN-]*[\pL\pN])(?::\d+)?(/[^\s\p{Z}<>"'｢｣「」、。]*)?(\?[^\s\p{Z}<>"']*)?(#[^\s\p{Z}<>"']*)?`)

const maxLabel = 63 // characters of one part of a host

// links finds where the links of a text begin and end, as X sees them.
func links(text string) [][2]int {
	var found [][2]int
	for at := 0; at < len(text); {
		m := linkPattern.FindStringSubmatchIndex(text[at:])
		if m == nil {
			return found
		}
		begin, scheme, host, hostEnd, end := at+m[3], m[4] >= 0, at+m[6], at+m[7], at+m[1]
		known := knownPart(text[host:hostEnd], scheme)
		switch {
		case known == 0:
			at = hostEnd
			continue
		case known < hostEnd-host: // "example.com.Then" ends with the last part that is a domain
			end = host + known
		default:
			end -= Trailing(text[hostEnd:end])
		}
		found = append(found, [2]int{begin, end})
		at = end
	}
	return found
}

// knownPart is how much of a host, from its start, is a domain below a known top-level one; 0 when nothing is. Without a scheme in front
// a host is plain ASCII.
func knownPart(host string, scheme bool) int {
	labels := strings.Split(host, ".")
	for i, l := range labels {
		if utf8.RuneCountInString(l) > maxLabel || !scheme && !isASCII(l) {
			labels = labels[:i]
			break
		}
	}
	for ; len(labels) > 1; labels = labels[:len(labels)-1] {
		domain, top := labels[len(labels)-2], labels[len(labels)-1]
		if !strings.Contains(domain, "_") && isTopLevel(top) { // further down there may be underscores
			return len(strings.Join(labels, "."))
		}
	}
	return 0
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// isTopLevel reports whether a label is a top-level domain that exists.
func isTopLevel(label string) bool {
	top, err := idna.ToASCII(strings.ToLower(label))
	if err != nil {
		return false
	}
	_, managed := publicsuffix.PublicSuffix("x." + top)
	return managed
}

// Trailing is how many bytes at the end of a link, or of its path, are the sentence's and not the link's.
func Trailing(path string) int {
	kept := path
	for kept != "" {
		last := kept[len(kept)-1]
		open := strings.Count(kept, "(") >= strings.Count(kept, ")")
		if !strings.ContainsRune(".,:;!?'*~", rune(last)) && (last != ')' || open) {
			break
		}
		kept = kept[:len(kept)-1]
	}
	return len(path) - len(kept)
}
