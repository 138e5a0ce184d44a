package linkedin

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// What is not plain in a text: addresses, whose "#" and "_" mean nothing, mentions, and hashtags that start a word.
var (
	address  = regexp.MustCompile(`https?://[^\s]+`)
	mention  = regexp.MustCompile(`@\[([^\[\]\n]+)\]\((urn:li:(?:organization|person):[A-Za-z0-9_-]+)\)`)
	hashtag  = regexp.MustCompile(`#[\p{L}\p{N}_]+`)
	template = regexp.MustCompile(`\{hashtag\|\\[#＃]\|((?:\\.|[^}\\])+)\}`)
	mentions = regexp.MustCompile(`@\[((?:\\.|[^\]\\])*)\]\([^)]*\)`)
	escaped  = regexp.MustCompile(`\\([\\|{}@\[\]()<>#*_~])`)
)

// escape makes a text plain: LinkedIn cuts it at the first reserved character that has no backslash, and says nothing.
var escape = strings.NewReplacer(`\`, `\\`, "|", `\|`, "{", `\{`, "}", `\}`, "@", `\@`, "[", `\[`, "]", `\]`, "(", `\(`, ")", `\)`, "<", `\<`, ">", `\>`, "#", `\#`, "*", `\*`, "_", `\_`, "~", `\~`).Replace

// littleText is a text as LinkedIn takes it: mentions and hashtags as its templates, and all else escaped.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format
func littleText(text string) string {
	var b strings.Builder
	for text != "" {
		at, end, put := special(text)
		b.WriteString(escape(text[:at]))
		b.WriteString(put)
		text = text[end:]
	}
	return b.String()
}

// special finds the first part of a text that is not plain, and what stands for it; at its end where there is none.
func special(text string) (at, end int, put string) {
	at, end = len(text), len(text)
	take := func(m []int, made func() string) {
		if m != nil && m[0] < at {
			at, end, put = m[0], m[1], made()
		}
	}
	a := address.FindStringIndex(text)
	take(a, func() string { return escape(text[a[0]:a[1]]) })
	m := mention.FindStringSubmatchIndex(text)
	take(m, func() string { return "@[" + escape(text[m[2]:m[3]]) + "](" + text[m[4]:m[5]] + ")" })
	h := tagIn(text)
	take(h, func() string { return `{hashtag|\#|` + escape(text[h[0]+1:h[1]]) + "}" })
	return at, end, put
}

// tagIn finds the first hashtag that starts a word.
func tagIn(text string) []int {
	for from := 0; ; {
		m := hashtag.FindStringIndex(text[from:])
		if m == nil {
			return nil
		}
		at, end := from+m[0], from+m[1]
		if !wordy(text[:at]) {
			return []int{at, end}
		}
		from = end
	}
}

var endsWord = regexp.MustCompile(`[\p{L}\p{N}_&]$`)

// wordy tells whether a text ends within a word.
func wordy(before string) bool { return endsWord.MatchString(before) }

// plain makes texts comparable, whether they are ours or as LinkedIn tells them: no templates, no escapes, composed letters and single spaces.
// Addresses are all alike, since LinkedIn may shorten them.
func plain(little string) string {
	s := template.ReplaceAllString(little, "#$1")
	s = mentions.ReplaceAllString(s, "$1")
	s = escaped.ReplaceAllString(s, "$1")
	s = address.ReplaceAllString(s, "https://")
	return strings.Join(strings.Fields(norm.NFC.String(s)), " ")
}

// firstLink is the first address in a text, without the punctuation that ends a sentence; empty: there is none.
func firstLink(text string) string {
	link := strings.TrimRight(address.FindString(text), ".,;:!?'\"»”’")
	for strings.HasSuffix(link, ")") && strings.Count(link, ")") > strings.Count(link, "(") {
		link = strings.TrimSuffix(link, ")")
	}
	return link
}
