package platforms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	const value = "hunter2-hunter2"
	s := NewSecret(value)
	tok := Token{Access: s, Refresh: s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+"\n", s, tok)
	}
	for _, v := range []any{s, tok, map[Secret]Secret{s: s}} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "secret", s, "token", tok)
	if strings.Contains(out.String(), value) || strings.Contains(out.String(), fmt.Sprintf("%x", value)) {
		t.Errorf("the secret shows in\n%s", out.String())
	}
	if s.Reveal() != value {
		t.Error("Reveal does not give the value")
	}
}

func TestConnRedact(t *testing.T) {
	t.Parallel()
	c := &Conn{Token: Token{Access: NewSecret("access-token-1"), Refresh: NewSecret("refresh-token-1")}, App: App{Secret: NewSecret("app-secret-1")}}
	got := string(c.Redact([]byte("a access-token-1 b refresh-token-1 c app-secret-1 d")))
	if want := "a [redacted] b [redacted] c [redacted] d"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
