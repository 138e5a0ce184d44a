package platforms

import (
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Count is a way to measure a text.
type Count string

// The ways platforms count.
const (
	CodePoints Count = "codePoints" // Unicode code points
	Graphemes  Count = "graphemes"  // what a reader calls a character, Unicode annex 29
	UTF16Units Count = "utf16"      // as JavaScript counts
	UTF8Bytes  Count = "bytes"
	Weighted   Count = "weighted"   // as X counts: a link is 23, an emoji 2, a character outside the Latin, Greek, Cyrillic and like scripts 2
	EmojiBytes Count = "emojiBytes" // as Threads counts: an emoji is its bytes in UTF-8, any other code point 1
	LittleText Count = "littleText" // as LinkedIn counts: its stored form, in which a hashtag is a template of 12 characters more
)

// Of measures a text.
func (c Count) Of(text string) int {
	switch c {
	case Graphemes:
		return uniseg.GraphemeClusterCount(text)
	case UTF16Units:
		n := 0
		for _, r := range text {
			n += utf16.RuneLen(r)
		}
		return n
	case UTF8Bytes:
		return len(text)
	case Weighted:
		return weightedLength(text)
	case EmojiBytes:
		return emojiBytes(text)
	case LittleText:
		const template = 12 // {hashtag|\#|tag} for #tag
		return utf8.RuneCountInString(text) + template*len(hashtag.FindAllString(text, -1))
	default:
		return utf8.RuneCountInString(text)
	}
}

// Explanation says how it counts, for people.
func (c Count) Explanation() string {
	switch c {
	case Graphemes:
		return "A character is what a reader sees as one: a letter with its accents, or an emoji of several parts, counts 1."
	case UTF16Units:
		return "Counted in UTF-16 units, as JavaScript does: most characters count 1, most emoji 2 and those of several parts more."
	case UTF8Bytes:
		return "Counted in bytes of UTF-8: an English letter counts 1, an accented one 2, a Chinese character 3, most emoji 4."
	case Weighted:
		return "Every link counts 23, every emoji 2, a Chinese, Japanese or Korean character 2, and a Latin letter 1."
	case EmojiBytes:
		return "An emoji counts its bytes in UTF-8, most of them 4 and those of several parts more; every other character counts 1."
	case LittleText:
		return "Counted in the form that is stored: every hashtag counts 12 more than it is long."
	default:
		return "Counted in Unicode code points: a letter counts 1, an emoji of several parts as many as it has parts."
	}
}

// unit names what is counted, for people.
func (c Count) unit() string {
	if c == UTF8Bytes {
		return "bytes"
	}
	return "characters"
}

// clusters calls f for each grapheme cluster of a text.
func clusters(text string, f func(cluster string)) {
	for state := -1; text != ""; {
		var cluster string
		cluster, text, _, state = uniseg.FirstGraphemeClusterInString(text, state)
		f(cluster)
	}
}

func emojiBytes(text string) int {
	n := 0
	clusters(text, func(cluster string) {
		if isEmoji(cluster) {
			n += len(cluster)
			return
		}
		n += utf8.RuneCountInString(cluster)
	})
	return n
}
