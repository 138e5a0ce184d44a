package meta

import (
	"context"
	"net/url"

	"posthorn/internal/platforms"
)

// RevokeGrant ends all that a user of Facebook's login permits the app: the tokens of every Page and account that they have connected through it. The app asks for it
// by its own token, as a Page's may not. What the app does not see any more of the user is gone already.
// https://developers.facebook.com/docs/facebook-login/guides/permissions/request-revoke
func RevokeGrant(ctx context.Context, a Client, userID string) error {
	conn := *a.Conn
	conn.Token = platforms.Token{Access: platforms.NewSecret(conn.App.ID + "|" + conn.App.Secret.Reveal())}
	a.Conn, a.Prove = &conn, false // the token is a proof itself
	err := a.Delete(ctx, url.PathEscape(userID)+"/permissions", func(e *platforms.Error, _ int) {
		if e.Kind == platforms.Unauthorized {
			e.Message, e.Remediation = a.Title+" does not accept the app's own token", "The operator compares the app's ID and secret with those that Meta shows."
		}
	})
	if e := platforms.AsError(err); e != nil && (IsMissing(e) || e.Code == "190/458") {
		return nil
	}
	return err
}
