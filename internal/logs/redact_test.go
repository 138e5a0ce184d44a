package logs

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-value-0123456789"
	for _, in := range []string{
		`{"access_token":"` + secret + `","expires_in":3600}`,
		`{"accessJwt" : "` + secret + `"}`,
		`{"a":{"refresh_token":"` + secret + `"}}`,
		`{"Tokens":["x","` + secret + `"]}`,
		`{"items":[{"client_secret":"` + secret + `"}]}`,
		`{"password":"a\"` + secret + `"}`,
		`{"password":"` + secret, // cut off
		`{"code":"` + secret + `"}`,
		`grant_type=x&client_secret=` + secret + `&code=` + secret,
		`{"url":"https://h.example/p?access_token=` + secret + `&x=1"}`,
		`Authorization: Bearer ` + secret,
		`see eyJhbGciOiJIUzI1NiJ9.` + secret + `.sig`,
		`{"set-cookie":"sid=` + secret + `"}`,
		`appsecret_proof=` + secret,
	} {
		if got := Redact(in); strings.Contains(got, secret) || !strings.Contains(got, redacted) {
			t.Errorf("%s became %s", in, got)
		}
	}
	for _, in := range []string{``, `{"error":{"code":"190","message":"no"}}`, `{"code":190}`, `{"text":"a=b, c=d"}`, `caption=hello&image_url=https://h.example/a.jpg`, `{"id":"17","status":"ok"}`, `[1,2`} {
		if got := Redact(in); got != in {
			t.Errorf("%s became %s", in, got)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"abc": "abc", "abcdef": "abcde", "abcdé": "abcd", "a\x00b": "a\uFFFDb", "\xff": "\uFFFD"} {
		if got := cut(in, 5); got != want || !utf8.ValidString(got) {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add(`{"token":"abc`)
	f.Add(`"\"`)
	f.Fuzz(func(t *testing.T, in string) {
		if got := cut(Redact(in), 100); len(got) > 100 || !utf8.ValidString(got) {
			t.Errorf("%q", got)
		}
	})
}
