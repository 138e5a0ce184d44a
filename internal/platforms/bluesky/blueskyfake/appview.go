package blueskyfake

import (
	"math"
	"strconv"
	"strings"
)

// maxURIs is how many posts or profiles one call may ask for.
const maxURIs = 25

// getPosts leaves out what does not exist.
func getPosts(f *Fake, c *call) (any, error) {
	uris := c.query["uris"]
	if len(uris) == 0 {
		return nil, invalid(`Error: Params must have the property "uris"`)
	}
	if len(uris) > maxURIs {
		return nil, invalid("Error: uris must not have more than 25 elements")
	}
	views := []any{}
	for _, uri := range uris {
		if _, _, _, ok := splitURI(uri); !ok {
			return nil, invalid("Error: uris must be a valid at-uri")
		}
		if r := f.find(uri); r != nil {
			views = append(views, f.postView(r))
		}
	}
	return map[string]any{"posts": views}, nil
}

func getPostThread(f *Fake, c *call) (any, error) {
	uri := c.query.Get("uri")
	if _, _, _, ok := splitURI(uri); !ok {
		return nil, invalid("Error: uri must be a valid at-uri")
	}
	depth, err := c.number("depth", 6, 0, 1000)
	if err != nil {
		return nil, err
	}
	height, err := c.number("parentHeight", 80, 0, 1000)
	if err != nil {
		return nil, err
	}
	r := f.find(uri)
	if r == nil {
		return nil, named("NotFound", "Post not found: "+uri)
	}
	thread := f.threadBelow(r, depth)
	if p := r.parent(); p != "" && height > 0 {
		thread["parent"] = f.threadAbove(p, height)
	}
	return map[string]any{"thread": thread}, nil
}

func (f *Fake) threadView(r *record) map[string]any {
	return map[string]any{"$type": "app.bsky.feed.defs#threadViewPost", "post": f.postView(r), "threadContext": map[string]any{}}
}

func (f *Fake) threadBelow(r *record, depth int) map[string]any {
	out := f.threadView(r)
	if depth == 0 {
		return out
	}
	replies := []any{}
	for _, other := range f.visible(nil) {
		if other.parent() == r.uri() && other != r {
			replies = append(replies, f.threadBelow(other, depth-1))
		}
	}
	out["replies"] = replies
	return out
}

func (f *Fake) threadAbove(uri string, height int) map[string]any {
	r := f.find(uri)
	if r == nil {
		return map[string]any{"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri, "notFound": true}
	}
	out := f.threadView(r)
	if p := r.parent(); p != "" && height > 1 {
		out["parent"] = f.threadAbove(p, height-1)
	}
	return out
}

// getAuthorFeed pages through an account's posts, newest first. Its cursor is the last post's place in the order of storing.
func getAuthorFeed(f *Fake, c *call) (any, error) {
	a := f.byActor(c.query.Get("actor"))
	if a == nil {
		return nil, invalid("Profile not found")
	}
	limit, err := c.number("limit", 50, 1, 100)
	if err != nil {
		return nil, err
	}
	cursor, err := c.number("cursor", math.MaxInt, 0, math.MaxInt)
	if err != nil {
		return nil, err
	}
	filter := c.query.Get("filter")
	out := map[string]any{}
	feed := []any{}
	for _, r := range f.visible(a) {
		if r.seq >= cursor || !r.passes(filter) {
			continue
		}
		if len(feed) == limit {
			break
		}
		item := map[string]any{"post": f.postView(r)}
		if p := f.find(r.parent()); p != nil {
			item["reply"] = map[string]any{"parent": f.postView(p), "root": f.postView(f.rootOf(p))}
		}
		feed = append(feed, item)
		out["cursor"] = strconv.Itoa(r.seq)
	}
	out["feed"] = feed
	return out, nil
}

func (r *record) passes(filter string) bool {
	media := len(pictures(r.value["embed"])) > 0
	video := strings.HasPrefix(stringIn(r.value, "embed", "$type"), "app.bsky.embed.video")
	switch filter {
	case "posts_no_replies":
		return r.parent() == ""
	case "posts_with_media":
		return media || video
	case "posts_with_video":
		return video
	case "posts_and_author_threads":
		return r.parent() == "" || strings.HasPrefix(stringIn(r.value, "reply", "root", "uri"), "at://"+r.owner.did+"/")
	default:
		return true
	}
}

// rootOf is the first post of the thread that a post is in, as far as it is there.
func (f *Fake) rootOf(r *record) *record {
	if root := f.find(stringIn(r.value, "reply", "root", "uri")); root != nil {
		return root
	}
	return r
}

func getProfile(f *Fake, c *call) (any, error) {
	a := f.byActor(c.query.Get("actor"))
	if a == nil {
		return nil, invalid("Profile not found")
	}
	return f.profile(a), nil
}

func getProfiles(f *Fake, c *call) (any, error) {
	actors := c.query["actors"]
	if len(actors) == 0 || len(actors) > maxURIs {
		return nil, invalid("Error: actors must have from 1 to 25 elements")
	}
	profiles := []any{}
	for _, actor := range actors {
		if a := f.byActor(actor); a != nil {
			profiles = append(profiles, f.profile(a))
		}
	}
	return map[string]any{"profiles": profiles}, nil
}
