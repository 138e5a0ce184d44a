package bluesky

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"posthorn/internal/platforms"
)

var (
	_ platforms.CredentialConnector = Platform{}
	_ platforms.Refresher           = Platform{}
	_ platforms.Revoker             = Platform{}
)

// The fields of a login.
const (
	fieldIdentifier  = "identifier" // a handle, a DID or an e-mail address
	fieldAppPassword = "appPassword"
	fieldPassword    = "password" // the same by another name
)

const appPasswordAdvice = "Make an app password in Bluesky's settings under Privacy and security, App passwords, and connect with that."

// Login opens a session at the account's own host. Its fields are identifier (a handle, a DID, or an e-mail address of an account
// that Bluesky hosts) and appPassword (or password).
func (Platform) Login(ctx context.Context, c *platforms.Conn, fields map[string]platforms.Secret) (platforms.Token, []platforms.Account, error) {
	identifier := cleanIdentifier(fields[fieldIdentifier].Reveal())
	password := fields[fieldAppPassword]
	if password.IsZero() {
		password = fields[fieldPassword]
	}
	password = platforms.NewSecret(strings.TrimSpace(password.Reveal()))
	if password.IsZero() {
		return refused(missing(fieldAppPassword, "an app password is needed", appPasswordAdvice))
	}
	guarded := *c // what is typed must not come back in an error that quotes an answer
	guarded.Token = platforms.Token{Access: password}
	id, err := whoIs(ctx, &guarded, identifier)
	if err != nil {
		return refused(err)
	}
	s, err := xrpc{&guarded, id.pds}.createSession(ctx, identifier, password)
	if err != nil {
		return refused(loginError(err))
	}
	account, err := settle(ctx, &guarded, id, s)
	if err != nil {
		return refused(err)
	}
	return s.token(), []platforms.Account{account}, nil
}

func refused(err error) (platforms.Token, []platforms.Account, error) {
	return platforms.Token{}, nil, err
}

func missing(field, message, remediation string) error {
	return &platforms.Error{Kind: platforms.Rejected, Field: field, Message: message, Remediation: remediation}
}

// cleanIdentifier takes off what people copy along: the @ of a handle, the address of a profile, and the invisible marks of direction
// that the app puts around handles.
func cleanIdentifier(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	s = strings.TrimPrefix(s, "https://bsky.app/profile/")
	s = strings.TrimPrefix(s, "at://")
	s = strings.TrimPrefix(s, "@")
	s = strings.TrimSuffix(s, "/")
	if isHandle(s) {
		return strings.ToLower(s)
	}
	return s
}

// whoIs finds out whom the identifier means and where the account lives. The host alone is given, Bluesky's own, for an e-mail address
// and when nobody can be asked; the session then tells the rest.
func whoIs(ctx context.Context, c *platforms.Conn, identifier string) (identity, error) {
	did := identifier
	switch {
	case identifier == "":
		return identity{}, missing(fieldIdentifier, "a handle is needed", "Give the handle, such as alice.bsky.social, or the DID.")
	case isDID(identifier):
	case isHandle(identifier):
		var err error
		if did, err = resolveHandle(ctx, c, identifier); err != nil {
			return orEntryway(ctx, err)
		}
	case strings.Contains(identifier, "@"):
		return identity{pds: entryway}, nil
	default:
		return identity{}, missing(fieldIdentifier, "the identifier is neither a handle, a DID nor an e-mail address",
			"A handle is a domain name such as alice.bsky.social.")
	}
	id, err := resolveDID(ctx, c, did)
	if err != nil {
		return orEntryway(ctx, err)
	}
	if did != identifier && !id.claims(identifier) {
		return identity{}, missing(fieldIdentifier, "the account behind "+identifier+" does not use that handle",
			"Give the account's present handle, or its DID.")
	}
	return id, nil
}

// orEntryway goes on at Bluesky's own login when the reason is only that nobody could be asked.
func orEntryway(ctx context.Context, err error) (identity, error) {
	if ctx.Err() == nil && unreachable(err) {
		return identity{pds: entryway}, nil
	}
	return identity{}, err
}

// settle checks a new session against what was found out before, and makes the account of it. A host can only speak for the DID that
// its document gives to it.
func settle(ctx context.Context, c *platforms.Conn, id identity, s session) (platforms.Account, error) {
	if !isDID(s.DID) || s.Access == "" || s.Refresh == "" {
		return platforms.Account{}, platforms.Errorf(platforms.Unavailable, "the host's answer to the login is not complete")
	}
	if id.did != "" && s.DID != id.did {
		return platforms.Account{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.AccountIssue, Message: "the host opened a session of another account"}
	}
	if s.Active != nil && !*s.Active {
		return platforms.Account{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.AccountIssue, Code: s.Status, Message: "the account is not active"}
	}
	if id.did == "" {
		id = s.identity(ctx, c, id.pds)
	}
	handle := strings.ToLower(s.Handle)
	if !isHandle(handle) || !id.claims(handle) {
		handle = ""
		if len(id.handles) > 0 {
			handle = id.handles[0]
		}
	}
	data, err := json.Marshal(accountData{PDS: id.pds})
	if err != nil {
		return platforms.Account{}, err
	}
	a := platforms.Account{RemoteID: s.DID, Username: handle, DisplayName: handle, ProfileURL: "https://bsky.app/profile/" + s.DID, Data: data}
	if handle == "" {
		a.Username, a.DisplayName = s.DID, s.DID
	} else {
		a.ProfileURL = "https://bsky.app/profile/" + handle
	}
	if p, err := (xrpc{c, publicAPI}).getProfile(ctx, s.DID); err == nil { // a picture is worth no failed login
		a.PictureURL = p.Avatar
		if p.DisplayName != "" {
			a.DisplayName = p.DisplayName
		}
	}
	return a, nil
}

// identity is that of a session opened at the entryway: by the document in its answer, else by the directory's, else with the
// entryway itself as host, which passes on what it is asked.
func (s session) identity(ctx context.Context, c *platforms.Conn, host string) identity {
	var doc document
	if json.Unmarshal(s.DIDDoc, &doc) == nil {
		if id, err := doc.identity(s.DID); err == nil {
			return id
		}
	}
	if id, err := resolveDID(ctx, c, s.DID); err == nil {
		return id
	}
	return identity{did: s.DID, pds: host}
}

// loginError says what to do about a refused login.
func loginError(err error) error {
	e := platforms.AsError(err)
	switch {
	case e.Code == codeAuthFactor:
		e.Field, e.Remediation = fieldAppPassword, appPasswordAdvice
		e.Message = "Bluesky asks for a second factor: the account's main password cannot be used here"
	case e.Kind == platforms.Unauthorized && e.Category == "":
		e.Field, e.Remediation = fieldAppPassword, appPasswordAdvice
		e.Message = "Bluesky does not take this handle and app password"
	}
	return e
}

// Refresh changes the refresh token for a new pair, at the host that gave it. It may be repeated when its answer was lost.
func (Platform) Refresh(ctx context.Context, c *platforms.Conn) (platforms.Token, error) {
	if c.Token.Refresh.IsZero() {
		return platforms.Token{}, &platforms.Error{Kind: platforms.Unauthorized, Message: "the account has no session to renew", Remediation: reconnect}
	}
	host, err := sessionHost(ctx, c)
	if err != nil {
		return platforms.Token{}, err
	}
	s, err := xrpc{c, host}.refreshSession(ctx, c.Token.Refresh)
	if err != nil {
		e := platforms.AsError(err)
		if e.Kind == platforms.TokenExpired { // here it is the refresh token that is dead
			e.Kind, e.Message, e.Remediation = platforms.Unauthorized, "the session with Bluesky has ended", reconnect
		}
		return platforms.Token{}, e
	}
	if s.Access == "" || s.Refresh == "" {
		return platforms.Token{}, platforms.Errorf(platforms.Unavailable, "the host's answer to the refresh is not complete")
	}
	if s.DID != c.Account.RemoteID {
		return platforms.Token{}, &platforms.Error{Kind: platforms.Unauthorized, Message: "the host renewed a session of another account", Remediation: reconnect}
	}
	return s.token(), nil
}

// Revokes is the session that the account's login opened. Its app password stays: only its user can take that away.
func (Platform) Revokes(platforms.Account) platforms.Revocation { return platforms.RevokesToken }

// Revoke ends the session at the host that gave it.
func (Platform) Revoke(ctx context.Context, c *platforms.Conn) error {
	if c.Token.Refresh.IsZero() {
		return nil
	}
	host, err := sessionHost(ctx, c)
	if err != nil {
		return err
	}
	err = xrpc{c, host}.deleteSession(ctx, c.Token.Refresh)
	if e := platforms.AsError(err); e != nil && (e.Kind == platforms.TokenExpired || e.Kind == platforms.Unauthorized) { // it was over before
		return nil
	}
	return err
}

// sessionHost is where the account's session was opened.
func sessionHost(ctx context.Context, c *platforms.Conn) (string, error) {
	if host := dataOf(c.Account).PDS; host != "" {
		return host, nil
	}
	return findPDS(ctx, c)
}

func (s session) token() platforms.Token {
	claims := readClaims(s.Access)
	t := platforms.Token{Access: platforms.NewSecret(s.Access), Refresh: platforms.NewSecret(s.Refresh)}
	if claims.Scope != "" {
		t.Scopes = strings.Fields(claims.Scope)
	}
	if claims.Expires > 0 {
		t.ExpiresAt = time.Unix(claims.Expires, 0).UTC()
	}
	return t
}

type jwtClaims struct {
	Expires int64  `json:"exp"`
	Scope   string `json:"scope"`
}

// readClaims reads a token's own word on itself, unverified: it is used to refresh in time, and nothing rests on it.
func readClaims(jwt string) jwtClaims {
	var claims jwtClaims
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return claims
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return jwtClaims{}
	}
	return claims
}
