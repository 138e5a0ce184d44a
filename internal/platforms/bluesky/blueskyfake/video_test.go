package blueskyfake

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
)

func mp4(text string) []byte {
	return []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42" + text)
}

func (c *client) serviceToken(aud, lxm string) string {
	c.t.Helper()
	return c.get(pdsHost, "com.atproto.server.getServiceAuth", c.token, "aud", aud, "lxm", lxm).text("token")
}

func (c *client) sendVideo(name string, data []byte) answer {
	c.t.Helper()
	token := c.serviceToken("did:web:"+pdsHost, "com.atproto.repo.uploadBlob")
	address := "https://video.bsky.app/xrpc/app.bsky.video.uploadVideo?did=" + c.did + "&name=" + url.QueryEscape(name)
	return c.send("POST", address, token, "video/mp4", data)
}

func (c *client) job(id string) obj {
	c.t.Helper()
	a := c.get(videoHost, "app.bsky.video.getJobStatus", "", "jobId", id)
	status, _ := a.body["jobStatus"].(obj)
	return status
}

func TestVideo(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{Processing: time.Second})
	a := c.sendVideo("clip.mp4", mp4("one"))
	id := a.text("jobId")
	if a.status != 200 || id == "" || a.text("state") != jobCreated || a.body["jobStatus"] != nil {
		t.Fatalf("upload: %d %s", a.status, a.raw)
	}
	c.clock.add(5 * time.Second)
	if s := c.job(id); s["state"] != jobEncoding || s["progress"] != 50.0 || s["blob"] != nil {
		t.Errorf("halfway: %v", s)
	}
	busy := c.sendVideo("clip.mp4", mp4("one"))
	want(t, "same bytes while busy", busy, 409, "already_exists", "")
	c.clock.add(4500 * time.Millisecond)
	if s := c.job(id); s["state"] != jobScanning {
		t.Errorf("nearly: %v", s)
	}
	c.clock.add(500 * time.Millisecond)
	done := c.job(id)
	if done["state"] != jobCompleted || stringIn(done, "blob", "mimeType") != "video/mp4" {
		t.Fatalf("done: %v", done)
	}
	again := c.sendVideo("other.mp4", mp4("one"))
	want(t, "same bytes again", again, 409, "already_exists", "")
	if again.text("jobId") != id || stringIn(again.body, "blob", "ref", "$link") != stringIn(done, "blob", "ref", "$link") {
		t.Errorf("again: %s", again.raw)
	}
	want(t, "post", c.put(key(0), said("look", obj{"embed": obj{"$type": "app.bsky.embed.video", "video": done["blob"], "alt": "a clip"}})), 200, "", "")
	p := c.fake.Posts()[0]
	if p.Kind != "video" || len(p.Media) != 1 || p.Media[0].Type != "video" || p.Media[0].Alt != "a clip" {
		t.Fatalf("post: %+v", p)
	}
	if file := c.send("GET", "https:/"+p.Media[0].URL, "", "", nil); string(file.raw) != string(mp4("one")) {
		t.Errorf("file: %d", file.status)
	}
	if view := c.get(publicHost, "app.bsky.feed.getPosts", "", "uris", p.ID); !strings.Contains(string(view.raw), "playlist.m3u8") {
		t.Errorf("view: %s", view.raw)
	}
}

func TestVideoFailures(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{Processing: time.Second})
	end := func(a answer) obj {
		c.clock.add(10 * time.Second)
		return c.job(a.text("jobId"))
	}
	if s := end(c.sendVideo("[[sandbox:fail:encoding_failure]].mp4", mp4("a"))); s["state"] != jobFailed || s["failureCode"] != "encoding_failure" || s["blob"] != nil {
		t.Errorf("told to fail: %v", s)
	}
	if s := end(c.sendVideo("[[sandbox:fail]].mp4", mp4("b"))); s["failureCode"] != "generic_failure" {
		t.Errorf("told to fail somehow: %v", s)
	}
	if s := end(c.sendVideo("x.mp4", []byte("no video at all"))); s["failureCode"] != "validation_failure" {
		t.Errorf("no video: %v", s)
	}
	if a := c.sendVideo("x.mp4", mp4("a")); a.status != 200 {
		t.Errorf("after a failure the same bytes may be tried again: %d %s", a.status, a.raw)
	}
	if s := end(c.sendVideo("[[sandbox:slow:1m]].mp4", mp4("c"))); s["state"] != jobEncoding {
		t.Errorf("slow: %v", s)
	}
	want(t, "unknown job", c.get(videoHost, "app.bsky.video.getJobStatus", "", "jobId", "x"), 400, "JobNotFound", "")
	want(t, "nothing sent", c.sendVideo("x.mp4", nil), 400, "InvalidRequest", "")
	send := func(token, did string) answer {
		return c.send("POST", "https://video.bsky.app/xrpc/app.bsky.video.uploadVideo?did="+did, token, "video/mp4", mp4("d"))
	}
	want(t, "no token", send("", c.did), 401, "AuthMissing", "")
	want(t, "session token", send(c.token, c.did), 401, "BadJwt", "")
	want(t, "other audience", send(c.serviceToken("did:web:video.bsky.app", "com.atproto.repo.uploadBlob"), c.did), 401, "BadJwtAudience", "")
	want(t, "other method", send(c.serviceToken("did:web:"+pdsHost, "a.b.c"), c.did), 401, "BadJwtLexiconMethod", "")
	token := c.serviceToken("did:web:"+pdsHost, "com.atproto.repo.uploadBlob")
	want(t, "other account", send(token, "did:plc:x"), 401, "BadJwtIssuer", "")
	c.clock.add(2 * time.Minute)
	want(t, "late", send(token, c.did), 401, "JwtExpired", "")
}

func TestVideoAllowance(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	limits := func() answer {
		return c.get(videoHost, "app.bsky.video.getUploadLimits", c.serviceToken("did:web:video.bsky.app", "app.bsky.video.getUploadLimits"))
	}
	for i := range 25 {
		if a := limits(); a.body["canUpload"] != true || a.body["remainingDailyVideos"] != float64(25-i) {
			t.Fatalf("%d: %s", i, a.raw)
		}
		want(t, "upload", c.sendVideo("x.mp4", mp4(key(i))), 200, "", "")
	}
	if a := limits(); a.body["canUpload"] != false || a.text("error") == "" {
		t.Errorf("limits: %s", a.raw)
	}
	want(t, "26th", c.sendVideo("x.mp4", mp4("more")), 400, "DailyLimitExceeded", "")
}
