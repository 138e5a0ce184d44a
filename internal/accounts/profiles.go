package accounts

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
)

// defaultProfile is the name of the profile that every owner has from the start.
const defaultProfile = "Default"

const profileColumns = `id, owner_id, name, description, color, is_default, created_at`

// Profiles reads the profiles of an owner that a filter selects, the default one first, and how many there are in all.
func (s *Service) Profiles(ctx context.Context, by auth.Principal, f ProfileFilter) (list []Profile, total int, err error) {
	defer errs.Wrap(&err, "accounts.Profiles")
	const where = ` from profiles where owner_id = $1 and ($2 = '' or name = $2) and ($3::text[] is null or id = any($3))`
	if err := s.Pool.QueryRow(ctx, `select count(*)`+where, by.OwnerID, f.Name, by.Profiles).Scan(&total); err != nil {
		return nil, 0, err
	}
	var limit *int
	if f.Limit > 0 {
		limit = &f.Limit
	}
	rows, err := s.Pool.Query(ctx, `select `+profileColumns+where+` order by is_default desc, created_at, id limit $4 offset $5`,
		by.OwnerID, f.Name, by.Profiles, limit, f.Skip)
	if err != nil {
		return nil, 0, err
	}
	list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Profile])
	return list, total, err
}

// Profile reads one profile. One that does not exist, or that the principal does not reach, is NotFound.
func (s *Service) Profile(ctx context.Context, by auth.Principal, profileID string) (p Profile, err error) {
	defer errs.Wrap(&err, "accounts.Profile(%s)", profileID)
	if !id.Valid(profileID) || !by.Reaches(profileID) {
		return Profile{}, profileNotFound()
	}
	rows, err := s.Pool.Query(ctx, `select `+profileColumns+` from profiles where owner_id = $1 and id = $2`, by.OwnerID, profileID)
	if err != nil {
		return Profile{}, err
	}
	p, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Profile])
	if errors.Is(err, pgx.ErrNoRows) {
		return Profile{}, profileNotFound()
	}
	return p, err
}

// EnsureDefaultProfile finds an owner's default profile, and makes it when there is none.
func (s *Service) EnsureDefaultProfile(ctx context.Context, tx pgx.Tx, ownerID string) (profileID string, err error) {
	defer errs.Wrap(&err, "accounts.EnsureDefaultProfile")
	now := s.Now()
	if _, err := tx.Exec(ctx, `insert into profiles (id, owner_id, name, color, is_default, created_at) values ($1, $2, $3, $4, true, $5) on conflict do nothing`,
		id.New(now), ownerID, defaultProfile, defaultColor, now); err != nil {
		return "", err
	}
	err = tx.QueryRow(ctx, `select id from profiles where owner_id = $1 and is_default`, ownerID).Scan(&profileID)
	return profileID, err
}

func profileNotFound() error {
	return &errs.Error{Code: errs.NotFound, Wire: "profile_not_found", Field: "profileId", Message: "Profile not found"}
}
