package accounts

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
)

// Share gives the token of a login to the other accounts that the same person has connected at the platform, as far as the principal reaches them: where
// all logins of a person are one grant, a new one may have ended theirs. It says how many have it now, and how many could not be given it.
func (s *Service) Share(ctx context.Context, by auth.Principal, connected Account, person string, token platforms.Token) (given, failed int, err error) {
	defer errs.Wrap(&err, "accounts.Share(%s)", connected.Platform)
	if person == "" {
		return 0, 0, nil
	}
	rows, err := s.Pool.Query(ctx, `select id, profile_id from accounts where owner_id = $1 and platform = $2 and granted_by = $3 and id <> $4 and active order by id`, by.OwnerID, connected.Platform, person, connected.ID)
	if err != nil {
		return 0, 0, err
	}
	type other struct{ ID, ProfileID string }
	others, err := pgx.CollectRows(rows, pgx.RowToStructByPos[other])
	if err != nil {
		return 0, 0, err
	}
	var faults []error
	for _, o := range others {
		if !by.Reaches(o.ProfileID) {
			continue
		}
		err := postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error { return s.hand(ctx, tx, by.OwnerID, o.ID, token) })
		if err != nil {
			faults = append(faults, err)
			continue
		}
		given++
	}
	return given, len(faults), errors.Join(faults...)
}

// hand stores a token for an account, unless that was disconnected a moment ago.
func (s *Service) hand(ctx context.Context, tx pgx.Tx, ownerID, accountID string, token platforms.Token) error {
	tag, err := tx.Exec(ctx, `update accounts set needs_reconnection = false, scopes = $2, updated_at = $3 where id = $1 and active`, accountID, token.Scopes, s.Now())
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	if err := s.Vault.Put(ctx, tx, ownerID, accountID, token); err != nil || s.Held == nil {
		return err
	}
	return s.Held.Resume(ctx, tx, accountID)
}
