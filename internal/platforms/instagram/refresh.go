package instagram

import (
	"context"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
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
	return meta.Lengthen(ctx, a.Client, "https://graph.instagram.com/refresh_access_token", "ig_refresh_token")
}
