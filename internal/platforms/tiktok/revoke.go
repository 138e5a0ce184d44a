package tiktok

import (
	"context"
	"net/http"
	"net/url"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

var _ platforms.Revoker = Platform{}

// Revokes is all that the user permits the app: TikTok takes the account off the app, whoever else connected it.
// https://developers.tiktok.com/doc/oauth-user-access-token-management
func (Platform) Revokes(platforms.Account) platforms.Revocation { return platforms.RevokesGrant }

// Revoke ends the access. TikTok asks for the access token, which has mostly ended by itself by the time that somebody leaves: then for one more.
func (Platform) Revoke(ctx context.Context, c *platforms.Conn) error {
	err := revoke(ctx, c, c.Token.Access)
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.TokenExpired && e.Kind != platforms.Unauthorized {
		return err
	}
	fresh, err := Platform{}.Refresh(ctx, c)
	if e := platforms.AsError(err); e != nil {
		if e.Code == "invalid_grant" { // the login is over
			return nil
		}
		return err
	}
	guarded := *c // what comes back must not show in an error
	guarded.Token = fresh
	return revoke(ctx, &guarded, fresh.Access)
}

func revoke(ctx context.Context, c *platforms.Conn, token platforms.Secret) error {
	form := url.Values{"client_key": {c.App.ID}, "client_secret": {c.App.Secret.Reveal()}, "token": {token.Reveal()}}
	_, err := rest.Do(ctx, c, rest.Request{Method: http.MethodPost, URL: address(c, pathRevoke), Form: form, Told: true}, nil, Classify)
	return err
}
