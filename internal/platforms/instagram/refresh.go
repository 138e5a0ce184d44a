package instagram

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

var _ platforms.Renewer = Platform{}

// RenewBefore is ten days: a token of Instagram's own login lives for sixty, and once it has ended its user must log in again. Those of Facebook
// Login's Pages do not end by time.
func (Platform) RenewBefore() time.Duration { return 10 * 24 * time.Hour }

// Refresh lengthens a token, which Instagram allows from the second day on. The string may change.
// https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token
func (Platform) Refresh(ctx context.Context, c *platforms.Conn) (platforms.Token, error) {
	a, err := newClient(c)
	if err != nil {
		return platforms.Token{}, err
	}
	if a.data.LoginMethod == loginFacebook {
		return platforms.Token{}, &platforms.Error{Kind: platforms.Unauthorized, Category: platforms.AuthExpired, Message: "the login with Facebook has ended", Remediation: adviceReconnect}
	}
	var long bearerToken
	_, err = rest.Do(ctx, c, rest.Request{Method: http.MethodGet, URL: "https://graph.instagram.com/refresh_access_token", Query: url.Values{"grant_type": {"ig_refresh_token"}}, Bearer: c.Token.Access}, &long, a.classify(notYet))
	if err != nil {
		return platforms.Token{}, err
	}
	fresh := exchange{c: c}.token(long, c.Token.Scopes)
	if fresh.Access.IsZero() {
		return platforms.Token{}, platforms.Errorf(platforms.Unavailable, "Instagram's answer has no token")
	}
	return fresh, nil
}

// notYet amends a refusal that is about this refresh, such as of a token too young for it, and says nothing of a post.
func notYet(e *platforms.Error) {
	if e.Kind == platforms.Rejected {
		e.Kind = platforms.Unavailable
	}
}
