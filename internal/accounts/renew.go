package accounts

import (
	"context"
	"errors"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// renewAtOnce bounds the tokens that one round refreshes. They are spread over the days by when they were made.
const renewAtOnce = 500

// RenewTokens refreshes what would end before it is used again, by the rule of each platform that has one. An account whose token the platform
// refuses to refresh needs to be connected again; everything else is tried again, the more often the nearer the end.
func (s *Service) RenewTokens(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "accounts.RenewTokens")
	var failed []error
	for _, name := range s.Platforms.Names() {
		p, _ := s.Platforms.Get(name)
		renewer, ok := p.(platforms.Renewer)
		if !ok {
			continue
		}
		ids, err := s.usable(ctx, name)
		if err != nil {
			return err
		}
		due, err := s.Vault.Ending(ctx, ids, s.Now().Add(renewer.RenewBefore()), renewAtOnce)
		if err != nil {
			return err
		}
		for _, id := range due {
			if err := s.renew(ctx, id, renewer); err != nil {
				failed = append(failed, err)
			}
		}
	}
	return errors.Join(failed...)
}

func (s *Service) renew(ctx context.Context, accountID string, r platforms.Renewer) (err error) {
	defer errs.Wrap(&err, "accounts.renew(%s)", accountID)
	a, err := s.byID(ctx, accountID)
	if err != nil {
		return err
	}
	session, platform, err := s.open(a, func() error { return nil })
	if err != nil {
		return err
	}
	_, err = s.Vault.Renew(ctx, accountID, r.RenewBefore(), session.refresh(platform))
	noted := session.Close(ctx)
	if err != nil {
		noted = errors.Join(noted, s.Vault.Tried(ctx, accountID))
	}
	var refused *platforms.Error
	if errors.As(err, &refused) {
		switch refused.Kind {
		case platforms.Unauthorized, platforms.TokenExpired:
			return errors.Join(s.NeedsReconnection(ctx, accountID), noted)
		case platforms.RateLimited, platforms.NotReady: // another time
			return noted
		}
	}
	return errors.Join(err, noted)
}
