// Package tokens is the vault: it keeps the platforms' tokens sealed, opens them for those who talk for an account, and has each
// refreshed by one worker at a time. It owns the table tokens, and no value leaves it but as a platforms.Secret.
package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
)

// margin is how long before its end a token is refreshed, so that it outlives the step that uses it.
const margin = 3 * time.Minute

// Vault keeps tokens.
type Vault struct {
	Pool *pgxpool.Pool
	Keys *Keys
	Now  func() time.Time
}

// Versioned is a token and its version, which names it when it turns out to be stale.
type Versioned struct {
	platforms.Token
	Version int64
}

// stored is the form inside the seal; Secret itself refuses to be encoded.
type stored struct {
	Access  string   `json:"a"`
	Refresh string   `json:"r,omitempty"`
	Scopes  []string `json:"s,omitempty"`
}

// Put stores an account's token in the caller's transaction, in place of an older one.
func (v *Vault) Put(ctx context.Context, tx pgx.Tx, ownerID, accountID string, t platforms.Token) (err error) {
	defer errs.Wrap(&err, "tokens.Put(%s)", accountID)
	plain, err := json.Marshal(stored{t.Access.Reveal(), t.Refresh.Reveal(), t.Scopes})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		insert into tokens as t (account_id, owner_id, sealed, expires_at, updated_at) values ($1, $2, $3, $4, $5)
		on conflict (account_id) do update set sealed = excluded.sealed, expires_at = excluded.expires_at, version = t.version + 1, updated_at = excluded.updated_at,
			tried_at = null, warned = 0`,
		accountID, ownerID, v.Keys.seal(plain, accountID), expiry(t), v.Now())
	return err
}

func expiry(t platforms.Token) *time.Time {
	if t.ExpiresAt.IsZero() {
		return nil
	}
	return &t.ExpiresAt
}

// Held is what the vault holds for an account, opened.
type Held struct {
	token Versioned
	err   error // why there is none to be used
}

// Many opens the tokens of many accounts, for Fresh. One without a token is missing.
func (v *Vault) Many(ctx context.Context, accountIDs []string) (held map[string]*Held, err error) {
	defer errs.Wrap(&err, "tokens.Many")
	rows, err := v.Pool.Query(ctx, `select account_id, sealed, expires_at, version from tokens where account_id = any($1)`, accountIDs)
	if err != nil {
		return nil, err
	}
	held = make(map[string]*Held, len(accountIDs))
	var accountID string
	var row sealedRow
	_, err = pgx.ForEachRow(rows, []any{&accountID, &row.sealed, &row.expires, &row.version}, func() error {
		t, err := v.open(accountID, row)
		held[accountID] = &Held{t, err}
		return nil
	})
	return held, err
}

// Token opens an account's token. When it is about to expire and refresh is not nil, refresh is called first, under a lock on the row:
// of ten workers one refreshes and the others get what it got. The new token is stored before anyone uses it.
//
// An account without a token is a platforms.Error of kind Unauthorized; errors of refresh come back as they are.
func (v *Vault) Token(ctx context.Context, accountID string, refresh func(context.Context, platforms.Token) (platforms.Token, error)) (t Versioned, err error) {
	held, err := v.Many(ctx, []string{accountID})
	if err != nil {
		return t, err
	}
	return v.Fresh(ctx, accountID, held[accountID], refresh)
}

// Fresh is Token for what Many has opened this very moment; nil is an account without a token.
func (v *Vault) Fresh(ctx context.Context, accountID string, h *Held, refresh func(context.Context, platforms.Token) (platforms.Token, error)) (t Versioned, err error) {
	if h == nil {
		return t, errNone()
	}
	if t = h.token; h.err != nil || refresh == nil || !v.due(t, margin) {
		return t, h.err
	}
	return v.Renew(ctx, accountID, margin, refresh)
}

// renewTimeout bounds a renewal with its wait for the account's lock.
const renewTimeout = 2 * time.Minute

// Renew refreshes a token that ends within a time, under the lock on its row; one that does not is left as it is.
func (v *Vault) Renew(ctx context.Context, accountID string, within time.Duration, refresh func(context.Context, platforms.Token) (platforms.Token, error)) (t Versioned, err error) {
	// Whoever asks may give up while waiting for their turn, and not after: a pair that the platform has changed is stored, whatever becomes of the
	// request or the worker.
	asked := ctx
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout)
	defer cancel()
	err = postgres.InTx(ctx, v.Pool, func(tx pgx.Tx) error {
		var ownerID string
		err := tx.QueryRow(asked, `select owner_id from tokens where account_id = $1 for update`, accountID).Scan(&ownerID)
		if errors.Is(err, pgx.ErrNoRows) { // dropped meanwhile
			return errNone()
		}
		if err != nil {
			return err
		}
		if t, err = v.read(ctx, tx, accountID); err != nil || !v.due(t, within) {
			return err // another worker was faster
		}
		fresh, err := refresh(ctx, t.Token)
		if err != nil {
			return err
		}
		if err := v.Put(ctx, tx, ownerID, accountID, fresh); err != nil {
			return err
		}
		t = Versioned{fresh, t.Version + 1}
		return nil
	})
	return t, err
}

func (v *Vault) due(t Versioned, within time.Duration) bool {
	return !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(v.Now().Add(within))
}

// Ending lists the accounts whose tokens end before a time, those that end first before the others. Which of them have ended already is not asked. Where
// renewing has failed, a tenth of what was left then has to pass first: a day of ten.
func (v *Vault) Ending(ctx context.Context, among []string, before time.Time, limit int) (accountIDs []string, err error) {
	defer errs.Wrap(&err, "tokens.Ending")
	rows, err := v.Pool.Query(ctx, `select account_id from tokens where account_id = any($1) and expires_at < $2 and (tried_at is null or tried_at + (expires_at - tried_at) / 10 <= $4) order by expires_at limit $3`, among, before, limit, v.Now())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Tried notes that renewing a token has failed.
func (v *Vault) Tried(ctx context.Context, accountID string) (err error) {
	defer errs.Wrap(&err, "tokens.Tried(%s)", accountID)
	_, err = v.Pool.Exec(ctx, `update tokens set tried_at = $2 where account_id = $1`, accountID, v.Now())
	return err
}

// Unwarned lists the accounts whose tokens end between now and a time, and of which fewer warnings have been given than level.
func (v *Vault) Unwarned(ctx context.Context, among []string, before time.Time, level, limit int) (accountIDs []string, err error) {
	defer errs.Wrap(&err, "tokens.Unwarned")
	rows, err := v.Pool.Query(ctx, `select account_id from tokens where account_id = any($1) and expires_at > $2 and expires_at <= $3 and warned < $4 order by expires_at limit $5`, among, v.Now(), before, level, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Warned notes a warning in the caller's transaction, and says when the token ends; false: it was given before, or there is a new token.
func (v *Vault) Warned(ctx context.Context, tx pgx.Tx, accountID string, level int) (ends time.Time, first bool, err error) {
	defer errs.Wrap(&err, "tokens.Warned(%s)", accountID)
	err = tx.QueryRow(ctx, `update tokens set warned = $2 where account_id = $1 and warned < $2 and expires_at is not null returning expires_at`, accountID, level).Scan(&ends)
	if errors.Is(err, pgx.ErrNoRows) {
		return ends, false, nil
	}
	return ends, err == nil, err
}

// Expire marks a token as stale, unless a newer one has taken its place, so that the next call of Token refreshes it.
func (v *Vault) Expire(ctx context.Context, accountID string, version int64) (err error) {
	defer errs.Wrap(&err, "tokens.Expire(%s)", accountID)
	_, err = v.Pool.Exec(ctx, `update tokens set expires_at = $3 where account_id = $1 and version = $2`, accountID, version, v.Now())
	return err
}

func errNone() error {
	return &platforms.Error{Kind: platforms.Unauthorized, Message: "the account has no token; connect it again"}
}

// Drop forgets an account's token in the caller's transaction.
func (v *Vault) Drop(ctx context.Context, tx pgx.Tx, accountID string) (err error) {
	defer errs.Wrap(&err, "tokens.Drop(%s)", accountID)
	_, err = tx.Exec(ctx, `delete from tokens where account_id = $1`, accountID)
	return err
}

// Take is Drop for a caller who has a use for the token still: it is given as it was sealed, for Unseal; nil: the account has none. It waits for nobody: busy
// says that somebody has the token in hand, as to refresh it, and that it was left where it is.
func (v *Vault) Take(ctx context.Context, tx pgx.Tx, accountID string) (sealed []byte, busy bool, err error) {
	defer errs.Wrap(&err, "tokens.Take(%s)", accountID)
	err = tx.QueryRow(ctx, `delete from tokens where account_id = (select account_id from tokens where account_id = $1 for update skip locked) returning sealed`, accountID).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		err = tx.QueryRow(ctx, `select exists (select from tokens where account_id = $1)`, accountID).Scan(&busy)
	}
	return sealed, busy, err
}

// Unseal opens a token that was taken.
func (v *Vault) Unseal(accountID string, sealed []byte) (platforms.Token, error) {
	t, err := v.open(accountID, sealedRow{sealed: sealed})
	return t.Token, err
}

// State is what can be told of a token without showing it.
type State struct {
	ExpiresAt time.Time // zero: unknown or never
	Opens     bool      // false when it is damaged or its master key is gone
}

// States tells of the tokens of many accounts; one without a token is missing.
func (v *Vault) States(ctx context.Context, accountIDs []string) (states map[string]State, err error) {
	defer errs.Wrap(&err, "tokens.States")
	rows, err := v.Pool.Query(ctx, `select account_id, sealed, expires_at from tokens where account_id = any($1)`, accountIDs)
	if err != nil {
		return nil, err
	}
	states = make(map[string]State, len(accountIDs))
	var accountID string
	var sealed []byte
	var expires *time.Time
	_, err = pgx.ForEachRow(rows, []any{&accountID, &sealed, &expires}, func() error {
		_, opening := v.Keys.open(sealed, accountID)
		state := State{Opens: opening == nil}
		if expires != nil {
			state.ExpiresAt = *expires
		}
		states[accountID] = state
		return nil
	})
	return states, err
}

// sealedRow is a token as it is stored.
type sealedRow struct {
	sealed  []byte
	expires *time.Time
	version int64
}

func (v *Vault) read(ctx context.Context, tx pgx.Tx, accountID string) (t Versioned, err error) {
	var row sealedRow
	err = tx.QueryRow(ctx, `select sealed, expires_at, version from tokens where account_id = $1`, accountID).Scan(&row.sealed, &row.expires, &row.version)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, errNone()
	}
	if err != nil {
		errs.Wrap(&err, "tokens.Token(%s)", accountID)
		return t, err
	}
	return v.open(accountID, row)
}

func (v *Vault) open(accountID string, row sealedRow) (t Versioned, err error) {
	defer errs.Wrap(&err, "tokens.Token(%s)", accountID)
	plain, err := v.Keys.open(row.sealed, accountID)
	if err != nil {
		return t, err
	}
	var s stored
	if json.Unmarshal(plain, &s) != nil {
		return t, errSealed
	}
	t.Access, t.Refresh, t.Scopes, t.Version = platforms.NewSecret(s.Access), platforms.NewSecret(s.Refresh), s.Scopes, row.version
	if row.expires != nil {
		t.ExpiresAt = *row.expires
	}
	return t, nil
}
