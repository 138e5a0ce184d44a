package instagramfake

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"posthorn/internal/platforms/farside/graph"
)

// graphTime is how Graph writes times.
const graphTime = "2006-01-02T15:04:05-0700"

// defaultPage and maxPage bound lists.
const (
	defaultPage = 25
	maxPage     = 100
)

// mediaView is a medium as reads see it.
type mediaView struct {
	*media
	f       *Fake
	lagging bool // too new to be known whole
}

func (f *Fake) view(m *media, now time.Time) mediaView {
	return mediaView{m, f, now.Sub(m.at) < f.settings.lag}
}

func (v mediaView) NodeType() string { return "Media" }

func (v mediaView) Field(name string, sub []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "permalink", "shortcode":
		if v.lagging {
			return nil, true, nil
		}
		return map[string]string{"permalink": v.permalink(), "shortcode": v.code}[name], true, nil
	case "caption", "alt_text":
		return orNil(map[string]string{"caption": v.spec.caption, "alt_text": v.spec.altText}[name]), true, nil
	case "media_type":
		return v.mediaType(), true, nil
	case "media_product_type":
		return v.productType(), true, nil
	case "media_url", "thumbnail_url":
		return v.mediaURL(name), true, nil
	case "timestamp":
		return v.at.UTC().Format(graphTime), true, nil
	case "username":
		return v.acct.username, true, nil
	case "owner":
		return map[string]any{"id": v.acct.id}, true, nil
	case "ig_id":
		return v.id, true, nil
	case "legacy_instagram_media_id":
		return v.id, true, nil
	case "like_count":
		return 0, true, nil
	case "comments_count":
		return len(v.comments), true, nil
	case "is_comment_enabled":
		return !v.noComments, true, nil
	case "is_shared_to_feed":
		if v.spec.kind != kindReel {
			return nil, true, nil
		}
		return !v.spec.trial && (v.spec.toFeed == nil || *v.spec.toFeed), true, nil
	case "children":
		if v.spec.kind != kindCarousel {
			return nil, true, nil
		}
		return v.children(sub)
	case "comments":
		page, fail := v.f.commentPage(v.media, sub)
		return page, true, fail
	}
	return nil, false, nil
}

func (v mediaView) mediaType() string {
	switch {
	case v.spec.kind == kindCarousel:
		return "CAROUSEL_ALBUM"
	case v.asset.Film != nil:
		return "VIDEO"
	}
	return "IMAGE"
}

func (v mediaView) productType() string {
	switch v.spec.kind {
	case kindReel:
		return "REELS"
	case kindStory:
		return "STORY"
	}
	return "FEED"
}

// mediaURL is where the medium's copy is. No stills are made of videos, so that thumbnail_url stays empty.
func (v mediaView) mediaURL(name string) any {
	if v.asset == nil || name == "thumbnail_url" {
		return nil
	}
	return "https://" + hostCDN + v.asset.Path()
}

// children reads the items of a carousel.
func (v mediaView) children(sub []graph.Field) (any, bool, *graph.Failure) {
	data := []any{}
	for _, item := range v.items {
		read, fail := graph.Selected(item.id, mediaView{item, v.f, v.lagging}, sub)
		if fail != nil {
			return nil, true, fail
		}
		data = append(data, read)
	}
	return map[string]any{"data": data}, true, nil
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// readMedia is GET /{media-id}.
func (f *Fake) readMedia(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return graph.Selected(c.medium.id, f.view(c.medium, c.now), fields)
}

// listChildren is GET /{media-id}/children.
func (f *Fake) listChildren(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	list, _, fail := f.view(c.medium, c.now).children(fields)
	return list, fail
}

// listMedia is GET /{ig-user-id}/media: the newest first, without stories.
func (f *Fake) listMedia(c *call) (any, *graph.Failure) {
	return f.list(c, func(m *media) bool { return m.spec.kind != kindStory })
}

// listStories is GET /{ig-user-id}/stories: those that are still up.
func (f *Fake) listStories(c *call) (any, *graph.Failure) {
	return f.list(c, func(m *media) bool { return m.spec.kind == kindStory })
}

// list is a page of the account's posts that the filter takes, between since and until, behind the cursor.
func (f *Fake) list(c *call, takes func(*media) bool) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id")
	if fail != nil {
		return nil, fail
	}
	limit, fail1 := c.Number("limit", defaultPage)
	since, fail2 := c.Number("since", 0)
	until, fail3 := c.Number("until", 1<<40)
	for _, fail := range []*graph.Failure{fail1, fail2, fail3} {
		if fail != nil {
			return nil, fail
		}
	}
	if limit < 1 {
		return nil, graph.BadParam("Param limit must be a positive integer.")
	}
	limit = min(limit, maxPage)
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []*media
	for _, m := range slices.Backward(f.posts) {
		at := m.at.Unix()
		if m.acct == c.acct && m.visible(c.now) && takes(m) && at >= since && at <= until && !f.view(m, c.now).lagging {
			found = append(found, m)
		}
	}
	if after := c.Params["after"]; after != "" {
		found = found[slices.IndexFunc(found, func(m *media) bool { return m.id == after })+1:]
	}
	data := []any{}
	page := found[:min(int(limit), len(found))]
	for _, m := range page {
		read, fail := graph.Selected(m.id, f.view(m, c.now), fields)
		if fail != nil {
			return nil, fail
		}
		data = append(data, read)
	}
	out := map[string]any{"data": data}
	if len(page) > 0 {
		out["paging"] = c.paging(page[0].id, page[len(page)-1].id, len(found) > len(page))
	}
	return out, nil
}

// paging are a page's cursors, and the address of the next page if there is one. Unlike Meta's it carries no token.
func (c *call) paging(first, last string, more bool) any {
	p := map[string]any{"cursors": map[string]any{"before": first, "after": last}}
	if more {
		q := c.URL.Query()
		q.Del("access_token")
		q.Set("after", last)
		p["next"] = "https://" + c.host + c.URL.EscapedPath() + "?" + q.Encode()
	}
	return p
}

// editMedia is POST /{media-id}: comments on or off, the one thing that can change.
func (f *Fake) editMedia(c *call) (any, *graph.Failure) {
	on, fail := c.Flag("comment_enabled")
	if fail != nil {
		return nil, fail
	}
	if on == nil {
		return nil, graph.BadParam("The parameter comment_enabled is required")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c.medium.noComments = !*on
	return map[string]any{"success": true}, nil
}

// deleteMedia is DELETE /{media-id}: whole posts, with Facebook login alone.
func (f *Fake) deleteMedia(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.host != hostFacebook {
		return nil, graph.NoObject(http.MethodDelete, c.medium.id)
	}
	if c.medium.spec.kind == kindChild {
		return nil, &graph.Failure{Code: -1, Sub: 2207073, Message: "Media type cannot be deleted", Title: "Cannot delete",
			User: "An item of a carousel cannot be deleted alone."}
	}
	c.medium.deleted = true
	for _, item := range c.medium.items {
		item.deleted = true
	}
	return map[string]any{"success": true, "deleted_id": c.medium.id}, nil
}

// readLimit is GET /{ig-user-id}/content_publishing_limit, over a day or since a moment within it.
func (f *Fake) readLimit(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("quota_usage")
	if fail != nil {
		return nil, fail
	}
	oldest := c.now.Add(-day).Unix()
	since, fail := c.Number("since", oldest)
	if fail != nil {
		return nil, fail
	}
	if since < oldest {
		return nil, graph.BadParam("Param since must be within the last 24 hours: " + strconv.FormatInt(since, 10))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	used := 0
	for _, at := range graph.WithinDay(c.acct.released, c.now) {
		if at.Unix() >= since {
			used++
		}
	}
	limit := map[string]any{}
	for _, field := range fields {
		switch field.Name {
		case "quota_usage":
			limit["quota_usage"] = used
		case "config":
			limit["config"] = map[string]any{"quota_total": f.settings.quota, "quota_duration": int(day.Seconds())}
		default:
			return nil, graph.BadParam("Tried accessing nonexisting field (" + graph.Clip(field.Name) + ")")
		}
	}
	return map[string]any{"data": []any{limit}}, nil
}
