package meta

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// BearerToken is what Meta's token endpoints answer. The one of api.instagram.com has two shapes.
type BearerToken struct {
	Access      string          `json:"access_token"`
	Expires     int64           `json:"expires_in"` // seconds; zero: not told
	User        json.RawMessage `json:"user_id"`    // as the app knows them: a number too large for a float, or a text
	Permissions json.RawMessage `json:"permissions"`
	Data        []BearerToken   `json:"data"`
}

// UserID is the ID of the user, as a text.
func (b BearerToken) UserID() string { return strings.Trim(string(b.User), `"`) }

// Scopes are those that were granted; nil when that is not told. They come as an array, or as a text with commas.
func (b BearerToken) Scopes() (list []string) {
	if json.Unmarshal(b.Permissions, &list) == nil {
		return list
	}
	var text string
	if json.Unmarshal(b.Permissions, &text) != nil || text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// Token is the token to keep.
func (b BearerToken) Token(now time.Time, scopes []string) platforms.Token {
	t := platforms.Token{Access: platforms.NewSecret(b.Access), Scopes: scopes}
	if b.Expires > 0 {
		t.ExpiresAt = now.Add(time.Duration(b.Expires) * time.Second)
	}
	return t
}

// Login is the redemption of one code.
type Login struct {
	Conn  *platforms.Conn
	Visit platforms.Visit
	Table *Table
}

// CleanCode is a code without the marks that Meta puts behind the addresses it sends users to.
func CleanCode(code string) string {
	return strings.TrimSuffix(strings.TrimSuffix(code, "#_=_"), "#_")
}

// Secretly adds the app's ID and secret.
func (l Login) Secretly(values url.Values) url.Values {
	values.Set("client_id", l.Visit.App.ID)
	values.Set("client_secret", l.Visit.App.Secret.Reveal())
	return values
}

// Get reads; without a token of its own the query has what is needed.
func (l Login) Get(ctx context.Context, address string, token platforms.Secret, query url.Values, out any) error {
	_, err := rest.Do(ctx, l.Conn, rest.Request{Method: http.MethodGet, URL: address, Query: query, Bearer: token}, out, l.fault)
	return err
}

// Redeem changes the code for a short-lived token, at an endpoint that takes a form.
func (l Login) Redeem(ctx context.Context, address, code string) (short BearerToken, err error) {
	form := l.Secretly(url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {l.Visit.RedirectURL}, "code": {CleanCode(code)}})
	_, err = rest.Do(ctx, l.Conn, rest.Request{Method: http.MethodPost, URL: address, Form: form}, &short, l.fault)
	if len(short.Data) > 0 {
		short = short.Data[0]
	}
	return short, err
}

// fault reads a refusal of a token endpoint. Some have a shape of their own.
func (l Login) fault(r rest.Response) *platforms.Error {
	var own struct {
		Type    string `json:"error_type"`
		Message string `json:"error_message"`
	}
	if json.Unmarshal(r.Body, &own) == nil && own.Type != "" {
		return &platforms.Error{Kind: platforms.Rejected, Category: platforms.AccountIssue, Code: own.Type, Message: own.Message, Remediation: "Begin again: a code is good once, for an hour."}
	}
	e := l.Table.Classify(r)
	if e != nil && e.Kind != platforms.RateLimited && r.Status < 500 {
		e.Kind = platforms.Rejected
	}
	return e
}

// Lengthen changes a token that has not ended for one that ends later, at one of the endpoints for that.
func Lengthen(ctx context.Context, a Client, address, grant string) (platforms.Token, error) {
	var long BearerToken
	_, err := rest.Do(ctx, a.Conn, rest.Request{Method: http.MethodGet, URL: address, Query: url.Values{"grant_type": {grant}}, Bearer: a.Conn.Token.Access}, &long, a.Classify(notYet))
	if err != nil {
		return platforms.Token{}, err
	}
	fresh := long.Token(a.Conn.Now(), a.Conn.Token.Scopes)
	if fresh.Access.IsZero() {
		return platforms.Token{}, platforms.Errorf(platforms.Unavailable, "%s's answer has no token", a.Title)
	}
	return fresh, nil
}

// notYet amends a refusal that is about this refresh, such as of a token too young for it, and says nothing of a post.
func notYet(e *platforms.Error, _ int) {
	if e.Kind == platforms.Rejected {
		e.Kind = platforms.Unavailable
	}
}
