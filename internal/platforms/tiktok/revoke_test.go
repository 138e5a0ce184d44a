package tiktok_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/tiktok"
	"posthorn/internal/platforms/tiktok/tiktokfake"
)

// through sends requests to a handler, and counts those that end a token.
type through struct {
	far   http.Handler
	calls []string
}

func (x *through) RoundTrip(r *http.Request) (*http.Response, error) {
	x.calls = append(x.calls, r.Method+" "+r.URL.Path)
	r.Host = r.URL.Host
	w := httptest.NewRecorder()
	x.far.ServeHTTP(w, r)
	return w.Result(), nil
}

func connOf(far http.Handler, a farside.Account, now time.Time) (*platforms.Conn, *through) {
	x := &through{far: far}
	return &platforms.Conn{HTTP: &http.Client{Transport: x}, Now: func() time.Time { return now }, App: platforms.App{ID: "key", Secret: platforms.NewSecret("app-secret-of-tiktok")},
		Account: platforms.Account{RemoteID: a.RemoteID, GrantedBy: a.RemoteID}, Token: platforms.Token{Access: platforms.NewSecret(a.Access), Refresh: platforms.NewSecret(a.Refresh)}}, x
}

// TestRevoke ends a login: no new tokens are given for it, and to end it once more is no fault.
func TestRevoke(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	fake := tiktokfake.New(farside.Options{Now: func() time.Time { return now }})
	c, _ := connOf(fake, fake.Accounts()[0], now)
	if what := (tiktok.Platform{}).Revokes(c.Account); what != platforms.RevokesGrant {
		t.Errorf("it revokes %q", what)
	}
	for range 2 {
		if err := (tiktok.Platform{}).Revoke(context.Background(), c); err != nil {
			t.Error(err)
		}
	}
	if _, err := (tiktok.Platform{}).Refresh(context.Background(), c); platforms.AsError(err) == nil || platforms.AsError(err).Kind != platforms.Unauthorized {
		t.Errorf("a refresh afterwards: %v", err)
	}
	other, _ := connOf(fake, fake.Accounts()[1], now)
	if _, err := (tiktok.Platform{}).Refresh(context.Background(), other); err != nil {
		t.Errorf("another account's refresh: %v", err)
	}
}

// TestRevokeOfAnEndedToken asks for one more token to end the login with, unless that has ended, too.
func TestRevokeOfAnEndedToken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		token string // what the token endpoint says
		calls string
		want  platforms.Kind
	}{
		"the login lives": {`{"access_token":"act.new-one","refresh_token":"rft.next-one","expires_in":86400,"open_id":"1","scope":"user.info.basic"}`, "revoke token revoke", ""},
		"the login ended": {`{"error":"invalid_grant","error_description":"Refresh token is invalid or expired."}`, "revoke token", ""},
		"TikTok is away":  {`{"error":"internal_error"}`, "revoke token", platforms.Unavailable},
	} {
		far := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.Path, "revoke") && r.FormValue("token") != "act.new-one":
				_, _ = w.Write([]byte(`{"error":"access_token_invalid","error_description":"Access token is invalid or expired."}`))
			case strings.Contains(r.URL.Path, "token"):
				_, _ = w.Write([]byte(tt.token))
			}
		})
		c, x := connOf(far, farside.Account{RemoteID: "1", Access: "act.old-one", Refresh: "rft.old-one"}, time.Unix(1_800_000_000, 0))
		err := tiktok.Platform{}.Revoke(context.Background(), c)
		if e := platforms.AsError(err); (e == nil) != (tt.want == "") || e != nil && e.Kind != tt.want {
			t.Errorf("%s: %v", name, err)
		}
		var calls []string
		for _, call := range x.calls {
			calls = append(calls, strings.TrimPrefix(strings.Trim(call, "/"), "POST /v2/oauth/"))
		}
		if got := strings.Join(calls, " "); got != tt.calls {
			t.Errorf("%s: it called %s", name, got)
		}
	}
}
