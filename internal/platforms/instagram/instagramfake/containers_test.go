package instagramfake

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
)

func TestContainerFaults(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	img, vid := w.file("ok.jpg"), w.file("ok.mp4")
	mentions := func(n int) string { return strings.Repeat("@someone ", n) }
	hashtags := func(n int) string { return strings.Repeat("#word ", n) }
	tags := func(n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`{"username":"a","x":0,"y":1},`, n), ",") + "]"
	}
	for what, c := range map[string]struct {
		form      url.Values
		code, sub int // zeros: it is made
	}{
		"nothing":                    {form(), 100, 0},
		"unknown type":               {form("media_type", "PHOTO", "image_url", img), 100, 2207023},
		"retired type":               {form("media_type", "VIDEO", "video_url", vid), 100, 2207023},
		"reel without video":         {form("media_type", "REELS", "image_url", img), 100, 0},
		"reel as item":               {form("media_type", "REELS", "video_url", vid, "is_carousel_item", "true"), 100, 0},
		"flag":                       {form("image_url", img, "is_carousel_item", "perhaps"), 100, 0},
		"caption at limit":           {form("image_url", img, "caption", strings.Repeat("é", 2200)), 0, 0},
		"caption too long":           {form("image_url", img, "caption", strings.Repeat("é", 2201)), 36004, 2207010},
		"20 mentions":                {form("image_url", img, "caption", mentions(20)), 0, 0},
		"21 mentions":                {form("image_url", img, "caption", mentions(21)), 100, 2207040},
		"30 hashtags":                {form("image_url", img, "caption", hashtags(30)), 0, 0},
		"31 hashtags":                {form("image_url", img, "caption", hashtags(31)), 100, 2207040},
		"invalid UTF-8":              {form("image_url", img, "caption", "a\xff"), 100, 0},
		"20 tags":                    {form("image_url", img, "user_tags", tags(20)), 0, 0},
		"21 tags":                    {form("image_url", img, "user_tags", tags(21)), 100, 2207040},
		"tags of no shape":           {form("image_url", img, "user_tags", "anna"), 100, 0},
		"tag without place":          {form("image_url", img, "user_tags", `[{"username":"a"}]`), 100, 0},
		"tag off the picture":        {form("image_url", img, "user_tags", `[{"username":"a","x":1.1,"y":0}]`), 100, 0},
		"tag of nobody":              {form("image_url", img, "user_tags", `[{"x":1,"y":0}]`), 100, 0},
		"tag in a reel":              {form("media_type", "REELS", "video_url", vid, "user_tags", `[{"username":"a"}]`), 0, 0},
		"tag with a place in a reel": {form("media_type", "REELS", "video_url", vid, "user_tags", tags(1)), 100, 0},
		"tag in a story":             {form("media_type", "STORIES", "image_url", img, "user_tags", `[{"username":"a"}]`), 0, 0},
		"3 collaborators":            {form("image_url", img, "collaborators", `["a","b","c"]`), 0, 0},
		"4 collaborators":            {form("image_url", img, "collaborators", `["a","b","c","d"]`), 100, 0},
		"alt text at limit":          {form("image_url", img, "alt_text", strings.Repeat("a", 1000)), 0, 0},
		"alt text too long":          {form("image_url", img, "alt_text", strings.Repeat("a", 1001)), 100, 0},
		"alt text of a video":        {form("media_type", "REELS", "video_url", vid, "alt_text", "a"), 100, 0},
		"story with people":          {form("media_type", "STORIES", "image_url", img, "collaborators", "a"), 100, 0},
		"story with both":            {form("media_type", "STORIES", "image_url", img, "video_url", vid), 100, 0},
		"AI label on an item":        {form("image_url", img, "is_carousel_item", "true", "is_ai_generated", "true"), 100, 0},
		"AI label":                   {form("image_url", img, "is_ai_generated", "true"), 0, 0},
		"place":                      {form("image_url", img, "location_id", "here"), 100, 0},
		"feed":                       {form("media_type", "REELS", "video_url", vid, "share_to_feed", "maybe"), 100, 0},
		"thumb below":                {form("media_type", "REELS", "video_url", vid, "thumb_offset", "-1"), 1, 2207057},
		"thumb beyond":               {form("media_type", "REELS", "video_url", vid, "thumb_offset", "5000"), 1, 2207057},
		"thumb of no length":         {form("media_type", "REELS", "video_url", w.file("nolength.mp4"), "thumb_offset", "5000"), 0, 0},
		"thumb no number":            {form("media_type", "REELS", "video_url", vid, "thumb_offset", "a"), 100, 0},
		"cover":                      {form("media_type", "REELS", "video_url", vid, "cover_url", img, "thumb_offset", "9999"), 0, 0},
		"cover missing":              {form("media_type", "REELS", "video_url", vid, "cover_url", w.file("none")), 9004, 2207052},
		"trial of no kind":           {form("media_type", "REELS", "video_url", vid, "trial_params", `{"graduation_strategy":"NOW"}`), 100, 0},
		"trial in the feed": {form("media_type", "REELS", "video_url", vid, "share_to_feed", "true",
			"trial_params", `{"graduation_strategy":"MANUAL"}`), 100, 0},
		"Facebook's alone": {form("media_type", "REELS", "upload_type", "resumable"), 100, 0},

		"tallest":         {form("image_url", w.file("tallest.jpg")), 0, 0},
		"widest":          {form("image_url", w.file("widest.jpg")), 0, 0},
		"too tall":        {form("image_url", w.file("tootall.jpg")), 36003, 2207009},
		"too wide":        {form("image_url", w.file("toowide.jpg"), "is_carousel_item", "true"), 36003, 2207009},
		"size at limit":   {form("image_url", w.file("limit.jpg")), 0, 0},
		"too big":         {form("image_url", w.file("toobig.jpg")), 36000, 2207004},
		"PNG":             {form("image_url", w.file("png.png")), 36001, 2207005},
		"broken":          {form("image_url", w.file("broken.jpg")), 36001, 2207005},
		"video for image": {form("image_url", vid), 36001, 2207005},
		"HTML":            {form("image_url", w.file("page.html")), 9004, 2207052},
		"404":             {form("image_url", w.file("none.jpg")), 9004, 2207052},
		"no media type":   {form("image_url", w.file("unknown.jpg")), 9004, 2207052},
		"no URL":          {form("image_url", "ok.jpg"), 9004, 2207052},
		"file URL":        {form("image_url", "file:///etc/passwd"), 9004, 2207052},
		"not ASCII":       {form("image_url", img+"?é"), 9004, 2207052},
	} {
		t.Run(what, func(t *testing.T) {
			r := w.as(w.ig, "POST", w.ig.RemoteID+"/media", c.form)
			if r.code() != [2]int{c.code, c.sub} || (c.code == 0 && r.text("id") == "") {
				t.Errorf("%d %v, want %d/%d", r.status, r.body, c.code, c.sub)
			}
		})
	}
}

// A video's faults end the container, not the call.
func TestVideoFaults(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	for file, sub := range map[string]int{
		"ok.mp4": 0, "nolength.mp4": 0, "minutes.mp4": 0, "short.mp4": subIncompat, "heic.mp4": subFormat, "garbage.mp4": subFormat,
		"ok.jpg": subFormat, "page.html": subNoDownload, "none.mp4": subNoDownload,
	} {
		w.wantEnd(w.create(w.ig, "media_type", "REELS", "video_url", w.file(file)), file, sub)
	}
	w.wantEnd(w.create(w.ig, "media_type", "STORIES", "video_url", w.file("minutes.mp4")), "long story", subIncompat)
}

// wantEnd waits for a container's end and compares the subcode it failed with.
func (w *world) wantEnd(id, what string, sub int) {
	w.t.Helper()
	w.pass(10 * time.Second)
	code, text := w.status(w.ig, id)
	if sub == 0 {
		if code != finished {
			w.t.Errorf("%s: %s %s", what, code, text)
		}
	} else if want := "Error: Media upload has failed with error code " + strconv.Itoa(sub); code != failedCode || text != want {
		w.t.Errorf("%s: %s %s, want %s", what, code, text, want)
	}
}

type refusal struct{ err error }

func (r refusal) RoundTrip(*http.Request) (*http.Response, error) { return nil, r.err }

func TestFetchRefused(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	w.fetch.Client = &http.Client{Transport: refusal{errors.New("a private address")}}
	w.wantCode("refused", w.as(w.ig, "POST", "me/media", form("image_url", "http://10.0.0.1/a.jpg")), 9004, 2207052)
	w.fetch.Client = nil
	w.wantCode("no client", w.as(w.ig, "POST", "me/media", form("image_url", "http://10.0.0.1/a.jpg")), 9004, 2207052)
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	w.fetch.Client = http.DefaultClient
	if _, fail := w.fetchImage(ctx, "http://10.0.0.1/a.jpg", true); fail != failFetchTimeout {
		t.Errorf("timed out: %+v", fail)
	}
}

func TestUsualProcessing(t *testing.T) {
	t.Parallel()
	f := New(farside.Options{Now: time.Now})
	long := 0
	for range 500 {
		image, video := &container{id: f.nextID(), spec: &spec{image: "a"}}, &container{id: f.nextID(), spec: &spec{video: "a"}}
		if d := f.processingTime(image); d < time.Second || d > 3*time.Second {
			t.Errorf("image: %v", d)
		}
		switch d := f.processingTime(video); {
		case d == 5*time.Minute:
			long++
		case d < 10*time.Second || d > 90*time.Second:
			t.Errorf("video: %v", d)
		}
	}
	if long == 0 || long > 50 {
		t.Errorf("%d of 500 took long", long)
	}
}

func TestResumableUpload(t *testing.T) {
	t.Parallel()
	w := build(t, farside.Options{})
	data := movie("isom", 5*time.Second)
	start := func() (id, path string) {
		r := w.as(w.fb, "POST", w.fb.RemoteID+"/media", form("media_type", "REELS", "upload_type", "resumable"))
		return r.text("id"), strings.TrimPrefix(r.text("uri"), "https://"+hostUpload)
	}
	header := func(scheme string, size int) http.Header {
		return http.Header{"Authorization": {scheme + " " + w.fb.Access}, "Offset": {"0"}, "File_size": {strconv.Itoa(size)}}
	}
	id, path := start()
	if path != "/ig-api-upload/v25.0/"+id {
		t.Fatalf("uri: %s", path)
	}
	w.pass(time.Hour)
	if code, _ := w.status(w.fb, id); code != inProgress {
		t.Errorf("before the upload: %s", code)
	}
	w.wantCode("Bearer", w.send("POST", hostUpload, path, header("Bearer", len(data)), strings.NewReader(string(data))), 104, 0)
	r := w.send("POST", hostUpload, path, header("OAuth", len(data)+1), strings.NewReader(string(data)))
	if info, _ := r.body["debug_info"].(map[string]any); r.status != 400 || info["retriable"] != true {
		t.Errorf("cut off: %d %v", r.status, r.body)
	}
	if r := w.send("POST", hostUpload, path, header("OAuth", len(data)), strings.NewReader(string(data))); r.body["success"] != true {
		t.Errorf("upload: %d %v", r.status, r.body)
	}
	w.pass(10 * time.Second)
	if r := w.publishes(w.fb, id); r.status != 200 {
		t.Errorf("publish: %v", r.body)
	}
	id, path = start()
	h := header("OAuth", 0)
	h.Set("File_url", w.file("garbage.mp4"))
	if r := w.send("POST", hostUpload, path, h, nil); r.status != 400 || r.body["debug_info"] == nil {
		t.Errorf("by URL: %d %v", r.status, r.body)
	}
	w.pass(10 * time.Second)
	if code, _ := w.status(w.fb, id); code != failedCode {
		t.Errorf("garbage: %s", code)
	}
}
