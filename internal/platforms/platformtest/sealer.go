package platformtest

import (
	"encoding/hex"

	"posthorn/internal/platforms"
)

// Sealer hides a secret well enough for a test to see that it was sealed.
type Sealer struct {
	Lost bool // opens nothing, as when the operator's key is gone
}

var _ platforms.Sealer = Sealer{}

// Seal implements [platforms.Sealer].
func (Sealer) Seal(s platforms.Secret) string { return hex.EncodeToString([]byte(s.Reveal())) }

// Open implements [platforms.Sealer].
func (l Sealer) Open(sealed string) (platforms.Secret, bool) {
	b, err := hex.DecodeString(sealed)
	return platforms.NewSecret(string(b)), err == nil && !l.Lost
}
