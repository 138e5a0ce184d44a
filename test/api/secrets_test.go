package api

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/platforms/instagram/instagramfake"
)

// TestNoSecretIsKeptOrShown connects, publishes, fails, reconnects and disconnects in every way, and then looks for every secret that there ever was in
// all that was answered, all that was logged and all that is stored.
func TestNoSecretIsKeptOrShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_LOG_LEVEL=debug")
	w.work()
	answered := &answers{next: w.handler}
	w.handler = answered
	secrets := map[string]string{"the owner's key": w.key, "Instagram's app": "ig-app-secret", "Facebook's app": "fb-app-secret", "a wrong password": "wrong-pass-word-1234"}
	for name, fake := range w.fakes {
		for _, a := range fake.Accounts() {
			secrets[name+"'s token of "+a.Username], secrets[name+"'s refresh token of "+a.Username], secrets[name+"'s password of "+a.Username] = a.Access, a.Refresh, a.Password
		}
	}

	visit := func(q url.Values) url.Values {
		t.Helper()
		authURL, state := w.begin("instagram", q)
		back := w.consent(authURL)
		secrets["a code"], secrets["a state"] = back.Query().Get("code"), state
		to, err := url.Parse(w.surf("GET", back.RequestURI(), nil).Header().Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return to.Query()
	}
	account := visit(url.Values{"redirect_url": {"https://shop.example/"}}).Get("accountId")
	choice := visit(url.Values{"loginMethod": {"facebook_login"}, "headless": {"true"}, "redirect_url": {"https://shop.example/"}})
	secrets["a choice's token"], secrets["a connect token"] = choice.Get("tempToken"), choice.Get("connect_token")
	list := url.Values{"profileId": {w.profile}, "tempToken": {choice.Get("tempToken")}}
	page := w.as("", "GET", "/v1/connect/instagram/select-account", list, "X-Connect-Token", choice.Get("connect_token")).want(200).text("pages.0.id")
	w.do("POST", "/v1/connect/instagram/select-account", map[string]any{"profileId": w.profile, "pageId": page, "tempToken": choice.Get("tempToken")}).want(200)
	w.surf("GET", "/connect/callback/instagram?state="+secrets["a state"]+"&code="+secrets["a code"], nil)
	bsky := w.do("POST", "/v1/connect/bluesky/credentials", w.login(w.profile)).want(200).text("account._id")
	for i, s := range w.tokens(t, bsky) {
		secrets[fmt.Sprint("a session of Bluesky ", i)] = s
	}
	w.do("POST", "/v1/connect/bluesky/credentials", map[string]any{"identifier": "lantern.bsky.social", "appPassword": "wrong-pass-word-1234", "profileId": w.profile}).want(401)
	if _, err := w.app.Pool.Exec(t.Context(), `update tokens set expires_at = $2 where account_id = $1`, bsky, w.clock().Add(time.Minute)); err != nil { // the next step refreshes it
		t.Fatal(err)
	}
	made := w.do("POST", "/v1/api-keys", map[string]any{"name": "another"}).want(201)
	another := made.text("apiKey.key")
	hook := newHook(t)
	w.do("POST", "/v1/webhooks/settings", map[string]any{"name": "Hook", "url": hook.URL, "events": []any{"post.published", "post.failed"}, "secret": "whsec-of-the-hook-123", "customHeaders": map[string]any{"X-Auth": "header-of-the-hook-123"}}).want(200)

	post := func(text, platform, id string, want int) {
		t.Helper()
		w.do("POST", "/v1/posts", map[string]any{"content": text, "publishNow": true, "mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "coast.jpg"}},
			"platforms": []any{target(platform, id)}}).want(want)
	}
	post("good", "bluesky", bsky, 201)
	for i, s := range w.tokens(t, bsky) {
		secrets[fmt.Sprint("a refreshed session of Bluesky ", i)] = s
	}
	post("good", "instagram", account, 201)
	post("bad [[sandbox:fail]]", "instagram", account, 207)
	w.fakes["instagram"].(*instagramfake.Fake).RevokeTokens()
	post("dead", "instagram", account, 207)
	if err := w.app.Accounts.RenewTokens(t.Context()); err != nil {
		t.Error(err)
	}
	w.as(auth.NewKey(), "GET", "/v1/posts", nil).want(401)
	w.do("DELETE", "/v1/accounts/"+bsky, nil).want(200)
	if err := w.app.LogWriter.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}

	stored := w.everyRow(t)
	places := map[string]string{"what is stored": stored, "the log": w.log.String(), "the answers": answered.String()}
	// What callers are given on purpose, and what they gave themselves to be shown again.
	given := map[string]bool{"a state": true, "a choice's token": true, "a connect token": true}
	secrets["a new key"], secrets["a webhook's secret"], secrets["a webhook's header"] = another, "whsec-of-the-hook-123", "header-of-the-hook-123"
	given["a new key"], given["a webhook's secret"], given["a webhook's header"] = true, true, true
	looked := 0
	for name, secret := range secrets {
		if len(secret) < 8 {
			continue
		}
		looked++
		for place, text := range places {
			if place == "the answers" && given[name] {
				continue
			}
			for how, form := range map[string]string{"as it is": secret, "escaped": url.QueryEscape(secret), "in hex": hex.EncodeToString([]byte(secret)), "in base64": base64.StdEncoding.EncodeToString([]byte(secret))} {
				if i := strings.Index(text, form); i >= 0 {
					t.Errorf("%s is %s in %s: …%s…", name, how, place, strings.ReplaceAll(text[max(0, i-120):i], secret, "***"))
					break
				}
			}
		}
	}
	if looked < 18 || !strings.Contains(stored, "account.disconnected") || !strings.Contains(stored, "dead") {
		t.Errorf("%d secrets were looked for in %d bytes of rows", looked, len(stored))
	}
}

// everyRow is all that the database holds, as text.
func (w *world) everyRow(t *testing.T) string {
	t.Helper()
	rows, err := w.app.Pool.Query(t.Context(), `select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind = 'r'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 20 {
		t.Fatalf("%d tables: %v", len(tables), err)
	}
	var all strings.Builder
	for _, table := range tables {
		var text string
		if err := w.app.Pool.QueryRow(t.Context(), `select coalesce(string_agg(r::text, E'\n'), '') from `+table+` r`).Scan(&text); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, text)
	}
	return all.String()
}

// answers keeps all that a handler answers.
type answers struct {
	next http.Handler
	mu   sync.Mutex
	all  bytes.Buffer
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	a.next.ServeHTTP(rec, r)
	a.mu.Lock()
	fmt.Fprintln(&a.all, rec.Header(), rec.Body)
	a.mu.Unlock()
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// String is all that was answered so far.
func (a *answers) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.all.String()
}
