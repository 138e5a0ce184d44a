package facebook

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

// videoOf is the video of a post that is out, by what its publishing remembered; empty: it has none.
func videoOf(x platforms.Existing) string {
	var st state
	if json.Unmarshal(x.State.Data, &st) != nil || (st.Post != x.Remote.ID && st.Video != x.Remote.ID) {
		return ""
	}
	return st.Video
}

// Delete removes a post, and the video that it shows. One that is gone is a success.
// https://developers.facebook.com/docs/graph-api/reference/page-post#deleting
func (Platform) Delete(ctx context.Context, c *platforms.Conn, x platforms.Existing) error {
	a := newClient(c)
	for _, id := range []string{x.Remote.ID, videoOf(x)} {
		if id == "" {
			continue
		}
		err := a.Delete(ctx, url.PathEscape(id), meta.NotNow)
		if err != nil && !meta.IsMissing(platforms.AsError(err)) {
			return meta.Spoken(err, version(c.App))
		}
	}
	return nil
}

// Edit changes what a post says. It may be repeated. Facebook lets an app edit only what it has published itself.
// https://developers.facebook.com/docs/graph-api/reference/page-post#updating
func (Platform) Edit(ctx context.Context, c *platforms.Conn, e platforms.Edit) (platforms.Remote, error) {
	if kindOf(e.Content) == kindStory {
		return e.Remote, &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Rule: platformName + "." + ruleEditStory, Field: "content",
			Message: "a story has no text that could be edited", Remediation: "Delete the story and publish another."}
	}
	a := newClient(c)
	id, field := e.Remote.ID, "message"
	if video := videoOf(e.Existing); video != "" {
		id, field = video, "description"
	}
	_, err := a.Post(ctx, url.PathEscape(id), url.Values{field: {e.Text}}, false, meta.NotNow)
	return platforms.Remote{ID: e.Remote.ID, URL: cmp.Or(e.Remote.URL, "https://www.facebook.com/"+e.Remote.ID)}, meta.Spoken(err, version(c.App))
}
