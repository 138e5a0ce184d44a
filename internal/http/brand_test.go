package http

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

func TestBrand(t *testing.T) {
	t.Parallel()
	for _, b := range []Brand{{}, {Name: "Acme <Söhne>", Color: "#0b6e4f"}} {
		l, err := newLook(b)
		if err != nil {
			t.Fatal(err)
		}
		var page bytes.Buffer
		if err := l.templates.ExecuteTemplate(&page, "connected", arrived{Username: "coastline.daily", Name: "Coastline Daily", Platform: "Instagram"}); err != nil {
			t.Fatal(err)
		}
		text := page.String()
		if b.Name != "" && (strings.Contains(text, "Posthorn") || strings.Contains(text, "<Söhne>") || !strings.Contains(text, "· Acme &lt;Söhne&gt;</title>") || !strings.Contains(text, "--act: #0b6e4f")) {
			t.Errorf("the page of %+v is %s", b, text)
		}
		if b.Name == "" && (!strings.Contains(text, "· Posthorn</title>") || strings.Contains(text, `class="brand"`)) {
			t.Errorf("the page without a brand is %s", text)
		}
		_, style, _ := strings.Cut(text, "<style>")
		style, _, _ = strings.Cut(style, "</style>")
		if hash := sha256.Sum256([]byte(style)); !strings.Contains(l.policy, "'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'") {
			t.Errorf("the policy %q does not allow the page's own style", l.policy)
		}
	}
}
