package facebookfake

import (
	"slices"
	"time"

	"posthorn/internal/platforms/farside/graph"
)

// createStory is POST /{page-id}/photo_stories, of a photo that no post shows.
func (f *Fake) createStory(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ph := f.photos[c.Params["photo_id"]]
	switch {
	case ph == nil || ph.page != c.page || !ph.lives(c.now):
		return nil, graph.BadParam("Param photo_id must be the ID of an unpublished photo")
	case ph.post != nil && (ph.post.kind != kindStory || !f.settings.restory):
		return nil, failUsed
	}
	ph.post = &post{page: c.page, app: c.t.app, kind: kindStory, photos: []*photo{ph}, made: c.now, shown: c.now}
	f.keep(ph.post)
	return f.die(c.page, ph.id, false, map[string]any{"success": true, "post_id": ph.post.id})
}

// storyView is a story as the list shows it.
type storyView struct {
	*post
	status string
	at     time.Time
}

func (storyView) NodeType() string { return "PageStory" }

func (v storyView) Field(name string, _ []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "post_id":
		return v.post.id, true, nil
	case "status":
		return v.status, true, nil
	case "creation_time":
		return v.at.Unix(), true, nil
	case "media_type":
		if v.video != nil {
			return "video", true, nil
		}
		return "photo", true, nil
	case "media_id":
		if v.video != nil {
			return v.video.id, true, nil
		}
		return v.photos[0].id, true, nil
	case "url":
		return v.permalink(), true, nil
	}
	return nil, false, nil
}

// listStories is GET /{page-id}/stories, which lags behind. What has ended is listed as archived.
func (f *Fake) listStories(c *call) (any, *graph.Failure) {
	wanted, fail := c.List("status")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var rows []row
	for _, p := range slices.Backward(f.order) {
		at := p.published(c.now)
		if p.page != c.page || p.kind != kindStory || p.deleted || at.IsZero() || c.now.Sub(at) < f.settings.storyLag {
			continue
		}
		status := "PUBLISHED"
		if !p.visible(c.now) {
			status = "ARCHIVED"
		}
		if len(wanted) == 0 || slices.Contains(wanted, status) {
			rows = append(rows, row{p.id, storyView{p, status, at}, at.Unix()})
		}
	}
	return c.list(rows, "post_id,status,creation_time,media_type,media_id,url")
}
