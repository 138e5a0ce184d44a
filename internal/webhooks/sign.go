package webhooks

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// secretPrefix begins the secrets that we make, as the Standard Webhooks specification has it: what follows is the key in base64.
const secretPrefix = "whsec_"

func newSecret() string {
	key := make([]byte, 32)
	rand.Read(key) // never fails, says crypto/rand
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// Sign sets the headers of a delivery, by which a receiver knows that it is ours. The contract's signature is keyed by the secret as it is written.
// That of Standard Webhooks is keyed by what the secret's base64 holds, or by the secret itself where it is not of that form, and carries a
// signature for each secret that is valid, so that a receiver may change over at leisure.
func Sign(h http.Header, secrets []string, eventID, event string, sequence int, at time.Time, body []byte) {
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", userAgent)
	if sequence > 0 {
		h.Set("X-Posthorn-Sequence", strconv.Itoa(sequence))
	}
	h.Set("X-Zernio-Event", event)
	h.Set("X-Zernio-Event-Id", eventID)
	h.Set("X-Late-Event", event)
	h.Set("X-Late-Event-Id", eventID)
	stamp := strconv.FormatInt(at.Unix(), 10)
	h.Set("webhook-id", eventID)
	h.Set("webhook-timestamp", stamp)
	if len(secrets) == 0 {
		return
	}
	plain := hex.EncodeToString(mac([]byte(secrets[0]), body))
	h.Set("X-Zernio-Signature", plain)
	h.Set("X-Late-Signature", plain)
	signatures := make([]string, len(secrets))
	content := fmt.Appendf(nil, "%s.%s.%s", eventID, stamp, body)
	for i, secret := range secrets {
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac(standardKey(secret), content))
	}
	h.Set("webhook-signature", strings.Join(signatures, " "))
}

func standardKey(secret string) []byte {
	if encoded, ok := strings.CutPrefix(secret, secretPrefix); ok {
		if key, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			return key
		}
	}
	return []byte(secret)
}

func mac(key, message []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(message)
	return m.Sum(nil)
}
