package facebookfake

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

// Limits. https://developers.facebook.com/docs/video-api/guides/publishing and /reels-publishing
const (
	maxVideo     = 10 << 30
	maxTitle     = 255
	maxReelText  = 2200
	shortestReel = 3 * time.Second
	longestReel  = 90 * time.Second
	longestStory = 60 * time.Second
	piece        = 1 << 20 // of a video that is sent in pieces
)

// video is a video, from the moment at which its upload begins.
type video struct {
	id, session string
	page        *fanPage
	app         string
	kind        string // kindVideo, kindReel or kindStory
	size        int64
	data        []byte // that has come through
	uploaded    bool
	asset       *graph.Asset
	fault       string // why it cannot be processed
	finished    time.Time
	ready       time.Time // when it is processed
	draft       bool
	hidden      bool // ended unpublished
	title       string
	text        string
	where       []string
	post        *post // once it is finished
	cover       *graph.Asset
	deleted     bool
	made        time.Time
}

// published is when the public saw it; zero: it does not.
func (v *video) published(now time.Time) time.Time {
	if v.finished.IsZero() || v.draft || v.hidden || v.fault != "" || now.Before(v.ready) {
		return time.Time{}
	}
	return v.ready
}

// begin makes a video without a file. The caller holds mu.
func (f *Fake) begin(c *call, kind string) *video {
	v := &video{id: f.nextID(), page: c.page, app: c.t.app, kind: kind, made: c.now}
	f.videos[v.id] = v
	return v
}

// uploadPieces is POST /{page-id}/videos: a session of pieces, or a file at once.
func (f *Fake) uploadPieces(c *call) (any, *graph.Failure) {
	switch c.Params["upload_phase"] {
	case "start":
		size, fail := c.Number("file_size", 0)
		if fail != nil || size < 1 || size > maxVideo {
			return nil, graph.BadParam("Param file_size must be the size of the video")
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		v := f.begin(c, kindVideo)
		v.session, v.size = f.nextID(), size
		out := v.window()
		out["upload_session_id"], out["video_id"] = v.session, v.id
		return out, nil
	case "transfer":
		return f.takePiece(c)
	case "finish":
		return f.finishPieces(c)
	case "cancel":
		f.mu.Lock()
		defer f.mu.Unlock()
		if v := f.inSession(c); v != nil {
			delete(f.videos, v.id)
		}
		return done(), nil
	case "":
		return f.takeWhole(c)
	}
	return nil, graph.BadParam("Param upload_phase must be one of {start, transfer, finish, cancel}")
}

// window is the piece that is wanted next: of small files the half, so that there are always two.
func (v *video) window() map[string]any {
	at := int64(len(v.data))
	end := min(at+min(piece, (v.size+1)/2), v.size)
	return map[string]any{"start_offset": strconv.FormatInt(at, 10), "end_offset": strconv.FormatInt(end, 10)}
}

// inSession is the video of an upload session. The caller holds mu.
func (f *Fake) inSession(c *call) *video {
	for _, v := range f.videos {
		if v.session != "" && v.session == c.Params["upload_session_id"] && v.page == c.page {
			return v
		}
	}
	return nil
}

func (f *Fake) takePiece(c *call) (any, *graph.Failure) {
	at, fail := c.Number("start_offset", -1)
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.inSession(c)
	switch {
	case v == nil || !v.finished.IsZero():
		return nil, failUpload
	case c.tooLarge || len(c.file) == 0:
		return nil, graph.BadParam("Param video_file_chunk must be a piece of the video")
	case at != int64(len(v.data)) || at+int64(len(c.file)) > v.size:
		return nil, &graph.Failure{Code: 6001, Sub: 1363037, Message: "There was a problem uploading your video. Please try again.", Data: v.window()}
	}
	v.data = append(v.data, c.file...)
	return v.window(), nil
}

func (f *Fake) finishPieces(c *call) (any, *graph.Failure) {
	if fail := f.asked(c.page, c.Params["description"]); fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.inSession(c)
	switch {
	case v == nil:
		return nil, failUpload
	case int64(len(v.data)) < v.size:
		return nil, graph.BadParam("The video is not uploaded yet")
	case !v.finished.IsZero():
		return done(), nil
	}
	if fail := f.describe(c, v, maxMessage); fail != nil {
		return nil, fail
	}
	v.uploaded = true
	f.film(v)
	f.finish(c, v)
	return f.die(v.page, v.text, farside.ParseDirective(v.text).Drop, done())
}

// takeWhole takes a video in one request, by file or by address.
func (f *Fake) takeWhole(c *call) (any, *graph.Failure) {
	data := c.file
	if link := c.Params["file_url"]; data == nil && link != "" {
		var err error
		if data, _, err = f.fetch.Download(c.Context(), link, maxPiece); err != nil {
			return nil, &graph.Failure{Code: 389, Message: "(#389) Unable to fetch video file from URL."}
		}
	}
	if c.tooLarge || len(data) == 0 {
		return nil, &graph.Failure{Code: 351, Message: "(#351) There was a problem with your video file. Please try again with another file."}
	}
	if fail := f.asked(c.page, c.Params["description"]); fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.begin(c, kindVideo)
	if fail := f.describe(c, v, maxMessage); fail != nil {
		return nil, fail
	}
	v.data, v.size, v.uploaded = data, int64(len(data)), true
	f.film(v)
	f.finish(c, v)
	return f.die(v.page, v.text, farside.ParseDirective(v.text).Drop, map[string]any{"id": v.id})
}

// describe reads what is said of a video, and whether it is published.
func (f *Fake) describe(c *call, v *video, most int) *graph.Failure {
	v.title, v.text = c.Params["title"], c.Params["description"]
	if utf8.RuneCountInString(v.title) > maxTitle || utf8.RuneCountInString(v.text) > most {
		return graph.BadParam("Param title or description is too long")
	}
	p := &post{}
	show, fail := f.when(c, p)
	if fail == nil {
		fail = f.checkTarget(c, p)
	}
	v.where, v.draft, v.hidden = p.where, p.sort == "DRAFT", !show
	return fail
}

// film reads a video's file. The caller holds mu.
func (f *Fake) film(v *video) {
	film, mime := graph.ParseFilm(v.data)
	switch {
	case mime == "":
		v.fault = "The video file is in a format that we don't support."
	case v.kind == kindReel && film.Length > 0 && (film.Length < shortestReel || film.Length > longestReel):
		v.fault = "The video's length must be between 3 and 90 seconds."
	case v.kind == kindStory && film.Length > longestStory:
		v.fault = "The video's length must be at most 60 seconds."
	case f.settings.broken != "":
		v.fault, f.settings.broken = f.settings.broken, ""
	}
	if mime == "" {
		mime, film = "video/mp4", &graph.Film{}
	}
	v.asset = f.assets.Keep(v.data, mime, film)
}

// finish ends a video's upload: it is processed, and then shown. The caller holds mu.
func (f *Fake) finish(c *call, v *video) {
	v.finished = c.now
	v.ready = c.now.Add(5*time.Second + chance(v.id)*55*time.Millisecond)
	if f.processing > 0 {
		v.ready = c.now.Add(10 * f.processing)
	}
	if slow := farside.ParseDirective(v.text).Slow; slow > 0 {
		v.ready = c.now.Add(slow)
	}
	v.post = &post{page: v.page, app: v.app, kind: v.kind, message: v.text, video: v, where: v.where, made: c.now}
	f.keep(v.post)
}

// status is how far a video is.
func (v *video) status(now time.Time) map[string]any {
	part := func(status string) map[string]any { return map[string]any{"status": status} }
	up, process, publish := part("complete"), part("not_started"), part("not_started")
	up["bytes_transfered"], up["source_file_size"] = len(v.data), v.size // Meta's spelling
	state := "upload_complete"
	switch {
	case !v.uploaded:
		state, up["status"] = "uploading", "in_progress"
		if len(v.data) == 0 {
			up["status"] = "not_started"
		}
	case v.finished.IsZero():
	case now.Before(v.ready):
		state, process, publish = "processing", part("in_progress"), part("in_progress")
	case v.fault != "":
		state, process = "error", part("error")
		process["error"] = map[string]any{"message": v.fault}
	default:
		state, process, publish = "ready", part("complete"), part("complete")
		publish["publish_status"] = "published"
		if v.draft || v.hidden {
			publish["publish_status"] = "draft"
		} else {
			publish["publish_time"] = v.ready.Unix()
		}
	}
	return map[string]any{"video_status": state, "uploading_phase": up, "processing_phase": process, "publishing_phase": publish}
}

// videoView is a video as reads see it.
type videoView struct {
	*video
	f   *Fake
	now time.Time
}

func (videoView) NodeType() string { return "Video" }

func (v videoView) Field(name string, _ []graph.Field) (any, bool, *graph.Failure) {
	at := v.published(v.now)
	switch name {
	case "status":
		return v.status(v.now), true, nil
	case "published":
		return !at.IsZero(), true, nil
	case "permalink_url":
		if v.kind == kindReel {
			return "/reel/" + v.id + "/", true, nil
		}
		return "/" + v.page.username + "/videos/" + v.id + "/", true, nil
	case "post_id":
		if at.IsZero() || v.now.Sub(at) < v.f.settings.lag || v.post == nil {
			return nil, true, nil
		}
		return v.post.id, true, nil
	case "length":
		if v.asset == nil || v.asset.Film == nil {
			return nil, true, nil
		}
		return v.asset.Film.Length.Seconds(), true, nil
	case "created_time":
		return v.made.UTC().Format(graphTime), true, nil
	case "title":
		return orNil(v.title), true, nil
	case "description":
		return orNil(v.text), true, nil
	}
	return nil, false, nil
}

// readVideo is GET /{video-id}.
func (f *Fake) readVideo(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id,created_time")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return graph.Selected(c.video.id, videoView{c.video, f, c.now}, fields)
}

// editVideo is POST /{video-id}: what is said of it.
func (f *Fake) editVideo(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := c.video
	most := maxMessage
	if v.kind == kindReel {
		most = maxReelText
	}
	text, given := c.Params["description"]
	title, titled := c.Params["title"]
	switch {
	case v.app != c.t.app && v.app != seededApp && c.t.app != seededApp:
		return nil, failForeign
	case !given && !titled:
		return nil, graph.BadParam("There is nothing to update")
	case utf8.RuneCountInString(text) > most || utf8.RuneCountInString(title) > maxTitle:
		return nil, graph.BadParam("Param title or description is too long")
	}
	if given {
		v.text = text
		if v.post != nil {
			v.post.message = text
		}
	}
	if titled {
		v.title = title
	}
	return done(), nil
}

// deleteVideo is DELETE /{video-id}, with its post.
func (f *Fake) deleteVideo(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.video.deleted = true
	if c.video.post != nil {
		c.video.post.deleted = true
	}
	return done(), nil
}

// setThumbnail is POST /{video-id}/thumbnails.
func (f *Fake) setThumbnail(c *call) (any, *graph.Failure) {
	mime, ok := imageType(c.file)
	if c.tooLarge || !ok {
		return nil, failPhoto
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if preferred, fail := c.Flag("is_preferred"); fail != nil || preferred == nil || !*preferred {
		return done(), fail
	}
	c.video.cover = f.assets.Keep(c.file, mime, nil)
	return done(), nil
}

// listVideos is GET /{page-id}/videos, and listReels the same for reels. They lag behind.
func (f *Fake) listVideos(c *call) (any, *graph.Failure) { return f.videoList(c, kindVideo) }

func (f *Fake) listReels(c *call) (any, *graph.Failure) { return f.videoList(c, kindReel) }

func (f *Fake) videoList(c *call, kind string) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var rows []row
	for _, v := range f.videos {
		if at := v.published(c.now); v.page == c.page && v.kind == kind && !v.deleted && !at.IsZero() && c.now.Sub(at) >= f.settings.lag {
			rows = append(rows, row{v.id, videoView{v, f, c.now}, at.Unix()})
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return int(b.at - a.at) })
	return c.list(rows, "id,created_time")
}
