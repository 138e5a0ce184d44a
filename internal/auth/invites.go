package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
)

const (
	invitePrefix   = "inv_"
	formPrefix     = "frm_"
	inviteLifetime = 7 * 24 * time.Hour
	inviteKept     = 30 * 24 * time.Hour // after it ended, so that its link can tell why it does not work
	againWithin    = 10 * time.Minute    // a form that was sent twice is answered alike for so long
	firstKeyName   = "First key"
)

// NewInvite is whom somebody wants to invite.
type NewInvite struct {
	Role     Role
	Profiles []string // the only profiles that the person will reach; nil: all
}

// Invite is an invitation of one person. Its token is known only to whom it was given.
type Invite struct {
	Token     platforms.Secret // only of one that was made just now
	OwnerName string
	Role      Role
	Profiles  []string
	ExpiresAt time.Time
}

// Invite makes an invitation that one person can accept within a week. Only owners and admins may, and nobody gives what he does not reach.
func (s *Service) Invite(ctx context.Context, by Principal, n NewInvite) (i Invite, err error) {
	defer errs.Wrap(&err, "auth.Invite")
	switch n.Role {
	case RoleAdmin, RoleMember, RoleBillingAdmin, RoleViewer:
	default:
		return Invite{}, errs.Fieldf("role", "role must be admin, member, billing_admin or viewer")
	}
	if !by.Role.Administers() {
		return Invite{}, notAdmin("invite people")
	}
	if n.Profiles == nil && by.Scoped() {
		return Invite{}, &errs.Error{Code: errs.Forbidden, Wire: "insufficient_permissions", Field: "scope",
			Message: "You reach only some profiles and can invite to those alone: send scope profiles", Rule: "invite.beyond_reach"}
	}
	if n.Profiles != nil {
		names, err := s.nameAll(ctx, by, n.Profiles)
		if err != nil {
			return Invite{}, err
		}
		n.Profiles = profileIDs(names)
	}
	now := s.Now()
	i = Invite{Token: platforms.NewSecret(newKey(invitePrefix)), Role: n.Role, Profiles: n.Profiles, ExpiresAt: now.Add(inviteLifetime)}
	return i, postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `delete from invites where owner_id = $1 and expires_at < $2`, by.OwnerID, now.Add(-inviteKept)); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			insert into invites (id, owner_id, created_by, hash, role, profile_ids, created_at, expires_at)
			select $1, u.owner_id, u.id, $4, $5, $6, $7, $8 from users u where u.owner_id = $2 and u.id = $3 for key share`,
			id.New(now), by.OwnerID, by.UserID, hashOf(i.Token.Reveal()), i.Role, i.Profiles, now, i.ExpiresAt)
		if err == nil && tag.RowsAffected() == 0 {
			return errs.New(errs.Unauthorized, "Invalid API key") // whoever invites was just removed
		}
		return err
	})
}

// OpenInvite reads an invitation that can still be accepted. An unknown one is NotFound, one that is used or too old is Gone.
func (s *Service) OpenInvite(ctx context.Context, token string) (i Invite, err error) {
	defer errs.Wrap(&err, "auth.OpenInvite")
	if !hasForm(token, invitePrefix) {
		return Invite{}, unknownInvite()
	}
	var used *time.Time
	err = s.Pool.QueryRow(ctx, `select o.name, i.role, i.profile_ids, i.expires_at, i.used_at from invites i join owners o on o.id = i.owner_id where i.hash = $1`, hashOf(token)).
		Scan(&i.OwnerName, &i.Role, &i.Profiles, &i.ExpiresAt, &used)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Invite{}, unknownInvite()
	case err != nil:
		return Invite{}, err
	case used != nil:
		return Invite{}, &errs.Error{Code: errs.Gone, Wire: "invite_used", Message: "This invitation has been accepted already; ask for another one", Rule: "invite.used"}
	case !i.ExpiresAt.After(s.Now()):
		return Invite{}, &errs.Error{Code: errs.Gone, Wire: "invite_expired", Message: "This invitation has expired; ask for another one", Rule: "invite.expired"}
	}
	return i, nil
}

func unknownInvite() error {
	return &errs.Error{Code: errs.NotFound, Wire: "invite_not_found", Message: "There is no such invitation; check that its link is complete", Rule: "invite.unknown"}
}

// Joining is what an invited person says.
type Joining struct {
	Token platforms.Secret
	Name  string
	Email string
	// Form, where it is one of NewForm's, is the secret of the form that was filled in. The key is then made of it and the token, so that
	// a form that is sent twice, since its answer was lost or its button pressed twice, gets the same answer twice.
	Form platforms.Secret
}

// NewForm makes the secret of a form in which somebody accepts an invitation.
func NewForm() platforms.Secret { return platforms.NewSecret(newKey(formPrefix)) }

// Join accepts an invitation: it makes the person and a first key. Of many at once, one succeeds.
func (s *Service) Join(ctx context.Context, j Joining) (u User, k APIKey, err error) {
	defer errs.Wrap(&err, "auth.Join")
	if _, err := s.OpenInvite(ctx, j.Token.Reveal()); err != nil {
		if u, k, ok := s.joined(ctx, j); ok {
			return u, k, nil
		}
		return User{}, APIKey{}, err
	}
	if j.Name, err = cleanName("name", j.Name); err != nil {
		return User{}, APIKey{}, err
	}
	if j.Email, err = cleanEmail(j.Email); err != nil {
		return User{}, APIKey{}, err
	}
	lost := errors.New("somebody else was faster")
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		now := s.Now()
		var ownerID string
		var role Role
		var profiles []string
		err := tx.QueryRow(ctx, `update invites set used_at = $2 where hash = $1 and used_at is null and expires_at > $2 returning owner_id, role, profile_ids`,
			hashOf(j.Token.Reveal()), now).Scan(&ownerID, &role, &profiles)
		if errors.Is(err, pgx.ErrNoRows) {
			return lost
		}
		if err != nil {
			return err
		}
		if u, err = s.insertUser(ctx, tx, ownerID, j.Name, j.Email, role, profiles); err != nil {
			return err
		}
		k = APIKey{Name: firstKeyName, Secret: j.key(), ReadOnly: role == RoleViewer, UserID: u.ID, CreatedAt: now}
		return s.insertKey(ctx, tx, ownerID, &k)
	})
	if errors.Is(err, lost) {
		if u, k, ok := s.joined(ctx, j); ok {
			return u, k, nil
		}
		_, err = s.OpenInvite(ctx, j.Token.Reveal())
	}
	if err != nil {
		return User{}, APIKey{}, err
	}
	return u, k, nil
}

// key is the first key of whoever joins; zero where it is to be a random one.
func (j Joining) key() platforms.Secret {
	if !hasForm(j.Form.Reveal(), formPrefix) {
		return platforms.Secret{}
	}
	mac := hmac.New(sha256.New, []byte(j.Form.Reveal()))
	mac.Write([]byte(j.Token.Reveal()))
	return platforms.NewSecret(keyPrefix + hex.EncodeToString(mac.Sum(nil)))
}

// joined finds what the same form made a moment ago.
func (s *Service) joined(ctx context.Context, j Joining) (u User, k APIKey, ok bool) {
	if k.Secret = j.key(); k.Secret.IsZero() {
		return User{}, APIKey{}, false
	}
	rows, err := s.Pool.Query(ctx, `
		select `+userColumns+` from invites i join api_keys k on k.owner_id = i.owner_id and k.created_at = i.used_at join users u on u.id = k.user_id
		where i.hash = $1 and k.hash = $2 and i.used_at > $3`, hashOf(j.Token.Reveal()), hashOf(k.Secret.Reveal()), s.Now().Add(-againWithin))
	if err != nil {
		return User{}, APIKey{}, false
	}
	if u, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[User]); err != nil {
		return User{}, APIKey{}, false
	}
	return u, k, true
}
