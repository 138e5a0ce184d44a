package accounts

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/postgres"
)

// NewProfile is a profile to be made.
type NewProfile struct {
	Name        string
	Description string
	Color       string // empty: the default one
}

// ProfileChange is what is to be different about a profile; nil leaves a field alone.
type ProfileChange struct {
	Name        *string
	Description *string // empty: none
	Color       *string // empty: the default one
	IsDefault   *bool
}

// CreateProfile makes a profile. A name that the owner has already is a Conflict which names that profile; of two at once one is made.
// A principal of some profiles cannot make another: it would not reach it.
func (s *Service) CreateProfile(ctx context.Context, by auth.Principal, n NewProfile) (p Profile, err error) {
	defer errs.Wrap(&err, "accounts.CreateProfile")
	if by.Scoped() {
		return Profile{}, &errs.Error{Code: errs.Forbidden, Rule: "key.scoped", Message: "This API key is limited to some profiles and cannot create another; use a key without that limit"}
	}
	p = Profile{ID: id.New(s.Now()), OwnerID: by.OwnerID, CreatedAt: s.Now()}
	if p.Name, err = cleanName("name", n.Name); err != nil {
		return Profile{}, err
	}
	if p.Description, err = cleanDescription(n.Description); err != nil {
		return Profile{}, err
	}
	if p.Color, err = cleanColor(n.Color); err != nil {
		return Profile{}, err
	}
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := s.EnsureDefaultProfile(ctx, tx, by.OwnerID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into profiles (id, owner_id, name, description, color, created_at) values ($1, $2, $3, $4, $5, $6)`,
			p.ID, p.OwnerID, p.Name, p.Description, p.Color, p.CreatedAt)
		return err
	})
	if err != nil {
		return Profile{}, s.nameTaken(ctx, by, p.Name, err)
	}
	return s.Profile(ctx, by, p.ID)
}

// UpdateProfile changes a profile. The default profile stays that until another one becomes it; then both change at once.
func (s *Service) UpdateProfile(ctx context.Context, by auth.Principal, profileID string, c ProfileChange) (p Profile, err error) {
	defer errs.Wrap(&err, "accounts.UpdateProfile(%s)", profileID)
	if c == (ProfileChange{}) {
		return Profile{}, &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Message: "Send at least one of name, description, color and isDefault"}
	}
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		own, standard, err := lockProfiles(ctx, tx, by, profileID)
		if err != nil {
			return err
		}
		p = own
		if err := p.apply(c); err != nil {
			return err
		}
		if p.IsDefault && !own.IsDefault {
			if !by.Reaches(standard.ID) {
				return &errs.Error{Code: errs.Forbidden, Rule: "key.scoped", Message: "This API key does not reach the present default profile, so it cannot put another in its place"}
			}
			if _, err := tx.Exec(ctx, `update profiles set is_default = false where owner_id = $1 and is_default`, by.OwnerID); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `update profiles set name = $2, description = $3, color = $4, is_default = $5 where id = $1`, p.ID, p.Name, p.Description, p.Color, p.IsDefault)
		return err
	})
	if err != nil {
		return Profile{}, s.nameTaken(ctx, by, p.Name, err)
	}
	return p, nil
}

func (p *Profile) apply(c ProfileChange) (err error) {
	if c.Name != nil {
		if p.Name, err = cleanName("name", *c.Name); err != nil {
			return err
		}
	}
	if c.Description != nil {
		if p.Description, err = cleanDescription(*c.Description); err != nil {
			return err
		}
	}
	if c.Color != nil {
		if p.Color, err = cleanColor(*c.Color); err != nil {
			return err
		}
	}
	if c.IsDefault == nil {
		return nil
	}
	if p.IsDefault && !*c.IsDefault {
		return &errs.Error{Code: errs.Invalid, Field: "isDefault", Rule: "profile.default_needed",
			Message: "There is always a default profile: set isDefault to true on another profile, and this one stops being it"}
	}
	p.IsDefault = *c.IsDefault
	return nil
}

// DeleteProfile removes a profile that has no connected account; its disconnected ones move to the default profile, so that the history
// of their posts stays. The default profile cannot be removed.
func (s *Service) DeleteProfile(ctx context.Context, by auth.Principal, profileID string) (err error) {
	defer errs.Wrap(&err, "accounts.DeleteProfile(%s)", profileID)
	return postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		p, standard, err := lockProfiles(ctx, tx, by, profileID)
		if err != nil {
			return err
		}
		if p.IsDefault {
			return &errs.Error{Code: errs.Invalid, Rule: "profile.default_needed", Message: "The default profile cannot be deleted: make another profile the default one first"}
		}
		var active int
		if err := tx.QueryRow(ctx, `select count(*) from accounts where profile_id = $1 and active`, p.ID).Scan(&active); err != nil {
			return err
		}
		if active > 0 {
			return &errs.Error{Code: errs.Invalid, Rule: "profile.has_accounts", Details: map[string]any{"activeAccounts": active},
				Message: "The profile still has connected accounts: disconnect them or move them to another profile first"}
		}
		if _, err := tx.Exec(ctx, `update accounts set profile_id = $2, updated_at = $3 where profile_id = $1`, p.ID, standard.ID, s.Now()); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `delete from profiles where id = $1`, p.ID)
		return err
	})
}

// lockProfiles locks all profiles of an owner, so that none becomes the default one or goes away meanwhile and no account comes into one,
// and reads the one that is meant and the default one.
func lockProfiles(ctx context.Context, tx pgx.Tx, by auth.Principal, profileID string) (meant, standard Profile, err error) {
	if !id.Valid(profileID) || !by.Reaches(profileID) {
		return Profile{}, Profile{}, profileNotFound()
	}
	rows, err := tx.Query(ctx, `select `+profileColumns+` from profiles where owner_id = $1 order by id for update`, by.OwnerID)
	if err != nil {
		return Profile{}, Profile{}, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Profile])
	if err != nil {
		return Profile{}, Profile{}, err
	}
	for _, p := range list {
		if p.ID == profileID {
			meant = p
		}
		if p.IsDefault {
			standard = p
		}
	}
	if meant.ID == "" {
		return Profile{}, Profile{}, profileNotFound()
	}
	return meant, standard, nil
}

// nameTaken makes a Conflict of an error that means that the owner has a profile of that name, and tells which it is to those who reach it.
func (s *Service) nameTaken(ctx context.Context, by auth.Principal, name string, err error) error {
	if !postgres.IsUnique(err, "profiles_owner_id_name_key") {
		return err
	}
	taken := &errs.Error{Code: errs.Conflict, Wire: "profile_name_conflict", Field: "name", Rule: "profile.name_taken", Message: "There is a profile of this name already: choose another name"}
	var existing string
	switch err := s.Pool.QueryRow(ctx, `select id from profiles where owner_id = $1 and name = $2`, by.OwnerID, name).Scan(&existing); {
	case errors.Is(err, pgx.ErrNoRows): // gone since
	case err != nil:
		return err
	case by.Reaches(existing):
		taken.Details = map[string]any{"existingProfileId": existing}
	}
	return taken
}
