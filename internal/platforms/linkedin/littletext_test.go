package linkedin

import "testing"

func TestLittleText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain words":                                     "plain words",
		`a\b|c{d}e[f]g(h)i`:                               `a\\b\|c\{d\}e\[f\]g\(h\)i`,
		"<a> *b* _c_ ~d~ @e":                              `\<a\> \*b\* \_c\_ \~d\~ \@e`,
		"#one two#three #":                                `{hashtag|\#|one} two\#three \#`,
		"#Käse, (#a_b)":                                   `{hashtag|\#|Käse}, \({hashtag|\#|a\_b}\)`,
		"see https://example.com/a_b#top #now":            `see https://example.com/a\_b\#top {hashtag|\#|now}`,
		"by @[Old (Mill) Books](urn:li:organization:1).":  `by @[Old \(Mill\) Books](urn:li:organization:1).`,
		"by @[Mira](urn:li:person:m-Q_7) and @[x](other)": `by @[Mira](urn:li:person:m-Q_7) and \@\[x\]\(other\)`,
		"": "",
	} {
		if got := littleText(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestPlain compares what was sent with what LinkedIn tells of it.
func TestPlain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sent, read string
		same       bool
	}{
		{"Lamps (a) #light_s", `Lamps \(a\) {hashtag|\#|light\_s}`, true},
		{"Lamps #light", `Lamps \#light`, true},
		{"by @[Old Mill Books](urn:li:organization:1)", "by Old Mill Books", true},
		{"two\n\nlines ", "two lines", true},
		{"see https://example.com/a", "see https://lnkd.in/xyz", true},
		{"Cafe\u0301", "Caf\u00e9", true},
		{"one", "two", false},
		{"cut (here)", "cut ", false},
	} {
		if got := plain(littleText(tt.sent)) == plain(tt.read); got != tt.same {
			t.Errorf("%q and %q: %t", tt.sent, tt.read, got)
		}
	}
}

func TestFirstLink(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "no link": "", "see https://a.example/x.": "https://a.example/x", "(https://a.example/b_(c)) and https://b.example": "https://a.example/b_(c)", "http://a.example?b=1, c": "http://a.example?b=1"} {
		if got := firstLink(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestParentOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"urn:li:share:12": "urn:li:share:12", "urn:li:ugcPost:12": "urn:li:ugcPost:12", "urn:li:person:12": "",
		"https://www.linkedin.com/feed/update/urn:li:activity:12/?x=1":                "urn:li:activity:12",
		"https://www.linkedin.com/feed/update/urn%3Ali%3Ashare%3A12":                  "urn:li:share:12",
		"https://www.linkedin.com/posts/mira_a-lamp-ugcPost-7132400000000000001-AbCd": "urn:li:ugcPost:7132400000000000001",
		"https://de.linkedin.com/posts/mira_lamp-activity-7132400000000000001-AbCd/":  "urn:li:activity:7132400000000000001",
		"https://www.linkedin.com.example/posts/a-activity-1-b":                       "",
		"http://www.linkedin.com/posts/a-activity-1-b":                                "",
		"https://www.linkedin.com/in/mira":                                            "",
		"x urn:li:share:12":                                                           "",
	} {
		if got := parentOf(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
