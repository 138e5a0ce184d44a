package accounts

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/events"
	"posthorn/internal/logs"
	"posthorn/internal/postgres"
)

// Deauthorized marks the accounts that a platform's user has connected through an app, which can be used no more until they are connected again.
func (s *Service) Deauthorized(ctx context.Context, app, userID string) (err error) {
	defer errs.Wrap(&err, "accounts.Deauthorized(%s)", app)
	list, err := s.grantedBy(ctx, app, userID)
	if err != nil {
		return err
	}
	var failed []error
	for _, a := range list {
		failed = append(failed, s.NeedsReconnection(ctx, a.ID))
	}
	return errors.Join(failed...)
}

// Forget disconnects the accounts that a platform's user has connected through an app, of whichever owner, and deletes what the platform told of them: their
// tokens, names and pictures, but for the ID by which an account is known when it comes back. Which posts were made for them, and what the owner called them, is the owner's. n is how many there were.
func (s *Service) Forget(ctx context.Context, app, userID string) (n int, err error) {
	defer errs.Wrap(&err, "accounts.Forget(%s)", app)
	list, err := s.grantedBy(ctx, app, userID)
	if err != nil {
		return 0, err
	}
	for _, a := range list {
		err := postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
			var active bool
			if err := tx.QueryRow(ctx, `select active from accounts where id = $1 for no key update`, a.ID).Scan(&active); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `
				update accounts set active = false, needs_reconnection = false, granted_by = null, username = 'deleted', display_name = '', picture_url = '', profile_url = '', data = null, scopes = null,
					updated_at = $2 where id = $1`, a.ID, s.Now()); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `delete from revocations where account_id = $1`, a.ID); err != nil { // the user has taken it back already
				return err
			}
			if err := s.Vault.Drop(ctx, tx, a.ID); err != nil || !active {
				return err
			}
			return s.tell(ctx, tx, a.ID, events.AccountDisconnected, disconnected("unintentional", "The account's user had what is kept of it deleted"))
		})
		if err != nil {
			return n, err
		}
		n++
		if now, err := s.byID(ctx, a.ID); err == nil {
			s.LogConnection(ctx, now, logs.AccountDisconnected)
		}
	}
	return n, nil
}

// grantedBy lists the accounts that a platform's user has connected through an app.
func (s *Service) grantedBy(ctx context.Context, app, userID string) (list []Account, err error) {
	rows, err := s.Pool.Query(ctx, `select `+accountColumns+` from accounts a join profiles p on p.id = a.profile_id where a.granted_by = $1 order by a.id`, userID)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Account])
	for _, a := range all {
		if p, ok := s.Platforms.Get(a.Platform); ok && appName(p, a.remote()) == app {
			list = append(list, a)
		}
	}
	return list, err
}
