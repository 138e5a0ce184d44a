package platformtest

import (
	"encoding/hex"

	"posthorn/internal/platforms"
)

// sealer hides a secret well enough for the suite to see that it was sealed.
type sealer struct{}

// Seal implements [platforms.Sealer].
func (sealer) Seal(s platforms.Secret) string { return hex.EncodeToString([]byte(s.Reveal())) }

// Open implements [platforms.Sealer].
func (sealer) Open(sealed string) (platforms.Secret, bool) {
	b, err := hex.DecodeString(sealed)
	return platforms.NewSecret(string(b)), err == nil
}
