package instagram

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
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
	c    *platforms.Conn
	data accountData
	base string // https://host/version
}

func newClient(c *platforms.Conn) (client, error) {
	a := client{c: c}
	if len(c.Account.Data) > 0 {
		if err := json.Unmarshal(c.Account.Data, &a.data); err != nil {
			return a, &platforms.Error{Kind: platforms.Unavailable, Message: "the account's data cannot be read", Remediation: adviceReconnect, Err: err}
		}
	}
	host := "graph.instagram.com"
	if a.data.LoginMethod == loginFacebook {
		host = "graph.facebook.com"
	}
	a.base = "https://" + host + "/" + url.PathEscape(version(c.App))
	return a, nil
}

// version is the API's that an app speaks.
func version(app platforms.App) string {
	v := app.Version
	if v == "" {
		v = defaultVersion
	}
	if !strings.HasPrefix(v, "v") {
		v = "v" + v
	}
	return v
}

func (a client) get(ctx context.Context, path string, query url.Values, out any, amend func(*platforms.Error)) error {
	if proof := a.proof(); proof != "" {
		query.Set("appsecret_proof", proof)
	}
	_, err := rest.Do(ctx, a.c, rest.Request{Method: http.MethodGet, URL: a.base + "/" + path, Query: query, Bearer: a.c.Token.Access}, out, a.classify(amend))
	return err
}

// post sends a form and returns the ID in the answer. write says that a repeat would act twice; amend may sharpen an error.
func (a client) post(ctx context.Context, path string, form url.Values, write bool, amend func(*platforms.Error)) (string, error) {
	if proof := a.proof(); proof != "" {
		form.Set("appsecret_proof", proof)
	}
	var out struct {
		ID      string `json:"id"`
		Success bool   `json:"success"`
	}
	resp, err := rest.Do(ctx, a.c, rest.Request{Method: http.MethodPost, URL: a.base + "/" + path, Form: form, Bearer: a.c.Token.Access, Write: write}, &out, a.classify(amend))
	if err == nil && out.ID == "" && !out.Success {
		e := &platforms.Error{Kind: platforms.Unavailable, Message: "Instagram's answer names no ID", Status: resp.Status, Body: a.c.Redact(resp.Body)}
		if write {
			e.Kind = platforms.Ambiguous
		}
		return "", e
	}
	return out.ID, err
}

func (a client) classify(amend func(*platforms.Error)) rest.Classifier {
	return func(r rest.Response) *platforms.Error {
		e := limited(Classify(r), r, a.c.Now())
		if e != nil && amend != nil {
			amend(e)
		}
		return e
	}
}

// notNow amends the errors of a call that waits for no processing: what is not found counts as a try, lest it be asked for forever.
func notNow(e *platforms.Error) {
	if e.Kind == platforms.NotReady {
		e.Kind = platforms.Unavailable
	}
}

// proof shows that the caller of the Facebook host holds the app's secret; empty where it is not used.
// https://developers.facebook.com/docs/graph-api/guides/secure-requests
func (a client) proof() string {
	if a.data.LoginMethod != loginFacebook || a.c.App.Secret.IsZero() {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(a.c.App.Secret.Reveal()))
	mac.Write([]byte(a.c.Token.Access.Reveal()))
	return hex.EncodeToString(mac.Sum(nil))
}
