package connect

import (
	"context"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/accounts"
	"posthorn/internal/platforms"
)

// Renewal is what became of the person's other accounts, where a login is a new grant for all of them.
type Renewal struct{ Given, Failed int }

// store connects an account, and gives its token to the others of the same person where they need it. An account is connected even if that fails: those
// that it fails for say so themselves once their token is refused.
func (s *Service) store(ctx context.Context, v visitor, x platforms.Identity, first func(pgx.Tx) error) (a accounts.Account, r Renewal, err error) {
	_, login, err := s.login(v.platform, v.method)
	if err != nil {
		return a, r, err
	}
	ctx = logged(ctx, v.by)
	a, err = s.Accounts.ConnectAs(ctx, v.by, v.profileID, v.platform, x.Account, x.Token, first)
	if err != nil || !login.OneGrant {
		return a, r, err
	}
	if r.Given, r.Failed, err = s.Accounts.Share(ctx, v.by, a, x.Account.GrantedBy, x.Token); err != nil {
		s.Log.Error().Err(err).Str("account", a.ID).Msg("giving a new login's token to the person's other accounts failed")
	}
	return a, r, nil
}
