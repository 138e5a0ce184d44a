package instagram

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/instagram/instagramfake"
)

// straight sends requests to a fake.
type straight struct{ fake http.Handler }

func (s straight) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Host = r.URL.Host
	w := httptest.NewRecorder()
	s.fake.ServeHTTP(w, r)
	return w.Result(), nil
}

// TestRevoke takes the user of a Facebook login out of the app, and nobody else.
func TestRevoke(t *testing.T) {
	t.Parallel()
	fake := instagramfake.New(farside.Options{Now: func() time.Time { return start }})
	own, page := fake.Accounts()[0], fake.Accounts()[1]
	c := &platforms.Conn{HTTP: &http.Client{Transport: straight{fake}}, Now: func() time.Time { return start }, App: platforms.App{ID: "42", Secret: platforms.NewSecret(appSecret)},
		Account: platforms.Account{RemoteID: page.RemoteID, GrantedBy: page.GrantedBy, Data: loginData(loginFacebook, "1")}, Token: platforms.Token{Access: platforms.NewSecret(page.Access)}}
	if what := (Platform{}).Revokes(c.Account); what != platforms.RevokesGrant {
		t.Errorf("with Facebook it revokes %q", what)
	}
	if what := (Platform{}).Revokes(platforms.Account{GrantedBy: "1", Data: loginData(loginInstagram, "")}); what != platforms.RevokesNothing {
		t.Errorf("with Instagram it revokes %q", what)
	}
	c.App.Secret = platforms.Secret{}
	if e := platforms.AsError(Platform{}.Revoke(context.Background(), c)); e == nil || e.Kind != platforms.Unauthorized || e.Remediation == adviceReconnect || !fake.Opens(page.Access) {
		t.Errorf("an app that Meta does not know: %v", e)
	}
	c.App.Secret = platforms.NewSecret(appSecret)
	for range 2 { // a worker may die and another repeat it
		if err := (Platform{}).Revoke(context.Background(), c); err != nil {
			t.Error(err)
		}
	}
	if fake.Opens(page.Access) || !fake.Opens(own.Access) {
		t.Errorf("the Page's token opens: %t, another account's: %t", fake.Opens(page.Access), fake.Opens(own.Access))
	}
}
