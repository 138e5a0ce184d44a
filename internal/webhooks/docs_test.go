package webhooks_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posthorn/internal/webhooks"
)

// TestSnippetsVerify runs what docs/webhooks.md shows in each language, with deliveries that are good and some that are not.
func TestSnippetsVerify(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		language, program, file, before, after string
		args                                   []string
	}{
		{"go", "go", "main.go", `package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

`, `
func main() {
	var cases []struct {
		Secret, Body string
		Headers      map[string]string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	for _, c := range cases {
		h := http.Header{}
		for k, v := range c.Headers {
			h.Set(k, v)
		}
		fmt.Println(verify(c.Secret, h, []byte(c.Body)) == nil)
	}
}
`, []string{"run"}},
		{"js", "node", "main.mjs", "", "\nimport { readFileSync } from 'node:fs'\nfor (const c of JSON.parse(readFileSync(0, 'utf8'))) console.log(verify(c.secret, c.headers, Buffer.from(c.body)))\n", nil},
		{"python", "python3", "main.py", "", "\nimport json, sys\nfor c in json.load(sys.stdin):\n    print(str(verify(c['secret'], c['headers'], c['body'].encode())).lower())\n", nil},
	} {
		t.Run(tt.language, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(tt.program); err != nil {
				t.Skipf("%s is not installed, so its snippet was not tried", tt.program)
			}
			_, rest, _ := strings.Cut(string(docs), "```"+tt.language+"\n")
			snippet, _, ok := strings.Cut(rest, "```\n")
			if !ok {
				t.Fatal("docs/webhooks.md has no snippet")
			}
			path := filepath.Join(t.TempDir(), tt.file)
			if err := os.WriteFile(path, []byte(tt.before+snippet+tt.after), 0o600); err != nil {
				t.Fatal(err)
			}
			input, want := signedCases(t)
			cmd := exec.CommandContext(t.Context(), tt.program, append(tt.args, path)...)
			cmd.Stdin = strings.NewReader(input)
			if out, err := cmd.CombinedOutput(); err != nil || string(out) != want {
				t.Errorf("it printed\n%s(%v), want\n%s", out, err, want)
			}
		})
	}
}

// signedCases are deliveries as JSON, and which of them are good.
func signedCases(t *testing.T) (input, want string) {
	t.Helper()
	const made, chosen, other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "chosen by the customer", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	type delivery struct {
		Secret  string            `json:"secret"`
		Body    string            `json:"body"`
		Headers map[string]string `json:"headers"`
	}
	var list []delivery
	add := func(good bool, receiver string, senders []string, at time.Time, change func(*delivery)) {
		d := delivery{Secret: receiver, Body: `{"id":"6745a1b2c3d4e5f60718293a","post":{"content":"Grüße 🌊"}}`, Headers: map[string]string{}}
		h := http.Header{}
		webhooks.Sign(h, senders, "6745a1b2c3d4e5f60718293a", "post.published", 1, at, []byte(d.Body))
		for name := range h {
			d.Headers[strings.ToLower(name)] = h.Get(name)
		}
		if change != nil {
			change(&d)
		}
		list = append(list, d)
		want += fmt.Sprintln(good)
	}
	now := time.Now()
	add(true, made, []string{made}, now, nil)
	add(true, chosen, []string{chosen}, now, nil)
	add(true, made, []string{other, made}, now, nil) // while the secret changes
	add(false, made, []string{other}, now, nil)
	add(false, made, []string{made}, now.Add(-time.Hour), nil)
	add(false, made, []string{made}, now, func(d *delivery) { d.Body += " " })
	add(false, made, []string{made}, now, func(d *delivery) { d.Headers["webhook-id"] = "6745a1b2c3d4e5f60718293b" })
	add(false, made, []string{made}, now, func(d *delivery) { delete(d.Headers, "webhook-signature") })
	add(false, made, []string{made}, now, func(d *delivery) { d.Headers["webhook-signature"] = "v1, v2,x v1" })
	raw, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), want
}
