package bluesky

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posthorn/internal/platforms"
)

const put = "POST " + pdsHost + "/xrpc/com.atproto.repo.putRecord"

func TestTextWithFacetsAndCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const text = "🚀 hi @Bob.example.com and @nobody.example.com: https://example.com/a #news"
	done, steps, err := publish(t, w.conn(t), platforms.Content{Text: text, Options: []byte(`{"langs":["en","pt-BR"]}`)})
	if err != nil {
		t.Fatal(err)
	}
	posts := w.posts(t)
	if len(posts) != 1 {
		t.Fatalf("%d records", len(posts))
	}
	post := posts[0]
	at := func(part string) map[string]any {
		i := strings.Index(text, part)
		return map[string]any{"byteStart": float64(i), "byteEnd": float64(i + len(part))}
	}
	want := map[string]any{
		"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-11-23T10:00:00.000Z", "langs": []any{"en", "pt-BR"},
		"facets": []any{
			map[string]any{"index": at("@Bob.example.com"), "features": []any{map[string]any{"$type": typeMention, "did": bobDID}}},
			map[string]any{"index": at("https://example.com/a"), "features": []any{map[string]any{"$type": typeLink, "uri": "https://example.com/a"}}},
			map[string]any{"index": at("#news"), "features": []any{map[string]any{"$type": typeTag, "tag": "news"}}},
		},
		"embed": map[string]any{"$type": "app.bsky.embed.external", "external": map[string]any{"uri": "https://example.com/a", "title": "A page", "description": "About it",
			"thumb": blobOf("thumb.png")}},
	}
	if diff := cmp.Diff(want, post); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if !strings.Contains(steps[0].Note, "@nobody.example.com") {
		t.Errorf("the note does not say who is not linked: %q", steps[0].Note)
	}
	key := done.ID[strings.LastIndexByte(done.ID, '/')+1:]
	if done.ID != "at://"+aliceDID+"/app.bsky.feed.post/"+key || done.URL != "https://bsky.app/profile/alice.example.com/post/"+key {
		t.Errorf("published as %+v", done)
	}
	if !strings.Contains(string(w.lastBody), `"swapRecord":null`) {
		t.Errorf("no literal null in %s", w.lastBody)
	}
}

func blobOf(name string) map[string]any {
	return map[string]any{"$type": "blob", "ref": map[string]any{"$link": "bafk-" + name}, "mimeType": "image/jpeg", "size": float64(len(name))}
}

func TestCards(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"see https://example.com/missing":  "",
		"see https://example.com/no-thumb": `{"$type":"app.bsky.embed.external","external":{"uri":"https://example.com/no-thumb","title":"A page","description":"About it"}}`,
		"no link":                          "",
	} {
		w := newWorld(t)
		if _, _, err := publish(t, w.conn(t), platforms.Content{Text: text}); err != nil {
			t.Fatal(err)
		}
		var wanted any
		if want != "" {
			if err := json.Unmarshal([]byte(want), &wanted); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(wanted, w.posts(t)[0]["embed"]); diff != "" {
			t.Errorf("%s: embed (-want +got):\n%s", text, diff)
		}
	}
}

func TestFourImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	media := []platforms.Media{image1("a.jpg"), image1("b.jpg"), image1("c.jpg"), {Type: platforms.GIF, URL: "https://example.com/d.gif"}}
	done, steps, err := publish(t, w.conn(t), platforms.Content{Text: "four https://example.com", Media: media})
	if err != nil || done == nil {
		t.Fatal(done, err)
	}
	if w.uploads != 4 || len(steps) != 6 {
		t.Errorf("%d uploads in %d steps, want one blob a step", w.uploads, len(steps))
	}
	embed := w.posts(t)[0]["embed"].(map[string]any)
	images := embed["images"].([]any)
	want := map[string]any{"image": blobOf("b.jpg"), "alt": "alt of b.jpg", "aspectRatio": map[string]any{"width": 800.0, "height": 600.0}}
	if diff := cmp.Diff(want, images[1]); diff != "" {
		t.Errorf("second image (-want +got):\n%s", diff)
	}
	if alt, there := images[3].(map[string]any)["alt"]; len(images) != 4 || !there || alt != "" {
		t.Errorf("an image without text needs an empty alt: %v", images)
	}
}

func TestThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := platforms.Content{Text: "for display", Options: []byte(`{"threadItems":[
		{"content":"one","mediaItems":[{"url":"https://example.com/a.jpg","altText":"A"}]},{"content":"two"},
		{"content":"","mediaItems":[{"type":"image","url":"https://example.com/c.jpg"}]}]}`)}
	done, steps, err := publish(t, w.conn(t), content)
	if err != nil {
		t.Fatal(err)
	}
	posts := w.posts(t)
	if len(posts) != 3 || posts[0]["text"] != "one" || posts[1]["text"] != "two" || posts[2]["text"] != "" {
		t.Fatalf("posts: %v", posts)
	}
	if posts[0]["reply"] != nil || posts[1]["embed"] != nil || posts[2]["embed"] == nil || posts[2]["createdAt"] != "2026-11-23T10:00:00.002Z" {
		t.Errorf("posts: %v", posts)
	}
	var uris, cids []any
	for _, key := range sortedKeys(w) {
		uris, cids = append(uris, "at://"+aliceDID+"/app.bsky.feed.post/"+key), append(cids, w.records[key].cid)
	}
	want := map[string]any{"root": map[string]any{"uri": uris[0], "cid": cids[0]}, "parent": map[string]any{"uri": uris[1], "cid": cids[1]}}
	if diff := cmp.Diff(want, posts[2]["reply"]); diff != "" {
		t.Errorf("third post's reply (-want +got):\n%s", diff)
	}
	if done.ID != uris[0] {
		t.Errorf("published as %s, want the root %s", done.ID, uris[0])
	}
	var visible []string
	for _, s := range steps {
		if s.Done != nil {
			visible = append(visible, s.State.Step)
		}
	}
	if diff := cmp.Diff([]string{stepWrite, stepWrite, ""}, visible); diff != "" {
		t.Errorf("what follows each written post (-want +got):\n%s", diff)
	}
}

func sortedKeys(w *world) []string {
	var keys []string
	for k := range w.records {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func TestThreadStopsWhereItIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	usual := w.putRecord
	n := 0
	w.on(put, func(rw http.ResponseWriter, r *http.Request) {
		if n++; n == 2 {
			answer(400, `{"error":"InvalidRequest","message":"no"}`)(rw, r)
			return
		}
		usual(rw, r)
	})
	done, _, err := publish(t, w.conn(t), platforms.Content{Options: []byte(`{"threadItems":[{"content":"one"},{"content":"two"},{"content":"three"}]}`)})
	wantKind(t, err, platforms.Rejected)
	if done == nil || len(w.records) != 1 {
		t.Errorf("done %v, %d records; want the root published", done, len(w.records))
	}
}

func TestLostAnswersAreRepeated(t *testing.T) {
	t.Parallel()
	content := platforms.Content{Text: "x @bob.example.com https://example.com/no-thumb", Options: []byte(`{"threadItems":[{"content":"a @bob.example.com","mediaItems":[{"url":"https://example.com/a.jpg"}]},{"content":"b"}]}`)}
	for _, call := range []string{put, "POST " + pdsHost + "/xrpc/com.atproto.repo.uploadBlob", "GET plc.directory/" + aliceDID, "GET " + pdsHost + "/xrpc/com.atproto.identity.resolveHandle"} {
		for name, h := range map[string]http.HandlerFunc{"done, answer lost": nil, "refused": answer(503, `{"error":"UpstreamFailure"}`), "HTML": answer(502, "<html>"), "garbled": answer(200, "<html>")} {
			t.Run(call+" "+name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.on("GET old.example.com/xrpc/com.atproto.identity.resolveHandle", answer(400, `{"error":"InvalidRequest"}`))
				w.on("POST old.example.com/xrpc/com.atproto.repo.uploadBlob", w.uploadBlob)
				w.on("POST old.example.com/xrpc/com.atproto.repo.putRecord", w.putRecord)
				w.once(call, h)
				done, _, err := publish(t, w.conn(t), content)
				if err != nil || done == nil {
					t.Fatal(done, err)
				}
				if n := len(w.posts(t)); n != 2 {
					t.Errorf("%d records, want 2", n)
				}
			})
		}
	}
}

func TestWriteInDoubt(t *testing.T) {
	t.Parallel()
	written := func(rw http.ResponseWriter, r *http.Request, w *world, change func(string) string) {
		w.putRecord(discard{http.Header{}}, r)
		w.mu.Lock()
		defer w.mu.Unlock()
		for k, v := range w.records {
			v.value = json.RawMessage(change(string(v.value)))
			w.records[k] = v
		}
	}
	same := func(s string) string { // the same in another order of keys
		var m map[string]any
		_ = json.Unmarshal([]byte(s), &m)
		b, _ := json.Marshal(m)
		return string(b)
	}
	other := func(s string) string { return strings.Replace(s, "hello", "bye", 1) }
	tests := []struct {
		name    string
		change  func(string) string
		answer  string
		inDoubt bool
		want    platforms.Kind // empty: published
	}{
		{"the same is there", same, `{"error":"InvalidSwap"}`, false, ""},
		{"another is there", other, `{"error":"InvalidSwap"}`, false, platforms.Duplicate},
		{"in doubt, then refused for another reason", same, `{"error":"InvalidToken"}`, true, ""},
		{"in doubt, another is there", other, `{"error":"InvalidToken"}`, true, platforms.Unauthorized},
		{"not in doubt, refused", same, `{"error":"InvalidToken"}`, false, platforms.Unauthorized},
		{"in doubt, and the token has expired", same, `{"error":"ExpiredToken"}`, true, platforms.TokenExpired},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.on(put, func(rw http.ResponseWriter, r *http.Request) {
				written(rw, r, w, tt.change)
				answer(400, tt.answer)(rw, r)
			})
			c := w.conn(t)
			task := platforms.Task{Content: platforms.Content{Text: "hello"}}
			s, err := Platform{}.Publish(context.Background(), c, task)
			if err != nil {
				t.Fatal(err)
			}
			task.State, task.InDoubt = s.State, tt.inDoubt
			s, err = Platform{}.Publish(context.Background(), c, task)
			if tt.want != "" {
				wantKind(t, err, tt.want)
				return
			}
			if err != nil || s.Done == nil || s.State.Step != "" {
				t.Errorf("got %+v, %v", s, err)
			}
		})
	}
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func TestLostBlobsAreUploadedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.once(put, answer(400, `{"error":"BlobNotFound","message":"Could not find blob"}`))
	content := platforms.Content{Media: []platforms.Media{image1("a.jpg")}}
	if _, _, err := publish(t, w.conn(t), content); err != nil {
		t.Fatal(err)
	}
	if w.uploads != 2 || len(w.records) != 1 {
		t.Errorf("%d uploads, %d records", w.uploads, len(w.records))
	}
	w.on(put, answer(400, `{"error":"BlobNotFound"}`))
	state := platforms.State{}
	var err error
	for range 30 {
		var s platforms.Step
		if s, err = (Platform{}).Publish(context.Background(), w.conn(t), platforms.Task{Content: content, State: state}); err != nil {
			break
		}
		state = s.State
	}
	wantKind(t, err, platforms.Unavailable)
}

func TestRefusalsEndTheStep(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, call, answer string
		content            platforms.Content
		want               platforms.Kind
		field              string
	}{
		{"expired token at the write", put, `{"error":"ExpiredToken","message":"Token has expired"}`, platforms.Content{Text: "x"}, platforms.TokenExpired, ""},
		{"expired token at an upload", "POST " + pdsHost + "/xrpc/com.atproto.repo.uploadBlob", `{"error":"ExpiredToken"}`,
			platforms.Content{Media: []platforms.Media{image1("a.jpg")}}, platforms.TokenExpired, ""},
		{"expired token at a card's picture", "POST " + pdsHost + "/xrpc/com.atproto.repo.uploadBlob", `{"error":"ExpiredToken"}`,
			platforms.Content{Text: "https://example.com"}, platforms.TokenExpired, ""},
		{"a blob is refused", "POST " + pdsHost + "/xrpc/com.atproto.repo.uploadBlob", `{"error":"InvalidMimeType"}`,
			platforms.Content{Media: []platforms.Media{image1("a.jpg")}}, platforms.Rejected, "mediaItems[0]"},
		{"media is gone", "none", "", platforms.Content{Options: []byte(`{"threadItems":[{"content":"a"},{"content":"b","mediaItems":[{"url":"https://example.com/missing.jpg"}]}]}`)},
			platforms.Rejected, "platformSpecificData.threadItems[1].mediaItems[0]"},
		{"bad options", "none", "", platforms.Content{Options: []byte(`{"langs":1}`)}, platforms.Rejected, "platformSpecificData.langs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.on(tt.call, answer(400, tt.answer))
			done, _, err := publish(t, w.conn(t), tt.content)
			if e := wantKind(t, err, tt.want); e.Field != tt.field {
				t.Errorf("field %q, want %q", e.Field, tt.field)
			}
			if done != nil || len(w.records) > 0 {
				t.Errorf("something was written: %v", w.records)
			}
		})
	}
}

func TestOddStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, s := range []platforms.State{
		{Step: "dancing", Data: []byte(`{"posts":[{"rkey":"a"}]}`)},
		{Step: stepWrite, Data: []byte(`[]`)},
		{Step: stepWrite},
		{Step: stepWrite, Data: []byte(`{"posts":[{},{}]}`)},
		{Step: stepWrite, Data: []byte(`{"posts":[{"images":[{"blob":{}}]}]}`)},
		{Step: stepWrite, Data: []byte(`{"posts":[{"video":{"job":"1"}}]}`)},
		{Step: "dancing", Data: []byte(`{"posts":[{"facets":[{}]}]}`)},
	} {
		_, err := Platform{}.Publish(context.Background(), w.conn(t), platforms.Task{State: s})
		wantKind(t, err, platforms.Rejected)
	}
	if len(w.calls) > 0 {
		t.Errorf("calls were made: %v", w.calls)
	}
}

func TestCancelledContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s, err := Platform{}.Publish(context.Background(), w.conn(t), platforms.Task{Content: platforms.Content{Text: "https://example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	n := len(w.calls)
	for _, state := range []platforms.State{{}, s.State, {Step: stepWrite, Data: s.State.Data}} {
		_, err := Platform{}.Publish(ctx, w.conn(t), platforms.Task{Content: platforms.Content{Text: "https://example.com"}, State: state})
		wantKind(t, err, platforms.Unavailable)
	}
	if len(w.calls) != n {
		t.Errorf("calls were made: %v", w.calls[n:])
	}
}

func TestTIDs(t *testing.T) {
	t.Parallel()
	keys := newTIDs(now, 200)
	for i, k := range keys {
		if len(k) != 13 || !strings.ContainsAny(k[:1], "234567abcdefghij") || strings.Trim(k, tidAlphabet) != "" {
			t.Fatalf("%q is no TID", k)
		}
		if i > 0 && k <= keys[i-1] {
			t.Fatalf("%q does not come after %q", k, keys[i-1])
		}
	}
	if later := newTIDs(now.Add(time.Millisecond), 1)[0]; later <= keys[0] {
		t.Errorf("%q, a millisecond later, does not come after %q", later, keys[0])
	}
	// https://atproto.com/specs/tid: the zero value, and a known one.
	if got := tid(0); got != "2222222222222" {
		t.Errorf("zero is %q", got)
	}
	if got := tid(1<<63 - 1); got != "bzzzzzzzzzzzz" {
		t.Errorf("the greatest is %q", got)
	}
	if a, b := newTIDs(now, 1)[0], newTIDs(now, 1)[0]; a == b {
		if c := newTIDs(now, 1)[0]; c == a {
			t.Errorf("keys of one instant collide: %q", a)
		}
	}
}
