package fault

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule           Rule
		method, target string
		want           bool
	}{
		{Rule{}, "GET", "https://a.example/", true},
		{Rule{Host: "A.Example"}, "GET", "https://a.example:443/x", true},
		{Rule{Host: "*.example"}, "GET", "https://a.EXAMPLE/x", true},
		{Rule{Host: "b.example"}, "GET", "https://a.example/x", false},
		{Rule{Host: "::1"}, "GET", "https://[::1]:8443/x", false},
		{Rule{Host: "[::1]"}, "GET", "https://[::1]:8443/x", true},
		{Rule{Method: "post"}, "POST", "https://a.example/x", true},
		{Rule{Method: "post"}, "GET", "https://a.example/x", false},
		{Rule{Path: "/x"}, "GET", "https://a.example/x?y=1", true},
		{Rule{Path: "/x"}, "GET", "https://a.example/x/y", false},
		{Rule{Path: "/x*"}, "GET", "https://a.example/x/y", true},
		{Rule{Path: "*/media_publish"}, "GET", "https://a.example/v25.0/1/media_publish", true},
		{Rule{Path: "/v*/*/media"}, "GET", "https://a.example/v25.0/1/media", true},
		{Rule{Path: "/v*/*/media"}, "GET", "https://a.example/v25.0/media", false},
		{Rule{Path: "/a*a"}, "GET", "https://a.example/a", false},
		{Rule{Path: "/a b"}, "GET", "https://a.example/a%20b", true},
		{Rule{Path: "/a%20b"}, "GET", "https://a.example/a%20b", true},
		{Rule{Path: "/x?*fields=status*"}, "GET", "https://a.example/x?a=1&fields=status_code", true},
		{Rule{Path: "/x?*fields=status*"}, "GET", "https://a.example/x?fields=permalink", false},
	} {
		if got := c.rule.matches(httptest.NewRequest(c.method, c.target, nil)); got != c.want {
			t.Errorf("%+v on %s %s: %v", c.rule, c.method, c.target, got)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule Rule
		want string // part of the error; empty: none
	}{
		{Rule{Action: Hold}, ""},
		{Rule{Action: Status, Status: 200}, ""},
		{Rule{Action: Delay, Delay: time.Hour}, ""},
		{Rule{}, "action is missing"},
		{Rule{Action: "explode"}, `"explode" is unknown`},
		{Rule{Action: Hold, When: "later"}, "before or after"},
		{Rule{Action: Status}, "between 200 and 599"},
		{Rule{Action: Status, Status: 100}, "between 200 and 599"},
		{Rule{Action: Delay}, "delay must be"},
		{Rule{Action: Delay, Delay: time.Hour + 1}, "delay must be"},
		{Rule{Action: Drop, Skip: -1}, "skip"},
		{Rule{Action: Drop, Times: -2}, "times"},
		{Rule{Action: Drop, Header: map[string]string{"A": "b\r\nC: d"}}, `header "A"`},
		{Rule{Action: Drop, Header: map[string]string{"a b": ""}}, `header "a b"`},
		{Rule{Action: Drop, Header: map[string]string{"content-length": "1"}}, "content-length"},
	} {
		err := c.rule.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.rule, err, c.want)
		}
	}
	if err := (Rule{Skip: -1, When: "x"}).Validate(); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("not all faults at once: %v", err)
	}
}
