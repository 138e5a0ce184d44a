package meta

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"posthorn/internal/platforms"
)

func sign(payload, secret string) string {
	part := base64.RawURLEncoding.EncodeToString([]byte(payload))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(part))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) + "." + part
}

func TestSignedUser(t *testing.T) {
	t.Parallel()
	secret := platforms.NewSecret("the-secret")
	for name, tt := range map[string]struct {
		raw  string
		want string
	}{
		"a text":            {sign(`{"algorithm":"HMAC-SHA256","issued_at":1700000000,"user_id":"24510398761122087"}`, "the-secret"), "24510398761122087"},
		"a number":          {sign(`{"algorithm":"HMAC-SHA256","user_id":24510398761122087}`, "the-secret"), "24510398761122087"},
		"another secret":    {sign(`{"algorithm":"HMAC-SHA256","user_id":"1"}`, "another"), ""},
		"no user":           {sign(`{"algorithm":"HMAC-SHA256"}`, "the-secret"), ""},
		"null":              {sign(`{"algorithm":"HMAC-SHA256","user_id":null}`, "the-secret"), ""},
		"another algorithm": {sign(`{"algorithm":"none","user_id":"1"}`, "the-secret"), ""},
		"no payload":        {"abc", ""},
		"nothing":           {"", ""},
		"not base64":        {"!!.!!", ""},
		"not JSON":          {sign(`user`, "the-secret"), ""},
	} {
		got, err := SignedUser(tt.raw, secret)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	good := sign(`{"algorithm":"HMAC-SHA256","user_id":"1"}`, "")
	if _, err := SignedUser(good, platforms.Secret{}); err == nil {
		t.Error("an app without a secret takes what nobody signed")
	}
	signature, payload, _ := strings.Cut(sign(`{"algorithm":"HMAC-SHA256","user_id":"1"}`, "the-secret"), ".")
	if _, err := SignedUser(signature+"."+payload+"A", secret); err == nil {
		t.Error("a changed payload is taken")
	}
}
