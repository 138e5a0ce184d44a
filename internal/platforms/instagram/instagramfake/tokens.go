package instagramfake

import (
	"time"

	"posthorn/internal/platforms/farside/graph"
)

// Lifetimes of tokens.
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login
const (
	longLife  = 5183944 * time.Second // about 60 days
	shortLife = time.Hour
)

// token opens one account at its host.
type token struct {
	acct    *account
	short   bool
	user    bool // of the person behind a Facebook login, and not of one of their Pages
	issued  time.Time
	expires time.Time // zero: never
	revoked bool
	scopes  []string // that its user granted
}

// admitToken makes a long-lived token valid from now. A Page's token has no end unless lifetimes were shortened. The caller holds mu,
// or nobody else knows the Fake yet.
func (f *Fake) admitToken(value string, a *account) {
	t := &token{acct: a, issued: f.now(), scopes: instagramScopes}
	if a.host == hostFacebook {
		t.scopes = facebookScopes
	}
	if a.host == hostInstagram || f.lifetime > 0 {
		t.expires = t.issued.Add(f.longLife())
	}
	f.tokens[value] = t
}

func (f *Fake) longLife() time.Duration {
	if f.lifetime > 0 {
		return f.lifetime
	}
	return longLife
}

// authorize finds whose token this is; tokens open nothing at the other login's host. The caller holds mu.
func (f *Fake) authorize(host, value string, now time.Time) (*account, *graph.Failure) {
	t := f.tokens[value]
	switch {
	case value == "":
		return nil, failNoToken
	case t == nil || t.acct.host != host:
		return nil, failBadToken
	case t.revoked:
		return nil, failRevoked
	case t.expired(now):
		return nil, f.sessionExpired(t, now)
	}
	return t.acct, nil
}

func (t *token) expired(now time.Time) bool { return !t.expires.IsZero() && !now.Before(t.expires) }

// sessionExpired is 190/463 with its times, which Meta writes as they are in California.
func (f *Fake) sessionExpired(t *token, now time.Time) *graph.Failure {
	const form = "Monday, 02-Jan-06 15:04:05 MST"
	pacific := time.FixedZone("PST", -8*60*60)
	c := *failSession
	c.Status = f.settings.expiredStatus
	c.Message = "Error validating access token: Session has expired on " + t.expires.In(pacific).Format(form) +
		". The current time is " + now.In(pacific).Format(form) + "."
	return &c
}
