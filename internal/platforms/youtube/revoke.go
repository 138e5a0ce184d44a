package youtube

import (
	"context"
	"net/http"
	"net/url"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

var _ platforms.Revoker = Platform{}

// codeRevoked is what Google answers about a token that is over.
const codeRevoked = "invalid_token"

// Revokes is all that the channel permits the project, with whichever of its tokens Google is asked.
// https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
func (Platform) Revokes(platforms.Account) platforms.Revocation { return platforms.RevokesGrant }

// Revoke ends it by the refresh token, which outlives the others.
func (Platform) Revoke(ctx context.Context, c *platforms.Conn) error {
	token := c.Token.Refresh
	if token.IsZero() {
		token = c.Token.Access
	}
	over := false
	_, err := rest.Do(ctx, c, rest.Request{Method: http.MethodPost, URL: "https://oauth2.googleapis.com/revoke", Form: url.Values{"token": {token.Reveal()}}}, nil, func(r rest.Response) *platforms.Error {
		e := Classify(r)
		over = e != nil && e.Code == codeRevoked
		return e
	})
	if over {
		return nil
	}
	return err
}
