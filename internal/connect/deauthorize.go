package connect

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// DeletionPath is where a platform's user can look whether what was kept of them is gone; the confirmation code follows.
const DeletionPath = "/connect/deletion/"

// Deauthorize takes a platform's word that a user has taken back what they had permitted the operator's app, by the name of its registration: the accounts
// that they connected need to be connected again. A word that is not signed by the platform is Invalid.
func (s *Service) Deauthorize(ctx context.Context, app string, form url.Values) (err error) {
	defer errs.Wrap(&err, "connect.Deauthorize(%s)", clip(app))
	user, err := s.spokenOf(app, form)
	if err != nil {
		return err
	}
	return s.Accounts.Deauthorized(ctx, app, user)
}

// DeleteData takes a platform's word that a user wants what is kept of them deleted, and gives the address at which they can look, and the
// confirmation code that it ends in.
func (s *Service) DeleteData(ctx context.Context, app string, form url.Values) (address, code string, err error) {
	defer errs.Wrap(&err, "connect.DeleteData(%s)", clip(app))
	user, err := s.spokenOf(app, form)
	if err != nil {
		return "", "", err
	}
	n, err := s.Accounts.Forget(ctx, app, user)
	if err != nil {
		return "", "", err
	}
	code = rand.Text()
	if _, err := s.Pool.Exec(ctx, `insert into connect_deletions (hash, accounts, deleted_at) values ($1, $2, $3)`, hashOf(code), n, s.Now()); err != nil {
		return "", "", err
	}
	return s.PublicURL + DeletionPath + code, code, nil
}

// Deletion is what was deleted under a confirmation code; one that is not known is NotFound.
func (s *Service) Deletion(ctx context.Context, code string) (accounts int, at time.Time, err error) {
	defer errs.Wrap(&err, "connect.Deletion")
	err = s.Pool.QueryRow(ctx, `select accounts, deleted_at from connect_deletions where hash = $1`, hashOf(code)).Scan(&accounts, &at)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, at, &errs.Error{Code: errs.NotFound, Message: "Nothing was deleted under this confirmation code"}
	}
	return accounts, at, err
}

// spokenOf is the user of whom a platform speaks.
func (s *Service) spokenOf(app string, form url.Values) (userID string, err error) {
	registered := s.Apps(app)
	if registered.ID == "" {
		return "", errs.New(errs.NotFound, "This server has no app of that name")
	}
	for _, name := range s.Platforms.Names() {
		p, _ := s.Platforms.Get(name)
		connector, connects := p.(platforms.Connector)
		d, can := p.(platforms.Deauthorizer)
		if !connects || !can {
			continue
		}
		for _, login := range connector.Logins() {
			if login.App != app {
				continue
			}
			if userID, err = d.Deauthorized(registered, form); err != nil {
				return "", &errs.Error{Code: errs.Invalid, Rule: "connect.unsigned", Message: "This request was not signed with the secret of the app", Err: err}
			}
			return userID, nil
		}
	}
	return "", errs.New(errs.NotFound, "The platform of that app does not tell of users who leave")
}
