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
	default:
		return utf8.RuneCountInString(text)
	}
}

// unit names what is counted, for people.
func (c Count) unit() string {
	if c == UTF8Bytes {
		return "bytes"
	}
	return "characters"
}
