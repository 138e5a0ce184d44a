package accounts

import (
	"context"
	"maps"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/events"
)

// Events is told what happens, in the transaction in which it happens.
type Events interface {
	Emit(ctx context.Context, tx pgx.Tx, list ...events.Event) error
}

// Within reads accounts by ID as a transaction sees them, of whichever owner: the caller has the IDs from its own rows. Those that do not
// exist are missing.
func (s *Service) Within(ctx context.Context, tx pgx.Tx, ids []string) (found map[string]Account, err error) {
	defer errs.Wrap(&err, "accounts.Within")
	return readByID(ctx, tx, ids)
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// readByID reads accounts of whichever owner. The array hides from Postgres how many there are, or each call would be planned anew.
func readByID(ctx context.Context, q querier, ids []string) (found map[string]Account, err error) {
	rows, err := q.Query(ctx, `select `+accountColumns+` from accounts a join profiles p on p.id = a.profile_id where a.id = any(array(select unnest($1::text[])))`, ids)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Account])
	found = make(map[string]Account, len(list))
	for _, a := range list {
		found[a.ID] = a
	}
	return found, err
}

// tell emits an event of an account as it now is within tx, which has locked its row. more is what the payload says beside who it is.
func (s *Service) tell(ctx context.Context, tx pgx.Tx, accountID string, name events.Name, more map[string]any) error {
	if s.Events == nil {
		return nil
	}
	found, err := s.Within(ctx, tx, []string{accountID})
	if err != nil {
		return err
	}
	a := found[accountID]
	body := map[string]any{"accountId": a.ID, "profileId": a.ProfileID, "platform": a.Platform, "username": a.Username}
	if a.DisplayName != "" {
		body["displayName"] = a.DisplayName
	}
	maps.Copy(body, more)
	e := events.Event{Name: name, OwnerID: a.OwnerID, Subject: a.ID, Body: map[string]any{"account": body}}
	e.Concern(a.ProfileID, a.ID)
	return s.Events.Emit(ctx, tx, e)
}

// disconnected is what is told of an account that is no longer connected.
func disconnected(kind, reason string) map[string]any {
	return map[string]any{"disconnectionType": kind, "reason": reason}
}
