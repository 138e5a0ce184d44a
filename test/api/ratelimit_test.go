package api

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"
)

// number reads a header that holds one.
func (a answer) number(header string) int {
	a.t.Helper()
	n, err := strconv.Atoi(a.header.Get(header))
	if err != nil {
		a.t.Fatalf("%s is %q in an answer with status %d", header, a.header.Get(header), a.status)
	}
	return n
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_API_RATE_LIMIT=60,600,1200")
	if got := w.as("", "GET", "/v1/posts", nil).want(401); got.number("X-RateLimit-Limit") != 60 {
		t.Errorf("without a key: %v", got.header)
	}
	if got := w.as("", "GET", "/healthz", nil).want(200); got.number("X-RateLimit-Remaining") != 60 {
		t.Errorf("an open route: %v", got.header)
	}
	// The stranger has no account: 60 a minute. The owner has those of the sandbox.
	reset := int(start.Add(time.Minute).Unix())
	for i := range 60 {
		path, status := "/v1/posts", 200
		if i == 5 {
			path, status = "/v1/posts/nonsense", 404 // a refused request counts too
		}
		got := w.as(w.strangerKey, "GET", path, nil).want(status)
		if got.number("X-RateLimit-Limit") != 60 || got.number("X-RateLimit-Remaining") != 59-i || got.number("X-RateLimit-Reset") < reset || got.number("X-RateLimit-Reset") > reset+1 {
			t.Fatalf("request %d: %v", i, got.header)
		}
	}
	over := w.as(w.strangerKey, "GET", "/v1/posts", nil).want(429)
	if over.text("code") != "rate_limit_exceeded" || over.text("type") != "rate_limit_error" || over.number("X-RateLimit-Remaining") != 0 || over.number("Retry-After") < 60 || over.number("Retry-After") > 61 {
		t.Errorf("over the limit: %v %s", over.header, over.body)
	}
	if got := w.do("GET", "/v1/posts", nil).want(200); got.number("X-RateLimit-Remaining") != got.number("X-RateLimit-Limit")-1 {
		t.Errorf("another owner: %v", got.header)
	}
	w.advance(time.Duration(over.number("Retry-After")) * time.Second)
	w.as(w.strangerKey, "GET", "/v1/posts", nil).want(200)
	if len(w.accounts) >= 3 {
		if got := w.do("GET", "/v1/posts", nil).want(200); got.number("X-RateLimit-Limit") != 600 {
			t.Errorf("an owner with %d accounts: %v", len(w.accounts), got.header)
		}
	}
}

// scheduled asks for a post at one account at a time.
func (w *world) scheduled(text, account string, at time.Time) answer {
	w.t.Helper()
	return w.do("POST", "/v1/posts", map[string]any{"content": text, "scheduledFor": at.Format(time.RFC3339), "platforms": []any{target("bluesky", account)}})
}

// TestVelocity makes more posts at once than an account may publish in an hour.
func TestVelocity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_VELOCITY_LIMIT=10", "POSTHORN_PUBLISH_WAIT=10ms")
	due := start.Add(48 * time.Hour)
	var mu sync.Mutex
	statuses := map[int]int{}
	var making sync.WaitGroup
	for i := range 20 {
		making.Go(func() {
			got := w.scheduled(fmt.Sprintf("post %d", i), w.bluesky, due.Add(time.Duration(i)*time.Minute))
			mu.Lock()
			statuses[got.status]++
			mu.Unlock()
		})
	}
	making.Wait()
	if statuses[201] != 10 || statuses[429] != 10 {
		t.Fatalf("statuses are %v, want ten of 201 and ten of 429", statuses)
	}
	over := w.scheduled("one more", w.bluesky, due.Add(30*time.Minute)).want(429)
	if over.text("code") != "rate_limited" || over.text("type") != "rate_limit_error" || over.text("details.accountId") != w.bluesky || over.text("details.platform") != "bluesky" ||
		over.at("details.limit") != 10.0 || over.at("details.used") != 10.0 || over.text("details.window") != "1h" || over.text("param") != "platforms[0]" {
		t.Errorf("over the limit: %s", over.body)
	}
	free, err := time.Parse(time.RFC3339, over.text("details.resetAt"))
	if err != nil {
		t.Fatal(err)
	}
	if over.number("Retry-After") != int(free.Sub(start).Seconds()) {
		t.Errorf("Retry-After is %s, and there is room at %s", over.header.Get("Retry-After"), free)
	}
	w.scheduled("when there is room", w.bluesky, free).want(201)
	w.scheduled("a day later", w.bluesky, due.Add(24*time.Hour)).want(201)
	for i := range 10 { // a time that is over means at once
		w.scheduled(fmt.Sprintf("late %d", i), w.bluesky, start.AddDate(0, 0, -30)).want(207)
		if i == 0 {
			w.do("POST", "/v1/posts", map[string]any{"content": "a draft", "isDraft": true, "platforms": []any{target("bluesky", w.bluesky)}}).want(201)
		}
	}
	w.scheduled("too late", w.bluesky, start.AddDate(0, 0, -60)).want(429)
	if got := w.do("GET", "/v1/posts", nil).want(200); got.at("pagination.total") != 23.0 {
		t.Errorf("a refused post was stored: %v in all", got.at("pagination.total"))
	}
	// What is deleted makes room.
	mine := w.do("GET", "/v1/posts?search=a+day+later", nil).want(200).text("posts.0._id")
	for i := range 9 {
		w.scheduled(fmt.Sprintf("tomorrow %d", i), w.bluesky, due.Add(24*time.Hour)).want(201)
	}
	w.scheduled("full again", w.bluesky, due.Add(24*time.Hour)).want(429)
	w.do("DELETE", "/v1/posts/"+mine, nil).want(200)
	w.scheduled("full again", w.bluesky, due.Add(24*time.Hour)).want(201)
}

func TestDailyCap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_DAILY_CAPS=bluesky=3,*=1")
	for i := range 3 {
		w.scheduled(fmt.Sprintf("post %d", i), w.bluesky, start.Add(time.Duration(i)*6*time.Hour+time.Hour)).want(201)
	}
	if over := w.scheduled("one more", w.bluesky, start.Add(20*time.Hour)).want(429); over.text("details.window") != "24h" || over.at("details.limit") != 3.0 ||
		over.text("details.resetAt") != start.Add(25*time.Hour).Format(time.RFC3339) {
		t.Errorf("over the cap: %s", over.body)
	}
	w.scheduled("the next day", w.bluesky, start.Add(25*time.Hour)).want(201)
	photo := func(text string) answer {
		return w.do("POST", "/v1/posts", map[string]any{"content": text, "scheduledFor": start.Add(time.Hour).Format(time.RFC3339),
			"mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "coast.jpg"}}, "platforms": []any{target("instagram", w.instagram)}})
	}
	photo("one").want(201)
	photo("two").want(429)
}

// TestPaceOfChanges: what moves a post or works on it again is held to the same limits as what makes one, and does not count itself.
func TestPaceOfChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_VELOCITY_LIMIT=2")
	due := start.Add(48 * time.Hour)
	for i := range 2 {
		w.scheduled(fmt.Sprintf("post %d", i), w.bluesky, due).want(201)
	}
	later := w.scheduled("later", w.bluesky, due.Add(2*time.Hour)).want(201).text("post._id")
	draft := w.do("POST", "/v1/posts", map[string]any{"content": "a draft", "isDraft": true, "platforms": []any{target("bluesky", w.bluesky)}}).want(201).text("post._id")
	move := func(post string, at time.Time) answer {
		return w.do("PUT", "/v1/posts/"+post, map[string]any{"scheduledFor": at.Format(time.RFC3339), "isDraft": false})
	}
	for _, post := range []string{later, draft} {
		if got := move(post, due.Add(30*time.Minute)).want(429); got.text("rule") != "account.velocity" {
			t.Errorf("over the pace: %s", got.body)
		}
	}
	if got := w.do("GET", "/v1/posts/"+draft, nil).want(200).text("post.status"); got != "draft" {
		t.Errorf("the draft is %s after an update that was refused", got)
	}
	move(draft, due.Add(150*time.Minute)).want(200)
	move(later, due.Add(130*time.Minute)).want(200)
	w.do("PUT", "/v1/posts/"+later, map[string]any{"content": "another text"}).want(200)
}
