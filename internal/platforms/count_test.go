package platforms

import (
	"strings"
	"testing"
	"time"
)

func TestCounts(t *testing.T) {
	t.Parallel()
	const (
		family   = "👨‍👩‍👧‍👦" // 7 code points, 25 bytes
		thumb    = "👍🏽"      // 2 code points, 8 bytes
		flag     = "🇩🇪"
		composed = "é"       // one code point
		apart    = "e\u0301" // two
	)
	for _, tt := range []struct {
		text                                                  string
		points, graphemes, utf16, bytes, weighted, emojiBytes int
	}{
		{"", 0, 0, 0, 0, 0, 0},
		{"This is a test.", 15, 15, 15, 15, 15, 15},
		{composed, 1, 1, 1, 2, 1, 1},
		{apart, 2, 1, 2, 3, 1, 2},
		{"日本", 2, 2, 2, 6, 4, 2},
		{"저찀", 2, 2, 2, 6, 4, 2},
		{"🐱", 1, 1, 2, 4, 2, 4},
		{family, 7, 1, 11, 25, 2, 25},
		{thumb, 2, 1, 4, 8, 2, 8},
		{flag, 2, 1, 4, 8, 2, 8},
		{"1️⃣", 3, 1, 3, 7, 2, 7},
		{"1⃣", 2, 1, 2, 4, 2, 4},
		{"☺", 1, 1, 1, 3, 2, 3},
		{"☺️", 2, 1, 2, 6, 2, 6},
		{"☺\ufe0e", 2, 1, 2, 6, 4, 2},
		{"©", 1, 1, 1, 2, 1, 1},
		{"©️", 2, 1, 2, 5, 2, 5},
		{"#5*", 3, 3, 3, 3, 3, 3},
		{"“a” – b", 7, 7, 7, 13, 7, 7},
		{"𐀀", 1, 1, 2, 4, 2, 1},
		{"\r\n", 2, 1, 2, 2, 2, 2},
	} {
		for count, want := range map[Count]int{CodePoints: tt.points, Graphemes: tt.graphemes, UTF16Units: tt.utf16, UTF8Bytes: tt.bytes, Weighted: tt.weighted, EmojiBytes: tt.emojiBytes} {
			if got := count.Of(tt.text); got != want {
				t.Errorf("%q counts %d %s, want %d", tt.text, got, count, want)
			}
		}
	}
	if got := LittleText.Of("Hi #tag and #an_other &#39;"); got != 27+2*12 {
		t.Errorf("LinkedIn's count is %d", got)
	}
}

// TestWeighted has the examples of X's own public documentation and conformance suite.
func TestWeighted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"Hi http://test.co":        26,
		"http://test.co":           23,
		"https://test.com":         23,
		"test.com":                 23,
		"t.co":                     23,
		"foo.co.jp":                23,
		"www.example.com":          23,
		"HTTPS://www.ExaMPLE.COM/": 23,
		"Test https://test.com test https://test.com test.com test": 86,
		"285 chars-" + strings.Repeat("xxxxxxxxxx-", 25):            285,
		strings.Repeat("https://www.twitter.com/aloha ", 10):        240,
		"H🐱☺👨‍👩‍👧‍👦":                                                7,
		"😷👾😡🔥💩":                                                     10,
		"🙋🏽👨‍🎤":                                                     4,
		"Unicode 9.0 emoji: 🤠; 💃; 💃🏾":                               29,
		"Unicode 10.0 emoji: 🤪; 🧕; 🧕🏾; 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f": 34,
		"randomurlrandomurlrandomurlrandomurlrandomurlrandomurlrandomurls.com":                        68,
		strings.Repeat("の", 140): 280,
		strings.Repeat("の", 141): 282,
		strings.Repeat("🐱", 140): 280,
		strings.Repeat("a", 281): 281,

		"example.com/path/to/resource?search=foo&lang=en": 23,
		"see example.com.":                                       4 + 23 + 1,
		"see (https://example.com/a_(b)), then":                  5 + 23 + 7,
		"at example.com.Then more":                               3 + 23 + 10,
		"https://example.com:8080/x#top!":                        24,
		"http://☃.net/":                                          23,
		"mail me@example.com":                                    19,
		"@user.com":                                              9,
		"readme.mdx 3.5 e.g. end.Nxt v1.2.3":                     34,
		"file.notatld":                                           12,
		"https://日本.jp/":                                         23,
		"日本.jp":                                                  4 + 3,
		"http://test_underscore.twitter.com":                     23,
		"http://foo-cow_4352.com":                                23,
		"a https://example.com/x,https://example.org/y b":        2 + 23 + 2,
		"https://a.example.com/?q=1&r=2 https://b.example.com/z": 47,
	} {
		if got := Weighted.Of(text); got != want {
			t.Errorf("%q weighs %d, want %d", text, got, want)
		}
	}
}

// TestCountsAreQuick holds that the time to count the longest text that the API takes grows with its length and not with the square of it:
// that would be minutes. The bound leaves room for a busy machine under the race detector.
func TestCountsAreQuick(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"a.", "a.b ", "http://", "https://example.com/(", "🇩", "e\u0301", "a@b.", "\u200d", "((((", "x.com/?"} {
		text := strings.Repeat(piece, 200_000/len(piece))
		begun := time.Now()
		Weighted.Of(text)
		EmojiBytes.Of(text)
		if took := time.Since(begun); took > 30*time.Second {
			t.Errorf("a text of %q takes %s", piece, took)
		}
	}
}

func FuzzCounts(f *testing.F) {
	for _, s := range []string{"", "a.b.c", "http://", "https://example.com/((", "\xff\xfe", "👨‍👩‍", "1\u20e3", "..com", "#", "\u202e.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range []Count{CodePoints, Graphemes, UTF16Units, UTF8Bytes, Weighted, EmojiBytes, LittleText} {
			if n := c.Of(text); n < 0 || (n == 0) != (text == "") && c != UTF16Units {
				t.Errorf("%q counts %d %s", text, n, c)
			}
		}
	})
}
