package platformspecs

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"sync"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/platformtest"
)

// Logins connects an account in every way that a platform has, renews what that gave, and lists the requests, consent pages included.
func Logins(p platforms.Platform, fake func(farside.Options) farside.Server) ([]platformtest.Sent, error) {
	v := &visitor{platform: p, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	v.fake = fake(farside.Options{Now: v.clock, Fetch: http.DefaultClient})
	if c, ok := p.(platforms.Connector); ok {
		for _, l := range c.Logins() {
			if err := v.connect(c, l); err != nil {
				return nil, fmt.Errorf("login %q: %w", l.Method, err)
			}
		}
	}
	if c, ok := p.(platforms.CredentialConnector); ok {
		if err := v.credentials(c); err != nil {
			return nil, err
		}
	}
	return v.sent, nil
}

// visitor is the user of one fake, and the transport to it.
type visitor struct {
	platform platforms.Platform
	fake     farside.Server
	during   string

	mu   sync.Mutex
	now  time.Time
	sent []platformtest.Sent
}

func (v *visitor) clock() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// wait lets time pass until a token may be renewed everywhere: Meta's are not on their first day.
func (v *visitor) wait() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = v.now.Add(25 * time.Hour)
}

const secret = "the-app-secret-of-this-test"

func (v *visitor) conn(t platforms.Token, a platforms.Account) *platforms.Conn {
	return &platforms.Conn{HTTP: &http.Client{Transport: v, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		App: platforms.App{ID: "4242", Secret: platforms.NewSecret(secret)}, Token: t, Account: a, Now: v.clock}
}

// connect visits a consent page, agrees to everything, redeems the code and renews the token.
func (v *visitor) connect(c platforms.Connector, l platforms.Login) error {
	v.during = "login " + l.App
	conn := v.conn(platforms.Token{}, platforms.Account{})
	visit := platforms.Visit{Login: l, App: conn.App, State: "state-of-this-test", RedirectURL: "https://posthorn.example/callback",
		Verifier: platforms.NewSecret("a-verifier-of-forty-three-characters-or-more-for-PKCE")}
	code, err := v.agree(conn.HTTP, c.AuthorizeURL(visit))
	if err != nil {
		return err
	}
	grant, err := c.Exchange(context.Background(), conn, visit, code)
	if err != nil {
		return err
	}
	if len(grant.Identities) == 0 {
		return fmt.Errorf("it opens no account")
	}
	return v.renew(grant.Identities[0].Token, grant.Identities[0].Account)
}

func (v *visitor) renew(t platforms.Token, a platforms.Account) error {
	r, ok := v.platform.(platforms.Refresher)
	if !ok {
		return nil
	}
	v.during = "renewal"
	v.wait()
	_, err := r.Refresh(context.Background(), v.conn(t, a))
	if e := platforms.AsError(err); e != nil && e.Endpoint != "" {
		return fmt.Errorf("renewing: %w", err)
	}
	return nil // some tokens do not end, and need no request
}

var consentInput = regexp.MustCompile(`<input type="(radio|checkbox)" name="([^"]+)" value="([^"]+)"`)

// agree fills in a consent page as its first user and gives the code that the browser takes back.
func (v *visitor) agree(browser *http.Client, address string) (string, error) {
	page, err := browser.Get(address)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(page.Body)
	if err != nil || page.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the consent page answered %d: %w", page.StatusCode, err)
	}
	form := url.Values{consent.FieldDecision: {"allow"}}
	for _, m := range consentInput.FindAllStringSubmatch(string(body), -1) {
		if kind, name := m[1], m[2]; kind == "checkbox" || !form.Has(name) {
			form.Add(name, html.UnescapeString(m[3]))
		}
	}
	n := len(v.sent)
	answer, err := browser.PostForm(address, form)
	if err != nil {
		return "", err
	}
	v.sent = v.sent[:n] // what the page's own form sends is the fake's affair
	back, err := answer.Location()
	if err != nil {
		return "", fmt.Errorf("the consent page answered its form with %d: %w", answer.StatusCode, err)
	}
	return back.Query().Get("code"), nil
}

// credentials logs in with what the first account's owner would type.
func (v *visitor) credentials(c platforms.CredentialConnector) error {
	v.during = "login"
	a := v.fake.Accounts()[0]
	fields := map[string]platforms.Secret{"identifier": platforms.NewSecret(a.Login), "password": platforms.NewSecret(a.Password)}
	token, accounts, err := c.Login(context.Background(), v.conn(platforms.Token{}, platforms.Account{}), fields)
	if err != nil {
		return err
	}
	return v.renew(token, accounts[0])
}

// RoundTrip notes a request and lets the fake answer it.
func (v *visitor) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	v.mu.Lock()
	v.sent = append(v.sent, platformtest.Sent{Platform: v.platform.Info().Name, During: v.during, Method: req.Method, URL: req.URL.String(), Header: req.Header.Clone(), Body: body})
	v.mu.Unlock()
	in := httptest.NewRequest(req.Method, req.URL.String(), bytes.NewReader(body))
	in.Header = req.Header.Clone()
	in.ContentLength = int64(len(body))
	out := httptest.NewRecorder()
	v.fake.ServeHTTP(out, in)
	resp := out.Result()
	resp.Request = req
	return resp, nil
}
