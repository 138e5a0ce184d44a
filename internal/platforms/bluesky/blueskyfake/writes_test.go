package blueskyfake

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
)

// The cids in this file were given by the reference PDS, version 0.4.217, for the same records.
const (
	cidOne   = "bafyreia6vyomlv7nmxteyoe7dr6q36jkl4fzeu7jp45buka5uqi72nwk3m"
	cidThree = "bafyreido35plm7jxxwisjiapcztuxr3g66jqg6inqfc5yhgeddnhszlape"
	cidOther = "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
)

func TestPutIsIdempotent(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	k := key(0)
	first := c.put(k, said("one", nil))
	if first.status != 200 || first.text("cid") != cidOne || first.text("uri") != "at://"+c.did+"/app.bsky.feed.post/"+k ||
		first.text("validationStatus") != "valid" || !validCID(first.text("commit", "cid")) || !tidForm.MatchString(first.text("commit", "rev")) {
		t.Fatalf("first: %d %s", first.status, first.raw)
	}
	again := c.put(k, said("one", nil))
	if again.status != 200 || again.text("cid") != cidOne || again.body["commit"] != nil {
		t.Errorf("again: %d %s", again.status, again.raw)
	}
	want(t, "other text, null", c.put(k, said("two", nil)), 400, "InvalidSwap", "Record was at "+cidOne)
	want(t, "other text, wrong cid", c.put(k, said("two", nil), obj{"swapRecord": cidOther}), 400, "InvalidSwap", "Record was at "+cidOne)
	want(t, "nothing there, a cid", c.put(key(1), said("two", nil), obj{"swapRecord": cidOther}), 400, "InvalidSwap", "Record was at null")
	want(t, "wrong commit", c.put(key(1), said("two", nil), obj{"swapCommit": cidOther}), 400, "InvalidSwap", "Commit was at "+first.text("commit", "cid"))
	if posts := c.fake.Posts(); len(posts) != 1 || posts[0].Text != "one" {
		t.Fatalf("posts: %+v", posts)
	}
	edit := c.put(k, said("three", nil), obj{"swapRecord": "absent"})
	if edit.status != 200 || edit.text("cid") != cidThree || edit.body["commit"] == nil {
		t.Errorf("edit: %d %s", edit.status, edit.raw)
	}
	want(t, "right cid", c.put(k, said("four", nil), obj{"swapRecord": cidThree}), 200, "", "")
	want(t, "right commit", c.put(key(2), said("five", nil), obj{"swapCommit": c.fake.accounts[0].head}), 200, "", "")
	want(t, "edit of the older", c.put(k, said("six", nil), obj{"swapRecord": "absent"}), 200, "", "")
	if posts := c.fake.Posts(); len(posts) != 2 || posts[0].Text != "five" || posts[1].Text != "six" {
		t.Errorf("an edit moved the post: %+v", posts)
	}
}

func TestParallelPutsMakeOneCommit(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	var wg sync.WaitGroup
	answers := make([]answer, 12)
	for i := range answers {
		wg.Go(func() { answers[i] = c.put(key(0), said("one", nil)) })
	}
	wg.Wait()
	commits := 0
	for _, a := range answers {
		if a.status != 200 || a.text("cid") != cidOne {
			t.Errorf("%d %s", a.status, a.raw)
		}
		if a.body["commit"] != nil {
			commits++
		}
	}
	if commits != 1 || len(c.fake.Posts()) != 1 {
		t.Errorf("%d commits, %d posts", commits, len(c.fake.Posts()))
	}
}

func TestCreateRecord(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	create := func(changes obj) answer {
		body := obj{"repo": c.did, "collection": "app.bsky.feed.post", "record": said("one", nil)}
		for k, v := range changes {
			body[k] = v
		}
		return c.post("com.atproto.repo.createRecord", c.token, body)
	}
	a := create(nil)
	if _, _, k, _ := splitURI(a.text("uri")); a.status != 200 || !tidForm.MatchString(k) || a.text("cid") != cidOne || a.body["commit"] == nil {
		t.Errorf("without key: %d %s", a.status, a.raw)
	}
	want(t, "chosen key", create(obj{"rkey": key(0)}), 200, "", "")
	want(t, "same again", create(obj{"rkey": key(0)}), 500, "InternalServerError", "Internal Server Error")
	want(t, "other content", create(obj{"rkey": key(0), "record": said("two", nil)}), 500, "InternalServerError", "")
	want(t, "null key", create(obj{"rkey": nil}), 400, "InvalidRequest", "Expected string value type (got null) at $.rkey")
	want(t, "wrong commit", create(obj{"swapCommit": cidOther}), 400, "InvalidSwap", "Commit was at")

	like := obj{"$type": "app.bsky.feed.like", "subject": obj{"uri": a.text("uri"), "cid": cidOne}, "createdAt": "2026-11-23T10:00:00Z"}
	for range 2 {
		want(t, "like", create(obj{"collection": "app.bsky.feed.like", "record": like}), 200, "", "")
	}
	if likes := c.get(pdsHost, "com.atproto.repo.listRecords", "", "repo", c.did, "collection", "app.bsky.feed.like"); len(likes.body["records"].([]any)) != 1 {
		t.Errorf("a second like of the same post did not replace the first: %s", likes.raw)
	}
}

func TestWhoseRepository(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	want(t, "by handle", c.put(key(0), said("x", nil), obj{"repo": c.me.Username}), 200, "", "")
	want(t, "another's", c.put(key(1), said("x", nil), obj{"repo": "harbour.bsky.social"}), 401, "AuthenticationRequired", "")
	want(t, "nobody's", c.put(key(1), said("x", nil), obj{"repo": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"}), 403, "AccountNotFound", "")
	want(t, "garbage", c.put(key(1), said("x", nil), obj{"repo": "x y"}), 400, "InvalidRequest", "Invalid AT identifier")
	c.token = ""
	want(t, "no token", c.put(key(1), said("x", nil)), 401, "AuthMissing", "")
}

func TestDelete(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	del := func(changes obj) answer {
		body := obj{"repo": c.did, "collection": "app.bsky.feed.post", "rkey": key(0)}
		for k, v := range changes {
			body[k] = v
		}
		return c.post("com.atproto.repo.deleteRecord", c.token, body)
	}
	if a := del(nil); a.status != 200 || string(a.raw) != "{}" {
		t.Errorf("nothing there: %d %s", a.status, a.raw)
	}
	c.put(key(0), said("one", nil))
	want(t, "another cid", del(obj{"swapRecord": cidOther}), 400, "InvalidSwap", "Record was at "+cidOne)
	if a := del(obj{"swapRecord": cidOne}); a.status != 200 || a.text("commit", "rev") == "" {
		t.Errorf("delete: %d %s", a.status, a.raw)
	}
	if a := del(nil); a.status != 200 || string(a.raw) != "{}" {
		t.Errorf("again: %d %s", a.status, a.raw)
	}
	want(t, "gone", c.get(pdsHost, "com.atproto.repo.getRecord", "", "repo", c.did, "collection", posts, "rkey", key(0)), 400, "RecordNotFound", "Could not locate record: at://"+c.did)
	if len(c.fake.Posts()) != 0 {
		t.Error("still visible")
	}
}

func TestApplyWritesIsAtomic(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	op := func(kind, k, text string) obj {
		out := obj{"$type": "com.atproto.repo.applyWrites#" + kind, "collection": posts, "rkey": k}
		if text != "" {
			out["value"] = said(text, nil)
		}
		return out
	}
	apply := func(writes ...any) answer {
		return c.post("com.atproto.repo.applyWrites", c.token, obj{"repo": c.did, "writes": append([]any{}, writes...)})
	}
	a := apply(op("create", key(0), "one"), op("create", key(1), "three"))
	if a.status != 200 || stringIn(a.body["results"].([]any)[0], "cid") != cidOne || a.text("commit", "cid") == "" {
		t.Errorf("two creates: %d %s", a.status, a.raw)
	}
	want(t, "the same again", apply(op("create", key(2), "x"), op("create", key(0), "one")), 500, "InternalServerError", "")
	want(t, "twice in one", apply(op("create", key(2), "x"), op("create", key(2), "y")), 500, "InternalServerError", "")
	want(t, "update of nothing", apply(op("create", key(2), "x"), op("update", key(3), "y")), 500, "InternalServerError", "")
	want(t, "delete of nothing", apply(op("create", key(2), "x"), op("delete", key(3), "")), 500, "InternalServerError", "")
	want(t, "one is invalid", apply(op("create", key(2), "x"), op("create", key(3), strings.Repeat("a", 301))), 400, "InvalidRequest", "at $.writes[1].record.text")
	want(t, "unknown kind", apply(op("twist", key(2), "x")), 400, "InvalidRequest", "Expected one of")
	want(t, "no kind", apply(obj{}), 400, "InvalidRequest", "$type")
	want(t, "none", apply(), 200, "", "")
	many := []any{}
	for i := range 201 {
		many = append(many, op("create", key(10+i), "x"))
	}
	want(t, "201", apply(many...), 400, "InvalidRequest", "Too many writes. Max: 200")
	if n := len(c.fake.Posts()); n != 2 {
		t.Fatalf("%d posts, want 2", n)
	}
	want(t, "all kinds", apply(op("delete", key(0), ""), op("update", key(1), "new"), op("create", key(0), "back")), 200, "", "")
	if n := len(c.fake.Posts()); n != 2 {
		t.Errorf("%d posts, want 2", n)
	}
}

func TestPointsBudget(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	a := c.put(key(0), said("one", nil))
	if a.header.Get("RateLimit-Limit") != "3000" || a.header.Get("RateLimit-Policy") != "3000;w=300" || a.header.Get("RateLimit-Reset") != "1795428300" ||
		a.header.Get("RateLimit-Remaining") != "2999" {
		t.Errorf("headers of the first write: %v", a.header)
	}
	batch := obj{"repo": c.did, "writes": []any{}}
	for i := range 200 { // 600 points, and refused for its content: the points are gone all the same
		batch["writes"] = append(batch["writes"].([]any), obj{"$type": batchCreate, "collection": posts, "rkey": key(1 + i), "value": obj{}})
	}
	for range 8 {
		want(t, "batch", c.post("com.atproto.repo.applyWrites", c.token, batch), 400, "InvalidRequest", "")
	}
	for i := range 99 { // 2 + 4800 + 198 = 5000
		want(t, "put", c.put(key(500+i), said("x", nil)), 200, "", "")
	}
	a = c.put(key(999), said("x", nil))
	want(t, "over", a, 429, "RateLimitExceeded", "")
	if a.header.Get("RateLimit-Limit") != "5000" || a.header.Get("Retry-After") != "3600" || a.header.Get("RateLimit-Reset") != "1795431600" {
		t.Errorf("headers: %v", a.header)
	}
	c.clock.add(time.Hour)
	c.token = c.post("com.atproto.server.refreshSession", c.me.Refresh, nil).text("accessJwt")
	want(t, "next hour", c.put(key(999), said("x", nil)), 200, "", "")
}

func TestAddressLimit(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	for range 3000 {
		if err := c.fake.admit(&call{address: "127.0.0.1"}, services[pdsHost], method{}, ""); err != nil {
			t.Fatal(err)
		}
	}
	a := c.get(pdsHost, "com.atproto.server.describeServer", "")
	want(t, "over", a, http.StatusTooManyRequests, "RateLimitExceeded", "")
	if a.header.Get("Retry-After") != "300" {
		t.Errorf("headers: %v", a.header)
	}
	want(t, "the read service", c.get(publicHost, "app.bsky.actor.getProfile", "", "actor", c.did), 200, "", "")
}
