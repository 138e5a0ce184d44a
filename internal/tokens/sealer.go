package tokens

import (
	"encoding/base64"

	"posthorn/internal/platforms"
)

// sealer seals what adapters remember, each for one account.
type sealer struct {
	keys  *Keys
	bound string
}

// Sealer is the platforms.Sealer of an account. What it seals lives for days at most and is not sealed anew when keys change.
func (v *Vault) Sealer(accountID string) platforms.Sealer {
	return sealer{v.Keys, "state of " + accountID}
}

// Seal implements [platforms.Sealer].
func (s sealer) Seal(secret platforms.Secret) string {
	return base64.RawStdEncoding.EncodeToString(s.keys.seal([]byte(secret.Reveal()), s.bound))
}

// Open implements [platforms.Sealer].
func (s sealer) Open(sealed string) (platforms.Secret, bool) {
	raw, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil {
		return platforms.Secret{}, false
	}
	plain, err := s.keys.open(raw, s.bound)
	return platforms.NewSecret(string(plain)), err == nil
}
