package facebook

import (
	"context"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

var _ platforms.Revoker = Platform{}

// Revokes is the user's whole grant, on which their other Pages live, and the Instagram accounts behind them.
func (Platform) Revokes(platforms.Account) platforms.Revocation { return platforms.RevokesGrant }

// Revoke ends the grant of the user behind the Page.
func (Platform) Revoke(ctx context.Context, c *platforms.Conn) error {
	return meta.RevokeGrant(ctx, newClient(c).Client, c.Account.GrantedBy)
}
