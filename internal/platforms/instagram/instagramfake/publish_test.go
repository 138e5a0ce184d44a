package instagramfake

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
)

func TestPhoto(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	for _, a := range []farside.Account{w.ig, w.fb} {
		id := w.create(a, "image_url", w.file("ok.jpg"), "caption", "hello #1", "alt_text", "a square", "collaborators", `["anna","ben"]`,
			"user_tags", `[{"username":"cleo","x":0.5,"y":0.25}]`)
		if code, _ := w.status(a, id); code != inProgress {
			t.Errorf("at once: %s", code)
		}
		w.wantCode("hasty", w.publishes(a, id), 9007, 2207027)
		w.pass(time.Second)
		if code, text := w.status(a, id); code != finished || !strings.HasPrefix(text, "Finished") {
			t.Errorf("later: %s, %s", code, text)
		}
		media := w.publishes(a, id).text("id")
		if code, _ := w.status(a, id); code != published {
			t.Errorf("published: %s", code)
		}
		w.wantCode("again", w.publishes(a, id), 9007, 2207027)
		r := w.as(a, "GET", media, form("fields", "permalink,shortcode,media_type,media_product_type,timestamp"))
		if len(r.body) != 6 || r.text("permalink") != "https://www.instagram.com/p/"+r.text("shortcode")+"/" || r.text("media_type") != "IMAGE" {
			t.Errorf("read back: %v", r.body)
		}
	}
	posts := w.Posts()
	if len(posts) != 2 || w.Duplicates() != 0 {
		t.Fatalf("%d posts, %d duplicates", len(posts), w.Duplicates())
	}
	p := posts[0]
	if p.Username != "maison.lune" || p.Kind != "photo" || p.Text != "hello #1" || p.Media[0].Alt != "a square" ||
		!slices.Equal(p.Extra, []string{"with @anna, @ben", "tags @cleo"}) {
		t.Errorf("%+v", p)
	}
	_, path, _ := strings.Cut(strings.TrimPrefix(p.Media[0].URL, "/"), "/")
	r := w.send("GET", hostCDN, "/"+path, map[string][]string{"Range": {"bytes=0-1"}}, nil)
	if r.status != 206 || r.header.Get("Content-Type") != "image/jpeg" || r.body["raw"] != "\xff\xd8" {
		t.Errorf("copy: %d %v %q", r.status, r.header, r.body["raw"])
	}
	r = w.send("GET", hostWeb, strings.TrimPrefix(p.URL, "https://"+hostWeb), nil, nil)
	if r.status != 200 || !strings.Contains(r.text("raw"), "hello #1") || !strings.Contains(r.text("raw"), p.Media[0].URL) {
		t.Errorf("page: %d %v", r.status, r.body)
	}
}

// The body of a hasty publication is known word by word.
func TestNotReadyBody(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	r := w.publishes(w.ig, w.create(w.ig, "image_url", w.file("ok.jpg")))
	e := r.body["error"].(map[string]any)
	if trace, _ := e["fbtrace_id"].(string); !strings.HasPrefix(trace, "A") {
		t.Errorf("fbtrace_id: %v", e)
	}
	delete(e, "fbtrace_id")
	got, _ := json.Marshal(e)
	want := `{"code":9007,"error_subcode":2207027,"error_user_msg":"The media is not ready for publishing, please wait for a moment",` +
		`"error_user_title":"Media Not Available","is_transient":false,"message":"Media ID is not available","type":"OAuthException"}`
	if r.status != 400 || string(got) != want {
		t.Errorf("%d %s", r.status, got)
	}
}

func TestCarousel(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	one := w.create(w.ig, "image_url", w.file("ok.jpg"), "is_carousel_item", "true", "alt_text", "one")
	two := w.create(w.ig, "video_url", w.file("ok.mp4"), "media_type", "VIDEO", "is_carousel_item", "true")
	parent := form("media_type", "CAROUSEL", "children", one+","+two, "caption", "both")
	w.pass(time.Second)
	w.wantCode("child not ready", w.as(w.ig, "POST", "me/media", parent), 9007, 2207027)
	w.pass(9 * time.Second)
	w.wantCode("child alone", w.publishes(w.ig, one), 100, 0)
	r := w.as(w.ig, "POST", "me/media", parent)
	w.pass(time.Second)
	r = w.publishes(w.ig, r.text("id"))
	media := r.text("id")
	r = w.as(w.ig, "GET", media, form("fields", "media_type,children{id,media_type,media_url}"))
	children := r.body["children"].(map[string]any)["data"].([]any)
	if r.text("media_type") != "CAROUSEL_ALBUM" || len(children) != 2 || children[1].(map[string]any)["media_type"] != "VIDEO" {
		t.Errorf("%v", r.body)
	}
	p := w.Posts()[0]
	if p.Kind != "carousel" || len(p.Media) != 2 || p.Media[1].Type != "video" || p.Media[0].Alt != "one" {
		t.Errorf("%+v", p)
	}
	for what, c := range map[string]struct {
		children  string
		code, sub int
	}{
		"eleven":   {strings.Repeat(one+",", 10) + two, 100, 2207028},
		"one":      {one, 100, 2207028},
		"none":     {"", 100, 2207028},
		"unknown":  {one + ",1", 24, 2207008},
		"not item": {one + "," + w.create(w.ig, "image_url", w.file("ok.jpg")), 100, 0},
		"another's": {one + "," + w.create(w.fb, "image_url", w.file("ok.jpg"), "is_carousel_item", "true"),
			24, 2207008},
	} {
		w.wantCode(what, w.as(w.ig, "POST", "me/media", form("media_type", "CAROUSEL", "children", c.children)), c.code, c.sub)
	}
}

func TestReelAndStory(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	reel := w.create(w.fb, "media_type", "REELS", "video_url", w.file("ok.mov"), "caption", "moving", "share_to_feed", "false",
		"trial_params", `{"graduation_strategy":"MANUAL"}`, "thumb_offset", "4999")
	story := w.create(w.fb, "media_type", "STORIES", "image_url", w.file("tootall.jpg"), "caption", "never shown")
	w.pass(time.Second)
	if code, _ := w.status(w.fb, reel); code != inProgress {
		t.Errorf("a video takes ten times as long: %s", code)
	}
	w.pass(9 * time.Second)
	reelID, storyID := w.publishes(w.fb, reel).text("id"), w.publishes(w.fb, story).text("id")
	if link := w.as(w.fb, "GET", reelID, form("fields", "permalink")).text("permalink"); !strings.Contains(link, "/reel/") {
		t.Errorf("reel at %s", link)
	}
	posts := w.Posts()
	if len(posts) != 2 || posts[0].Kind != "story" || posts[0].Text != "" || !slices.Equal(posts[1].Extra, []string{"trial reel", "not in the feed"}) {
		t.Errorf("%+v", posts)
	}
	list := func(edge string) []any { return w.as(w.fb, "GET", w.fb.RemoteID+"/"+edge, nil).data() }
	if got := list("media"); len(got) != 1 || got[0].(map[string]any)["id"] != reelID {
		t.Errorf("media: %v", got)
	}
	if got := list("stories"); len(got) != 1 || got[0].(map[string]any)["id"] != storyID {
		t.Errorf("stories: %v", got)
	}
	w.pass(day)
	if got := list("stories"); len(got) != 0 || len(w.Posts()) != 1 {
		t.Errorf("a day later: %v, %d posts", got, len(w.Posts()))
	}
}

func TestConcurrentPublish(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	id := w.create(w.ig, "image_url", w.file("ok.jpg"))
	w.pass(time.Second)
	var group sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range 20 {
		group.Go(func() {
			if w.publishes(w.ig, id).status == 200 {
				mu.Lock()
				done++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if done != 1 || len(w.Posts()) != 1 {
		t.Errorf("%d answers, %d posts", done, len(w.Posts()))
	}
}

func TestExpiredContainer(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	id := w.create(w.fb, "image_url", w.file("ok.jpg"))
	w.pass(day)
	if code, _ := w.status(w.fb, id); code != expired {
		t.Errorf("state: %s", code)
	}
	w.wantCode("publish", w.publishes(w.fb, id), -2, 2207020)
	w.wantCode("unknown", w.publishes(w.fb, "17700000000000000"), 24, 2207006)
	w.wantCode("no ID", w.publishes(w.fb, ""), 100, 0)
}

func TestQuota(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	w.SetQuota(2)
	w.post(w.ig, "one")
	w.post(w.ig, "two")
	third := w.create(w.ig, "image_url", w.file("ok.jpg"))
	w.pass(time.Second)
	w.wantCode("third", w.publishes(w.ig, third), 9, 2207042)
	r := w.as(w.ig, "GET", w.ig.RemoteID+"/content_publishing_limit", form("fields", "quota_usage,config"))
	got, _ := json.Marshal(r.data())
	if string(got) != `[{"config":{"quota_duration":86400,"quota_total":2},"quota_usage":2}]` {
		t.Errorf("limit: %s", got)
	}
	w.pass(day - 3*time.Second)
	w.wantCode("still", w.publishes(w.ig, third), 9, 2207042)
	w.pass(time.Second + 500*time.Millisecond)
	if r := w.publishes(w.ig, third); r.status != 200 {
		t.Errorf("a day after the first: %v", r.body)
	}
	w.SetContainerLimit(1)
	w.wantCode("containers", w.as(w.ig, "POST", "me/media", form("image_url", w.file("ok.jpg"))), 9, 2207042)
}

func TestLagAndGap(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	w.SetLag(5 * time.Second)
	w.ContainerReadGap(2*time.Second, 3*time.Second)
	id := w.create(w.ig, "image_url", w.file("ok.jpg"))
	w.wantCode("gap after creation", w.as(w.ig, "GET", id, form("fields", "status_code")), 100, 33)
	w.pass(2 * time.Second)
	media := w.publishes(w.ig, id).text("id")
	w.wantCode("gap after publication", w.as(w.ig, "GET", id, nil), 100, 33)
	r := w.as(w.ig, "GET", media, form("fields", "permalink,timestamp"))
	if r.text("permalink") != "" || r.text("timestamp") != "2026-11-23T12:00:02+0000" || len(w.as(w.ig, "GET", "me/media", nil).data()) != 0 {
		t.Errorf("lag: %v", r.body)
	}
	w.pass(5 * time.Second)
	r = w.as(w.ig, "GET", media, form("fields", "permalink"))
	if code, _ := w.status(w.ig, id); code != published || r.text("permalink") == "" || len(w.as(w.ig, "GET", "me/media", nil).data()) != 1 {
		t.Errorf("after lag: %s %v", code, r.body)
	}
}

func TestPublishThenDie(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	for i, c := range []struct {
		how       Death
		lost      bool
		code, sub int
	}{{DropAnswer, true, 0, 0}, {AnswerServer, false, 2, 0}, {AnswerSpam, false, 4, 2207051}} {
		w.PublishThenDie(c.how)
		id := w.create(w.ig, "image_url", w.file("ok.jpg"), "caption", "same")
		w.pass(time.Second)
		r := w.publishes(w.ig, id)
		if r.lost != c.lost || r.code() != [2]int{c.code, c.sub} {
			t.Errorf("%s: %+v", c.how, r)
		}
		if len(w.Posts()) != i+1 || w.Duplicates() != i {
			t.Errorf("%s: %d posts, %d duplicates", c.how, len(w.Posts()), w.Duplicates())
		}
		if code, _ := w.status(w.ig, id); code != published {
			t.Errorf("%s: %s", c.how, code)
		}
	}
	w.post(w.ig, "same, but heard")
}

func TestDirectives(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	creates := func(text string) reply {
		return w.as(w.ig, "POST", "me/media", form("image_url", w.file("ok.jpg"), "caption", text))
	}
	for text, want := range map[string][2]int{
		"[[sandbox:fail]]":               {100, 0},
		"[[sandbox:fail:9004]]":          {9004, 2207052},
		"[[sandbox:fail:36003/2207009]]": {36003, 2207009},
		"[[sandbox:fail:2207050]]":       {25, 2207050},
		"[[sandbox:fail:190]]":           {190, 463},
		"[[sandbox:fail:424242]]":        {424242, 0},
		"[[sandbox:fail:please]]":        {100, 0},
	} {
		w.wantCode(text, creates(text), want[0], want[1])
	}
	for range 2 { // the count starts afresh once the text was published
		for range 2 {
			r := creates("[[sandbox:flaky:2]]")
			if w.wantCode("flaky", r, 2, 0); r.status != 500 {
				t.Errorf("flaky: HTTP %d", r.status)
			}
		}
		id := creates("[[sandbox:flaky:2]]").text("id")
		w.pass(time.Second)
		w.publishes(w.ig, id)
	}
	slow := creates("[[sandbox:slow:30s]]").text("id")
	upload := creates("[[sandbox:fail:2207082]]").text("id")
	w.pass(29 * time.Second)
	if code, _ := w.status(w.ig, slow); code != inProgress {
		t.Errorf("slow: %s", code)
	}
	w.pass(time.Second)
	if code, _ := w.status(w.ig, slow); code != finished {
		t.Errorf("slow: %s", code)
	}
	if code, text := w.status(w.ig, upload); code != failedCode || text != "Error: Media upload has failed with error code 2207082" {
		t.Errorf("fails while processed: %s %s", code, text)
	}
	w.wantCode("publish of a failed one", w.publishes(w.ig, upload), 9007, 2207027)
	for i, lost := range []bool{true, false} {
		id := creates("[[sandbox:drop]]").text("id")
		w.pass(time.Second)
		if r := w.publishes(w.ig, id); r.lost != lost {
			t.Errorf("drop %d: %+v", i, r)
		}
	}
	if w.Duplicates() != 2 { // one of the flaky text, one of the dropped
		t.Errorf("%d duplicates", w.Duplicates())
	}
}
