package graph

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"
)

// SignedRequest is what Meta sends to an app's callbacks when a user removes the app, or wants their data deleted: about a user, signed with the app's
// secret. https://developers.facebook.com/docs/facebook-login/guides/advanced/oidc-token/signed-request
func SignedRequest(user, secret string, now time.Time) string {
	payload := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"algorithm":"HMAC-SHA256","issued_at":%d,"user_id":"%s"}`, now.Unix(), user))
	return base64.RawURLEncoding.EncodeToString(sign(payload, secret)) + "." + payload
}

// Proof is what an app shows beside a token to prove that it holds its secret.
// https://developers.facebook.com/docs/graph-api/guides/secure-requests
func Proof(token, secret string) string { return hex.EncodeToString(sign(token, secret)) }

func sign(text, secret string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
