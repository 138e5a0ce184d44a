package facebookfake

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

// uploadReel is POST /{page-id}/video_reels. https://developers.facebook.com/docs/video-api/guides/reels-publishing
func (f *Fake) uploadReel(c *call) (any, *graph.Failure) {
	switch c.Params["upload_phase"] {
	case "start":
		return f.startPhases(c, kindReel)
	case "finish":
		return f.finishReel(c)
	}
	return nil, graph.BadParam("Param upload_phase must be one of {start, finish}")
}

// uploadStory is POST /{page-id}/video_stories. https://developers.facebook.com/docs/page-stories-api
func (f *Fake) uploadStory(c *call) (any, *graph.Failure) {
	switch c.Params["upload_phase"] {
	case "start":
		return f.startPhases(c, kindStory)
	case "finish":
		f.mu.Lock()
		defer f.mu.Unlock()
		v, fail := f.uploadedVideo(c, kindStory)
		if fail != nil {
			return nil, fail
		}
		if v.finished.IsZero() {
			f.film(v)
			f.finish(c, v)
		}
		return f.die(v.page, v.id, false, map[string]any{"success": true, "post_id": v.post.id})
	}
	return nil, graph.BadParam("Param upload_phase must be one of {start, finish}")
}

func (f *Fake) startPhases(c *call, kind string) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.begin(c, kind)
	return map[string]any{"video_id": v.id, "upload_url": "https://" + hostUpload + "/video-upload/" + apiVersion + "/" + v.id}, nil
}

// uploadedVideo is the video that is to be finished. The caller holds mu.
func (f *Fake) uploadedVideo(c *call, kind string) (*video, *graph.Failure) {
	v := f.videos[c.Params["video_id"]]
	switch {
	case v == nil || v.page != c.page || v.kind != kind:
		return nil, graph.BadParam("Param video_id must be a video whose upload has begun here")
	case !v.uploaded:
		return nil, graph.BadParam("The video is not uploaded yet")
	}
	return v, nil
}

func (f *Fake) finishReel(c *call) (any, *graph.Failure) {
	state := c.Params["video_state"]
	if state != "PUBLISHED" && state != "DRAFT" {
		return nil, graph.BadParam("Param video_state must be one of {PUBLISHED, DRAFT, SCHEDULED}")
	}
	if fail := f.asked(c.page, c.Params["description"]); fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	v, fail := f.uploadedVideo(c, kindReel)
	switch {
	case fail != nil:
		return nil, fail
	case !v.finished.IsZero():
		return done(), nil
	}
	if v.page.reels = graph.WithinDay(v.page.reels, c.now); len(v.page.reels) >= f.settings.reels {
		return nil, failReels
	}
	if fail := f.describe(c, v, maxReelText); fail != nil {
		return nil, fail
	}
	v.draft = state == "DRAFT"
	v.page.reels = append(v.page.reels, c.now)
	f.film(v)
	f.finish(c, v)
	return f.die(v.page, v.text, farside.ParseDirective(v.text).Drop, done())
}

// serveUpload is the upload host: POST /video-upload/{version}/{video-id}, with the video from an offset on as body, or by a file_url header.
func (f *Fake) serveUpload(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) != 3 || parts[0] != "video-upload" || !version.MatchString(parts[1]) {
		graph.Answer(w, nil, graph.UnknownPath(r.URL.Path))
		return
	}
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	f.mu.Lock()
	t, fail := f.authorize(value, f.now())
	v := f.videos[parts[2]]
	known := fail == nil && v != nil && v.page == t.page && v.kind != kindVideo && r.Method == http.MethodPost
	over := known && v.uploaded
	f.mu.Unlock()
	switch {
	case scheme != "OAuth": // the literal word; Bearer is for the Graph hosts
		graph.Answer(w, nil, failNoToken)
	case fail != nil:
		graph.Answer(w, nil, fail)
	case !known:
		graph.Answer(w, nil, graph.NoObject(r.Method, parts[2]))
	case over:
		graph.Answer(w, done(), nil)
	case r.Header.Get("File_url") != "":
		data, _, err := f.fetch.Download(r.Context(), r.Header.Get("File_url"), maxPiece)
		if err != nil {
			refuseUpload(w, "ProcessingFailedError", "The file could not be fetched", true)
			return
		}
		f.received(v, data, int64(len(data)))
		graph.Answer(w, done(), nil)
	default:
		f.receive(w, r, v)
	}
}

// receive takes a video's bytes, and keeps also those of a request that breaks off.
func (f *Fake) receive(w http.ResponseWriter, r *http.Request, v *video) {
	size, err := strconv.ParseInt(r.Header.Get("File_size"), 10, 64)
	offset, err2 := strconv.ParseInt(r.Header.Get("Offset"), 10, 64)
	f.mu.Lock()
	has, cut := int64(len(v.data)), f.settings.cut
	f.settings.cut = 0
	f.mu.Unlock()
	switch {
	case err != nil || size < 1 || size > maxVideo || err2 != nil:
		refuseUpload(w, "ProcessingFailedError", "Header Offset not convertable", false)
		return
	case offset != has:
		refuseUpload(w, "OffsetInvalidError", "Request starting offset is invalid", false)
		return
	}
	most := size - offset
	if cut > 0 {
		most = min(most, cut)
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, most))
	whole := f.received(v, data, size)
	switch {
	case cut > 0:
		graph.Answer(w, nil, &graph.Failure{Drop: true})
	case err != nil || !whole:
		refuseUpload(w, "PartialRequestError", "Partial request (did not match length of file)", true)
	default:
		graph.Answer(w, done(), nil)
	}
}

// received adds bytes to a video, and tells whether it is whole.
func (f *Fake) received(v *video, data []byte, size int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	v.data, v.size = append(v.data, data...), size
	v.uploaded = int64(len(v.data)) == size
	return v.uploaded
}

// refuseUpload answers in the upload host's own shape.
func refuseUpload(w http.ResponseWriter, kind, message string, retriable bool) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(http.StatusBadRequest)
	graph.WriteJSON(w, map[string]any{"debug_info": map[string]any{"retriable": retriable, "type": kind, "message": message}})
}
