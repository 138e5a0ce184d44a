// Package meta is what Instagram, Facebook and Threads have in common beside the Graph API.
package meta

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"posthorn/internal/platforms"
)

// errSigned does not say what is wrong with it.
var errSigned = errors.New("the signed request is not of this app")

// SignedUser is the user of whom a signed request speaks, "signature.payload", by the ID under which the app knows them. The app's secret has signed it.
// https://developers.facebook.com/docs/facebook-login/guides/advanced/oidc-token/signed-request
func SignedUser(raw string, secret platforms.Secret) (userID string, err error) {
	signature, payload, ok := strings.Cut(raw, ".")
	if !ok || secret.IsZero() {
		return "", errSigned
	}
	sum, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(signature, "="))
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(payload))
	if err != nil || !hmac.Equal(sum, mac.Sum(nil)) {
		return "", errSigned
	}
	plain, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil {
		return "", errSigned
	}
	var said struct {
		Algorithm string          `json:"algorithm"`
		User      json.RawMessage `json:"user_id"` // a text, or a number that is too large for a float
	}
	if json.Unmarshal(plain, &said) != nil || !strings.EqualFold(said.Algorithm, "HMAC-SHA256") {
		return "", errSigned
	}
	user := strings.Trim(string(said.User), `"`)
	if user == "" || user == "null" {
		return "", errSigned
	}
	return user, nil
}
