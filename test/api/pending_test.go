package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"posthorn/internal/connect"
	"posthorn/internal/platforms"
)

// guilds is a platform whose logins open a person and the guilds that they speak for.
type guilds struct{}

func (guilds) Info() platforms.Info { return platforms.Info{Name: "guilds", Title: "Guilds"} }

func (guilds) Publish(context.Context, *platforms.Conn, platforms.Task) (platforms.Step, error) {
	return platforms.Step{}, nil
}

func (guilds) Logins() []platforms.Login {
	return []platforms.Login{{App: "twitter", Choose: true, Step: "select_organization", Noun: "guild", Pending: "organizations"}}
}

func (guilds) AuthorizeURL(v platforms.Visit) string {
	return "https://guilds.example/authorize?state=" + url.QueryEscape(v.State)
}

func (guilds) Exchange(context.Context, *platforms.Conn, platforms.Visit, string) (platforms.Grant, error) {
	token := platforms.Token{Access: platforms.NewSecret("the-access-token-of-guilds"), Refresh: platforms.NewSecret("the-refresh-token-of-guilds")}
	return platforms.Grant{Person: &platforms.Person{ID: "7", Username: "ada", DisplayName: "Ada L."}, Identities: []platforms.Identity{
		{ID: "7", Name: "Ada L.", Token: token, Account: platforms.Account{RemoteID: "7", Username: "ada"}},
		{ID: "70", Name: "Weavers", Token: token, Account: platforms.Account{RemoteID: "70", Username: "weavers"}, Listed: json.RawMessage(`{"id":"70","urn":"urn:guild:70","name":"Weavers"}`)},
	}}, nil
}

// TestPendingData reads what a login opened with the token of the redirect and no key, until one is chosen or an hour has passed.
func TestPendingData(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, []platforms.Platform{guilds{}})
	const path = "/v1/connect/pending-data"
	visit := func(headless string) url.Values {
		t.Helper()
		_, state := w.begin("guilds", url.Values{"headless": {headless}, "redirect_url": {"https://shop.example/choose?keep=1"}})
		rec := w.surf("GET", "/connect/callback/guilds?"+url.Values{"state": {state}, "code": {"c"}}.Encode(), nil)
		to, err := url.Parse(rec.Header().Get("Location"))
		if rec.Code != http.StatusSeeOther || err != nil {
			t.Fatalf("the callback answered %d with %q", rec.Code, rec.Body)
		}
		return to.Query()
	}
	q := visit("true")
	token := q.Get("pendingDataToken")
	if token == "" || q.Has("tempToken") || q.Get("step") != "select_organization" || q.Get("platform") != "guilds" || q.Get("profileId") != w.profile || q.Get("connect_token") == "" || q.Get("keep") != "1" {
		t.Fatalf("the browser goes on with %v", q)
	}
	ask := func(token string) answer { return w.as("", "GET", path, url.Values{"token": {token}}) }
	for range 2 { // as often as the page is opened
		got := ask(token).want(200)
		if got.text("platform") != "guilds" || got.text("profileId") != w.profile || got.text("selectionType") != "organizations" || got.text("organizations.0.urn") != "urn:guild:70" || got.at("organizations.1") != nil ||
			got.at("pages") != nil || got.text("userProfile.displayName") != "Ada L." || got.at("expiresIn") != 3600.0 || got.at("refreshToken") != nil || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("pending is %s", got.body)
		}
		if strings.Contains(string(got.body), "of-guilds") {
			t.Errorf("a platform's token is shown: %s", got.body)
		}
	}
	ask("nothing").want(404)
	w.as("", "GET", path, nil).want(400)
	w.as(w.strangerKey, "GET", path, url.Values{"token": {token}}).want(200) // the token is the credential, whatever comes with it
	ask(q.Get("connect_token")).want(404)
	if ours := visit("false").Get("token"); ours == "" || ask(ours).want(404).status != 404 {
		t.Error("a choice that is to be made on this server's page was shown elsewhere")
	}

	// What tempToken stands for is chosen, and there is nothing pending any more.
	temp := ask(token).text("tempToken")
	choice, err := w.app.Connect.Choose(t.Context(), w.owner, "guilds", w.profile, temp, q.Get("connect_token"))
	if err != nil {
		t.Fatal(err)
	}
	var done connect.Arrival
	if done, err = w.app.Connect.Finish(t.Context(), choice, "70", ""); err != nil || done.Account.Username != "weavers" {
		t.Errorf("chosen: %+v, %v", done.Account, err)
	}
	ask(token).want(404)
	late := visit("true").Get("pendingDataToken")
	w.advance(30 * time.Minute)
	if left := ask(late).want(200).at("expiresIn"); left != 1800.0 {
		t.Errorf("half an hour later %v s are left", left)
	}
	w.advance(30 * time.Minute)
	ask(late).want(404)
}
