package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"posthorn/internal/media/mediatest"
	"posthorn/internal/platforms/tiktok/tiktokfake"
)

// told is when each event is sent, for its page in docs/events.
var told = map[string]string{
	"post.scheduled":           "A post was given a time: it was created with one or put into a queue, a draft was promoted, or one that had failed is tried again. Creating a\npost with `publishNow`, or a draft, does not send it.",
	"post.published":           "Every target of a post is published.",
	"post.partial":             "Every target of a post has ended; some are published and some have failed for good. The targets say which.",
	"post.failed":              "Every target of a post has failed for good. A failure that is tried again by itself sends nothing.",
	"post.cancelled":           "A post will not be published, or is published nowhere any more: it was deleted before its time, or taken down everywhere.",
	"post.recycled":            "A post that recycles was copied: the payload is the copy, which has a time and sends `post.scheduled` as well.",
	"post.platform.published":  "One target of a post is published. The post itself may still be `publishing`.",
	"post.platform.failed":     "One target of a post has failed for good. `platform.error` says why, for people. The post itself may still be `publishing`.",
	"post.tiktok.url_resolved": "TikTok has told the ID and the address of a post that is out. It does so when it has looked at the post, some seconds to hours after\n`post.platform.published`, and only of posts that everybody sees. Until then `platformPostId` is TikTok's name of the publishing.",
	"account.connected":        "An account was connected, for the first time or again.",
	"account.disconnected":     "An account cannot be used any more: `intentional` when it was disconnected by a request, `unintentional` when the platform no longer accepts\nits token. The latter is sent once, until the account is connected again.",
	"account.expiring":         "Of this server only. An account's token ends soon and cannot be renewed, or could not be so far: sent a week before, and once more a day\nbefore. Tokens that are renewed in time send nothing.",
	"webhook.disabled":         "Of this server only. An endpoint was switched off because it failed for too long, or answered 410. Its settings say why as well.",
	"webhook.test":             "Sent when asked for with `POST /v1/webhooks/test`. It cannot be subscribed to.",
}

// TestEventsOfALife lets everything happen that is told, and holds what an endpoint hears to the pages in docs/events.
func TestEventsOfALife(t *testing.T) {
	t.Parallel()
	w, far := newWorld(t), newHook(t)
	w.work()
	subscribed := slices.DeleteFunc(slices.Collect(maps.Keys(told)), func(name string) bool { return name == "webhook.test" })
	hook := w.do("POST", "/v1/webhooks/settings", map[string]any{"name": "All", "url": far.URL, "events": subscribed}).want(200).text("webhook._id")
	w.do("POST", "/v1/webhooks/test", map[string]any{"webhookId": hook}).want(200)
	soon := func() string { return w.clock().Add(time.Second).UTC().Format(time.RFC3339Nano) }
	post := func(more map[string]any) string {
		body := map[string]any{"content": "Autumn is here", "platforms": []any{target("bluesky", w.bluesky)}, "metadata": map[string]any{"campaign": "autumn"}}
		maps.Copy(body, more)
		return w.do("POST", "/v1/posts", body).want(201).text("post._id")
	}

	later := post(map[string]any{"scheduledFor": "2035-01-15T10:00:00Z"})
	w.do("DELETE", "/v1/posts/"+later, nil).want(200)
	now := post(map[string]any{"content": "Now", "publishNow": true})
	w.until(now, "published")
	tiktok := w.fakes["tiktok"].(*tiktokfake.Fake)
	tiktok.Moderation(time.Hour)
	late := w.postToTikTok(w.accounts["tiktok/amber.reels"], "A film", agreed("PUBLIC_TO_EVERYONE"), film(t, mediatest.Movie{})).want(201).text("post._id")
	tiktok.Moderation(0)
	w.resolved(late)
	draft := w.do("POST", "/v1/posts", map[string]any{"content": "A draft", "isDraft": true}).want(201).text("post._id")
	w.do("DELETE", "/v1/posts/"+draft, nil).want(200)
	again := post(map[string]any{"content": "Every week", "publishNow": true, "recycling": map[string]any{"gap": 1, "gapFreq": "week", "expireCount": 1}})
	w.advance(7 * 24 * time.Hour)
	twin := w.copyOf(again)["_id"].(string)
	w.until(twin, "published")

	partial := post(map[string]any{"content": "Half", "platforms": []any{target("bluesky", w.bluesky), target("instagram", w.instagram)}, "mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "coast.jpg"}}, "scheduledFor": soon()})
	failed := post(map[string]any{"content": "Not at all", "platforms": []any{target("bluesky", w.bluesky)}, "scheduledFor": w.clock().Add(4 * time.Second).UTC().Format(time.RFC3339Nano)})
	w.do("DELETE", "/v1/accounts/"+w.instagram, nil).want(200)
	w.until(partial, "partial")
	w.do("DELETE", "/v1/accounts/"+w.bluesky, nil).want(200)
	w.until(failed, "failed")
	w.do("POST", "/v1/connect/bluesky/credentials", w.login(w.profile)).want(200)
	for range 2 {
		if err := w.app.Accounts.NeedsReconnection(t.Context(), w.bluesky); err != nil {
			t.Fatal(err)
		}
	}
	var ending string
	if err := w.app.Pool.QueryRow(t.Context(), `
		update tokens set expires_at = $1 where account_id = (select id from accounts where username = 'maison.lune' and owner_id = $2) returning account_id`, w.clock().Add(6*24*time.Hour), w.owner.OwnerID).Scan(&ending); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time nothing is told
		if err := w.app.Accounts.WarnOfEnds(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	gone := newHook(t)
	gone.status = 410
	w.do("POST", "/v1/webhooks/settings", map[string]any{"name": "Gone", "url": gone.URL, "events": []string{"account.connected"}}).want(200)
	w.do("POST", "/v1/connect/bluesky/credentials", w.login(w.profile)).want(200)

	perSubject := map[string][]string{
		later:       {"post.scheduled", "post.cancelled"},
		now:         {"post.platform.published", "post.published"},
		late:        {"post.platform.published", "post.published", "post.tiktok.url_resolved"},
		again:       {"post.platform.published", "post.published"},
		twin:        {"post.scheduled", "post.recycled", "post.platform.published", "post.published"},
		partial:     {"post.scheduled", "post.platform.*", "post.platform.*", "post.partial"},
		failed:      {"post.scheduled", "post.platform.failed", "post.failed"},
		w.instagram: {"account.disconnected"},
		ending:      {"account.expiring"},
		w.bluesky:   {"account.disconnected", "account.connected", "account.disconnected", "account.connected"},
	}
	heard := far.bySubject(t, 1+2+2+3+2+4+4+3+1+4+1+1)
	for subject, want := range perSubject {
		got := slices.Clone(heard[subject])
		for i, name := range want {
			if strings.HasSuffix(name, "*") && i < len(got) && strings.HasPrefix(got[i], strings.TrimSuffix(name, "*")) {
				got[i] = name
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("of %s came %v, want %v", subject, heard[subject], want)
		}
	}
	if len(heard[draft]) > 0 {
		t.Errorf("a draft was told of: %v", heard[draft])
	}
	kinds := []string{}
	for _, body := range far.seen("account.disconnected") {
		kinds = append(kinds, at(t, body, "account.disconnectionType").(string))
	}
	if slices.Sort(kinds); !slices.Equal(kinds, []string{"intentional", "intentional", "unintentional"}) {
		t.Errorf("disconnected as %v", kinds)
	}
	// The subject whose event is on the page: one of which always the same is known when it is sent.
	shown := map[string]string{"post.scheduled": later, "post.cancelled": later, "post.recycled": twin, "post.published": now, "post.platform.published": now, "post.tiktok.url_resolved": late, "post.partial": partial,
		"post.platform.failed": failed, "post.failed": failed, "account.connected": w.bluesky, "account.disconnected": w.bluesky}
	for name, why := range told {
		bodies := slices.DeleteFunc(far.seen(name), func(body string) bool {
			return shown[name] != "" && at(t, body, "post.id") != shown[name] && at(t, body, "account.accountId") != shown[name]
		})
		if len(bodies) == 0 {
			t.Errorf("%s was not seen", name)
			continue
		}
		checkPage(t, name, why, strings.ReplaceAll(strings.ReplaceAll(bodies[0], far.URL, "https://example.com/hook"), gone.URL, "https://example.com/hook"))
	}
}

// TestEventsOfChanges drives every other way in which a post gets a time or loses it, and reads the log of events: each cause is told once.
func TestEventsOfChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	want := map[string][]string{}
	path := func(id, rest string) string { return "/v1/posts/" + id + rest }
	post := func(more map[string]any) string {
		body := map[string]any{"content": fmt.Sprintf("number %d", len(want)), "platforms": []any{target("bluesky", w.bluesky)}}
		maps.Copy(body, more)
		return w.do("POST", "/v1/posts", body).text("post._id")
	}
	const due = "2035-01-15T10:00:00Z"
	draft := map[string]any{"isDraft": true}

	moved := post(map[string]any{"scheduledFor": due})
	w.do("PUT", path(moved, ""), map[string]any{"scheduledFor": "2035-01-16T10:00:00Z"}).want(200)
	copied := w.do("POST", path(moved, "/duplicate"), nil).want(201).text("post._id")
	want[moved], want[copied] = []string{"post.scheduled"}, nil
	promoted := post(draft)
	w.do("PUT", path(promoted, ""), map[string]any{"scheduledFor": due, "isDraft": false}).want(200)
	w.do("PUT", path(promoted, ""), draft).want(200)
	w.do("PUT", path(promoted, ""), map[string]any{"scheduledFor": due, "isDraft": false}).want(200)
	want[promoted] = []string{"post.scheduled", "post.scheduled"}
	w.do("POST", "/v1/queue/slots", map[string]any{"profileId": w.profile, "name": "Mornings", "timezone": "UTC", "slots": []any{map[string]any{"dayOfWeek": 1, "time": "09:00"}}}).want(201)
	want[post(map[string]any{"queuedFromProfile": w.profile})] = []string{"post.scheduled"}
	row := w.upload("/v1/posts/bulk-upload", "file", "posts.csv", "platforms,profiles,post_content,schedule_time\nbluesky,Default,of a file,"+due+"\n").want(200)
	want[row.text("results.0.createdPostId")] = []string{"post.scheduled"}
	w.upload("/v1/posts/bulk-upload?dryRun=true", "file", "posts.csv", "platforms,profiles,post_content,schedule_time\nbluesky,Default,only tried,"+due+"\n").want(200)
	taken := post(map[string]any{"publishNow": true})
	w.do("POST", path(taken, "/unpublish"), map[string]any{"platform": "bluesky"}).want(200)
	want[taken] = []string{"post.platform.published", "post.published", "post.cancelled"}
	retried := post(map[string]any{"content": "no [[sandbox:fail]]", "publishNow": true})
	w.do("PUT", path(retried, ""), map[string]any{"content": "yes"}).want(200)
	w.do("POST", path(retried, "/retry"), nil).want(200)
	w.until(retried, "published")
	want[retried] = []string{"post.platform.failed", "post.failed", "post.scheduled", "post.platform.published", "post.published"}

	hear := func() map[string][]string {
		heard := map[string][]string{}
		list, _ := w.do("GET", "/v1/events?limit=1000", nil).want(200).at("events").([]any)
		for _, e := range list {
			event := e.(map[string]any)["payload"].(map[string]any)
			if about, ok := event["post"].(map[string]any); ok {
				heard[about["id"].(string)] = append(heard[about["id"].(string)], event["event"].(string))
			}
		}
		return heard
	}
	all := func(lists map[string][]string) (n int) {
		for _, names := range lists {
			n += len(names)
		}
		return n
	}
	heard := hear()
	for until := time.Now().Add(time.Minute); all(heard) < all(want) && time.Now().Before(until); heard = hear() { // one shows when all that began before it has ended
		time.Sleep(20 * time.Millisecond)
	}
	for id, names := range want {
		if !slices.Equal(heard[id], names) {
			t.Errorf("of %s is told %v, want %v", id, heard[id], names)
		}
		delete(heard, id)
	}
	if len(heard) > 0 {
		t.Errorf("nobody asked for %v", heard)
	}
}

// bySubject waits for so many events and gives the names of those of each post and account, in the order in which they came.
func (h *hook) bySubject(t *testing.T, want int) map[string][]string {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		h.mu.Lock()
		n := len(h.heard)
		h.mu.Unlock()
		if n >= want {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d events came, want %d: %v", n, want, h.heard)
		}
	}
	time.Sleep(300 * time.Millisecond) // anything more would be too much
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.heard) != want {
		t.Errorf("%d events came, want %d: %v", len(h.heard), want, h.heard)
	}
	found := map[string][]string{}
	for i, body := range h.bodies {
		for _, path := range []string{"post.id", "account.accountId"} {
			if subject, ok := at(t, body, path).(string); ok {
				found[subject] = append(found[subject], h.heard[i])
				break
			}
		}
	}
	return found
}

// seen lists the bodies of an event, in the order in which they came.
func (h *hook) seen(name string) (bodies []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, heard := range h.heard {
		if heard == name {
			bodies = append(bodies, h.bodies[i])
		}
	}
	return bodies
}

func at(t *testing.T, body, path string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Split(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// checkPage holds a payload to the one on the event's page: the same fields of the same types. With -update it writes the page.
func checkPage(t *testing.T, name, why, body string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", "events", name+".md")
	var seen map[string]any
	if err := json.Unmarshal([]byte(body), &seen); err != nil {
		t.Fatal(err)
	}
	if *update {
		pretty, err := json.MarshalIndent(seen, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		page := fmt.Sprintf("# %s\n\n%s\n\nA payload as the tests have seen it:\n\n```json\n%s\n```\n\nHow events are signed, retried and ordered: [webhooks](../webhooks.md).\n", name, why, pretty)
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	shown, _, _ := strings.Cut(rest, "\n```")
	var documented map[string]any
	if err := json.Unmarshal([]byte(shown), &documented); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if got, want := outlineOf(seen), outlineOf(documented); got != want || !strings.Contains(string(page), why) {
		t.Errorf("%s shows %s, but %s was sent (run this test with -update)", path, want, got)
	}
}

// shape is a JSON value with types in place of its values; of a list's elements what any of them has.
func outlineOf(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var fields []string
		for name, value := range v {
			fields = append(fields, name+": "+outlineOf(value))
		}
		slices.Sort(fields)
		return "{" + strings.Join(fields, ", ") + "}"
	case []any:
		all := map[string]any{}
		for _, element := range v {
			m, ok := element.(map[string]any)
			if !ok {
				return "[" + outlineOf(element) + "]"
			}
			maps.Copy(all, m)
		}
		return "[" + outlineOf(all) + "]"
	default:
		return fmt.Sprintf("%T", v)
	}
}
