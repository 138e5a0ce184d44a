package accounts

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
)

// Profile reads one profile. One that does not exist, or that the principal does not reach, is NotFound.
func (s *Service) Profile(ctx context.Context, by auth.Principal, profileID string) (p Profile, err error) {
	defer errs.Wrap(&err, "accounts.Profile")
	if !id.Valid(profileID) || !by.Reaches(profileID) {
		return Profile{}, profileNotFound()
	}
	rows, err := s.Pool.Query(ctx, `select id, owner_id, name, description, color, is_default, created_at from profiles where owner_id = $1 and id = $2`, by.OwnerID, profileID)
	if err != nil {
		return Profile{}, err
	}
	p, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Profile])
	if errors.Is(err, pgx.ErrNoRows) {
		return Profile{}, profileNotFound()
	}
	return p, err
}
