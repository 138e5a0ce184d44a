package api

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/twitter/twitterfake"
)

// TestX connects an account with PKCE, publishes a thread with a picture, lets its token end so that the pair is changed, and takes the thread back.
func TestX(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example")
	w.work()
	authURL, _ := w.begin("twitter", url.Values{"redirect_url": {"https://shop.example/done"}})
	u, err := url.Parse(authURL)
	if err != nil || u.Query().Get("code_challenge_method") != "S256" || len(u.Query().Get("code_challenge")) != 43 || !strings.Contains(u.Query().Get("scope"), "offline.access") {
		t.Errorf("the consent page is %s", authURL)
	}
	another, _ := w.begin("twitter", url.Values{"redirect_url": {"https://shop.example/done"}})
	if v, err := url.Parse(another); err != nil || v.Query().Get("code_challenge") == u.Query().Get("code_challenge") {
		t.Error("two visits have one challenge")
	}
	q := w.arrives(authURL, consent.FieldUser, "north_quay").Query()
	account := q.Get("accountId")
	if q.Get("connected") != "twitter" || q.Get("username") != "north_quay" || account != w.accounts["twitter/north_quay"] {
		t.Fatalf("the browser ends up with %v", q)
	}
	far := w.fakes["twitter"].(*twitterfake.Fake)
	publish := func(items ...any) answer {
		t.Helper()
		return w.do("POST", "/v1/posts", map[string]any{"content": "for display", "publishNow": true, "platforms": []any{map[string]any{"platform": "twitter", "accountId": account,
			"platformSpecificData": map[string]any{"threadItems": items, "madeWithAi": true}}}}).want(201)
	}
	seen := func(n int) []string {
		t.Helper()
		for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			var texts []string
			for _, p := range far.Posts() {
				texts = append(texts, p.Text)
			}
			if len(texts) == n {
				return texts
			}
			if time.Now().After(until) {
				t.Fatalf("the public sees %q, want %d posts", texts, n)
			}
		}
	}
	post := publish(map[string]any{"content": "one & <two>"}, map[string]any{"content": "three", "mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "quay.jpg", "altText": "A quay"}}})
	if post.text("post.platforms.0.status") != "published" || !strings.HasPrefix(post.text("post.platforms.0.platformPostUrl"), "https://x.com/north_quay/status/") {
		t.Fatalf("it published as %s", post.body)
	}
	if got := seen(2); !slices.Equal(got, []string{"three", "one & <two>"}) {
		t.Errorf("the public sees %q", got)
	}
	if p := far.Posts()[0]; len(p.Media) != 1 || p.Media[0].Alt != "A quay" || p.ReplyTo == "" {
		t.Errorf("the second post is %+v", p)
	}
	before := w.secretOf(account)
	if _, err := w.app.Pool.Exec(t.Context(), `update tokens set expires_at = $2 where account_id = $1`, account, w.clock().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	if second := publish(map[string]any{"content": "with a fresh pair"}); second.text("post.platforms.0.status") != "published" {
		t.Fatalf("after its token had ended: %s", second.body)
	}
	seen(3)
	if string(w.secretOf(account)) == string(before) {
		t.Error("the pair was not changed")
	}
	for until := time.Now().Add(time.Minute); !strings.Contains(string(w.do("GET", "/v1/posts/"+post.text("post._id")+"/logs", nil).want(200).body), "post 2 of 2"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the timeline does not tell of the second post")
		}
	}
	w.do("POST", "/v1/posts/"+post.text("post._id")+"/unpublish", map[string]any{"platform": "twitter"}).want(200)
	seen(1)
}

// TestXTakesNoCodeOfAnotherVisit lets a caller redeem codes itself: one that a consent page gave to another visit, as an attacker would slip it in, is refused.
func TestXTakesNoCodeOfAnotherVisit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example")
	visit := func() (code, state string) {
		authURL, state := w.begin("twitter", url.Values{})
		return w.consent(authURL).Query().Get("code"), state
	}
	mine, myState := visit()
	_, anotherState := visit()
	complete := func(code, state string) answer {
		return w.do("POST", "/v1/connect/twitter", map[string]any{"code": code, "state": state, "profileId": w.profile})
	}
	if got := complete(mine, anotherState).want(400); got.text("code") != "token_exchange_failed" {
		t.Errorf("another visit's code: %s", got.body)
	}
	if got := complete(mine, myState).want(200); got.text("account.platform") != "twitter" {
		t.Errorf("its own: %s", got.body)
	}
}

// secretOf is an account's token as it is stored.
func (w *world) secretOf(account string) (sealed []byte) {
	w.t.Helper()
	if err := w.app.Pool.QueryRow(w.t.Context(), `select sealed from tokens where account_id = $1`, account).Scan(&sealed); err != nil {
		w.t.Fatal(err)
	}
	return sealed
}

// TestXLosesAPair drops the answer with which X changes a pair: the old one is spent, and the account says that it has to be connected again.
func TestXLosesAPair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	account := w.account("twitter")
	far := w.fakes["twitter"].(*twitterfake.Fake)
	far.LoseTokens(1)
	if _, err := w.app.Pool.Exec(t.Context(), `update tokens set expires_at = $2 where account_id = $1`, account, w.clock().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	post := w.do("POST", "/v1/posts", map[string]any{"content": "too late", "publishNow": true, "platforms": []any{target("twitter", account)}})
	for until := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		got := w.do("GET", "/v1/accounts/"+account+"/health", nil).want(200)
		if got.text("status") == "error" {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("the account says %s, the post %s", got.body, post.body)
		}
	}
	if n := len(far.Posts()); n != 0 {
		t.Errorf("the public sees %d posts", n)
	}
}

// TestXRefusals tries what a post can do wrong.
func TestXRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.account("twitter")
	image := map[string]any{"type": "image", "url": w.photos + "a.jpg"}
	for rule, options := range map[string]map[string]any{
		"twitter.reply_to.id":                 {"replyToTweetId": "https://example.com/1"},
		"twitter.quote.id":                    {"quoteTweetId": "x"},
		"twitter.quote.alone":                 {"quoteTweetId": "1", "poll": map[string]any{"options": []string{"a", "b"}, "duration_minutes": 60}},
		"twitter.reply_settings.value":        {"replySettings": "nobody"},
		"twitter.reply_settings.not_in_reply": {"replySettings": "following", "replyToTweetId": "1"},
		"twitter.poll.options":                {"poll": map[string]any{"options": []string{"a"}, "duration_minutes": 60}},
		"twitter.poll.option_length":          {"poll": map[string]any{"options": []string{"a", strings.Repeat("b", 26)}, "duration_minutes": 60}},
		"twitter.poll.duration":               {"poll": map[string]any{"options": []string{"a", "b"}, "duration_minutes": 4}},
		"twitter.article.not_offered":         {"article": map[string]any{"title": "x"}},
		"twitter.geo.country":                 {"geoRestriction": map[string]any{"countries": []string{"Germany"}}},
		"twitter.geo.countries":               {"geoRestriction": map[string]any{"countries": []string{}}},
		"twitter.text.max_length":             {"threadItems": []any{map[string]any{"content": strings.Repeat("日", 141)}}},
		"twitter.thread.max_items":            {"threadItems": slices.Repeat([]any{map[string]any{"content": "x"}}, 101)},
	} {
		post := map[string]any{"content": "x", "scheduledFor": w.clock().Add(time.Hour), "platforms": []any{map[string]any{"platform": "twitter", "accountId": account, "platformSpecificData": options}}}
		if got := w.do("POST", "/v1/posts", post).want(400); !strings.Contains(string(got.body), rule) {
			t.Errorf("%s: %s", rule, got.body)
		}
	}
	for rule, post := range map[string]map[string]any{
		"twitter.images.max_items":  {"content": "x", "mediaItems": slices.Repeat([]any{image}, 5)},
		"twitter.text.max_length":   {"content": strings.Repeat("a", 281)},
		"twitter.text.max_cashtags": {"content": "$AAA and $BBB"},
	} {
		post["scheduledFor"], post["platforms"] = w.clock().Add(time.Hour), []any{target("twitter", account)}
		if got := w.do("POST", "/v1/posts", post).want(400); !strings.Contains(string(got.body), rule) {
			t.Errorf("%s: %s", rule, got.body)
		}
	}
}
