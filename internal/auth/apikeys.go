package auth

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
)

// APIKey is a key as it may be shown.
type APIKey struct {
	ID        string
	Name      string
	Preview   string
	Secret    platforms.Secret // the key itself; only of one that was made just now
	Scoped    bool             // it reaches only Profiles
	Profiles  []ProfileName
	ReadOnly  bool
	Disabled  []Group
	UserID    string // whose it is
	UserEmail string
	ExpiresAt *time.Time // nil: never
	CreatedAt time.Time
}

// NewAPIKey is what somebody asks of a key. The zero one may do what the asker may, and lasts.
type NewAPIKey struct {
	Name     string
	Days     int      // until it expires; zero: it does not
	Profiles []string // the only profiles it shall reach; nil: all of its user's
	ReadOnly bool
	Disabled []Group // what it shall be kept out of
}

// MaxKeyDays is the longest life of a key that expires, ten years.
const MaxKeyDays = 3650

// CreateKey makes a key of the principal's own, which never may do more than the key that it was asked with.
func (s *Service) CreateKey(ctx context.Context, by Principal, n NewAPIKey) (k APIKey, err error) {
	defer errs.Wrap(&err, "auth.CreateKey")
	k = APIKey{ReadOnly: n.ReadOnly || by.ReadOnly, UserID: by.UserID, CreatedAt: s.Now()}
	if k.Name, err = cleanName("name", n.Name); err != nil {
		return APIKey{}, err
	}
	if n.Days < 0 || n.Days > MaxKeyDays {
		return APIKey{}, errs.Fieldf("expiresIn", "expiresIn is a number of days from 1 to %d", MaxKeyDays)
	}
	if n.Days > 0 {
		at := k.CreatedAt.AddDate(0, 0, n.Days)
		k.ExpiresAt = &at
	}
	for _, g := range n.Disabled {
		if !slices.Contains(Groups, g) {
			return APIKey{}, errs.Fieldf("disabledResourceGroups", "disabledResourceGroups knows no group %q", g)
		}
	}
	for _, g := range Groups {
		if slices.Contains(n.Disabled, g) || slices.Contains(by.Disabled, g) {
			k.Disabled = append(k.Disabled, g)
		}
	}
	profiles := n.Profiles
	if profiles == nil && by.Narrowed {
		profiles = by.Profiles
	}
	if k.Scoped = profiles != nil; k.Scoped {
		if k.Profiles, err = s.nameAll(ctx, by, profiles); err != nil {
			return APIKey{}, err
		}
	}
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error { return s.insertKey(ctx, tx, by.OwnerID, &k) })
	return k, err
}

// nameAll finds the profiles of a request. One that does not exist, or that the principal does not reach, is NotFound.
func (s *Service) nameAll(ctx context.Context, by Principal, profileIDs []string) ([]ProfileName, error) {
	found, err := s.Profiles.NameProfiles(ctx, by, profileIDs)
	if err != nil {
		return nil, err
	}
	var names []ProfileName
	for _, profileID := range profileIDs {
		i := slices.IndexFunc(found, func(p ProfileName) bool { return p.ID == profileID })
		if i < 0 && !id.Valid(profileID) {
			return nil, errs.Fieldf("profileIds", "profileIds names %.40q, which is not the ID of a profile", profileID)
		}
		if i < 0 {
			return nil, &errs.Error{Code: errs.NotFound, Wire: "profile_not_found", Field: "profileIds", Message: fmt.Sprintf("profileIds names %.40q, and there is no such profile", profileID)}
		}
		if !slices.Contains(names, found[i]) {
			names = append(names, found[i])
		}
	}
	return names, nil
}

// insertKey gives k an ID, and a secret unless it has one, and stores it. A user who has just been removed gets no key.
func (s *Service) insertKey(ctx context.Context, tx pgx.Tx, ownerID string, k *APIKey) error {
	if k.Secret.IsZero() {
		prefix := keyPrefix
		if len(k.Disabled) > 0 {
			prefix = restrictedPrefix
		}
		k.Secret = platforms.NewSecret(newKey(prefix))
	}
	k.ID, k.Preview = id.New(k.CreatedAt), preview(k.Secret.Reveal())
	var profiles []string
	if k.Scoped {
		profiles = profileIDs(k.Profiles)
	}
	disabled := append([]Group{}, k.Disabled...)
	rows, err := tx.Query(ctx, `
		insert into api_keys (id, owner_id, user_id, name, hash, preview, expires_at, created_at, read_only, profile_ids, disabled_groups)
		select $1, u.owner_id, u.id, $4, $5, $6, $7, $8, $9, $10, $11 from users u where u.owner_id = $2 and u.id = $3 for key share
		returning (select email from users where id = $3)`,
		k.ID, ownerID, k.UserID, k.Name, hashOf(k.Secret.Reveal()), k.Preview, k.ExpiresAt, k.CreatedAt, k.ReadOnly, profiles, disabled)
	if err != nil {
		return err
	}
	emails, err := pgx.CollectRows(rows, pgx.RowTo[string])
	switch {
	case err != nil:
		return err
	case len(emails) == 0:
		return errs.New(errs.Unauthorized, "Invalid API key")
	}
	k.UserEmail = emails[0]
	return nil
}

func profileIDs(profiles []ProfileName) []string {
	ids := []string{}
	for _, p := range profiles {
		ids = append(ids, p.ID)
	}
	return ids
}

// Keys lists the principal's keys, or for owners and admins everybody's, the newest first.
func (s *Service) Keys(ctx context.Context, by Principal) (list []APIKey, err error) {
	defer errs.Wrap(&err, "auth.Keys")
	rows, err := s.Pool.Query(ctx, `
		select k.id, k.name, k.preview, k.profile_ids, k.read_only, k.disabled_groups, u.id, u.email, k.expires_at, k.created_at
		from api_keys k join users u on u.id = coalesce(k.user_id, k.owner_id)
		where k.owner_id = $1 and ($2 or u.id = $3) order by k.created_at desc, k.id desc`, by.OwnerID, by.Role.Administers(), by.UserID)
	if err != nil {
		return nil, err
	}
	var scopes [][]string
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (k APIKey, err error) {
		var scope []string
		err = row.Scan(&k.ID, &k.Name, &k.Preview, &scope, &k.ReadOnly, &k.Disabled, &k.UserID, &k.UserEmail, &k.ExpiresAt, &k.CreatedAt)
		k.Scoped, scopes = scope != nil, append(scopes, scope)
		return k, err
	})
	if err != nil {
		return nil, err
	}
	return list, s.nameScopes(ctx, by, list, scopes)
}

// nameScopes fills in the profiles of keys. Those that are no more are left out.
func (s *Service) nameScopes(ctx context.Context, by Principal, list []APIKey, scopes [][]string) error {
	all := slices.Concat(scopes...)
	if len(all) == 0 {
		return nil
	}
	found, err := s.Profiles.NameProfiles(ctx, by, all)
	if err != nil {
		return err
	}
	names := map[string]ProfileName{}
	for _, p := range found {
		names[p.ID] = p
	}
	for i, scope := range scopes {
		for _, profileID := range scope {
			if p, ok := names[profileID]; ok {
				list[i].Profiles = append(list[i].Profiles, p)
			}
		}
	}
	return nil
}

// DeleteKey ends a key at once. Owners and admins may end everybody's, others their own; any other is NotFound.
func (s *Service) DeleteKey(ctx context.Context, by Principal, keyID string) (err error) {
	defer errs.Wrap(&err, "auth.DeleteKey(%s)", keyID)
	tag, err := s.Pool.Exec(ctx, `delete from api_keys where id = $1 and owner_id = $2 and ($3 or coalesce(user_id, owner_id) = $4)`,
		keyID, by.OwnerID, by.Role.Administers(), by.UserID)
	if err == nil && tag.RowsAffected() == 0 {
		return &errs.Error{Code: errs.NotFound, Wire: "api_key_not_found", Message: "API key not found"}
	}
	return err
}
