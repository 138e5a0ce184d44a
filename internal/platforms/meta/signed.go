// Package meta is what Instagram, Facebook and Threads have in common beside the Graph API.
package meta

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"posthorn/internal/platforms"
)

// Signed is what Meta says by a signed request: of which user it speaks, by the ID under which the app knows them, and when it was signed.
type Signed struct {
	UserID string
	At     time.Time
}

// errSigned does not say what is wrong with it.
var errSigned = errors.New("the signed request is not of this app")

// ParseSigned reads a signed request, "signature.payload", which an app's secret has signed.
// https://developers.facebook.com/docs/facebook-login/guides/advanced/oidc-token/signed-request
func ParseSigned(raw string, secret platforms.Secret) (s Signed, err error) {
	signature, payload, ok := strings.Cut(raw, ".")
	if !ok || secret.IsZero() {
		return s, errSigned
	}
	sum, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(signature, "="))
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(payload))
	if err != nil || !hmac.Equal(sum, mac.Sum(nil)) {
		return s, errSigned
	}
	plain, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil {
		return s, errSigned
	}
	var said struct {
		Algorithm string          `json:"algorithm"`
		User      json.RawMessage `json:"user_id"` // a text, or a number that is too large for a float
		IssuedAt  int64           `json:"issued_at"`
	}
	if json.Unmarshal(plain, &said) != nil || !strings.EqualFold(said.Algorithm, "HMAC-SHA256") {
		return s, errSigned
	}
	user := strings.Trim(string(said.User), `"`)
	if user == "" || user == "null" {
		return s, errSigned
	}
	return Signed{UserID: user, At: time.Unix(said.IssuedAt, 0)}, nil
}
