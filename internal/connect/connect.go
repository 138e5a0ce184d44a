// Package connect connects accounts through the platforms' consent pages: it sends users there, takes what they come back with, and lets them choose
// where a login opens several accounts. It owns the tables connect_visits and connect_choices.
package connect

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
	"posthorn/internal/tokens"
)

const (
	// visitFor is how long a user may take at the consent page, and choiceFor to choose afterwards.
	visitFor  = time.Hour
	choiceFor = time.Hour
	// rememberFor is how long it is known of a visit that is over where its user came from.
	rememberFor = 24 * time.Hour
	// CallbackPath is where the consent pages send their users back to; the platform's name follows.
	CallbackPath = "/connect/callback/"
	// ChoicePath is where users choose.
	ChoicePath = "/connect/choose"
)

// Accounts is the domain of accounts, as far as connecting needs it.
type Accounts interface {
	MayConnectTo(ctx context.Context, by auth.Principal, profileID string) error
	ConnectAs(ctx context.Context, by auth.Principal, profileID, platform string, remote platforms.Account, token platforms.Token, first func(pgx.Tx) error) (accounts.Account, error)
	VisitorOf(platform string, app platforms.App) *platforms.Conn
	Deauthorized(ctx context.Context, app, userID string) error
	Forget(ctx context.Context, app, userID string) (accounts int, err error)
}

// Service connects accounts.
type Service struct {
	Pool      *pgxpool.Pool
	Platforms *platforms.Registry
	Accounts  Accounts
	Keys      *tokens.Keys
	Apps      func(name string) platforms.App
	PublicURL string
	Gateway   *url.URL // of the platforms, where the sandbox has its consent pages; nil: the real ones
	Now       func() time.Time
}

// Wish is what somebody wants to connect.
type Wish struct {
	Platform    string
	ProfileID   string
	RedirectURL string // where the browser is to end up; empty: at a page of this server
	Headless    bool   // the caller has pages of its own to choose on
	Method      string // one of the platform's logins; empty: the usual one
}

// Start begins a visit to a platform's consent page and gives its address, with the state that comes back from there.
func (s *Service) Start(ctx context.Context, by auth.Principal, w Wish) (authURL, state string, err error) {
	defer errs.Wrap(&err, "connect.Start")
	connector, login, err := s.login(w.Platform, w.Method)
	if err != nil {
		return "", "", err
	}
	app, err := s.app(w.Platform, login)
	if err != nil {
		return "", "", err
	}
	if err := checkRedirect(w.RedirectURL); err != nil {
		return "", "", err
	}
	if w.Headless && w.RedirectURL == "" {
		return "", "", &errs.Error{Code: errs.Invalid, Wire: "INVALID_REDIRECT_URL", Rule: "connect.redirect", Field: "redirect_url", Message: "headless needs a redirect_url: the page of yours on which the user goes on"}
	}
	if err := s.Accounts.MayConnectTo(ctx, by, w.ProfileID); err != nil {
		return "", "", err
	}
	now := s.Now()
	state = rand.Text()
	_, err = s.Pool.Exec(ctx, `
		insert into connect_visits (hash, owner_id, user_id, key_id, profile_ids, profile_id, platform, method, redirect_url, headless, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		hashOf(state), by.OwnerID, by.UserID, by.KeyID, by.Profiles, w.ProfileID, w.Platform, login.Method, w.RedirectURL, w.Headless, now, now.Add(visitFor))
	if err != nil {
		return "", "", err
	}
	return s.reachable(connector.AuthorizeURL(s.visit(w.Platform, login, app, state))), state, nil
}

// Sweep forgets visits and choices whose time is over.
func (s *Service) Sweep(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "connect.Sweep")
	batch := &pgx.Batch{}
	batch.Queue(`delete from connect_visits where expires_at <= $1`, s.Now().Add(-rememberFor))
	batch.Queue(`delete from connect_choices where expires_at <= $1`, s.Now())
	return s.Pool.SendBatch(ctx, batch).Close()
}

// exchangeFor is longer than it takes to redeem a code.
const exchangeFor = 5 * time.Minute

// Underway reports whether somebody who connects an account within a profile is between a consent page of one of these platforms and the account that comes
// of it: at the page, on the way back, or about to choose.
func (s *Service) Underway(ctx context.Context, profileID string, platforms []string) (yes bool, err error) {
	defer errs.Wrap(&err, "connect.Underway")
	now := s.Now()
	err = s.Pool.QueryRow(ctx, `
		select exists (select from connect_visits where profile_id = $1 and platform = any($2) and (used_at is null and expires_at > $3 or used_at > $4))
			or exists (select from connect_choices where profile_id = $1 and platform = any($2) and expires_at > $3)`, profileID, platforms, now, now.Add(-exchangeFor)).Scan(&yes)
	return yes, err
}

func (s *Service) visit(platform string, login platforms.Login, app platforms.App, state string) platforms.Visit {
	return platforms.Visit{Login: login, App: app, State: state, RedirectURL: s.PublicURL + CallbackPath + platform, Verifier: verifier(app, state)}
}

// verifier is made of the state, which travels through the browser, and the app's secret, which does not, so that it need not be kept.
func verifier(app platforms.App, state string) platforms.Secret {
	mac := hmac.New(sha256.New, []byte(app.Secret.Reveal()))
	mac.Write([]byte("PKCE verifier of the visit " + state))
	return platforms.NewSecret(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}

// reachable is a platform's address as a browser gets there.
func (s *Service) reachable(address string) string {
	u, err := url.Parse(address)
	if err != nil || s.Gateway == nil {
		return address
	}
	return outbound.Rewrite(s.Gateway, u).String()
}

// login finds a platform's consent page.
func (s *Service) login(platform, method string) (platforms.Connector, platforms.Login, error) {
	p, ok := s.Platforms.Get(platform)
	if !ok {
		return nil, platforms.Login{}, &errs.Error{Code: errs.Invalid, Wire: "platform_not_supported", Rule: "platform.not_supported", Field: "platform", Message: "This server does not have the platform " + clip(platform)}
	}
	connector, ok := p.(platforms.Connector)
	if !ok {
		return nil, platforms.Login{}, &errs.Error{Code: errs.Invalid, Wire: "platform_not_supported", Rule: "connect.no_consent_page", Field: "platform",
			Message: p.Info().Title + " accounts are not connected through a consent page, but by credentials: see POST /v1/connect/" + platform + "/credentials"}
	}
	logins := connector.Logins()
	if method == "" {
		return connector, logins[0], nil
	}
	i := slices.IndexFunc(logins, func(l platforms.Login) bool { return l.Method == method })
	if i < 0 {
		return nil, platforms.Login{}, errs.Fieldf("loginMethod", "%s has no login of the method %q", p.Info().Title, clip(method))
	}
	return connector, logins[i], nil
}

// app is the operator's registration for a login.
func (s *Service) app(platform string, login platforms.Login) (platforms.App, error) {
	app := s.Apps(login.App)
	if app.ID == "" {
		name := "POSTHORN_" + strings.ToUpper(login.App)
		return app, &errs.Error{Code: errs.Invalid, Wire: "platform_not_configured", Rule: "connect.no_app", Field: "platform",
			Message: "This server has no app at " + platform + " for this login. Its operator registers one and sets " + name + "_CLIENT_ID and " + name + "_CLIENT_SECRET"}
	}
	return app, nil
}

// unsafeSchemes are those of addresses that a browser would run or read instead of going there.
var unsafeSchemes = []string{"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source"}

// checkRedirect refuses addresses that a browser must not be sent to. Programs on phones have schemes of their own, which are fine.
func checkRedirect(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	web := err == nil && (u.Scheme == "http" || u.Scheme == "https")
	if err != nil || u.Scheme == "" || web && (u.Host == "" || u.User != nil) || slices.Contains(unsafeSchemes, strings.ToLower(u.Scheme)) || !web && u.Opaque == "" && u.Host == "" && u.Path == "" {
		return &errs.Error{Code: errs.Invalid, Wire: "INVALID_REDIRECT_URL", Rule: "connect.redirect", Field: "redirect_url", Message: "redirect_url must be an absolute http or https address, or one with the scheme of your app"}
	}
	return nil
}

func hashOf(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return sum[:]
}

func clip(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
