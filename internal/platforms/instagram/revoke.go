package instagram

import (
	"context"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

var _ platforms.Revoker = Platform{}

// Revokes is the user's whole grant with Facebook's login, on which other accounts may live. Instagram's own login has no such call: its users remove the app in
// Instagram's settings.
func (p Platform) Revokes(a platforms.Account) platforms.Revocation {
	if p.AppName(a) == "facebook" {
		return platforms.RevokesGrant
	}
	return platforms.RevokesNothing
}

// Revoke ends the grant of the user behind the account.
func (Platform) Revoke(ctx context.Context, c *platforms.Conn) error {
	a, err := newClient(c)
	if err != nil {
		return err
	}
	return meta.RevokeGrant(ctx, a.Client, c.Account.GrantedBy)
}
