package accounts

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/events"
	"posthorn/internal/id"
	"posthorn/internal/logs"
	"posthorn/internal/postgres"
)

// platformX is the one platform whose background calls an owner allows.
const platformX = "twitter"

// Change is what is to be different about an account; nil leaves a field alone. The names stand in place of the platform's, here and in
// all answers, also after the account is connected again; an empty one gives the platform's back.
type Change struct {
	Username      *string
	DisplayName   *string
	XCapabilities *XChange
}

// XChange changes XCapabilities; nil leaves one alone.
type XChange struct {
	Analytics *bool
	Inbox     *bool
}

// Get reads one account. One that does not exist, or that the principal does not reach, is NotFound.
func (s *Service) Get(ctx context.Context, by auth.Principal, accountID string) (a Account, err error) {
	defer errs.Wrap(&err, "accounts.Get(%s)", accountID)
	found, err := s.Lookup(ctx, by, []string{accountID})
	if err != nil {
		return Account{}, err
	}
	a, ok := found[accountID]
	if !ok {
		return Account{}, accountNotFound()
	}
	return a, nil
}

func accountNotFound() error {
	return &errs.Error{Code: errs.NotFound, Wire: "account_not_found", Message: "Account not found"}
}

// Update changes what an owner says of an account.
func (s *Service) Update(ctx context.Context, by auth.Principal, accountID string, c Change) (a Account, err error) {
	defer errs.Wrap(&err, "accounts.Update(%s)", accountID)
	if c == (Change{}) {
		return Account{}, &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Message: "Send at least one of username, displayName and xCapabilities"}
	}
	if c.Username, err = cleanOwnName("username", c.Username); err != nil {
		return Account{}, err
	}
	if c.DisplayName, err = cleanOwnName("displayName", c.DisplayName); err != nil {
		return Account{}, err
	}
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		kept, err := lockAccount(ctx, tx, by, accountID)
		if err != nil {
			return err
		}
		x, err := kept.capabilities(c.XCapabilities)
		if err != nil {
			return err
		}
		// nullif: an empty name is none.
		_, err = tx.Exec(ctx, `
			update accounts set own_username = nullif(coalesce($2, own_username), ''), own_display_name = nullif(coalesce($3, own_display_name), ''), x_capabilities = $4, updated_at = $5
			where id = $1`, accountID, c.Username, c.DisplayName, x, s.Now())
		return err
	})
	if err != nil {
		return Account{}, err
	}
	return s.Get(ctx, by, accountID)
}

// capabilities are those of an account after a change.
func (a locked) capabilities(c *XChange) (*XCapabilities, error) {
	if c == nil {
		return a.x, nil
	}
	if a.platform != platformX {
		return nil, &errs.Error{Code: errs.Invalid, Field: "xCapabilities", Rule: "account.not_x", Message: "xCapabilities are for accounts at X only; this one is at " + a.platform}
	}
	var x XCapabilities
	if a.x != nil {
		x = *a.x
	}
	if c.Analytics != nil {
		x.Analytics = *c.Analytics
	}
	if c.Inbox != nil {
		x.Inbox = *c.Inbox
	}
	return &x, nil
}

func cleanOwnName(field string, name *string) (*string, error) {
	if name == nil {
		return nil, nil
	}
	clean := strings.TrimSpace(*name)
	return &clean, checkText(field, clean, maxOwnName)
}

// Move puts an account into another of the owner's profiles. A principal of some profiles must reach both.
func (s *Service) Move(ctx context.Context, by auth.Principal, accountID, profileID string) (err error) {
	defer errs.Wrap(&err, "accounts.Move(%s)", accountID)
	if !id.Valid(profileID) {
		return profileNotFound()
	}
	everything := by
	everything.Profiles = nil // what lies outside of its profiles is refused rather than denied: whoever moves an account knows both IDs
	return postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := s.profileFor(ctx, tx, everything, profileID); err != nil { // before the account, as where one is connected
			return err
		}
		a, err := lockAccount(ctx, tx, everything, accountID)
		if err != nil {
			return err
		}
		if !by.Reaches(a.profileID) || !by.Reaches(profileID) {
			return &errs.Error{Code: errs.Forbidden, Rule: "key.scoped", Message: "This API key must reach both profiles to move an account from one to the other"}
		}
		_, err = tx.Exec(ctx, `update accounts set profile_id = $2, updated_at = $3 where id = $1`, accountID, profileID, s.Now())
		return err
	})
}

// Disconnect forgets an account's token and keeps the rest: its posts and their history, and its ID for the day when it is connected
// again. What is scheduled for it fails at its time, unless it is connected by then. The platform is told afterwards, where it wants to be; that it is
// away keeps nobody waiting. One that is disconnected already is NotFound.
func (s *Service) Disconnect(ctx context.Context, by auth.Principal, accountID string) (err error) {
	defer errs.Wrap(&err, "accounts.Disconnect(%s)", accountID)
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		a, err := lockAccount(ctx, tx, by, accountID)
		if err != nil {
			return err
		}
		if !a.active {
			return accountNotFound()
		}
		if _, err := tx.Exec(ctx, `update accounts set active = false, needs_reconnection = false, updated_at = $2 where id = $1`, accountID, s.Now()); err != nil {
			return err
		}
		if err := s.leave(ctx, tx, accountID); err != nil {
			return err
		}
		return s.tell(ctx, tx, accountID, events.AccountDisconnected, disconnected("intentional", "The account was disconnected on request"))
	})
	if err != nil {
		return err
	}
	if a, err := s.byID(ctx, accountID); err == nil { // it may be gone with its profile already
		s.LogConnection(ctx, a, logs.AccountDisconnected)
	}
	return nil
}

// locked is what a change needs to know of an account's row, which it has locked.
type locked struct {
	profileID, platform string
	active              bool
	x                   *XCapabilities
}

func lockAccount(ctx context.Context, tx pgx.Tx, by auth.Principal, accountID string) (a locked, err error) {
	if !id.Valid(accountID) {
		return a, accountNotFound()
	}
	err = tx.QueryRow(ctx, `select profile_id, platform, active, x_capabilities from accounts where owner_id = $1 and id = $2 for no key update`, by.OwnerID, accountID).
		Scan(&a.profileID, &a.platform, &a.active, &a.x)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !by.Reaches(a.profileID) {
		return a, accountNotFound()
	}
	return a, err
}
