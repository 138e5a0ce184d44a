package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"posthorn/internal/accounts"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/instagram/instagramfake"
	"posthorn/internal/platforms/twitter/twitterfake"
)

// pairOf is an account's token, in the clear.
func (w *world) pairOf(account string) platforms.Token {
	w.t.Helper()
	t, err := w.app.Accounts.Vault.Token(w.t.Context(), account, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return t.Token
}

// revoke does what a worker does every few seconds.
func (w *world) revoke() {
	w.t.Helper()
	if err := w.app.Accounts.Revoke(w.t.Context()); err != nil {
		w.t.Error(err)
	}
}

// revocations counts what is still to be told to platforms.
func (w *world) revocations() (n int) {
	w.t.Helper()
	if err := w.app.Pool.QueryRow(w.t.Context(), `select count(*) from revocations`).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// recover removes all faults from the sandbox.
func (w *world) recover() {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), "DELETE", w.sandbox+"/_sandbox/rules", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
}

// connectX connects an account at X with its whole login, and gives its tokens.
func (w *world) connectX() (account string, pair platforms.Token) {
	w.t.Helper()
	authURL, _ := w.begin("twitter", url.Values{"redirect_url": {"https://shop.example/done"}})
	account = w.arrives(authURL, consent.FieldUser, "north_quay").Query().Get("accountId")
	return account, w.pairOf(account)
}

// connectPage connects the Instagram account behind a Facebook Page for somebody.
func (w *world) connectPage(key, profile string) (account string) {
	w.t.Helper()
	authURL := w.as(key, "GET", "/v1/connect/instagram", url.Values{"profileId": {profile}, "loginMethod": {"facebook_login"}, "headless": {"true"}, "redirect_url": {"https://shop.example/done"}}).want(200).text("authUrl")
	q := w.arrives(authURL).Query()
	list := w.as(key, "GET", "/v1/connect/instagram/select-account", url.Values{"profileId": {profile}, "tempToken": {q.Get("tempToken")}}).want(200)
	return w.as(key, "POST", "/v1/connect/instagram/select-account", map[string]any{"profileId": profile, "pageId": list.text("pages.0.id"), "tempToken": q.Get("tempToken")}).want(200).text("account.accountId")
}

// TestDisconnectEndsTheToken disconnects accounts whose platforms can be told: the tokens open nothing afterwards, and nothing is kept of them.
func TestDisconnectEndsTheToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	far := w.fakes["twitter"].(*twitterfake.Fake)
	account, pair := w.connectX()
	w.do("DELETE", "/v1/accounts/"+account, nil).want(200)
	if r, err := w.app.Config.Keys.Reseal(t.Context(), w.app.Pool, accounts.SealedColumns()[0]); err != nil || r.Already != 1 || r.Lost != 0 {
		t.Errorf("what is kept of it for the master key's change: %+v, %v", r, err)
	}
	w.do("DELETE", "/v1/accounts/"+account, nil).want(404)
	if !far.Opens(pair.Access.Reveal()) || w.revocations() != 1 {
		t.Fatalf("before any worker came: X's token opens %t, %d to tell", far.Opens(pair.Access.Reveal()), w.revocations())
	}
	w.revoke()
	if far.Opens(pair.Access.Reveal()) || far.Opens(pair.Refresh.Reveal()) || w.revocations() != 0 {
		t.Errorf("afterwards: access opens %t, refresh %t, %d to tell", far.Opens(pair.Access.Reveal()), far.Opens(pair.Refresh.Reveal()), w.revocations())
	}

	session := w.pairOf(w.bluesky).Refresh.Reveal()
	refresh := func() int {
		req, err := http.NewRequestWithContext(t.Context(), "POST", w.sandbox+"/bsky.social/xrpc/com.atproto.server.refreshSession", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+session)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if code := refresh(); code != 200 {
		t.Fatalf("the session at Bluesky is refreshed with %d", code)
	}
	w.do("DELETE", "/v1/accounts/"+w.bluesky, nil).want(200)
	w.revoke()
	if code := refresh(); code != 400 || w.revocations() != 0 {
		t.Errorf("the session of a disconnected account is refreshed with %d; %d to tell", code, w.revocations())
	}
	// Threads and Instagram's own login have no such call: nothing of them is kept.
	for _, other := range []string{w.account("threads"), w.instagram} {
		w.do("DELETE", "/v1/accounts/"+other, nil).want(200)
	}
	if n := w.revocations(); n != 0 {
		t.Errorf("%d tokens are kept for platforms that cannot be told", n)
	}
	w.finds("token.revoke", account, "")
	for _, secret := range []string{pair.Access.Reveal(), pair.Refresh.Reveal(), session, "x-app-secret"} {
		if body := w.do("GET", "/v1/logs", url.Values{"type": {"all"}, "limit": {"100"}}).want(200).body; strings.Contains(string(body), secret) || strings.Contains(w.log.String(), secret) {
			t.Error("a log holds a secret")
		}
	}
}

// finds waits until the owner's log has an entry of an action and an account, which says something.
func (w *world) finds(action, account, says string) {
	w.t.Helper()
	var got answer
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		if got = w.do("GET", "/v1/logs", url.Values{"type": {"connections"}, "action": {action}, "accountId": {account}}).want(200); got.at("logs.0") != nil && strings.Contains(string(got.body), says) {
			return
		}
	}
	w.t.Errorf("the log has no %s that says %q: %s", action, says, got.body)
}

// TestAGrantIsSharedAndEndsWithTheLast lets two owners connect the same person's Page: all their tokens hang on one permission, which the first of them to
// leave must not end, nor the last while somebody is just coming back.
func TestAGrantIsSharedAndEndsWithTheLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	far := w.fakes["instagram"].(*instagramfake.Fake)
	mine, theirs := w.connectPage(w.key, w.profile), w.connectPage(w.strangerKey, w.strangerProfile)
	token := w.pairOf(theirs).Access.Reveal()
	w.do("DELETE", "/v1/accounts/"+mine, nil).want(200)
	w.revoke()
	if !far.Opens(token) || w.revocations() != 0 {
		t.Fatalf("after the first has left: the token opens %t, %d to tell", far.Opens(token), w.revocations())
	}
	w.as(w.strangerKey, "GET", "/v1/connect/instagram", url.Values{"profileId": {w.strangerProfile}, "loginMethod": {"facebook_login"}}).want(200) // somebody is sent to the consent page
	w.as(w.strangerKey, "DELETE", "/v1/accounts/"+theirs, nil).want(200)
	w.revoke()
	if !far.Opens(token) || w.revocations() != 1 {
		t.Fatalf("while somebody is at the consent page: the token opens %t, %d to tell", far.Opens(token), w.revocations())
	}
	w.advance(61 * time.Minute)
	w.revoke()
	if far.Opens(token) || w.revocations() != 0 {
		t.Errorf("after the last has left: the token opens %t, %d to tell", far.Opens(token), w.revocations())
	}
}

// TestComingBackIsNotEnded connects an account again while its platform could not be told yet that it had left.
func TestComingBackIsNotEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	far := w.fakes["instagram"].(*instagramfake.Fake)
	account := w.connectPage(w.key, w.profile)
	w.advance(6 * time.Minute) // its own visit is long over
	w.rule(`{"host": "graph.facebook.com", "method": "DELETE", "action": "status", "status": 503, "times": 0}`)
	w.do("DELETE", "/v1/accounts/"+account, nil).want(200)
	w.revoke()
	if w.revocations() != 1 {
		t.Fatalf("%d to tell after Meta was away", w.revocations())
	}
	w.recover()
	if again := w.connectPage(w.key, w.profile); again != account {
		t.Fatalf("it came back as %s, was %s", again, account)
	}
	w.advance(2 * time.Minute)
	w.revoke()
	if !far.Opens(w.pairOf(account).Access.Reveal()) || w.revocations() != 0 {
		t.Errorf("the token of what came back opens %t, %d to tell", far.Opens(w.pairOf(account).Access.Reveal()), w.revocations())
	}
}

// TestAPlatformIsAwayAtDisconnect: the account is gone at once; the platform hears of it when it is back, or the log says that it never did.
func TestAPlatformIsAwayAtDisconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	far := w.fakes["twitter"].(*twitterfake.Fake)
	away := `{"host": "api.x.com", "path": "/2/oauth2/revoke", "action": "drop", "times": 0}`
	account, pair := w.connectX()
	w.rule(away)
	w.do("DELETE", "/v1/accounts/"+account, nil).want(200)
	if got := w.do("GET", "/v1/accounts", url.Values{"platform": {"twitter"}, "status": {"connected"}}).want(200); strings.Contains(string(got.body), account) {
		t.Errorf("it is connected still: %s", got.body)
	}
	for range 3 {
		w.revoke()
		w.advance(30 * time.Minute)
	}
	if !far.Opens(pair.Refresh.Reveal()) || w.revocations() != 1 {
		t.Fatalf("while X is away: the token opens %t, %d to tell", far.Opens(pair.Refresh.Reveal()), w.revocations())
	}
	w.recover()
	w.revoke()
	if far.Opens(pair.Access.Reveal()) || far.Opens(pair.Refresh.Reveal()) || w.revocations() != 0 {
		t.Errorf("X is back: the token opens %t, %d to tell", far.Opens(pair.Access.Reveal()), w.revocations())
	}

	account, pair = w.connectX()
	w.rule(away)
	w.do("DELETE", "/v1/accounts/"+account, nil).want(200)
	rounds := 0
	for ; w.revocations() > 0 && rounds < 100; rounds++ {
		w.revoke()
		w.advance(6 * time.Hour)
	}
	if far.Opens(pair.Access.Reveal()) == false || rounds < 8 || rounds == 100 {
		t.Errorf("it was given up after %d rounds", rounds)
	}
	w.finds("token.not_revoked", account, "remove the app in the account's settings")
}

// TestAWorkerDiesWhileItTellsAPlatform loses the worker between X's answer and our note of it: it is told once more, which does no harm.
func TestAWorkerDiesWhileItTellsAPlatform(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	far := w.fakes["twitter"].(*twitterfake.Fake)
	account, pair := w.connectX()
	w.do("DELETE", "/v1/accounts/"+account, nil).want(200)
	rule := w.rule(`{"host": "api.x.com", "path": "/2/oauth2/revoke", "skip": 1, "action": "hold", "when": "after"}`)
	ctx, die := context.WithCancel(t.Context())
	dead := make(chan error, 1)
	go func() { dead <- w.app.Accounts.Revoke(ctx) }()
	w.box("GET", "/_sandbox/rules/"+rule+"/wait", "")
	die()
	if err := <-dead; err == nil || w.revocations() != 1 {
		t.Errorf("the round ended with %v, %d to tell", err, w.revocations())
	}
	w.revoke()
	if w.revocations() != 1 {
		t.Error("another worker did not wait until the dead one's time is over")
	}
	w.advance(10 * time.Minute)
	w.revoke()
	if far.Opens(pair.Access.Reveal()) || far.Opens(pair.Refresh.Reveal()) || w.revocations() != 0 {
		t.Errorf("the token opens %t, %d to tell", far.Opens(pair.Access.Reveal()), w.revocations())
	}
	w.finds("token.revoke", account, "")
}

// TestDisconnectDuringARefresh disconnects while X changes the pair, and hangs: the caller does not wait, and the new pair ends as the old one would have.
func TestDisconnectDuringARefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	far := w.fakes["twitter"].(*twitterfake.Fake)
	for name, back := range map[string]bool{"it stays away": false, "it comes back": true} {
		account, old := w.connectX()
		if _, err := w.app.Pool.Exec(t.Context(), `update tokens set expires_at = $2 where account_id = $1`, account, w.clock().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
		rule := w.rule(`{"host": "api.x.com", "path": "/2/oauth2/token", "action": "hold", "when": "after"}`)
		fresh := make(chan *accounts.Session, 1)
		go func() {
			session, err := w.app.Accounts.Dial(t.Context(), account, func() error { return nil })
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			fresh <- session
		}()
		w.box("GET", "/_sandbox/rules/"+rule+"/wait", "")
		w.do("DELETE", "/v1/accounts/"+account, nil).want(200) // before X has answered
		w.revoke()
		if w.revocations() != 1 {
			t.Errorf("%s: %d to tell", name, w.revocations())
		}
		w.box("POST", "/_sandbox/rules/"+rule+"/release", "")
		pair := (<-fresh).Conn.Token
		if far.Opens(old.Refresh.Reveal()) || !far.Opens(pair.Refresh.Reveal()) {
			t.Fatalf("%s: the pair was not changed", name)
		}
		if back {
			if again, _ := w.connectX(); again != account {
				t.Errorf("%s as %s", name, again)
			}
		}
		w.advance(time.Minute)
		w.revoke()
		if n := w.revocations(); n != 0 {
			t.Errorf("%s: %d to tell at last", name, n)
		}
		if back {
			if now := w.pairOf(account); !far.Opens(now.Access.Reveal()) || !far.Opens(now.Refresh.Reveal()) {
				t.Errorf("%s: its new login was ended", name)
			}
		} else if far.Opens(pair.Access.Reveal()) || far.Opens(pair.Refresh.Reveal()) {
			t.Errorf("%s: the new pair opens", name)
		}
		w.recover()
	}
}

// TestForgottenUsersAreNotTold has a user's data deleted whose account had left and could not be told of: what was kept for that goes, too.
func TestForgottenUsersAreNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.connectPage(w.key, w.profile)
	w.do("DELETE", "/v1/accounts/"+account, nil).want(200)
	if w.revocations() != 1 {
		t.Fatalf("%d to tell", w.revocations())
	}
	signed := w.fakes["instagram"].(*instagramfake.Fake).SignedRequest("maison.lune", "fb-app-secret")
	if rec := w.surf("POST", "/connect/delete-data/facebook", url.Values{"signed_request": {signed}}); rec.Code != 200 {
		t.Fatalf("the data was deleted with %d %s", rec.Code, rec.Body)
	}
	if n := w.revocations(); n != 0 {
		t.Errorf("%d to tell of somebody who is forgotten", n)
	}
}
