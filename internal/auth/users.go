package auth

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/postgres"
)

// User is a person who works for an owner.
type User struct {
	ID          string
	OwnerID     string
	Name        string
	Email       string // empty: not known
	Role        Role
	Profiles    []string // the only profiles it reaches, as far as the asker reaches them; nil: all
	CreatedAt   time.Time
	LastLoginAt *time.Time // when a key of the person's was last used, to the hour
}

// Root reports whether the user is the one that the owner began with, who cannot be removed.
func (u User) Root() bool { return u.ID == u.OwnerID }

const userColumns = `u.id, u.owner_id, u.name, u.email, u.role, u.profile_ids, u.created_at, u.last_login_at`

// visibleUser is the condition under which a principal sees a user: they reach a profile in common, or are the same.
const visibleUser = ` u.owner_id = $1 and ($2::text[] is null or u.profile_ids is null or u.profile_ids && $2 or u.id = $3)`

// Users are the people of an owner, the root user first.
func (s *Service) Users(ctx context.Context, by Principal) (list []User, err error) {
	defer errs.Wrap(&err, "auth.Users")
	rows, err := s.Pool.Query(ctx, `select `+userColumns+` from users u where`+visibleUser+` order by u.id <> u.owner_id, u.created_at, u.id`,
		by.OwnerID, by.Profiles, by.UserID)
	if err != nil {
		return nil, err
	}
	list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[User])
	for i := range list {
		list[i].Profiles = inSight(list[i].Profiles, by)
	}
	return list, err
}

// User is one of an owner's people. NotFound when there is none, or the principal does not see it.
func (s *Service) User(ctx context.Context, by Principal, userID string) (u User, err error) {
	defer errs.Wrap(&err, "auth.User(%s)", userID)
	rows, err := s.Pool.Query(ctx, `select `+userColumns+` from users u where`+visibleUser+` and u.id = $4`, by.OwnerID, by.Profiles, by.UserID, userID)
	if err != nil {
		return User{}, err
	}
	u, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[User])
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, userNotFound()
	}
	u.Profiles = inSight(u.Profiles, by)
	return u, err
}

func userNotFound() error {
	return &errs.Error{Code: errs.NotFound, Wire: "user_not_found", Message: "User not found"}
}

// inSight is a list of profiles as a principal may see it; nil stays all.
func inSight(profiles []string, by Principal) []string {
	if profiles == nil {
		return nil
	}
	return both(profiles, by.Profiles)
}

// RemoveUser removes a person with all that was his: his keys stop working and his invitations lapse. What he made stays the owner's.
// Only owners and admins may, and nobody can remove the root user.
func (s *Service) RemoveUser(ctx context.Context, by Principal, userID string) (err error) {
	defer errs.Wrap(&err, "auth.RemoveUser(%s)", userID)
	if !by.Role.Administers() {
		return notAdmin("remove people")
	}
	return postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		var root bool
		// The lock keeps keys from being made for him meanwhile; see insertKey.
		err := tx.QueryRow(ctx, `select u.id = u.owner_id from users u where`+visibleUser+` and u.id = $4 for update`, by.OwnerID, by.Profiles, by.UserID, userID).Scan(&root)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return userNotFound()
		case err != nil:
			return err
		case root:
			return &errs.Error{Code: errs.Forbidden, Message: "The user that the owner began with cannot be removed", Rule: "user.root"}
		}
		if _, err := tx.Exec(ctx, `delete from api_keys where user_id = $1`, userID); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `delete from users where id = $1`, userID)
		return err
	})
}

func notAdmin(what string) error {
	return &errs.Error{Code: errs.Forbidden, Wire: "insufficient_permissions", Message: "Only owners and admins may " + what, Rule: "user.not_admin"}
}

// insertUser makes a person. An address that one of the owner's people has is a Conflict.
func (s *Service) insertUser(ctx context.Context, tx pgx.Tx, ownerID, name, email string, role Role, profiles []string) (User, error) {
	now := s.Now()
	u := User{ID: id.New(now), OwnerID: ownerID, Name: name, Email: email, Role: role, Profiles: profiles, CreatedAt: now}
	_, err := tx.Exec(ctx, `insert into users (id, owner_id, name, email, role, profile_ids, created_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		u.ID, u.OwnerID, u.Name, u.Email, u.Role, u.Profiles, u.CreatedAt)
	return u, emailTaken(err)
}

// emailTaken says what a violated uniqueness of addresses means, and leaves other errors alone.
func emailTaken(err error) error {
	if postgres.IsUnique(err, "users_email") {
		return &errs.Error{Code: errs.Conflict, Wire: "email_taken", Field: "email", Message: "Somebody with this e-mail address is there already", Rule: "user.email_taken"}
	}
	return err
}

// The longest texts that people give.
const (
	maxName  = 100 // characters
	maxEmail = 254 // bytes, https://www.rfc-editor.org/errata/eid1690
)

// cleanName is a name of a person or a thing without the space around it.
func cleanName(field, name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", errs.Fieldf(field, "%s must not be empty", field)
	case utf8.RuneCountInString(name) > maxName:
		return "", errs.Fieldf(field, "%s must have at most %d characters", field, maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "", errs.Fieldf(field, "%s must be one line of text", field)
	}
	return name, nil
}

// cleanEmail is an address without the space around it. It need not exist: nothing is sent to it.
func cleanEmail(email string) (string, error) {
	email = strings.TrimSpace(email)
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > maxEmail || !utf8.ValidString(email) || strings.ContainsFunc(email, unicode.IsControl) {
		return "", errs.Fieldf("email", "email is not an e-mail address such as anna@example.com")
	}
	return email, nil
}
