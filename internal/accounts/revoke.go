package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/logs"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
	"posthorn/internal/tokens"
)

const (
	// revokeAtOnce bounds the revocations of one round, which are made side by side.
	revokeAtOnce = 16
	// revokeWithin is how long one is another worker's; it is longer than the calls may take that one needs.
	revokeWithin = 5 * time.Minute
	// revokeLater is how long one waits whose time has not come, and mostLater how long at most for those who may be connecting what it would end.
	revokeLater = 30 * time.Second
	mostLater   = 2 * time.Hour
)

// revokeAgain are the waits between the tries; after the last one it is given up.
var revokeAgain = []time.Duration{time.Minute, 5 * time.Minute, 20 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 24 * time.Hour}

// Visits knows who is about to connect accounts; connect.Service fits it.
type Visits interface {
	// Underway reports whether somebody who connects an account within a profile is between a consent page of one of these platforms and the account that
	// comes of it.
	Underway(ctx context.Context, profileID string, platforms []string) (bool, error)
}

// revocation is a row of the table: what is to be taken back at a platform.
type revocation struct {
	id, ownerID, accountID string
	account                leaver
	sealed                 []byte // nil: it is in the vault still
	failures               int
	created                time.Time
}

// leaver is what a platform needs to know of an account that has left, and free of secrets.
type leaver struct {
	Platform  string          `json:"platform"`
	RemoteID  string          `json:"remoteId"`
	Username  string          `json:"username"`
	ProfileID string          `json:"profileId"`
	GrantedBy string          `json:"grantedBy,omitempty"`
	Data      json.RawMessage `json:"data,omitempty"`
}

// remote is the form that adapters see.
func (r revocation) remote() platforms.Account {
	return platforms.Account{ID: r.accountID, RemoteID: r.account.RemoteID, Username: r.account.Username, GrantedBy: r.account.GrantedBy, Data: r.account.Data}
}

// SealedColumns are where this package keeps sealed values.
func SealedColumns() []tokens.Column {
	return []tokens.Column{{Table: "revocations", Key: "id", Type: "text", Sealed: "sealed", Bound: "account_id"}}
}

// leave takes the token of an account that is being disconnected out of the vault, and keeps it for the one call that ends it at the platform, if that
// has such a call. The caller has locked the account's row.
func (s *Service) leave(ctx context.Context, tx pgx.Tx, accountID string) error {
	sealed, busy, err := s.Vault.Take(ctx, tx, accountID)
	if err != nil || sealed == nil && !busy {
		return err
	}
	r := revocation{accountID: accountID}
	var ownerID string
	err = tx.QueryRow(ctx, `select owner_id, platform, remote_id, username, profile_id, coalesce(granted_by, ''), data from accounts where id = $1`, accountID).
		Scan(&ownerID, &r.account.Platform, &r.account.RemoteID, &r.account.Username, &r.account.ProfileID, &r.account.GrantedBy, &r.account.Data)
	if err != nil {
		return err
	}
	if _, what := s.revoker(r); what == platforms.RevokesNothing && !busy {
		return nil
	}
	account, err := json.Marshal(r.account)
	if err != nil {
		return err
	}
	now := s.Now()
	_, err = tx.Exec(ctx, `insert into revocations (id, owner_id, account_id, account, sealed, created_at, next_at) values ($1, $2, $3, $4, $5, $6, $6)`, id.New(now), ownerID, accountID, account, sealed, now)
	return err
}

// revoker finds who ends what an account's user permitted, and how much. Of a grant of nobody knows whom nobody knows whose it is beside, so it is left alone.
func (s *Service) revoker(r revocation) (platforms.Revoker, platforms.Revocation) {
	p, _ := s.Platforms.Get(r.account.Platform)
	revoker, ok := p.(platforms.Revoker)
	if !ok {
		return nil, platforms.RevokesNothing
	}
	what := revoker.Revokes(r.remote())
	if what == platforms.RevokesGrant && r.account.GrantedBy == "" {
		what = platforms.RevokesNothing
	}
	return revoker, what
}

// Revoke tells platforms of accounts that were disconnected, as far as that is due. What a platform does not take is tried again for some days, and
// then told in the owner's log.
func (s *Service) Revoke(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "accounts.Revoke")
	due, err := s.dueRevocations(ctx)
	if err != nil {
		return err
	}
	failed := make([]error, len(due))
	var all sync.WaitGroup
	for i, r := range due {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, revokeWithin-time.Minute)
			defer cancel()
			failed[i] = s.revoke(ctx, r)
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// dueRevocations takes what is due for a while, in which it is no other worker's. Should this one die, it is called again, which does no harm.
func (s *Service) dueRevocations(ctx context.Context) (list []revocation, err error) {
	now := s.Now()
	rows, err := s.Pool.Query(ctx, `
		update revocations set next_at = $2 where id = any(array(select id from revocations where next_at <= $1 order by next_at limit $3 for update skip locked))
		returning id, owner_id, account_id, account, sealed, failures, created_at`, now, now.Add(revokeWithin), revokeAtOnce)
	if err != nil {
		return nil, err
	}
	var r revocation
	_, err = pgx.ForEachRow(rows, []any{&r.id, &r.ownerID, &r.accountID, &r.account, &r.sealed, &r.failures, &r.created}, func() error {
		list = append(list, r)
		r.account, r.sealed = leaver{}, nil
		return nil
	})
	return list, err
}

func (s *Service) revoke(ctx context.Context, r revocation) (err error) {
	defer errs.Wrap(&err, "accounts.revoke(%s)", r.accountID)
	if r.sealed == nil {
		if busy, err := s.collect(ctx, &r); err != nil || busy {
			return errors.Join(err, s.postpone(ctx, r, s.Now().Add(revokeLater), r.failures))
		}
	}
	revoker, what := s.revoker(r)
	if r.sealed == nil || what == platforms.RevokesNothing {
		return s.over(ctx, r)
	}
	session, platform, err := s.open(Account{ID: r.accountID, OwnerID: r.ownerID, Platform: r.account.Platform, RemoteID: r.account.RemoteID, RemoteUsername: r.account.Username, Data: r.account.Data}, func() error { return nil })
	if err != nil {
		return err
	}
	token, err := s.Vault.Unseal(r.accountID, r.sealed)
	if err != nil { // its master key is not there, and may come back
		return errors.Join(err, s.refused(ctx, r, platforms.Errorf(platforms.Unavailable, "the sealed token cannot be opened")))
	}
	session.Conn.Token, session.Conn.Account.GrantedBy = token, r.account.GrantedBy
	switch wanted, underway, err := s.stillWanted(ctx, r, what, platform, token); {
	case err != nil:
		return err
	case wanted:
		return s.over(ctx, r)
	case underway && s.Now().Before(r.created.Add(mostLater)):
		return s.postpone(ctx, r, s.Now().Add(revokeLater), r.failures)
	}
	err = revoker.Revoke(logs.With(ctx, logs.About{Type: logs.Connections, Action: logs.TokenRevoke}), session.Conn)
	noted := session.Close(ctx)
	if err != nil {
		return errors.Join(s.refused(ctx, r, platforms.AsError(err)), noted)
	}
	return errors.Join(s.over(ctx, r), noted)
}

// refused decides what becomes of a revocation that could not be made.
func (s *Service) refused(ctx context.Context, r revocation, e *platforms.Error) error {
	if e.Kind == platforms.Rejected || e.Kind == platforms.Duplicate || r.failures >= len(revokeAgain) {
		return s.giveUp(ctx, r, e)
	}
	next := s.Now().Add(revokeAgain[r.failures])
	if e.Reset.After(next) {
		next = e.Reset
	}
	return s.postpone(ctx, r, next, r.failures+1)
}

// collect takes the token out of the vault that could not be had when the account was disconnected. An account that was connected again meanwhile has
// its own there.
func (s *Service) collect(ctx context.Context, r *revocation) (busy bool, err error) {
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		var active bool
		err := tx.QueryRow(ctx, `select active from accounts where id = $1 for no key update`, r.accountID).Scan(&active)
		if errors.Is(err, pgx.ErrNoRows) || active {
			return nil
		}
		if err != nil {
			return err
		}
		if r.sealed, busy, err = s.Vault.Take(ctx, tx, r.accountID); err != nil || r.sealed == nil {
			return err
		}
		_, err = tx.Exec(ctx, `update revocations set sealed = $2 where id = $1`, r.id, r.sealed)
		return err
	})
	return busy, err
}

// stillWanted reports whether an account lives on what would be ended, or whether one may be about to: what a user permits anew must not fall to what was
// permitted before.
func (s *Service) stillWanted(ctx context.Context, r revocation, what platforms.Revocation, p platforms.Platform, token platforms.Token) (wanted, underway bool, err error) {
	if what == platforms.RevokesToken { // some platforms give the same token once more
		current, err := s.Vault.Token(ctx, r.accountID, nil)
		if refused := (*platforms.Error)(nil); errors.As(err, &refused) { // it has none
			return false, false, nil
		}
		return current.Access == token.Access || !token.Refresh.IsZero() && current.Refresh == token.Refresh, false, err
	}
	app := appName(p, r.remote())
	granted, err := s.grantedBy(ctx, app, r.account.GrantedBy)
	if err != nil {
		return false, false, err
	}
	for _, a := range granted {
		if a.Active && !a.NeedsReconnection {
			return true, false, nil
		}
	}
	if s.Visits != nil {
		underway, err = s.Visits.Underway(ctx, r.account.ProfileID, s.platformsOf(app))
	}
	return false, underway, err
}

// platformsOf lists the platforms that are connected through one of the operator's registrations.
func (s *Service) platformsOf(app string) (names []string) {
	for _, name := range s.Platforms.Names() {
		p, _ := s.Platforms.Get(name)
		connector, ok := p.(platforms.Connector)
		if !ok {
			continue
		}
		for _, login := range connector.Logins() {
			if login.App == app {
				names = append(names, name)
				break
			}
		}
	}
	return names
}

func (s *Service) postpone(ctx context.Context, r revocation, until time.Time, failures int) error {
	_, err := s.Pool.Exec(ctx, `update revocations set next_at = $2, failures = $3 where id = $1`, r.id, until, failures)
	return err
}

// over forgets a revocation, and the token with it.
func (s *Service) over(ctx context.Context, r revocation) error {
	_, err := s.Pool.Exec(ctx, `delete from revocations where id = $1`, r.id)
	return err
}

// giveUp forgets a revocation that cannot be made, and says in the owner's log what is left to be done by hand.
func (s *Service) giveUp(ctx context.Context, r revocation, why *platforms.Error) error {
	if err := s.over(ctx, r); err != nil {
		return err
	}
	title := r.account.Platform
	if p, ok := s.Platforms.Get(r.account.Platform); ok {
		title = p.Info().Title
	}
	about := logs.About{Type: logs.Connections, Action: logs.TokenNotRevoked, OwnerID: r.ownerID, Platform: r.account.Platform, AccountID: r.accountID}
	e := logs.Entry{About: about, At: s.Now(), Status: logs.Failed, ErrorCode: "account.token_not_revoked",
		ErrorMessage: fmt.Sprintf("%s was not told that @%s is disconnected: %s. The token is forgotten here; to end it at %s, remove the app in the account's settings there.", title, r.account.Username, why.Message, title)}
	e.Metadata, _ = json.Marshal(map[string]string{"username": r.account.Username, "profileId": r.account.ProfileID}) // texts always encode
	s.Logs.Add(e)
	return nil
}
