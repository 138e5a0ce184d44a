package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/postgres"
)

// unknown is an ID of nobody's.
const unknown = "6745a1b2c3d4e5f600000000"

func slot(day int, clock string) map[string]any {
	return map[string]any{"dayOfWeek": day, "time": clock}
}

// daily is a slot on each day of the week for each time.
func daily(clocks ...string) (list []any) {
	for day := range 7 {
		for _, c := range clocks {
			list = append(list, slot(day, c))
		}
	}
	return list
}

// queue makes a queue in UTC and gives its ID.
func (w *world) queue(profile string, slots ...any) string {
	w.t.Helper()
	return w.do("POST", "/v1/queue/slots", map[string]any{"profileId": profile, "name": "Queue", "timezone": "UTC", "slots": slots}).want(201).text("schedule._id")
}

// queued is a post for Bluesky in a queue of the owner's first profile.
func (w *world) queued(text string, more ...any) map[string]any {
	body := map[string]any{"content": text, "platforms": []any{target("bluesky", w.bluesky)}, "queuedFromProfile": w.profile}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return body
}

func (w *world) scopedTo(profiles ...string) (key string) {
	w.t.Helper()
	key = auth.NewKey()
	err := postgres.InTx(w.t.Context(), w.app.Pool, func(tx pgx.Tx) error {
		if err := w.app.Auth.StoreKey(w.t.Context(), tx, w.owner.OwnerID, "scoped", key); err != nil {
			return err
		}
		_, err := tx.Exec(w.t.Context(), `update api_keys set profile_ids = $1 where name = 'scoped'`, profiles)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return key
}

func TestQueueIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // it is Thursday, 10:00 UTC
	of := url.Values{"profileId": {w.profile}}
	if got := w.do("GET", "/v1/queue/slots", of).want(200); got.at("exists") != false || got.at("schedule") != nil || len(got.at("nextSlots").([]any)) != 0 {
		t.Errorf("without a queue: %s", got.body)
	}
	made := w.do("POST", "/v1/queue/slots", map[string]any{"profileId": w.profile, "name": " Morning ", "timezone": "America/New_York",
		"slots": []any{slot(5, "09:00"), slot(0, "10:30"), slot(5, "09:00")}}).want(201)
	id := made.text("schedule._id")
	if made.at("success") != true || made.text("schedule.name") != "Morning" || made.at("schedule.isDefault") != true || made.at("schedule.active") != true ||
		made.text("schedule.profileId") != w.profile || made.text("schedule.slots.0.time") != "10:30" || made.at("schedule.slots.2") != nil {
		t.Errorf("made %s", made.body)
	}
	if made.text("nextSlots.0") != "2026-01-16T09:00:00-05:00" || made.text("nextSlots.1") != "2026-01-18T10:30:00-05:00" || made.text("nextSlots.9") == "" {
		t.Errorf("next slots: %s", made.body)
	}
	if got := w.do("GET", "/v1/queue/slots", of).want(200); got.at("exists") != true || got.text("schedule._id") != id || got.text("nextSlots.0") != "2026-01-16T09:00:00-05:00" {
		t.Errorf("read back: %s", got.body)
	}
	second := w.queue(w.profile, daily("12:00")...)
	if got := w.do("GET", "/v1/queue/slots", url.Values{"profileId": {w.profile}, "queueId": {second}}).want(200); got.text("schedule._id") != second || got.at("schedule.isDefault") != false {
		t.Errorf("the second: %s", got.body)
	}
	if got := w.do("GET", "/v1/queue/slots", url.Values{"profileId": {w.profile}, "all": {"true"}}).want(200); got.at("count") != 2.0 || got.text("queues.0._id") != id || got.text("queues.1._id") != second {
		t.Errorf("all: %s", got.body)
	}
	if got := w.do("GET", "/v1/queue/slots", url.Values{"profileId": {w.profile}, "queueId": {unknown}}).want(200); got.at("exists") != false {
		t.Errorf("an unknown one: %s", got.body)
	}
	if got := w.do("GET", "/v1/queue/preview", url.Values{"profileId": {w.profile}, "count": {"3"}}).want(200); got.text("queueId") != id || got.text("queueName") != "Morning" ||
		got.at("count") != 3.0 || got.text("slots.2") != "2026-01-23T09:00:00-05:00" || got.at("slots.3") != nil {
		t.Errorf("preview: %s", got.body)
	}
	if got := w.do("GET", "/v1/queue/preview", url.Values{"profileId": {w.profile}, "queueId": {second}}).want(200); got.at("count") != 20.0 {
		t.Errorf("preview: %s", got.body)
	}
	got := w.do("GET", "/v1/queue/next-slot", of).want(200)
	if got.text("nextSlot") != "2026-01-16T09:00:00-05:00" || got.text("timezone") != "America/New_York" || got.text("queueId") != id || got.text("queueName") != "Morning" || got.text("profileId") != w.profile {
		t.Errorf("next slot: %s", got.body)
	}
}

func TestQueueIsChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put := func(more ...any) answer {
		body := map[string]any{"profileId": w.profile, "timezone": "UTC", "slots": daily("12:00")}
		for i := 0; i < len(more); i += 2 {
			body[more[i].(string)] = more[i+1]
		}
		return w.do("PUT", "/v1/queue/slots", body)
	}
	made := put().want(200)
	first := made.text("schedule._id")
	if made.at("isNewQueue") != true || made.at("schedule.isDefault") != true || made.text("schedule.name") == "" || made.at("reshuffledCount") != 0.0 || made.at("skippedDailyLimit") != 0.0 {
		t.Errorf("made: %s", made.body)
	}
	if got := put("name", "Noon", "active", false).want(200); got.at("isNewQueue") != false || got.text("schedule._id") != first || got.text("schedule.name") != "Noon" ||
		got.at("schedule.active") != false || got.at("nextSlots.0") != nil {
		t.Errorf("changed: %s", got.body)
	}
	if got := w.do("GET", "/v1/queue/next-slot", url.Values{"profileId": {w.profile}}).want(400); got.text("code") == "" {
		t.Errorf("an inactive queue: %s", got.body)
	}
	w.do("GET", "/v1/queue/preview", url.Values{"profileId": {w.profile}}).want(200)
	if got := put("queueId", "").want(200); got.text("schedule._id") != first || got.at("schedule.active") != true || got.text("schedule.name") != "Noon" {
		t.Errorf("changed back: %s", got.body)
	}
	second := w.queue(w.profile, daily("15:00")...)
	if got := put("queueId", second, "setAsDefault", true, "timezone", "Asia/Tokyo").want(200); got.at("schedule.isDefault") != true || got.text("schedule.timezone") != "Asia/Tokyo" {
		t.Errorf("the second: %s", got.body)
	}
	all := url.Values{"profileId": {w.profile}, "all": {"true"}}
	if got := w.do("GET", "/v1/queue/slots", all).want(200); got.text("queues.0._id") != second || got.at("queues.1.isDefault") != false {
		t.Errorf("all: %s", got.body)
	}
	put("queueId", unknown).want(404)
	put("queueId", "nonsense").want(404)
	if got := w.do("DELETE", "/v1/queue/slots?profileId="+w.profile+"&queueId="+second, `{"slotId":"x"}`).want(200); got.at("success") != true || got.at("deleted") != true || got.at("deletedCount") != 1.0 || got.text("message") == "" {
		t.Errorf("deleted: %s", got.body)
	}
	if got := w.do("GET", "/v1/queue/slots", all).want(200); got.at("count") != 1.0 || got.text("queues.0._id") != first || got.at("queues.0.isDefault") != true {
		t.Errorf("left: %s", got.body)
	}
	w.do("DELETE", "/v1/queue/slots?profileId="+w.profile+"&queueId="+second, nil).want(404)
	w.queue(w.profile, daily("15:00")...)
	if got := w.do("DELETE", "/v1/queue/slots?profileId="+w.profile, nil).want(200); got.at("deletedCount") != 2.0 {
		t.Errorf("deleted all: %s", got.body)
	}
	if got := w.do("DELETE", "/v1/queue/slots?profileId="+w.profile, nil).want(200); got.at("deleted") != false || got.at("deletedCount") != 0.0 {
		t.Errorf("deleted none: %s", got.body)
	}
	w.do("GET", "/v1/queue/preview", url.Values{"profileId": {w.profile}}).want(404)
	w.do("GET", "/v1/queue/next-slot", url.Values{"profileId": {w.profile}}).want(404)
}

func TestQueueRefusesBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct{ field, body string }{
		"no profile":      {"profileId", `{"name":"Q","timezone":"UTC","slots":[{"dayOfWeek":1,"time":"09:00"}]}`},
		"a bad profile":   {"profileId", `{"profileId":"x","name":"Q","timezone":"UTC","slots":[{"dayOfWeek":1,"time":"09:00"}]}`},
		"no name":         {"name", `{"profileId":"%s","timezone":"UTC","slots":[{"dayOfWeek":1,"time":"09:00"}]}`},
		"an empty name":   {"name", `{"profileId":"%s","name":"  ","timezone":"UTC","slots":[{"dayOfWeek":1,"time":"09:00"}]}`},
		"no zone":         {"timezone", `{"profileId":"%s","name":"Q","slots":[{"dayOfWeek":1,"time":"09:00"}]}`},
		"no such zone":    {"timezone", `{"profileId":"%s","name":"Q","timezone":"Mars/Olympus","slots":[{"dayOfWeek":1,"time":"09:00"}]}`},
		"no slots":        {"slots", `{"profileId":"%s","name":"Q","timezone":"UTC"}`},
		"an empty list":   {"slots", `{"profileId":"%s","name":"Q","timezone":"UTC","slots":[]}`},
		"no such day":     {"slots[0].dayOfWeek", `{"profileId":"%s","name":"Q","timezone":"UTC","slots":[{"dayOfWeek":7,"time":"09:00"}]}`},
		"a day by name":   {"slots[0].dayOfWeek", `{"profileId":"%s","name":"Q","timezone":"UTC","slots":[{"dayOfWeek":"monday","time":"09:00"}]}`},
		"no such time":    {"slots[0].time", `{"profileId":"%s","name":"Q","timezone":"UTC","slots":[{"dayOfWeek":1,"time":"25:00"}]}`},
		"no time":         {"slots[0].time", `{"profileId":"%s","name":"Q","timezone":"UTC","slots":[{"dayOfWeek":1}]}`},
		"a time of a day": {"slots[0].time", `{"profileId":"%s","name":"Q","timezone":"UTC","slots":[{"dayOfWeek":1,"time":"9am"}]}`},
	} {
		body := tt.body
		if strings.Contains(body, "%") {
			body = fmt.Sprintf(body, w.profile)
		}
		if got := w.do("POST", "/v1/queue/slots", body); got.status != 400 || got.text("param") != tt.field {
			t.Errorf("POST %s: %d %s", name, got.status, got.body)
		}
		if got := w.do("PUT", "/v1/queue/slots", body); tt.field != "name" && (got.status != 400 || got.text("param") != tt.field) {
			t.Errorf("PUT %s: %d %s", name, got.status, got.body)
		}
	}
	for _, query := range []string{"", "?profileId=x", "?profileId=" + w.profile + "&all=maybe"} {
		w.do("GET", "/v1/queue/slots"+query, nil).want(400)
	}
	for _, count := range []string{"0", "101", "x"} {
		w.do("GET", "/v1/queue/preview", url.Values{"profileId": {w.profile}, "count": {count}}).want(400)
	}
	w.do("DELETE", "/v1/queue/slots", `{"slotId":"x"}`).want(400)
	if got := w.do("GET", "/v1/queue/slots", url.Values{"profileId": {w.profile}, "all": {"true"}}); len(got.at("queues").([]any)) > 1 { // a PUT without a name is fine
		t.Errorf("left behind: %s", got.body)
	}
}

// TestQueuesOfOthers tries everything with a profile that is unknown, another owner's, or out of the key's reach.
func TestQueuesOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.queue(w.profile, daily("12:00")...)
	scoped := w.scopedTo(w.second)
	for name, try := range map[string]struct{ key, profile string }{
		"unknown": {w.key, unknown}, "another's": {w.strangerKey, w.profile}, "out of reach": {scoped, w.profile}, "of another profile": {w.key, w.second},
	} {
		queues := map[string]any{"profileId": try.profile, "name": "Q", "timezone": "UTC", "slots": daily("12:00"), "queueId": id}
		query := url.Values{"profileId": {try.profile}, "queueId": {id}}
		answers := []answer{
			w.as(try.key, "PUT", "/v1/queue/slots", queues), w.as(try.key, "DELETE", "/v1/queue/slots?"+query.Encode(), nil),
			w.as(try.key, "GET", "/v1/queue/preview", query), w.as(try.key, "GET", "/v1/queue/next-slot", query),
			w.as(try.key, "POST", "/v1/posts", map[string]any{"content": name, "isDraft": true, "queuedFromProfile": try.profile, "queueId": id}),
		}
		if name != "of another profile" {
			answers = append(answers, w.as(try.key, "POST", "/v1/queue/slots", queues), w.as(try.key, "GET", "/v1/queue/slots", query))
		}
		for i, got := range answers {
			if got.status != 404 || name != "of another profile" && got.text("code") != "profile_not_found" {
				t.Errorf("%s, number %d: %d %s", name, i, got.status, got.body)
			}
		}
	}
	if got := w.do("GET", "/v1/queue/slots", url.Values{"profileId": {w.profile}, "all": {"true"}}).want(200); got.at("count") != 1.0 || got.text("queues.0.name") != "Queue" {
		t.Errorf("afterwards: %s", got.body)
	}
	w.as(scoped, "POST", "/v1/queue/slots", map[string]any{"profileId": w.second, "name": "Q", "timezone": "UTC", "slots": daily("12:00")}).want(201)
}

func TestPostTakesTheNextSlot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("POST", "/v1/posts", w.queued("no queue")).want(404)
	id := w.queue(w.profile, daily("12:00")...)
	first := w.do("POST", "/v1/posts", w.queued("one")).want(201)
	if first.text("message") != "Post scheduled successfully" || first.text("post.scheduledFor") != "2026-01-15T12:00:00.000Z" || first.text("post.queuedFromProfile") != w.profile ||
		first.text("post.queueId") != id || first.text("post.status") != "scheduled" {
		t.Errorf("the first: %s", first.body)
	}
	slots := func() string {
		return w.do("GET", "/v1/queue/next-slot", url.Values{"profileId": {w.profile}}).want(200).text("nextSlot")
	}
	if got := slots(); got != "2026-01-16T12:00:00Z" {
		t.Errorf("the next slot is %s", got)
	}
	second := w.do("POST", "/v1/posts", w.queued("two", "queueId", id)).want(201)
	if second.text("post.scheduledFor") != "2026-01-16T12:00:00.000Z" {
		t.Errorf("the second: %s", second.body)
	}
	w.do("DELETE", "/v1/posts/"+first.text("post._id"), nil).want(200)
	if got := slots(); got != "2026-01-15T12:00:00Z" {
		t.Errorf("after the first was deleted, the next slot is %s", got)
	}
	if got := w.do("POST", "/v1/posts", w.queued("three", "platforms", []any{map[string]any{"platform": "bluesky", "accountId": w.bluesky, "scheduledFor": "2026-03-01T10:00:00Z"}})).want(201); got.text("post.scheduledFor") != "2026-01-15T12:00:00.000Z" || got.text("post.platforms.0.scheduledFor") != "2026-03-01T10:00:00.000Z" {
		t.Errorf("with a target that has a time of its own: %s", got.body)
	}
	w.do("POST", "/v1/posts", w.queued("unknown", "queueId", unknown)).want(404)
	w.do("POST", "/v1/posts", w.queued("nonsense", "queueId", "'")).want(404)
	if got := w.do("POST", "/v1/posts", w.queued("unknown", "queuedFromProfile", unknown)).want(404); got.text("code") != "profile_not_found" || got.text("param") != "queuedFromProfile" {
		t.Errorf("an unknown profile: %s", got.body)
	}
	w.do("PUT", "/v1/queue/slots", map[string]any{"profileId": w.profile, "timezone": "UTC", "slots": daily("12:00"), "active": false}).want(200)
	w.do("POST", "/v1/posts", w.queued("inactive")).want(400)
	if got := w.do("GET", "/v1/posts", nil).want(200); got.at("pagination.total") != 2.0 {
		t.Errorf("refused posts were kept: %s", got.body)
	}
}

func TestPostAndQueuePrecedence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.queue(w.profile, daily("12:00")...)
	draft := w.do("POST", "/v1/posts", w.queued("a draft", "isDraft", true, "queueId", id)).want(201)
	if draft.text("post.status") != "draft" || draft.at("post.scheduledFor") != nil || draft.text("post.queuedFromProfile") != w.profile || draft.text("post.queueId") != id {
		t.Errorf("a draft: %s", draft.body)
	}
	own := w.do("POST", "/v1/posts", w.queued("at a time", "scheduledFor", "2026-01-16T12:00", "timezone", "UTC")).want(201)
	if own.text("post.scheduledFor") != "2026-01-16T12:00:00.000Z" || own.text("post.queueId") != id {
		t.Errorf("a time of its own: %s", own.body)
	}
	conflict := w.do("POST", "/v1/posts", w.queued("at the same time", "scheduledFor", "2026-01-16T13:00:00+01:00")).want(409)
	if conflict.text("code") != "queue_slot_conflict" || conflict.text("existingPostId") != own.text("post._id") {
		t.Errorf("a conflict: %s", conflict.body)
	}
	w.do("POST", "/v1/posts", w.queued("not in the queue", "scheduledFor", "2026-01-16T12:00:00Z", "queuedFromProfile", nil)).want(201)
	for i, want := range []string{"2026-01-15T12:00:00.000Z", "2026-01-17T12:00:00.000Z"} { // the draft takes no slot, the post with a time of its own one
		if got := w.do("POST", "/v1/posts", w.queued(fmt.Sprint("next ", i))).want(201); got.text("post.scheduledFor") != want {
			t.Errorf("number %d: %s", i, got.body)
		}
	}
	if got := w.do("POST", "/v1/posts", map[string]any{"content": "advice", "queueId": id, "isDraft": true}).want(201); got.text("warnings.0") == "" || got.at("post.queueId") != nil {
		t.Errorf("a queue without a profile: %s", got.body)
	}
	without := w.do("POST", "/v1/posts", w.queued("no queue there", "queuedFromProfile", w.second, "scheduledFor", "2026-01-20T12:00:00Z")).want(201)
	if without.text("post.queuedFromProfile") != w.second || without.at("post.queueId") != nil {
		t.Errorf("a time of its own, and a profile without a queue: %s", without.body)
	}
	for profile, want := range map[string]float64{w.profile: 6, w.second: 1} { // the post of the second is at an account of the first
		if got := w.do("GET", "/v1/posts", url.Values{"profileId": {profile}}).want(200); got.at("pagination.total") != want {
			t.Errorf("posts of a profile: %s", got.body)
		}
	}
	// Deleting the queue leaves the posts as they are.
	w.do("DELETE", "/v1/queue/slots?profileId="+w.profile, nil).want(200)
	if got := w.do("GET", "/v1/posts/"+own.text("post._id"), nil).want(200); got.text("post.scheduledFor") != "2026-01-16T12:00:00.000Z" || got.text("post.status") != "scheduled" || got.text("post.queueId") != id {
		t.Errorf("after the queue was deleted: %s", got.body)
	}
}

// TestManyClientsQueue lets 20 clients put 200 posts into one queue: each gets a slot of its own, and none is left out.
func TestManyClientsQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.queue(w.profile, daily("08:00", "12:00", "18:00")...)
	var mu sync.Mutex
	var got []string
	var clients sync.WaitGroup
	for c := range 20 {
		clients.Go(func() {
			for i := range 10 {
				a := w.do("POST", "/v1/posts", w.queued(fmt.Sprintf("client %d, post %d", c, i)))
				if a.status != 201 {
					t.Errorf("client %d, post %d: %d %s", c, i, a.status, a.body)
					return
				}
				mu.Lock()
				got = append(got, a.text("post.scheduledFor"))
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	slices.Sort(got)
	if n := len(slices.Compact(slices.Clone(got))); n != 200 || len(got) != 200 {
		t.Fatalf("%d posts took %d slots", len(got), n)
	}
	if got[0] != "2026-01-15T12:00:00.000Z" || got[199] != "2026-03-22T18:00:00.000Z" {
		t.Errorf("they go from %s to %s, so some slots were left out", got[0], got[199])
	}
}

func TestReshuffle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.queue(w.profile, slot(6, "12:00")) // Saturdays
	var posts []string
	for i := range 3 {
		posts = append(posts, w.do("POST", "/v1/posts", w.queued(fmt.Sprint("post ", i))).want(201).text("post._id"))
	}
	apart := w.do("POST", "/v1/posts", w.queued("two times", "platforms", []any{target("bluesky", w.bluesky),
		map[string]any{"platform": "instagram", "accountId": w.instagram, "scheduledFor": "2026-06-01T10:00:00Z", "customMedia": []any{map[string]any{"url": w.photos + "coast.jpg"}}}})).want(201)
	posts = append(posts, apart.text("post._id"))
	draft := w.do("POST", "/v1/posts", w.queued("draft", "isDraft", true)).want(201).text("post._id")
	change := func(more ...any) answer {
		body := map[string]any{"profileId": w.profile, "queueId": id, "timezone": "UTC", "slots": daily("12:00")}
		for i := 0; i < len(more); i += 2 {
			body[more[i].(string)] = more[i+1]
		}
		return w.do("PUT", "/v1/queue/slots", body).want(200)
	}
	times := func() (list []string) {
		for _, p := range posts {
			list = append(list, w.do("GET", "/v1/posts/"+p, nil).want(200).text("post.scheduledFor")[:10])
		}
		return list
	}
	saturdays := []string{"2026-01-17", "2026-01-24", "2026-01-31", "2026-02-07"}
	for name, more := range map[string][]any{"unasked": {}, "inactive": {"reshuffleExisting", true, "active", false}} {
		if got := change(more...); got.at("reshuffledCount") != 0.0 || !slices.Equal(times(), saturdays) {
			t.Errorf("%s: %s, %v", name, got.body, times())
		}
	}
	// Onto the days before: some take the slots that others leave.
	if got, want := change("reshuffleExisting", true, "slots", []any{slot(5, "12:00"), slot(6, "12:00")}), []string{"2026-01-16", "2026-01-17", "2026-01-23", "2026-01-24"}; got.at("reshuffledCount") != 4.0 || !slices.Equal(times(), want) {
		t.Errorf("moved %v: %v, want %v", got.at("reshuffledCount"), times(), want)
	}
	if got := change("reshuffleExisting", true, "slots", []any{slot(5, "12:00"), slot(6, "12:00")}); got.at("reshuffledCount") != 0.0 {
		t.Errorf("moved again: %s", got.body)
	}
	// One has begun, and keeps its slot; the others go around it.
	if _, err := w.app.Pool.Exec(t.Context(), `update targets set claim = 1 where post_id = $1`, posts[1]); err != nil {
		t.Fatal(err)
	}
	if got, want := change("reshuffleExisting", true), []string{"2026-01-15", "2026-01-17", "2026-01-16", "2026-01-18"}; got.at("reshuffledCount") != 3.0 || !slices.Equal(times(), want) {
		t.Errorf("moved %v: %v, want %v", got.at("reshuffledCount"), times(), want)
	}
	if got := w.do("GET", "/v1/posts/"+draft, nil).want(200); got.at("post.scheduledFor") != nil {
		t.Errorf("the draft was moved: %s", got.body)
	}
	var onTime, ownTime int
	if err := w.app.Pool.QueryRow(t.Context(), `
		select count(*), count(*) filter (where t.scheduled_for = '2026-06-01T10:00:00Z') from targets t
		where t.open and t.next_at = coalesce(t.scheduled_for, (select scheduled_for from posts where id = t.post_id))`).Scan(&onTime, &ownTime); err != nil {
		t.Fatal(err)
	}
	if onTime != 5 || ownTime != 1 {
		t.Errorf("%d of 5 targets are due at their time, %d of 1 that has its own", onTime, ownTime)
	}
}

// TestReshuffledPostIsPublishedEarlier moves a post from next month to the minute that is about to begin.
func TestReshuffledPostIsPublishedEarlier(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	now := w.clock()
	w.advance(-(time.Duration(now.Second()+3)%60)*time.Second - time.Duration(now.Nanosecond())) // the next minute begins in three seconds
	at := w.clock().UTC().Add(10 * time.Second).Truncate(time.Minute)
	id := w.queue(w.profile, slot(int(at.AddDate(0, 0, -2).Weekday()), "12:00"))
	post := w.do("POST", "/v1/posts", w.queued("soon")).want(201).text("post._id")
	got := w.do("PUT", "/v1/queue/slots", map[string]any{"profileId": w.profile, "queueId": id, "timezone": "UTC", "reshuffleExisting": true,
		"slots": []any{slot(int(at.Weekday()), at.Format("15:04"))}}).want(200)
	if got.at("reshuffledCount") != 1.0 || got.text("nextSlots.0") != at.Format(time.RFC3339) {
		t.Fatalf("changed: %s", got.body)
	}
	var read answer
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		if read = w.do("GET", "/v1/posts/"+post, nil).want(200); read.text("post.status") == "published" {
			break
		}
	}
	published, err := time.Parse(time.RFC3339, read.text("post.publishedAt"))
	if late := published.Sub(at); err != nil || late < 0 || late > 5*time.Second {
		t.Errorf("it was published %v after its slot: %s", late, read.body)
	}
}
