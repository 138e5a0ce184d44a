package blueskyfake

import (
	"crypto/subtle"
	"strconv"
	"strings"
	"time"
)

var loginInput = object(
	field{"identifier", true, text(0, 0)},
	field{"password", true, text(0, 0)},
	field{"authFactorToken", false, text(0, 0)},
	field{"allowTakendown", false, boolean},
)

// createSession logs in: https://docs.bsky.app/docs/api/com-atproto-server-create-session.
func createSession(f *Fake, c *call) (any, error) {
	if err := checkInput(loginInput, c.input); err != nil {
		return nil, err
	}
	identifier, password := c.input["identifier"].(string), c.input["password"].(string)
	key := identifier + "-" + c.address
	if err := f.spend(c, &f.limits.loginDay, key, 1); err != nil {
		return nil, err
	}
	if err := f.spend(c, &f.limits.loginShort, key, 1); err != nil {
		return nil, err
	}
	a := f.byLogin(identifier)
	switch {
	case a == nil || a.appPassword == "":
	case same(password, a.appPassword):
		return f.sessionReply(a, randomID()), nil
	case same(password, MainPassword):
		return nil, denied("AuthFactorTokenRequired", "A sign in code has been sent to your email address")
	}
	return nil, denied("AuthenticationRequired", "Invalid identifier or password")
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// refreshSession swaps a refresh token for the next pair. The old one goes on to work for two hours, with the same outcome.
func refreshSession(f *Fake, c *call) (any, error) {
	id := c.token.ID
	used, wasUsed := f.tokens.used[id]
	if f.tokens.revoked[id] || (wasUsed && f.now().Sub(used) > refreshGrace) {
		return nil, named("ExpiredToken", "Token has been revoked")
	}
	if !wasUsed {
		f.tokens.used[id] = f.now()
	}
	next := f.tokens.next(id)
	delete(f.tokens.revoked, next) // a session made anew under an id that was logged out lives again, as on the reference PDS
	return f.sessionReply(c.account, next), nil
}

// deleteSession logs out: the refresh token ends, access tokens live out their time.
func deleteSession(f *Fake, c *call) (any, error) {
	f.tokens.revoked[c.token.ID] = true
	return nothing{}, nil
}

func getSession(_ *Fake, c *call) (any, error) { return c.account.about(), nil }

func (f *Fake) sessionReply(a *account, refreshID string) map[string]any {
	out := a.about()
	out["accessJwt"], out["refreshJwt"], _ = f.session(a, refreshID)
	return out
}

// about is what a session says of its account. The DID document, which is optional, is left out, as by a PDS 0.5 that is not told otherwise.
func (a *account) about() map[string]any {
	return map[string]any{"did": a.did, "handle": a.handle, "email": a.email(), "emailConfirmed": true,
		"emailAuthFactor": false, "active": true}
}

// protected are methods for which no token for another service is made.
var protected = map[string]bool{
	"com.atproto.identity.updateHandle": true, "com.atproto.identity.signPlcOperation": true,
	"com.atproto.server.getSession": true, "com.atproto.server.createAppPassword": true, "com.atproto.server.listAppPasswords": true,
	"com.atproto.server.revokeAppPassword": true, "com.atproto.server.deactivateAccount": true, "com.atproto.server.activateAccount": true,
	"com.atproto.server.confirmEmail": true, "com.atproto.server.updateEmail": true, "com.atproto.server.requestAccountDelete": true,
}

// getServiceAuth makes a token with which another service knows the account, https://atproto.com/specs/xrpc#inter-service-authentication-jwt.
func getServiceAuth(f *Fake, c *call) (any, error) {
	aud, lxm := c.query.Get("aud"), c.query.Get("lxm")
	if did, _, _ := strings.Cut(aud, "#"); !didForm.MatchString(did) {
		return nil, invalid("Error: aud must be a valid did")
	}
	if lxm != "" && !nsidForm.MatchString(lxm) {
		return nil, invalid("Error: lxm must be a valid nsid")
	}
	now := f.now()
	exp := ceilSeconds(now.Add(serviceLifetime))
	if s := c.query.Get("exp"); s != "" {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, invalid("Error: exp must be an integer")
		}
		exp = v
	}
	switch ahead := time.Unix(exp, 0).Sub(now); {
	case ahead < 0:
		return nil, named("BadExpiration", "expiration is in past")
	case ahead > time.Hour:
		return nil, named("BadExpiration", "cannot request a token with an expiration more than an hour in the future")
	case lxm == "" && ahead > time.Minute+time.Second:
		return nil, named("BadExpiration", "cannot request a method-less token with an expiration more than a minute in the future")
	case protected[lxm]:
		return nil, invalid("cannot request a service auth token for the following protected method: " + lxm)
	}
	return map[string]any{"token": f.tokens.sign(serviceType, claims{Iss: c.account.did, Aud: aud, Method: lxm, ID: randomID(), Iat: now.Unix(), Exp: exp})}, nil
}
