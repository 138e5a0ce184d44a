package blueskyfake

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
)

// dot is a PNG of one pixel; its cid and that of the post with it were given by the reference PDS.
var dot, _ = base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNgAAIAAAUAAeImBZsAAAAASUVORK5CYII=")

const (
	cidDot     = "bafkreiewogu2437ibb4e6k7py4k23alxorthl72v52owdccpqu4rfynw3i"
	cidDotPost = "bafyreifddxqpvlb3kpwe2umty4gcwjstch4rqrvlsxehaxacw7m5idyth4"
)

func jpeg(size int) []byte { return append([]byte("\xff\xd8\xff\xe0"), make([]byte, size-4)...) }

func TestUploadBlob(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	first := c.upload(dot, "image/jpeg")
	if stringIn(first, "$type") != "blob" || stringIn(first, "ref", "$link") != cidDot || first["mimeType"] != "image/png" || first["size"] != 68.0 {
		t.Errorf("blob: %v", first)
	}
	if again := c.upload(dot, "image/png"); stringIn(again, "ref", "$link") != cidDot || again["mimeType"] != "image/png" {
		t.Errorf("again: %v", again)
	}
	if text := c.upload([]byte("hello there"), "image/png"); text["mimeType"] != "image/png" {
		t.Errorf("what cannot be told is believed: %v", text)
	}
	if page := c.upload([]byte("<html><body>x</body></html>"), "text/plain"); page["mimeType"] != "text/plain" {
		t.Errorf("page: %v", page)
	}
	address := pds("com.atproto.repo.uploadBlob")
	want(t, "no type", c.send("POST", address, c.token, "", dot), 400, "InvalidRequest", "Content-Type")
	want(t, "no token", c.send("POST", address, "", "image/png", dot), 401, "AuthMissing", "")
	want(t, "6 MB", c.send("POST", address, c.token, "image/png", make([]byte, 6<<20)), 413, "PayloadTooLarge", "")
	want(t, "6 MB without token", c.send("POST", address, "", "image/png", make([]byte, 6<<20)), 401, "AuthMissing", "")
}

func TestBlobLife(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	download := func() answer { return c.get(pdsHost, "com.atproto.sync.getBlob", "", "did", c.did, "cid", cidDot) }
	picture := "https://cdn.bsky.app/img/" + c.did + "/" + cidDot
	blob := c.upload(dot, "image/png")
	want(t, "unused", download(), 400, "InvalidRequest", "Blob not found")
	want(t, "unused at the CDN", c.send("GET", picture, "", "", nil), 404, "NotFound", "")
	a := c.put(key(0), said("hi", images("x", blob)))
	if a.status != 200 || a.text("cid") != cidDotPost {
		t.Fatalf("put: %d %s", a.status, a.raw)
	}
	if a := download(); !bytes.Equal(a.raw, dot) || a.header.Get("Content-Type") != "image/png" || a.header.Get("Content-Security-Policy") == "" {
		t.Errorf("download: %d %v", a.status, a.header)
	}
	for _, address := range []string{picture, "https://cdn.bsky.app/img/feed_fullsize/plain/" + c.did + "/" + cidDot + "@jpeg"} {
		if a := c.send("GET", address, "", "", nil); !bytes.Equal(a.raw, dot) {
			t.Errorf("%s: %d", address, a.status)
		}
	}
	want(t, "second post with it", c.put(key(1), said("two", images("x", blob))), 200, "", "")
	remove := func(n int) {
		want(t, "delete", c.post("com.atproto.repo.deleteRecord", c.token, obj{"repo": c.did, "collection": posts, "rkey": key(n)}), 200, "", "")
	}
	remove(0)
	want(t, "still used", download(), 200, "", "")
	// One commit takes the last user away and brings another.
	want(t, "swap of users", c.post("com.atproto.repo.applyWrites", c.token, obj{"repo": c.did, "writes": []any{
		obj{"$type": batchDelete, "collection": posts, "rkey": key(1)},
		obj{"$type": batchCreate, "collection": posts, "rkey": key(2), "value": said("three", images("x", blob))},
	}}), 200, "", "")
	want(t, "edit that keeps it", c.put(key(2), said("four", images("x", blob)), obj{"swapRecord": "absent"}), 200, "", "")
	want(t, "still used", download(), 200, "", "")
	want(t, "edit that drops it", c.put(key(2), said("five", nil), obj{"swapRecord": "absent"}), 200, "", "")
	want(t, "gone", download(), 400, "InvalidRequest", "Blob not found")
	want(t, "gone for posts", c.put(key(3), said("six", images("x", blob))), 400, "BlobNotFound", "Could not find blob: "+cidDot)

	c.upload(dot, "image/png")
	c.clock.add(unusedLife + time.Minute)
	c.token = c.post("com.atproto.server.refreshSession", c.me.Refresh, nil).text("accessJwt")
	want(t, "never used", c.put(key(3), said("six", images("x", blob))), 400, "BlobNotFound", "")
	want(t, "bad cid", c.get(pdsHost, "com.atproto.sync.getBlob", "", "did", c.did, "cid", "zz"), 400, "InvalidRequest", "cid")
	want(t, "no such account", c.get(pdsHost, "com.atproto.sync.getBlob", "", "did", "did:plc:x", "cid", cidDot), 400, "RepoNotFound", "")
}

func TestBlobsInRecords(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	changed := func(blob obj, name string, value any) obj {
		out := obj{name: value}
		for k, v := range blob {
			if k != name {
				out[k] = v
			}
		}
		return out
	}
	blob, text := c.upload(dot, "image/png"), c.upload([]byte("plain text"), "text/plain")
	big := c.upload(jpeg(1_500_000), "image/jpeg")
	for i, x := range []struct {
		name    string
		extras  obj
		code    string
		message string
	}{
		{"size of a fib", images("", changed(blob, "size", 5)), "InvalidSize", "Expected: 68, Got: 5"},
		{"type of a fib", images("", changed(blob, "mimeType", "image/gif")), "InvalidMimeType", "Expected: image/png, Got: image/gif"},
		{"unknown blob", images("", changed(blob, "ref", obj{"$link": cidOf(codecRaw, []byte("never sent"))})), "BlobNotFound", "Could not find blob"},
		{"text", images("", text), "InvalidRequest", `Expected "image/*" (got "text/plain") at $.record.embed.images[0].image.mimeType`},
		{"no reference", images("", "x"), "InvalidRequest", `Expected blob value type (got "x") at $.record.embed.images[0].image`},
		{"old style", images("", obj{"cid": cidDot, "mimeType": "image/png"}), "InvalidRequest", "Expected blob value type"},
		{"bad link", images("", changed(blob, "ref", obj{"$link": "zzz"})), "InvalidRequest", "Expected blob value type"},
		{"link to a record", images("", changed(blob, "ref", obj{"$link": cidOther})), "InvalidRequest", "Expected blob value type"},
		{"further member", images("", changed(blob, "more", 1)), "InvalidRequest", "Expected blob value type"},
		{"five images", images("", blob, blob, blob, blob, blob), "InvalidRequest", "array too big (maximum 4, got 5) at $.record.embed.images"},
		{"no alt", obj{"embed": obj{"$type": "app.bsky.embed.images", "images": []any{obj{"image": blob}}}}, "InvalidRequest", `Missing required key "alt" at $.record.embed.images[0]`},
		{"flat image", obj{"embed": obj{"$type": "app.bsky.embed.images", "images": []any{obj{"image": blob, "alt": "", "aspectRatio": obj{"width": 0, "height": 1}}}}},
			"InvalidRequest", "integer too small (minimum 1, got 0)"},
		{"image as video", obj{"embed": obj{"$type": "app.bsky.embed.video", "video": blob}}, "InvalidRequest", `Expected "video/mp4" (got "image/png") at $.record.embed.video.mimeType`},
		{"big thumb", card(obj{"thumb": big}), "InvalidRequest", "blob too big (maximum 1000000, got 1500000) at $.record.embed.external.thumb"},
	} {
		want(t, x.name, c.put(key(i), said("x", x.extras)), 400, x.code, x.message)
	}
	want(t, "1.5 MB", c.put(key(20), said("x", images("", big))), 200, "", "")
	c.fake.SetBlobLimit(1_000_000)
	want(t, "1.5 MB on an older host", c.put(key(21), said("x", images("", big))), 400, "InvalidRequest",
		"blob too big (maximum 1000000, got 1500000) at $.record.embed.images[0].image")
	want(t, "four", c.put(key(22), said("x", images("", blob, blob, blob, blob))), 200, "", "")
}
