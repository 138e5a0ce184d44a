package accounts

import (
	"context"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

// NameProfiles reads how those of the profiles are shown that exist and that the principal reaches.
func (s *Service) NameProfiles(ctx context.Context, by auth.Principal, profileIDs []string) (list []auth.ProfileName, err error) {
	defer errs.Wrap(&err, "accounts.NameProfiles")
	rows, err := s.Pool.Query(ctx, `select id, name, color from profiles where owner_id = $1 and id = any($2) and ($3::text[] is null or id = any($3))`,
		by.OwnerID, profileIDs, by.Profiles)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[auth.ProfileName])
}

var _ auth.ProfileNamer = (*Service)(nil)
