package api

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const keyHeader = "Idempotency-Key"

// later is a post to Bluesky for a time far ahead.
func (w *world) later(text string) map[string]any {
	return map[string]any{"content": text, "scheduledFor": "2026-06-01T10:00:00Z", "platforms": []any{target("bluesky", w.bluesky)}}
}

// total is how many posts the owner has.
func (w *world) total() int {
	w.t.Helper()
	n, _ := w.do("GET", "/v1/posts?includeHidden=true", nil).want(200).at("pagination.total").(float64)
	return int(n)
}

func (a answer) replayed() bool { return a.header.Get("Idempotent-Replayed") == "true" }

func TestIdempotencyKeyMakesOnePost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.do("POST", "/v1/posts", w.later("hello"), keyHeader, "a b~1").want(201)
	if first.replayed() {
		t.Error("the first answer says that it is replayed")
	}
	for _, path := range []string{"/v1/posts", "/api/v1/posts", "/v1/posts?x=1"} {
		again := w.do("POST", path, w.later("hello"), keyHeader, "a b~1").want(201)
		if string(again.body) != string(first.body) || !again.replayed() {
			t.Errorf("POST %s again: %s, replayed %t", path, again.body, again.replayed())
		}
	}
	reused := w.do("POST", "/v1/posts", w.later("goodbye"), keyHeader, "a b~1").want(422)
	if reused.text("code") != "idempotency_key_reused" || reused.text("type") != "invalid_request_error" {
		t.Errorf("another body: %s", reused.body)
	}
	if n := w.total(); n != 1 {
		t.Errorf("%d posts", n)
	}
	w.do("POST", "/v1/posts", w.later("hello"), keyHeader, "another").want(409) // the content is the same
	w.advance(24 * time.Hour)
	if late := w.do("POST", "/v1/posts", w.later("goodbye"), keyHeader, "a b~1").want(201); late.replayed() {
		t.Error("a day later the answer is still replayed")
	}
}

func TestIdempotencyKeyIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, key := range []string{"", strings.Repeat("k", 256), "schlüssel", "a\tb"} {
		a := w.do("POST", "/v1/posts", w.later("hello"), keyHeader, key).want(400)
		if a.text("code") != "invalid_field_value" || a.text("param") != keyHeader {
			t.Errorf("key %q: %s", key, a.body)
		}
	}
	w.do("POST", "/v1/posts", w.later("hello"), keyHeader, strings.Repeat("k", 255)).want(201)
	w.as(w.strangerKey, "POST", "/v1/profiles", map[string]any{"name": "x"}, keyHeader, strings.Repeat("k", 255)).want(201) // keys are the API key's own
}

func TestFailureReleasesTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := w.later(strings.Repeat("x", 400))
	w.do("POST", "/v1/posts", bad, keyHeader, "a").want(400)
	w.do("POST", "/v1/posts", w.later("hello"), keyHeader, "a").want(201)
	w.do("POST", "/v1/profiles", map[string]any{"name": "Second"}, keyHeader, "a").want(409)
	made := w.do("POST", "/v1/profiles", map[string]any{"name": "Third"}, keyHeader, "a").want(201)
	if again := w.do("POST", "/v1/profiles", map[string]any{"name": "Third"}, keyHeader, "a").want(201); string(again.body) != string(made.body) || !again.replayed() {
		t.Errorf("again: %s", again.body)
	}
}

func TestTwentyEqualRequestsMakeOnePost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wg sync.WaitGroup
	answers := make([]answer, 20)
	for i := range answers {
		wg.Go(func() { answers[i] = w.do("POST", "/v1/posts", w.later("once"), keyHeader, "a") })
	}
	wg.Wait()
	ids, made := map[string]bool{}, 0
	for _, a := range answers {
		switch {
		case a.status == 201:
			ids[a.text("post._id")] = true
			if !a.replayed() {
				made++
			}
		case a.status == http.StatusConflict && a.text("code") == "idempotency_conflict" && a.header.Get("Retry-After") != "":
		default:
			t.Errorf("status %d: %s", a.status, a.body)
		}
	}
	if len(ids) != 1 || made != 1 || w.total() != 1 {
		t.Errorf("%d requests made a post, posts %v, in all %d", made, ids, w.total())
	}
}

// crash makes a key look as if the server had died after the work was done and before the answer was stored.
func (w *world) crash(key string) {
	w.t.Helper()
	tag, err := w.app.Pool.Exec(w.t.Context(), `update idempotency_keys set status = null, body = null, held_until = created_at + interval '1 minute' where key = $1`, key)
	if err != nil || tag.RowsAffected() != 1 {
		w.t.Fatalf("%v, %d rows", err, tag.RowsAffected())
	}
}

func TestACrashDoesNotMakeASecondPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	draft := map[string]any{"content": "draft", "isDraft": true}
	for i, body := range []map[string]any{w.later("hello"), draft} {
		key := fmt.Sprint("crash", i)
		first := w.do("POST", "/v1/posts", body, keyHeader, key, "x-request-id", "id-"+key).want(201)
		w.crash(key)
		running := w.do("POST", "/v1/posts", body, keyHeader, key).want(409)
		if running.text("code") != "idempotency_conflict" || running.header.Get("Retry-After") != "2" {
			t.Errorf("while it may run: %s, %v", running.body, running.header)
		}
		w.advance(time.Minute)
		w.do("POST", "/v1/posts", w.later("other"), keyHeader, key).want(422)
		again := w.do("POST", "/v1/posts", body, keyHeader, key).want(201)
		if again.text("post._id") != first.text("post._id") || again.text("message") != first.text("message") || !again.replayed() {
			t.Errorf("after the crash: %s", again.body)
		}
		if third := w.do("POST", "/v1/posts", body, keyHeader, key).want(201); string(third.body) != string(again.body) || !third.replayed() {
			t.Errorf("and again: %s", third.body)
		}
		if n := w.total(); n != i+1 {
			t.Errorf("%d posts after %d requests", n, i+1)
		}
	}
	profile := map[string]any{"name": "Brand"}
	made := w.do("POST", "/v1/profiles", profile, keyHeader, "crash").want(201)
	w.crash("crash")
	w.advance(time.Minute)
	again := w.do("POST", "/v1/profiles", profile, keyHeader, "crash").want(409)
	if again.text("code") != "profile_name_conflict" || again.text("details.existingProfileId") != made.text("profile._id") {
		t.Errorf("a profile after a crash: %s", again.body)
	}
}

func TestBothNamesOfARequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.do("POST", "/v1/posts", w.later("hello"), "x-request-id", "r1").want(201)
	replay := w.do("POST", "/v1/posts", w.later("hello"), "x-request-id", "r1", keyHeader, "a").want(200)
	if replay.text("existingPost._id") != first.text("post._id") {
		t.Errorf("by the request ID: %s", replay.body)
	}
	if again := w.do("POST", "/v1/posts", w.later("hello"), keyHeader, "a").want(200); !again.replayed() || again.text("post._id") != first.text("post._id") {
		t.Errorf("by the key: %s", again.body)
	}
}

func TestPublishedOnceUnderAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	body := map[string]any{"content": "now", "publishNow": true, "platforms": []any{target("bluesky", w.bluesky)}}
	first := w.do("POST", "/v1/posts", body, keyHeader, "a").want(201)
	if first.text("post.status") != "published" {
		t.Fatalf("%s", first.body)
	}
	if again := w.do("POST", "/v1/posts", body, keyHeader, "a").want(201); string(again.body) != string(first.body) || !again.replayed() {
		t.Errorf("again: %s", again.body)
	}
	if _, err := w.app.Pool.Exec(t.Context(), `update idempotency_keys set status = null, body = null, held_until = created_at`); err != nil {
		t.Fatal(err)
	}
	after := w.do("POST", "/v1/posts", body, keyHeader, "a").want(201)
	if after.text("message") != "Post published successfully" || after.text("post._id") != first.text("post._id") || !after.replayed() {
		t.Errorf("after a crash: %s", after.body)
	}
}
