package blueskyfake

import (
	"slices"
)

const posts = "app.bsky.feed.post"

// clockFormat is how the read service writes moments.
const clockFormat = "2006-01-02T15:04:05.000Z"

func avatarPath(a *account) string {
	ref, _ := blobRefOf(a.get("app.bsky.actor.profile", "self").value["avatar"])
	return picturePath("avatar", a.did, ref.cid)
}

func picturePath(size, did, cid string) string {
	return "/img/" + size + "/plain/" + did + "/" + cid + "@jpeg"
}

// author is a person as shown with a post. What the profile record says comes first.
func (a *account) author() map[string]any {
	out := map[string]any{"did": a.did, "handle": a.handle, "labels": []any{}}
	if p := a.get("app.bsky.actor.profile", "self"); p != nil {
		if name, ok := p.value["displayName"].(string); ok {
			out["displayName"] = name
		}
		if ref, ok := blobRefOf(p.value["avatar"]); ok {
			out["avatar"] = "https://" + cdnHost + picturePath("avatar", a.did, ref.cid)
		}
	}
	return out
}

func (f *Fake) profile(a *account) map[string]any {
	out := a.author()
	followers := 0
	for _, other := range f.accounts {
		for _, r := range other.records["app.bsky.graph.follow"] {
			if subjectOf(r.value) == a.did {
				followers++
			}
		}
	}
	visible := 0
	for _, r := range a.records[posts] {
		if r.valid {
			visible++
		}
	}
	if p := a.get("app.bsky.actor.profile", "self"); p != nil {
		out["indexedAt"] = p.at.Format(clockFormat)
		if text, ok := p.value["description"].(string); ok {
			out["description"] = text
		}
	}
	out["followersCount"], out["followsCount"], out["postsCount"] = followers, len(a.records["app.bsky.graph.follow"]), visible
	return out
}

// visible are the posts that the read service shows, newest first; of one account, or of all.
func (f *Fake) visible(of *account) []*record {
	var out []*record
	for _, a := range f.accounts {
		if of != nil && a != of {
			continue
		}
		for _, r := range a.records[posts] {
			if r.valid {
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(x, y *record) int { return y.seq - x.seq })
	return out
}

// find returns the visible post of a URI, which may name its author by handle.
func (f *Fake) find(uri string) *record {
	actor, collection, key, ok := splitURI(uri)
	a := f.byActor(actor)
	if !ok || a == nil || collection != posts {
		return nil
	}
	if r := a.get(posts, key); r != nil && r.valid {
		return r
	}
	return nil
}

// inside follows names into a value.
func inside(v any, path ...string) any {
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func stringIn(v any, path ...string) string { s, _ := inside(v, path...).(string); return s }

// parent is the URI of the post that this one answers.
func (r *record) parent() string { return stringIn(r.value, "reply", "parent", "uri") }

// counts are how often a post was liked, reposted, answered and quoted.
func (f *Fake) counts(uri string) (likes, reposts, replies, quotes int) {
	for _, a := range f.accounts {
		for _, r := range a.records["app.bsky.feed.like"] {
			if subjectOf(r.value) == uri {
				likes++
			}
		}
		for _, r := range a.records["app.bsky.feed.repost"] {
			if subjectOf(r.value) == uri {
				reposts++
			}
		}
		for _, r := range a.records[posts] {
			if r.valid && r.parent() == uri {
				replies++
			}
			if r.valid && r.quoted() == uri {
				quotes++
			}
		}
	}
	return likes, reposts, replies, quotes
}

// quoted is the URI of the record that a post carries.
func (r *record) quoted() string {
	if uri := stringIn(r.value, "embed", "record", "uri"); uri != "" {
		return uri
	}
	return stringIn(r.value, "embed", "record", "record", "uri")
}

func (f *Fake) postView(r *record) map[string]any {
	likes, reposts, replies, quotes := f.counts(r.uri())
	out := map[string]any{
		"uri": r.uri(), "cid": r.cid, "author": r.owner.author(), "record": r.value, "indexedAt": r.at.Format(clockFormat), "labels": []any{},
		"likeCount": likes, "repostCount": reposts, "replyCount": replies, "quoteCount": quotes, "bookmarkCount": 0,
	}
	if e := f.embedView(r.owner, r.value["embed"]); e != nil {
		out["embed"] = e
	}
	return out
}

// embedView is what a post carries, with addresses in place of blobs; nil for what this service does not know.
func (f *Fake) embedView(a *account, embed any) map[string]any {
	kind := stringIn(embed, "$type")
	out := map[string]any{"$type": kind + "#view"}
	switch kind {
	case "app.bsky.embed.images", "app.bsky.embed.gallery":
		views := []any{}
		for _, p := range pictures(embed) {
			view := map[string]any{"alt": p.alt, "thumb": cdnURL("feed_thumbnail", a, p.cid), "fullsize": cdnURL("feed_fullsize", a, p.cid)}
			if p.ratio != nil {
				view["aspectRatio"] = p.ratio
			}
			views = append(views, view)
		}
		out[map[bool]string{true: "images", false: "items"}[kind == "app.bsky.embed.images"]] = views
	case "app.bsky.embed.video":
		ref, _ := blobRefOf(inside(embed, "video"))
		out["cid"], out["alt"] = ref.cid, stringIn(embed, "alt")
		out["playlist"] = "https://" + videoHost + "/watch/" + a.did + "/" + ref.cid + "/playlist.m3u8"
		out["thumbnail"] = "https://" + videoHost + "/watch/" + a.did + "/" + ref.cid + "/thumbnail.jpg"
	case "app.bsky.embed.external":
		card := map[string]any{"uri": stringIn(embed, "external", "uri"), "title": stringIn(embed, "external", "title"),
			"description": stringIn(embed, "external", "description")}
		if ref, ok := blobRefOf(inside(embed, "external", "thumb")); ok {
			card["thumb"] = cdnURL("feed_thumbnail", a, ref.cid)
		}
		out["external"] = card
	case "app.bsky.embed.record":
		out["record"] = f.quoteView(stringIn(embed, "record", "uri"))
	case "app.bsky.embed.recordWithMedia":
		out["record"] = map[string]any{"$type": "app.bsky.embed.record#view", "record": f.quoteView(stringIn(embed, "record", "record", "uri"))}
		out["media"] = f.embedView(a, inside(embed, "media"))
	default:
		return nil
	}
	return out
}

func cdnURL(size string, a *account, cid string) string {
	return "https://" + cdnHost + picturePath(size, a.did, cid)
}

func (f *Fake) quoteView(uri string) map[string]any {
	r := f.find(uri)
	if r == nil {
		return map[string]any{"$type": "app.bsky.embed.record#viewNotFound", "uri": uri, "notFound": true}
	}
	return map[string]any{"$type": "app.bsky.embed.record#viewRecord", "uri": r.uri(), "cid": r.cid, "author": r.owner.author(), "value": r.value,
		"labels": []any{}, "indexedAt": r.at.Format(clockFormat)}
}

// picture is one image of a post.
type picture struct {
	cid, mime, alt string
	ratio          any
}

// pictures are the images of an embed, those beside a quote too.
func pictures(embed any) []picture {
	var items []any
	switch kind := stringIn(embed, "$type"); kind {
	case "app.bsky.embed.images":
		items, _ = inside(embed, "images").([]any)
	case "app.bsky.embed.gallery":
		items, _ = inside(embed, "items").([]any)
	case "app.bsky.embed.recordWithMedia":
		return pictures(inside(embed, "media"))
	}
	var out []picture
	for _, item := range items {
		if ref, ok := blobRefOf(inside(item, "image")); ok {
			out = append(out, picture{cid: ref.cid, mime: ref.mime, alt: stringIn(item, "alt"), ratio: inside(item, "aspectRatio")})
		}
	}
	return out
}
