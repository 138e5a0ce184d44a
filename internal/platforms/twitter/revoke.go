package twitter

import (
	"context"
	"net/http"
	"net/url"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

var _ platforms.Revoker = Platform{}

// Revokes is the account's own pair of tokens. Another owner's login of the same account has a pair of its own.
func (Platform) Revokes(platforms.Account) platforms.Revocation { return platforms.RevokesToken }

// Revoke ends both tokens of the pair, the one that would give new ones first. X does not say that one takes the other with it.
// https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token
func (Platform) Revoke(ctx context.Context, c *platforms.Conn) error {
	for _, t := range []struct {
		hint  string
		token platforms.Secret
	}{{"refresh_token", c.Token.Refresh}, {"access_token", c.Token.Access}} {
		if t.token.IsZero() {
			continue
		}
		err := revoke(ctx, c, url.Values{"token": {t.token.Reveal()}, "token_type_hint": {t.hint}, "client_id": {c.App.ID}})
		if e := platforms.AsError(err); e != nil && (e.Status != http.StatusBadRequest || e.Code != codeInvalidToken) { // a token that is no more
			return err
		}
	}
	return nil
}

func revoke(ctx context.Context, c *platforms.Conn, form url.Values) error {
	_, err := rest.Do(ctx, c, rest.Request{Method: http.MethodPost, URL: base + "oauth2/revoke", Form: form, Header: basic(c.App)}, nil, Classify)
	return err
}
