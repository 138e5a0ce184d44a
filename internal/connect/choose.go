package connect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/tokens"
)

// Choice is what a login opened, to be chosen from.
type Choice struct {
	Platform   string
	ProfileID  string
	Noun       string // one of what is chosen from
	Identities []platforms.Identity
	Person     *platforms.Person // who logged in; nil: not known
	Pending    string            // the contract's word for what is listed; empty: the choice has a list of its own
	ExpiresAt  time.Time

	visitor                        visitor
	hash, connectHash, browserHash []byte
}

// sealedIdentity is an identity as it waits inside the seal, for platforms.Secret itself refuses to be encoded.
type sealedIdentity struct {
	ID, Name, Fault string
	Account         platforms.Account
	Listed          json.RawMessage `json:",omitempty"`
	Access, Refresh string
	Expires         time.Time
	Scopes          []string
}

func stored(list []platforms.Identity) []sealedIdentity {
	out := make([]sealedIdentity, len(list))
	for i, x := range list {
		out[i] = sealedIdentity{x.ID, x.Name, x.Fault, x.Account, x.Listed, x.Token.Access.Reveal(), x.Token.Refresh.Reveal(), x.Token.ExpiresAt, x.Token.Scopes}
	}
	return out
}

// SealedColumns are where this package keeps sealed values.
func SealedColumns() []tokens.Column {
	return []tokens.Column{{Table: "connect_choices", Key: "hash", Type: "bytea", Sealed: "sealed", Bound: "'choice of ' || owner_id"}}
}

// As is the principal that a connect token stands for.
func (s *Service) As(ctx context.Context, connectToken string) (by auth.Principal, err error) {
	defer errs.Wrap(&err, "connect.As")
	var v visitor
	err = s.Pool.QueryRow(ctx, `select owner_id, user_id, key_id, profile_ids, profile_id from connect_choices where connect_hash = $1 and expires_at > $2`, hashOf(connectToken), s.Now()).
		Scan(&v.by.OwnerID, &v.by.UserID, &v.by.KeyID, &v.by.Profiles, &v.profileID)
	if errors.Is(err, pgx.ErrNoRows) {
		return by, errs.New(errs.Unauthorized, "This connect token is not valid, or its time is over")
	}
	if err != nil {
		return by, err
	}
	v.by.Role, v.by.Profiles = auth.RoleMember, []string{v.profileID} // and nothing else
	return v.by, nil
}

// Choose is the choice that a token names, for somebody who may make it; profileID is that which the caller believes it is for. Who came with
// a connect token may make no other than the one that this was given for.
func (s *Service) Choose(ctx context.Context, by auth.Principal, platform, profileID, token, connectToken string) (c Choice, err error) {
	defer errs.Wrap(&err, "connect.Choose")
	if c, err = s.open(ctx, token); err != nil {
		return c, err
	}
	if connectToken != "" && !bytes.Equal(c.connectHash, hashOf(connectToken)) {
		return Choice{}, noChoice()
	}
	if c.Platform != platform || c.visitor.by.OwnerID != by.OwnerID || c.ProfileID != profileID || !by.Reaches(profileID) {
		return Choice{}, noChoice()
	}
	return c, nil
}

// Pending is the choice that a token names, for whoever has the token: for a page of the caller's own, at platforms that have no other list.
func (s *Service) Pending(ctx context.Context, token string) (c Choice, err error) {
	defer errs.Wrap(&err, "connect.Pending")
	if c, err = s.open(ctx, token); err == nil && (c.Pending == "" || c.browserHash != nil) { // one to be made on this server's page is for its browser
		return Choice{}, noChoice()
	}
	return c, err
}

// Open is the choice that a token names, for the browser that came back from the consent page and no other: a token alone can be somebody else's, sent
// to have a stranger's account connected.
func (s *Service) Open(ctx context.Context, token, browser string) (c Choice, err error) {
	defer errs.Wrap(&err, "connect.Open")
	if c, err = s.open(ctx, token); err == nil && (c.browserHash == nil || !bytes.Equal(c.browserHash, hashOf(browser))) {
		return Choice{}, noChoice()
	}
	return c, err
}

func (s *Service) open(ctx context.Context, token string) (c Choice, err error) {
	c.hash = hashOf(token)
	var sealed []byte
	v := &c.visitor
	err = s.Pool.QueryRow(ctx, `select owner_id, user_id, key_id, profile_ids, profile_id, platform, method, redirect_url, sealed, connect_hash, browser_hash, person, expires_at from connect_choices where hash = $1 and expires_at > $2`, c.hash, s.Now()).
		Scan(&v.by.OwnerID, &v.by.UserID, &v.by.KeyID, &v.by.Profiles, &v.profileID, &v.platform, &v.method, &v.redirectURL, &sealed, &c.connectHash, &c.browserHash, &c.Person, &c.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return Choice{}, noChoice()
	}
	if err != nil {
		return Choice{}, err
	}
	_, login, err := s.login(v.platform, v.method)
	if err != nil {
		return Choice{}, err
	}
	plain, err := s.Keys.Open(sealed, "choice of "+v.by.OwnerID)
	if err != nil {
		return Choice{}, err
	}
	var list []sealedIdentity
	if err := json.Unmarshal(plain, &list); err != nil {
		return Choice{}, fmt.Errorf("a stored choice: %w", err)
	}
	c.Platform, c.ProfileID, c.Noun, c.Pending = v.platform, v.profileID, login.Noun, login.Pending
	for _, x := range list {
		c.Identities = append(c.Identities, platforms.Identity{ID: x.ID, Name: x.Name, Fault: x.Fault, Account: x.Account, Listed: x.Listed,
			Token: platforms.Token{Access: platforms.NewSecret(x.Access), Refresh: platforms.NewSecret(x.Refresh), ExpiresAt: x.Expires, Scopes: x.Scopes}})
	}
	return c, nil
}

// Finish connects what was chosen. The choice is over with it, and stays open when it cannot be connected.
func (s *Service) Finish(ctx context.Context, c Choice, identityID, redirectURL string) (a Arrival, err error) {
	defer errs.Wrap(&err, "connect.Finish(%s)", c.Platform)
	if err := checkRedirect(redirectURL); err != nil {
		return a, err
	}
	i := slices.IndexFunc(c.Identities, func(x platforms.Identity) bool { return x.ID == identityID })
	if i < 0 {
		return a, &errs.Error{Code: errs.NotFound, Rule: "connect.not_offered", Field: "pageId", Message: "That is not one of the " + orElse(c.Noun, "account") + "s to choose from"}
	}
	chosen := c.Identities[i]
	if chosen.Fault != "" {
		return a, &errs.Error{Code: errs.Invalid, Rule: "connect.ineligible", Field: "pageId", Message: chosen.Fault}
	}
	v := c.visitor
	account, err := s.Accounts.ConnectAs(logged(ctx, v.by), v.by, v.profileID, v.platform, chosen.Account, chosen.Token, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `delete from connect_choices where hash = $1`, c.hash) // of two at once, one waits here and finds nothing
		if err == nil && tag.RowsAffected() == 0 {
			return noChoice()
		}
		return err
	})
	if err != nil {
		return a, err
	}
	if redirectURL != "" {
		v.redirectURL = redirectURL
	}
	return v.connected(account), nil
}

func noChoice() error {
	return &errs.Error{Code: errs.NotFound, Rule: "connect.choice_over", Message: "There is nothing to choose from under this token: it was chosen already, or its time is over. Connect again"}
}
