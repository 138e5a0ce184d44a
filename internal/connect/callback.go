package connect

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/logs"
	"posthorn/internal/platforms"
)

// visitor is who began a visit, and what for.
type visitor struct {
	by          auth.Principal
	profileID   string
	platform    string
	method      string
	redirectURL string
	headless    bool
}

// Return is what a user comes back with from a consent page.
type Return struct {
	Platform    string
	State, Code string
	Error       string // the platform's word for a refusal
	Description string
}

// Arrival is where a user comes out.
type Arrival struct {
	// To is where the browser goes; empty: it stays here, and is shown what follows.
	To      string
	Account accounts.Account // that was connected; zero: none was
	Choice  string           // the token of the choice that is to be made
	Browser string           // what the browser has to show to make it on our own page, beside the token
	Fault   *Fault
}

// Fault is why nothing was connected.
type Fault struct {
	Code    string // the contract's value: "oauth_denied"
	Message string
	Missing []string // the permissions that were not granted
	User    bool     // the user can mend it
}

// Callback takes a user who comes back from a consent page. The state is good once. Its error is one of ours, not of the user's or the platform's:
// these are in the Arrival.
func (s *Service) Callback(ctx context.Context, r Return) (a Arrival, err error) {
	defer errs.Wrap(&err, "connect.Callback(%s)", clip(r.Platform))
	v, found, err := s.take(ctx, r.Platform, r.State)
	if err != nil {
		return a, err
	}
	if !found {
		return s.late(ctx, r)
	}
	grant, fault, err := s.redeem(ctx, v, r)
	if err != nil || fault != nil {
		return v.failed(fault), err
	}
	_, login, err := s.login(v.platform, v.method)
	if err != nil {
		return a, err
	}
	if login.Choose && (v.headless || len(grant.Identities) != 1) {
		return s.offer(ctx, v, login, grant)
	}
	only := grant.Identities[0]
	if only.Fault != "" {
		return v.failed(&Fault{Code: orElse(login.FaultCode, "personal_account_not_supported"), Message: only.Fault, User: true}), nil
	}
	account, err := s.Accounts.ConnectAs(logged(ctx, v.by), v.by, v.profileID, v.platform, only.Account, only.Token, nil)
	if fault := faultOf(err); fault != nil {
		return v.failed(fault), nil
	}
	return v.connected(account), err
}

// Complete is Callback for a caller who has taken the code itself.
func (s *Service) Complete(ctx context.Context, by auth.Principal, r Return, profileID string) (account accounts.Account, err error) {
	defer errs.Wrap(&err, "connect.Complete(%s)", clip(r.Platform))
	if _, _, err := s.login(r.Platform, ""); err != nil {
		return account, err
	}
	if err := s.Accounts.MayConnectTo(ctx, by, profileID); err != nil {
		return account, err
	}
	v, found, err := s.takeOf(ctx, by, r.Platform, r.State)
	if err != nil {
		return account, err
	}
	if !found || v.profileID != profileID {
		return account, &errs.Error{Code: errs.Invalid, Wire: "invalid_state", Rule: "connect.state", Field: "state", Message: "This state is not known for this profile, or has been used: begin with GET /v1/connect/" + r.Platform}
	}
	_, login, err := s.login(v.platform, v.method)
	if err != nil {
		return account, err
	}
	grant, fault, err := s.redeem(ctx, v, r)
	switch {
	case err != nil:
		return account, err
	case fault != nil:
		return account, &errs.Error{Code: errs.Invalid, Wire: fault.Code, Rule: "connect.failed", Field: "code", Message: fault.Message}
	case len(grant.Identities) != 1 || grant.Identities[0].Fault != "":
		return account, &errs.Error{Code: errs.Invalid, Wire: "selection_required", Rule: "connect.choose", Field: "code", Message: "This login does not open one account alone: let the user choose, beginning with headless=true and " + login.Step}
	}
	only := grant.Identities[0]
	return s.Accounts.ConnectAs(logged(ctx, v.by), v.by, v.profileID, v.platform, only.Account, only.Token, nil)
}

// redeem changes what the user came back with for what it permits.
func (s *Service) redeem(ctx context.Context, v visitor, r Return) (grant platforms.Grant, fault *Fault, err error) {
	switch {
	case r.Error != "":
		return grant, &Fault{Code: "oauth_denied", Message: "The permission was not given: " + orElse(r.Description, r.Error), User: true}, nil
	case r.Code == "":
		return grant, &Fault{Code: "invalid_callback", Message: "The platform sent the user back without a code"}, nil
	}
	connector, login, err := s.login(v.platform, v.method)
	if err != nil {
		return grant, nil, err
	}
	app, err := s.app(v.platform, login)
	if err != nil {
		return grant, nil, err
	}
	grant, err = connector.Exchange(logged(ctx, v.by), s.Accounts.VisitorOf(v.platform, app), s.visit(v.platform, login, app, r.State), r.Code)
	if err != nil {
		e := platforms.AsError(err)
		return grant, &Fault{Code: "token_exchange_failed", Message: strings.TrimSpace(e.Message + " " + e.Remediation), User: e.Kind != platforms.Rejected}, nil
	}
	if missing := login.Scopes.Missing(grant.Scopes); len(missing) > 0 {
		return grant, &Fault{Code: orElse(login.MissingCode, "missing_permissions"), Message: "Nothing can be published without these permissions: " + strings.Join(missing, ", ") + ". Connect again and leave them ticked.", Missing: missing, User: true}, nil
	}
	if len(grant.Identities) == 0 {
		return grant, &Fault{Code: orElse(login.NoneCode, "connection_failed"), Message: "The login opens no " + orElse(login.Noun, "account") + ". Choose at least one on the consent page, or use the login of somebody who manages one.", User: true}, nil
	}
	return grant, nil, nil
}

// offer keeps what a login opened until somebody chooses from it.
func (s *Service) offer(ctx context.Context, v visitor, login platforms.Login, grant platforms.Grant) (Arrival, error) {
	token, connectToken, browser := rand.Text(), rand.Text(), ""
	var browserHash []byte
	if !v.headless {
		browser = rand.Text()
		browserHash = hashOf(browser)
	}
	plain, err := json.Marshal(stored(grant.Identities))
	if err != nil {
		return Arrival{}, err
	}
	now := s.Now()
	_, err = s.Pool.Exec(ctx, `
		insert into connect_choices (hash, connect_hash, browser_hash, owner_id, user_id, key_id, profile_ids, profile_id, platform, method, redirect_url, sealed, person, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		hashOf(token), hashOf(connectToken), browserHash, v.by.OwnerID, v.by.UserID, v.by.KeyID, v.by.Profiles, v.profileID, v.platform, v.method, v.redirectURL, s.Keys.Seal(plain, "choice of "+v.by.OwnerID), grant.Person, now, now.Add(choiceFor))
	if err != nil {
		return Arrival{}, err
	}
	if !v.headless {
		return Arrival{Choice: token, Browser: browser, To: s.PublicURL + ChoicePath + "?token=" + token}, nil
	}
	if login.Pending != "" {
		return Arrival{Choice: token, To: with(v.redirectURL, "profileId", v.profileID, "pendingDataToken", token, "platform", v.platform, "step", login.Step, "connect_token", connectToken)}, nil
	}
	to := with(v.redirectURL, "profileId", v.profileID, "tempToken", token, "platform", v.platform, "step", login.Step, "connect_token", connectToken)
	if p := grant.Person; p != nil {
		person, err := json.Marshal(map[string]string{"id": p.ID, "name": p.DisplayName})
		if err != nil {
			return Arrival{}, err
		}
		to = with(to, "userProfile", url.QueryEscape(string(person))) // encoded twice, as clients read it
	}
	return Arrival{Choice: token, To: to}, nil
}

// late is the arrival of a user whose visit is over. While that is remembered, it ends where its user came from.
func (s *Service) late(ctx context.Context, r Return) (Arrival, error) {
	fault := &Fault{Code: "invalid_state", Message: "This login is not known here, or it took too long. Begin again where you started it.", User: true}
	var v visitor
	var used bool
	err := s.Pool.QueryRow(ctx, `select platform, redirect_url, used_at is not null from connect_visits where hash = $1 and platform = $2`, hashOf(r.State), r.Platform).Scan(&v.platform, &v.redirectURL, &used)
	if errors.Is(err, pgx.ErrNoRows) { // nobody knows where the browser wants to go
		return Arrival{Fault: fault}, nil
	}
	if used {
		fault.Code, fault.Message = "code_already_redeemed", "This login has been used already. If the account is not connected, begin again where you started it."
	}
	return v.failed(fault), err
}

// take ends a visit: its state is good once.
func (s *Service) take(ctx context.Context, platform, state string) (visitor, bool, error) {
	return s.taken(ctx, "", hashOf(state), platform, s.Now())
}

// takeOf is take for a visit that must be the caller's own. Another's stays.
func (s *Service) takeOf(ctx context.Context, by auth.Principal, platform, state string) (visitor, bool, error) {
	return s.taken(ctx, " and owner_id = $4 and user_id = $5", hashOf(state), platform, s.Now(), by.OwnerID, by.UserID)
}

func (s *Service) taken(ctx context.Context, and string, args ...any) (v visitor, found bool, err error) {
	err = s.Pool.QueryRow(ctx, `update connect_visits set used_at = $3 where hash = $1 and platform = $2 and used_at is null and expires_at > $3`+and+`
		returning owner_id, user_id, key_id, profile_ids, profile_id, platform, method, redirect_url, headless`, args...).
		Scan(&v.by.OwnerID, &v.by.UserID, &v.by.KeyID, &v.by.Profiles, &v.profileID, &v.platform, &v.method, &v.redirectURL, &v.headless)
	if errors.Is(err, pgx.ErrNoRows) {
		return v, false, nil
	}
	return v, err == nil, err
}

// connected is the arrival of a user whose account is connected.
func (v visitor) connected(a accounts.Account) Arrival {
	out := Arrival{Account: a}
	if v.redirectURL != "" {
		out.To = with(v.redirectURL, "connected", v.platform, "profileId", a.ProfileID, "accountId", a.ID, "username", a.Username)
	}
	return out
}

// failed is the arrival of one for whom it did not work out.
func (v visitor) failed(f *Fault) Arrival {
	out := Arrival{Fault: f}
	if f != nil && v.redirectURL != "" {
		out.To = with(v.redirectURL, "error", f.Code, "platform", v.platform, "error_message", f.Message, "is_user_fixable", boolean(f.User), "stage", "callback")
		if len(f.Missing) > 0 {
			out.To = with(out.To, "missing_scopes", strings.Join(f.Missing, ","))
		}
	}
	return out
}

// faultOf makes what is wrong with the user's choice, and not with this server, a fault to be shown.
func faultOf(err error) *Fault {
	e := errs.As(err)
	if e == nil {
		return nil
	}
	switch e.Code {
	case errs.NotFound:
		return &Fault{Code: "profile_not_found", Message: e.Message}
	case errs.Forbidden:
		return &Fault{Code: "access_denied", Message: e.Message}
	}
	return nil
}

// with adds parameters to an address and keeps those that it has.
func with(address string, pairs ...string) string {
	u, err := url.Parse(address)
	if err != nil { // it was checked when it came in
		return address
	}
	q := u.Query()
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// logged lets the log tell in whose name a platform was asked.
func logged(ctx context.Context, by auth.Principal) context.Context {
	return logs.With(ctx, logs.About{OwnerID: by.OwnerID, UserID: by.UserID, KeyID: by.KeyID})
}
