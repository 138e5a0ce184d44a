package youtubefake

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms/farside"
)

// The reasons for which a video does not show. https://developers.google.com/youtube/v3/docs/videos#properties
var (
	failures   = []string{"conversion", "invalidFile", "emptyFile", "tooSmall", "codec", "uploadAborted"}
	rejections = []string{"copyright", "inappropriate", "duplicate", "termsOfUse", "uploaderAccountSuspended", "length", "claim", "uploaderAccountClosed", "trademark", "legal"}
)

// video is a video of a channel.
type video struct {
	details

	id         string
	ch         *channel
	mime, file string
	data       []byte
	at, ready  time.Time
	lag        time.Duration // for so long it is not found by its ID
	listLag    time.Duration // and not in the list of uploads
	failure    string
	rejection  string
	locked     bool // private, whatever is asked
	deleted    bool
	thumbnail  []byte
	tracks     []track
	comments   []*comment
}

type track struct{ id, language, name, text string }

type comment struct {
	id   string
	ch   *channel
	text string
	at   time.Time
	lag  time.Duration
}

func (v *video) uploadStatus(now time.Time) string {
	switch {
	case v.deleted:
		return "deleted"
	case now.Before(v.ready):
		return "uploaded"
	case v.failure != "":
		return "failed"
	case v.rejection != "":
		return "rejected"
	}
	return "processed"
}

// privacy is who sees it now.
func (v *video) privacy(now time.Time) string {
	switch at := v.Status.PublishAt; {
	case v.locked:
		return "private"
	case at != nil && !now.Before(*at):
		return "public"
	}
	return v.Status.Privacy
}

func (v *video) kids() bool { return v.Status.MadeForKids != nil && *v.Status.MadeForKids }

func (v *video) short() bool {
	seconds, width, height := measures(v.data)
	return seconds > 0 && seconds <= 180 && width > 0 && height >= width
}

// view is the video as its owner reads it, or somebody else, in the parts that are asked for.
func (v *video) view(now time.Time, owner bool, s settings, part string) map[string]any {
	out := map[string]any{"kind": "youtube#video", "etag": "etag-" + v.id, "id": v.id}
	for name := range strings.SplitSeq(part, ",") {
		switch name {
		case "snippet":
			sn := map[string]any{"publishedAt": v.at.UTC().Format(time.RFC3339), "channelId": v.ch.id, "channelTitle": v.ch.title, "title": v.Snippet.Title, "description": v.Snippet.Description, "categoryId": or(v.Snippet.CategoryID, "22"),
				"liveBroadcastContent": "none", "localized": map[string]any{"title": v.Snippet.Title, "description": v.Snippet.Description}, "thumbnails": map[string]any{"default": map[string]any{"url": "https://" + hostImages + "/vi/" + v.id + "/default.jpg", "width": 120, "height": 90}}}
			if len(v.Snippet.Tags) > 0 && owner {
				sn["tags"] = v.Snippet.Tags
			}
			out["snippet"] = sn
		case "status":
			st := map[string]any{"uploadStatus": v.uploadStatus(now), "privacyStatus": v.privacy(now), "license": or(v.Status.License, "youtube"), "embeddable": v.Status.Embeddable == nil || *v.Status.Embeddable,
				"publicStatsViewable": v.Status.StatsShow == nil || *v.Status.StatsShow, "madeForKids": v.kids(), "selfDeclaredMadeForKids": v.kids(), "containsSyntheticMedia": v.Status.Synthetic != nil && *v.Status.Synthetic}
			if at := v.Status.PublishAt; at != nil && now.Before(*at) {
				st["publishAt"] = at.UTC().Format(time.RFC3339)
			}
			if st["uploadStatus"] == "failed" {
				st["failureReason"] = v.failure
			}
			if st["uploadStatus"] == "rejected" {
				st["rejectionReason"] = v.rejection
			}
			out["status"] = st
		case "processingDetails":
			if owner {
				out["processingDetails"] = v.progress(now)
			}
		case "fileDetails":
			if owner {
				fd := map[string]any{"fileSize": strconv.Itoa(len(v.data)), "fileType": "video"}
				if s.named && v.file != "" {
					fd["fileName"] = v.file
				}
				out["fileDetails"] = fd
			}
		case "contentDetails":
			seconds, _, _ := measures(v.data)
			if now.Before(v.ready) {
				seconds = 0
			}
			out["contentDetails"] = map[string]any{"duration": "PT" + strconv.Itoa(seconds) + "S", "definition": "hd", "caption": strconv.FormatBool(len(v.tracks) > 0)}
		case "statistics":
			out["statistics"] = map[string]any{"viewCount": "0", "likeCount": "0", "favoriteCount": "0", "commentCount": strconv.Itoa(len(v.comments))}
		}
	}
	return out
}

func (v *video) progress(now time.Time) map[string]any {
	switch v.uploadStatus(now) {
	case "uploaded":
		return map[string]any{"processingStatus": "processing", "processingProgress": map[string]any{"partsTotal": "10", "partsProcessed": "4", "timeLeftMs": strconv.FormatInt(v.ready.Sub(now).Milliseconds(), 10)}}
	case "failed":
		return map[string]any{"processingStatus": "failed", "processingFailureReason": "transcodeFailed"}
	case "rejected":
		return map[string]any{"processingStatus": "terminated"}
	}
	return map[string]any{"processingStatus": "succeeded"}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

var readable = []string{"id", "snippet", "status", "processingDetails", "fileDetails", "contentDetails", "statistics", "localizations", "player", "recordingDetails", "suggestions", "topicDetails"}

// checkParts holds the parameter part of a read to what there is.
func checkParts(part string, known []string) *failure {
	if part == "" {
		return failParameter
	}
	for name := range strings.SplitSeq(part, ",") {
		if !slices.Contains(known, name) {
			return failPart
		}
	}
	return nil
}

// find is a video by its ID, if the caller may know of it. The caller holds mu.
func (f *Fake) find(c *call, id string) *video {
	for _, v := range f.videos {
		if v.id == id && !v.deleted && !c.now.Before(v.at.Add(v.lag)) && (v.ch == c.ch || v.privacy(c.now) != "private") {
			return v
		}
	}
	return nil
}

// own is a video of the caller's. The caller holds mu.
func (f *Fake) own(c *call, id string) (*video, *failure) {
	v := f.find(c, id)
	switch {
	case v == nil:
		return nil, failNoVideo
	case v.ch != c.ch:
		return nil, failNotYours
	}
	return v, nil
}

func list(kind string, items []any) map[string]any {
	return map[string]any{"kind": "youtube#" + kind + "ListResponse", "pageInfo": map[string]int{"totalResults": len(items), "resultsPerPage": len(items)}, "items": items}
}

// listVideos is GET /youtube/v3/videos.
func (f *Fake) listVideos(c *call) {
	fail := checkParts(c.param("part"), readable)
	ids := strings.Split(c.param("id"), ",")
	if fail == nil && (c.param("id") == "" || len(ids) > 50) {
		fail = failParameter
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	items := []any{}
	for _, id := range ids {
		v := f.find(c, id)
		if v == nil {
			continue
		}
		if v.ch != c.ch && (strings.Contains(c.param("part"), "fileDetails") || strings.Contains(c.param("part"), "processingDetails")) {
			fail = failNotYours
		}
		items = append(items, v.view(c.now, v.ch == c.ch, f.settings, c.param("part")))
	}
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	answer(c.w, 200, list("video", items))
}

// updateVideo is PUT /youtube/v3/videos: the parts that are named are replaced whole.
func (f *Fake) updateVideo(c *call) {
	raw, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxMeta))
	if err != nil {
		refuse(c.w, failBad)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	v, fail := f.own(c, idIn(raw))
	if fail == nil {
		var next details
		if next, fail = readPage(raw, c.param("part"), &v.details); fail == nil {
			if fail = next.check(false); fail == nil && next.Status.PublishAt != nil && v.Status.PublishAt == nil && v.Status.Privacy == "public" {
				fail = failTime // it has been public already
			}
		}
		if fail == nil {
			v.details = next
		}
	}
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	answer(c.w, 200, v.view(c.now, true, f.settings, c.param("part")))
}

// deleteVideo is DELETE /youtube/v3/videos.
func (f *Fake) deleteVideo(c *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, fail := f.own(c, c.param("id"))
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	v.deleted = true
	for _, l := range c.ch.lists {
		l.entries = slices.DeleteFunc(l.entries, func(e *entry) bool { return e.video == v })
	}
	c.w.WriteHeader(http.StatusNoContent)
}

func (v *video) permalink() string {
	if v.short() {
		return "https://" + hostWeb + "/shorts/" + v.id
	}
	return "https://" + hostWeb + "/watch?v=" + v.id
}

// public is the video as the sandbox shows it.
func (v *video) public(now time.Time) farside.Post {
	out := farside.Post{ID: v.id, Platform: "youtube", Account: v.ch.id, Username: v.ch.handle, Kind: "video", Text: v.Snippet.Title, URL: v.permalink(), At: v.at, Comments: []farside.Comment{},
		Media: []farside.Media{{Type: "video", URL: "/" + hostFilms + "/videoplayback/" + v.id + ".mp4", MIME: v.mime}}}
	if v.Snippet.Description != "" && v.Snippet.Description != v.Snippet.Title {
		out.Text += "\n\n" + v.Snippet.Description
	}
	if v.short() {
		out.Kind = "short"
	}
	for _, c := range v.comments {
		out.Comments = append(out.Comments, farside.Comment{ID: c.id, Username: c.ch.handle, Text: c.text, At: c.at})
	}
	for _, n := range []struct {
		note    string
		applies bool
	}{
		{"being processed", now.Before(v.ready)}, {v.privacy(now), v.privacy(now) != "public"}, {"made for kids", v.kids()}, {"made with AI", v.Status.Synthetic != nil && *v.Status.Synthetic}, {"with a thumbnail", v.thumbnail != nil},
		{"tags: " + strings.Join(v.Snippet.Tags, ", "), len(v.Snippet.Tags) > 0},
	} {
		if n.applies {
			out.Extra = append(out.Extra, n.note)
		}
	}
	if at := v.Status.PublishAt; at != nil && now.Before(*at) {
		out.Extra = append(out.Extra, "public at "+at.UTC().Format(time.RFC3339))
	}
	for _, t := range v.tracks {
		out.Extra = append(out.Extra, "captions: "+t.language)
	}
	for _, l := range v.ch.lists {
		for _, e := range l.entries {
			if e.video == v {
				out.Extra = append(out.Extra, "in "+l.title)
			}
		}
	}
	return out
}
