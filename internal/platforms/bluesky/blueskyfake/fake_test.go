package blueskyfake

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"posthorn/internal/platforms/farside"
)

func TestDirectives(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	want(t, "fail", c.put(key(0), said("[[sandbox:fail]]", nil)), 400, "InvalidRequest", "asked to refuse")
	want(t, "fail with a code", c.put(key(0), said("[[sandbox:fail:AccountTakedown]]", nil)), 400, "AccountTakedown", "")
	for range 2 {
		want(t, "flaky", c.put(key(0), said("[[sandbox:flaky:2]]", nil)), 502, "UpstreamFailure", "")
	}
	if len(c.fake.Posts()) != 0 {
		t.Fatal("a refused post is visible")
	}
	want(t, "third time", c.put(key(0), said("[[sandbox:flaky:2]]", nil)), 200, "", "")

	put := func() (answer, error) {
		body := `{"repo":"` + c.did + `","collection":"app.bsky.feed.post","rkey":"` + key(1) + `","swapRecord":null,"record":{"text":"[[sandbox:drop]]","createdAt":"2026-11-23T10:00:00Z"}}`
		return c.try(http.MethodPost, pds("com.atproto.repo.putRecord"), c.token, "application/json", []byte(body))
	}
	if a, err := put(); !hungUp(err) {
		t.Errorf("drop: %v %v", a, err)
	}
	if len(c.fake.Posts()) != 2 {
		t.Error("what was dropped is stored")
	}
	if a, err := put(); err != nil || a.status != 200 || a.body["commit"] != nil {
		t.Errorf("again: %s %v", a.raw, err)
	}
	want(t, "once for a text", c.put(key(2), said("[[sandbox:drop]]", nil)), 200, "", "")
	want(t, "only posts are read", c.put("self", obj{"text": "[[sandbox:fail]]"}, obj{"collection": "com.example.thing"}), 200, "", "")
}

func TestFaults(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	const nsid = "com.atproto.repo.putRecord"
	c.fake.FailNext(nsid, 503, "ServiceUnavailable")
	c.fake.FailNext(nsid, 429, "RateLimitExceeded")
	want(t, "first", c.put(key(0), said("x", nil)), 503, "ServiceUnavailable", "")
	limited := c.put(key(0), said("x", nil))
	want(t, "second", limited, 429, "RateLimitExceeded", "")
	if limited.header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	if len(c.fake.Posts()) != 0 {
		t.Error("stored in spite of the fault")
	}
	c.fake.DropNext(nsid)
	_, err := c.try(http.MethodPost, pds(nsid), c.token, "application/json",
		[]byte(`{"repo":"`+c.did+`","collection":"app.bsky.feed.post","rkey":"`+key(0)+`","record":{"text":"x","createdAt":"2026-11-23T10:00:00.000Z"}}`))
	if !hungUp(err) {
		t.Errorf("dropped: %v", err)
	}
	want(t, "after", c.put(key(0), said("x", nil)), 200, "", "")
	if len(c.fake.Posts()) != 1 {
		t.Error("not stored in spite of the drop")
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	for i := range 5 {
		want(t, "put", c.put(key(i), said(key(i), nil)), 200, "", "")
	}
	got := c.get(publicHost, "com.atproto.repo.getRecord", "", "repo", c.me.Username, "collection", posts, "rkey", key(3))
	if got.status != 200 || got.text("value", "text") != key(3) || got.text("cid") == "" {
		t.Errorf("getRecord: %d %s", got.status, got.raw)
	}
	want(t, "no key", c.get(pdsHost, "com.atproto.repo.getRecord", "", "repo", c.did, "collection", posts), 400, "InvalidRequest", "")
	want(t, "other version", c.get(pdsHost, "com.atproto.repo.getRecord", "", "repo", c.did, "collection", posts, "rkey", key(3), "cid", cidOther), 400, "RecordNotFound", "")
	want(t, "no repo", c.get(pdsHost, "com.atproto.repo.getRecord", "", "repo", "did:plc:x", "collection", posts, "rkey", key(3)), 400, "InvalidRequest", "Could not find repo")
	var all []string
	cursor := ""
	for range 4 {
		page := c.get(pdsHost, "com.atproto.repo.listRecords", "", "repo", c.did, "collection", posts, "limit", "2", "cursor", cursor)
		for _, r := range page.body["records"].([]any) {
			all = append(all, stringIn(r, "value", "text"))
		}
		cursor = page.text("cursor")
		if cursor == "" {
			break
		}
	}
	if strings.Join(all, " ") != strings.Join([]string{key(4), key(3), key(2), key(1), key(0)}, " ") || cursor != "" {
		t.Errorf("pages: %v, then %q", all, cursor)
	}
	want(t, "limit", c.get(pdsHost, "com.atproto.repo.listRecords", "", "repo", c.did, "collection", posts, "limit", "200"), 400, "InvalidRequest", "limit")
	if a := c.get(pdsHost, "com.atproto.repo.describeRepo", "", "repo", c.did); !strings.Contains(string(a.raw), `"collections":["app.bsky.actor.profile","app.bsky.feed.post"]`) {
		t.Errorf("describeRepo: %s", a.raw)
	}
}

func TestReadService(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	root := c.put(key(0), said("root", nil))
	ref := obj{"uri": root.text("uri"), "cid": root.text("cid")}
	reply := c.put(key(1), said("reply", obj{"reply": obj{"root": ref, "parent": ref}}))
	quote := c.put(key(2), said("quote", obj{"embed": obj{"$type": "app.bsky.embed.record", "record": ref}}))
	want(t, "quote", quote, 200, "", "")
	want(t, "like", c.put(key(3), obj{"subject": ref, "createdAt": "2026-11-23T10:00:00Z"}, obj{"collection": "app.bsky.feed.like"}), 200, "", "")

	a := c.get(publicHost, "app.bsky.feed.getPosts", "", "uris", root.text("uri"), "uris", "at://"+c.me.Username+"/app.bsky.feed.post/"+key(1), "uris", "at://"+c.did+"/app.bsky.feed.post/"+key(9))
	list := a.body["posts"].([]any)
	first := list[0].(obj)
	if len(list) != 2 || first["likeCount"] != 1.0 || first["replyCount"] != 1.0 || first["quoteCount"] != 1.0 || stringIn(first, "author", "handle") != c.me.Username || stringIn(first, "record", "text") != "root" {
		t.Errorf("getPosts: %s", a.raw)
	}
	thread := c.get(appViewHost, "app.bsky.feed.getPostThread", "", "uri", reply.text("uri"))
	if thread.text("thread", "post", "uri") != reply.text("uri") || thread.text("thread", "parent", "post", "uri") != root.text("uri") {
		t.Errorf("thread: %s", thread.raw)
	}
	below := c.get(appViewHost, "app.bsky.feed.getPostThread", "", "uri", root.text("uri"))
	if replies := inside(below.body, "thread", "replies").([]any); len(replies) != 1 || stringIn(replies[0], "post", "uri") != reply.text("uri") {
		t.Errorf("replies: %s", below.raw)
	}
	want(t, "no thread", c.get(publicHost, "app.bsky.feed.getPostThread", "", "uri", "at://"+c.did+"/app.bsky.feed.post/"+key(9)), 400, "NotFound", "Post not found")
	feed := c.get(publicHost, "app.bsky.feed.getAuthorFeed", "", "actor", c.me.Username, "filter", "posts_no_replies", "limit", "1")
	if items := feed.body["feed"].([]any); len(items) != 1 || stringIn(items[0], "post", "uri") != quote.text("uri") {
		t.Errorf("feed: %s", feed.raw)
	}
	next := c.get(publicHost, "app.bsky.feed.getAuthorFeed", "", "actor", c.did, "filter", "posts_no_replies", "cursor", feed.text("cursor"))
	if items := next.body["feed"].([]any); len(items) != 1 || stringIn(items[0], "post", "uri") != root.text("uri") {
		t.Errorf("next page: %s", next.raw)
	}
	if p := c.get(publicHost, "app.bsky.actor.getProfile", "", "actor", c.me.Username); p.text("did") != c.did || p.text("displayName") != "Lantern" || p.body["postsCount"] != 3.0 || p.text("avatar") != c.me.PictureURL {
		t.Errorf("profile: %s", p.raw)
	}
	if p := c.get(publicHost, "app.bsky.actor.getProfiles", "", "actors", c.did, "actors", "harbour.bsky.social"); len(p.body["profiles"].([]any)) != 2 {
		t.Errorf("profiles: %s", p.raw)
	}
	want(t, "nobody", c.get(publicHost, "app.bsky.actor.getProfile", "", "actor", "x.y"), 400, "InvalidRequest", "Profile not found")
	want(t, "through the account's host", c.get(pdsHost, "app.bsky.feed.getPosts", c.token, "uris", root.text("uri")), 200, "", "")
	want(t, "without login", c.get(pdsHost, "app.bsky.feed.getPosts", "", "uris", root.text("uri")), 401, "AuthMissing", "")
	want(t, "no writes here", c.send("POST", "https://public.api.bsky.app/xrpc/com.atproto.repo.putRecord", c.token, "application/json", []byte("{}")), 501, "MethodNotImplemented", "")
}

func TestWall(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	blob := c.upload(dot, "image/png")
	root := c.put(key(0), said("<b>root</b>", images("a dot", blob, blob)))
	ref := obj{"uri": root.text("uri"), "cid": root.text("cid")}
	want(t, "reply", c.put(key(1), said("reply", obj{"reply": obj{"root": ref, "parent": ref}, "embed": card(obj{"title": "T", "thumb": blob})["embed"]})), 200, "", "")
	p := c.fake.Posts()
	if len(p) != 2 || p[0].Text != "reply" || p[0].ReplyTo != p[1].ID || p[0].Link == nil || p[0].Link.Title != "T" || p[0].Kind != "text" {
		t.Fatalf("posts: %+v", p)
	}
	if p[1].Kind != "carousel" || len(p[1].Media) != 2 || p[1].Media[0].URL != "/cdn.bsky.app/img/"+c.did+"/"+cidDot || p[1].Media[0].Alt != "a dot" || p[1].Account != c.did || p[1].Username != c.me.Username {
		t.Errorf("root: %+v", p[1])
	}
	if p[1].URL != "https://bsky.app/profile/"+c.me.Username+"/post/"+key(0) {
		t.Errorf("permalink: %s", p[1].URL)
	}
	page := c.send("GET", p[1].URL, "", "", nil)
	if !strings.Contains(string(page.raw), "&lt;b&gt;root") || strings.Contains(string(page.raw), "reply") || !strings.Contains(string(page.raw), `src="../../../../cdn.bsky.app/img/`+c.did) {
		t.Errorf("page: %s", page.raw)
	}
	if all := c.send("GET", "https://bsky.app/profile/"+c.did, "", "", nil); !strings.Contains(string(all.raw), "reply") || !strings.Contains(string(all.raw), `src="../../cdn.bsky.app/`) {
		t.Errorf("profile page: %s", all.raw)
	}
	for _, address := range []string{"https://bsky.app/", "https://bsky.app/profile/x", "https://bsky.app/profile/" + c.did + "/post/" + key(7)} {
		if a := c.send("GET", address, "", "", nil); a.status != 404 {
			t.Errorf("%s: %d", address, a.status)
		}
	}
}

// TestHostileInput holds that nothing makes the far side panic, and that errors stay JSON.
func TestHostileInput(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	deep := strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000)
	bodies := []string{"", "null", "[]", "0", `"x"`, "{}", deep, `{"repo":1,"record":[]}`, "\xff\xfe", `{"writes":[null]}`, `{"writes":[{"$type":"` + batchCreate + `"}]}`,
		`{"repo":"` + c.did + `","writes":[{"$type":"` + batchDelete + `","collection":"a.b.c","rkey":"x","value":3}],"swapCommit":null}`,
		`{"repo":"` + c.did + `","collection":"app.bsky.feed.like","record":{"subject":[],"createdAt":null},"validate":false,"rkey":"x"}`,
		`{"repo":"` + c.did + `","collection":"app.bsky.feed.post","rkey":"` + key(0) + `","validate":false,"record":{"text":4,"embed":{"$type":"app.bsky.embed.images","images":[3,{"image":{"$type":"blob"}}]},"reply":"x"}}`,
		`{"repo":"` + c.did + `","collection":"app.bsky.actor.profile","rkey":"self","record":{"displayName":"x"}}`,
		`{"repo":"` + c.did + `","collection":"app.bsky.actor.profile","rkey":"self"}`,
	}
	headers := []string{"", "Bearer", "Bearer a.b.c", "Bearer " + c.token, "Basic eA==", "Bearer  x", "Bearer " + strings.Repeat(".", 5000)}
	for _, host := range append(c.fake.Hosts(), "nowhere.example", "", "[::1]:80") {
		for nsid := range joined(pdsMethods, videoMethods, map[string]method{"": {}, "x": {}, "a.b.unknown": {}}) {
			for i, body := range bodies {
				for _, method := range []string{"GET", "POST"} {
					r := httptest.NewRequest(method, "/xrpc/"+nsid+"?repo="+c.did+"&uri=at://"+c.did+"&uris=%00&limit=-1&did=x&cid=b&jobId=&actor=&collection=a.b.c&rkey=..", strings.NewReader(body))
					r.Host, r.RemoteAddr = host, host+body[:min(9, len(body))]+nsid+headers[i%len(headers)]
					r.Header.Set("Authorization", headers[(i+len(nsid))%len(headers)])
					r.Header.Set("Content-Type", []string{"application/json", "video/mp4"}[i%2])
					w := httptest.NewRecorder()
					c.fake.ServeHTTP(w, r)
					if w.Code >= 400 && host != siteHost && !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
						t.Errorf("%s %s %q: %d %s", host, nsid, body, w.Code, w.Body)
					}
				}
			}
		}
	}
	for _, path := range []string{"/", "/img/", "/img/x", "/profile", "/profile//post/", "/xrpc/", "/..%2f", "/did:plc:x"} {
		for _, host := range c.fake.Hosts() {
			if a := c.send("GET", "https://"+host+path, "", "", nil); a.status != 404 && a.status != 400 {
				t.Errorf("%s%s: %d", host, path, a.status)
			}
		}
	}
	c.fake.Posts()
	want(t, "still well", c.get(publicHost, "app.bsky.actor.getProfile", "", "actor", c.did), 200, "", "")
}
