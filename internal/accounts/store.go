package accounts

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/auth"
	"posthorn/internal/budget"
	"posthorn/internal/errs"
	"posthorn/internal/events"
	"posthorn/internal/gather"
	"posthorn/internal/id"
	"posthorn/internal/logs"
	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
	"posthorn/internal/tokens"
)

// Service is the domain of accounts.
type Service struct {
	Pool      *pgxpool.Pool
	Platforms *platforms.Registry
	Vault     *tokens.Vault
	Budgets   *budget.Store
	Breaker   *outbound.Breaker               // nil: hosts that are down are called all the same
	Apps      func(name string) platforms.App // the operator's registration of a name; zero when there is none
	Outbound  *outbound.Platforms
	Media     platforms.MediaSource
	Logs      *logs.Writer // nil: nothing is logged
	Events    Events       // told what happens; nil: nobody is
	Held      Held         // lets go on what waits for an account to be connected; nil: nothing waits
	Visits    Visits       // knows who is at a consent page; nil: nobody is
	Now       func() time.Time

	onceDialled, onceWanted sync.Once // make what follows
	dialled                 *gather.Calls[string, known]
	wanted                  *gather.Calls[[]string, map[string]Account]
}

const accountColumns = `a.id, a.owner_id, a.profile_id, p.name, a.platform, a.remote_id, coalesce(a.own_username, a.username), coalesce(a.own_display_name, a.display_name),
	a.picture_url, a.profile_url, a.active, a.needs_reconnection, a.data, a.created_at, a.updated_at, a.username, a.display_name, a.scopes, a.x_capabilities`

// List reads the accounts of an owner that a filter selects, and how many there are in all.
func (s *Service) List(ctx context.Context, by auth.Principal, f Filter) (list []Account, total int, err error) {
	defer errs.Wrap(&err, "accounts.List")
	const where = ` from accounts a join profiles p on p.id = a.profile_id where a.owner_id = $1 and ($2 = '' or a.profile_id = $2) and ($3 = '' or a.platform = $3)
		and ($4 = '' or (a.active and not a.needs_reconnection) = ($4 = 'connected')) and ($5::text[] is null or a.profile_id = any($5))`
	args := []any{by.OwnerID, f.ProfileID, f.Platform, f.Status, by.Profiles}
	if err := s.Pool.QueryRow(ctx, `select count(*)`+where, args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	var limit *int
	if f.Limit > 0 {
		limit = &f.Limit
	}
	rows, err := s.Pool.Query(ctx, `select `+accountColumns+where+` order by a.created_at, a.id limit $6 offset $7`, append(args, limit, f.Offset)...)
	if err != nil {
		return nil, 0, err
	}
	list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Account])
	return list, total, err
}

// Lookup reads accounts by ID; those that do not exist, are another owner's or out of the principal's reach are missing.
func (s *Service) Lookup(ctx context.Context, by auth.Principal, ids []string) (found map[string]Account, err error) {
	defer errs.Wrap(&err, "accounts.Lookup")
	found = map[string]Account{}
	if len(ids) == 0 {
		return found, nil
	}
	valid := make([]string, 0, len(ids))
	for _, i := range ids {
		if id.Valid(i) { // anything else cannot exist, and might not even be text to Postgres
			valid = append(valid, i)
		}
	}
	read, err := s.reads().Do(ctx, valid)
	for i, a := range read {
		if a.OwnerID == by.OwnerID && by.Reaches(a.ProfileID) {
			found[i] = a
		}
	}
	return found, err
}

// reads read the accounts of requests that come at about the same time together.
func (s *Service) reads() *gather.Calls[[]string, map[string]Account] {
	s.onceWanted.Do(func() { s.wanted = gather.New(lookupsAtOnce, lookers, s.readMany) })
	return s.wanted
}

// readMany reads several callers' accounts together. They get them all: whose they are is for them to ask.
func (s *Service) readMany(ctx context.Context, wanted [][]string) ([]map[string]Account, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	byID, err := readByID(ctx, s.Pool, slices.Concat(wanted...))
	if err != nil {
		return nil, err
	}
	found := make([]map[string]Account, len(wanted))
	for i, ids := range wanted {
		found[i] = make(map[string]Account, len(ids))
		for _, id := range ids {
			if a, ok := byID[id]; ok {
				found[i][id] = a
			}
		}
	}
	return found, nil
}

// InProfiles lists the IDs of an owner's accounts in some profiles.
func (s *Service) InProfiles(ctx context.Context, ownerID string, profileIDs []string) (ids []string, err error) {
	defer errs.Wrap(&err, "accounts.InProfiles")
	rows, err := s.Pool.Query(ctx, `select id from accounts where owner_id = $1 and profile_id = any($2)`, ownerID, profileIDs)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Connect stores an account with its token. The same remote identity connected again keeps its ID, its history
// and the names that its owner gave it, and becomes active again.
func (s *Service) Connect(ctx context.Context, tx pgx.Tx, ownerID, profileID, platform string, remote platforms.Account, token platforms.Token) (accountID string, err error) {
	defer errs.Wrap(&err, "accounts.Connect(%s)", platform)
	now := s.Now()
	var data []byte
	if len(remote.Data) > 0 {
		data = remote.Data
	}
	err = tx.QueryRow(ctx, `
		insert into accounts (id, owner_id, profile_id, platform, remote_id, username, display_name, picture_url, profile_url, data, scopes, created_at, updated_at, granted_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, nullif($13, ''))
		on conflict (owner_id, platform, remote_id) do update set profile_id = excluded.profile_id, username = excluded.username, display_name = excluded.display_name,
			picture_url = excluded.picture_url, profile_url = excluded.profile_url, data = excluded.data, scopes = excluded.scopes, granted_by = excluded.granted_by, active = true, needs_reconnection = false, updated_at = excluded.updated_at
		returning id`,
		id.New(now), ownerID, profileID, platform, remote.RemoteID, remote.Username, remote.DisplayName, remote.PictureURL, remote.ProfileURL, data, token.Scopes, now, remote.GrantedBy).Scan(&accountID)
	if err != nil {
		return "", err
	}
	if err := s.Vault.Put(ctx, tx, ownerID, accountID, token); err != nil {
		return "", err
	}
	if s.Held != nil {
		if err := s.Held.Resume(ctx, tx, accountID); err != nil {
			return "", err
		}
	}
	return accountID, s.tell(ctx, tx, accountID, events.AccountConnected, nil)
}

// Held is what waits for an account whose token is dead; posts.Service fits it.
type Held interface {
	// Resume lets it go on, in the transaction in which the account is connected again.
	Resume(ctx context.Context, tx pgx.Tx, accountID string) error
}

// NeedsReconnection marks an account whose token is dead, and tells of it the first time. One that was disconnected meanwhile has none.
func (s *Service) NeedsReconnection(ctx context.Context, accountID string) (err error) {
	defer errs.Wrap(&err, "accounts.NeedsReconnection(%s)", accountID)
	var lost bool
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update accounts set needs_reconnection = true, updated_at = $2 where id = $1 and active and not needs_reconnection`, accountID, s.Now())
		lost = err == nil && tag.RowsAffected() > 0
		if !lost {
			return err
		}
		return s.tell(ctx, tx, accountID, events.AccountDisconnected, disconnected("unintentional", "The platform no longer accepts the account's token; connect the account again"))
	})
	if err != nil || !lost {
		return err
	}
	a, err := s.byID(ctx, accountID)
	if err == nil {
		s.LogConnection(ctx, a, logs.AccountLost)
	}
	return err
}

// Connected counts the active accounts of owners. One without any is missing.
func (s *Service) Connected(ctx context.Context, ownerIDs []string) (counts map[string]int, err error) {
	defer errs.Wrap(&err, "accounts.Connected")
	counts = map[string]int{}
	rows, err := s.Pool.Query(ctx, `select owner_id, count(*)::int from accounts where owner_id = any($1) and active group by owner_id`, ownerIDs)
	if err != nil {
		return nil, err
	}
	var owner string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&owner, &n}, func() error {
		counts[owner] = n
		return nil
	})
	return counts, err
}

// remote is the form that adapters see: they find and link things by the platform's names.
func (a Account) remote() platforms.Account {
	return platforms.Account{ID: a.ID, RemoteID: a.RemoteID, Username: a.RemoteUsername, DisplayName: a.RemoteDisplayName, PictureURL: a.PictureURL, ProfileURL: a.ProfileURL, Data: a.Data}
}
