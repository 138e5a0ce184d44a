package instagram

import (
	"encoding/json"
	"net/url"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

// defaultVersion of the Graph API; Meta keeps a version for two years. https://developers.facebook.com/docs/graph-api/changelog
const defaultVersion = "v25.0"

// The two ways to connect an account; each has its host, and its own extras.
const (
	loginInstagram = "instagram_login"
	loginFacebook  = "facebook_login"
)

// accountData is what is kept with an account.
type accountData struct {
	LoginMethod string `json:"loginMethod"` // loginInstagram, the default, or loginFacebook
	PageID      string `json:"pageId,omitempty"`
}

// client calls the Graph API for one account.
type client struct {
	meta.Client
	data accountData
}

func newClient(c *platforms.Conn) (client, error) {
	a := client{Client: meta.Client{Conn: c, Title: "Instagram", Table: table, Usage: Platform{}.Usage}}
	if len(c.Account.Data) > 0 {
		if err := json.Unmarshal(c.Account.Data, &a.data); err != nil {
			return a, &platforms.Error{Kind: platforms.Unavailable, Message: "the account's data cannot be read", Remediation: adviceReconnect, Err: err}
		}
	}
	host := "graph.instagram.com"
	if a.data.LoginMethod == loginFacebook {
		host, a.Prove = "graph.facebook.com", true
	}
	a.Base = "https://" + host + "/" + url.PathEscape(version(c.App))
	return a, nil
}

// version is the API's that an app speaks.
func version(app platforms.App) string { return meta.Version(app, defaultVersion) }
