package tiktokfake

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/page"
)

// Posts implements [farside.Server]. Posts that only some may see are among them, with a note, and so are drafts in a creator's inbox.
func (f *Fake) Posts() []farside.Post {
	now := f.now()
	f.catchUp(now)
	f.mu.Lock()
	defer f.mu.Unlock()
	posts := []farside.Post{}
	for _, j := range slices.Backward(f.jobs) {
		if j.out(now) {
			posts = append(posts, j.public())
		}
	}
	return posts
}

// out reports whether anybody sees it.
func (j *job) out(now time.Time) bool {
	return j.fault == "" && !j.whole.IsZero() && !now.Before(j.ready)
}

func (j *job) permalink() string {
	kind := "video"
	if j.photos {
		kind = "photo"
	}
	return "https://" + hostWeb + "/@" + j.acct.username + "/" + kind + "/" + j.postID
}

// public is the post as those see it who may.
func (j *job) public() farside.Post {
	p := farside.Post{ID: j.postID, Platform: "tiktok", Account: j.acct.id, Username: j.acct.username, Kind: "video", Text: j.shown, Media: j.mediaOf(), URL: j.permalink(), At: j.ready, Comments: []farside.Comment{}, Extra: j.notes}
	if j.photos {
		p.Kind = "photo"
		if j.title != "" && j.title != j.shown {
			p.Text = j.title + "\n\n" + j.shown
		}
	}
	if j.draft {
		p.Kind, p.Extra = "draft", []string{"in the creator's inbox"}
	}
	return p
}

// servePosts is a post's page, or a creator's.
func (f *Fake) servePosts(w http.ResponseWriter, r *http.Request) {
	var found []farside.Post
	for _, p := range f.Posts() {
		if p.URL == "https://"+hostWeb+strings.TrimSuffix(r.URL.Path, "/") || "/@"+p.Username == r.URL.Path {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		page.Write(w, http.StatusNotFound, "Couldn't find this page", nil)
		return
	}
	page.Write(w, http.StatusOK, "TikTok, in the sandbox", found)
}

// fieldsOf reads the query's fields, each of which takes a permission; one that is not given fails the whole call.
func (f *Fake) fieldsOf(c *call, known map[string]string) ([]string, bool) {
	fields := strings.Split(c.r.URL.Query().Get("fields"), ",")
	for _, name := range fields {
		scope, ok := known[name]
		switch {
		case !ok:
			f.refuse(c.w, invalid("fields has %q, which is not known.", name))
			return nil, false
		case !slices.Contains(c.t.scopes, scope):
			f.refuse(c.w, failScope)
			return nil, false
		}
	}
	return fields, true
}

var userFields = map[string]string{"open_id": "user.info.basic", "union_id": "user.info.basic", "avatar_url": "user.info.basic", "avatar_url_100": "user.info.basic", "avatar_large_url": "user.info.basic",
	"display_name": "user.info.basic", "bio_description": "user.info.profile", "profile_deep_link": "user.info.profile", "profile_web_link": "user.info.profile", "is_verified": "user.info.profile",
	"username": "user.info.profile", "follower_count": "user.info.stats", "following_count": "user.info.stats", "likes_count": "user.info.stats", "video_count": "user.info.stats"}

// userInfo is GET /v2/user/info/.
func (f *Fake) userInfo(c *call) {
	fields, ok := f.fieldsOf(c, userFields)
	if !ok {
		return
	}
	a := c.t.acct
	picture := "https://" + hostCDN + "/" + a.username + ".jpg"
	all := map[string]any{"open_id": a.id, "union_id": a.union, "avatar_url": picture, "avatar_url_100": picture, "avatar_large_url": picture, "display_name": a.name, "bio_description": "In the sandbox",
		"profile_deep_link": "https://" + hostWeb + "/@" + a.username, "profile_web_link": "https://" + hostWeb + "/@" + a.username, "is_verified": false, "username": a.username,
		"follower_count": 1200, "following_count": 80, "likes_count": 5400, "video_count": len(f.shown(a, c.now))}
	user := map[string]any{}
	for _, name := range fields {
		user[name] = all[name]
	}
	f.ok(c.w, map[string]any{"user": user})
}

// shown are the posts of a creator that everybody sees, newest first.
func (f *Fake) shown(a *account, now time.Time) (list []*job) {
	f.catchUp(now)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, j := range slices.Backward(f.jobs) {
		if j.acct == a && !j.draft && j.out(now) && f.tells(j, now) {
			list = append(list, j)
		}
	}
	return list
}

var videoFields = map[string]string{"id": "video.list", "create_time": "video.list", "cover_image_url": "video.list", "share_url": "video.list", "video_description": "video.list", "duration": "video.list",
	"title": "video.list", "like_count": "video.list", "comment_count": "video.list", "share_count": "video.list", "view_count": "video.list"}

// maxShown is how much of a description is listed.
const maxShown = 150

func (j *job) view(fields []string) map[string]any {
	text := j.shown
	if r := []rune(text); len(r) > maxShown {
		text = string(r[:maxShown])
	}
	all := map[string]any{"id": j.postID, "create_time": j.ready.Unix(), "share_url": j.permalink() + "?utm_campaign=tt4d_open_api", "video_description": text, "title": j.title, "duration": 0,
		"cover_image_url": "", "like_count": 0, "comment_count": 0, "share_count": 0, "view_count": 0}
	out := map[string]any{}
	for _, name := range fields {
		out[name] = all[name]
	}
	return out
}

// videoList is POST /v2/video/list/. The cursor is a time in milliseconds.
func (f *Fake) videoList(c *call) {
	fields, ok := f.fieldsOf(c, videoFields)
	in := struct {
		Cursor int64 `json:"cursor"`
		Max    int   `json:"max_count"`
	}{Max: 10}
	if !ok || !f.decode(c, &in) {
		return
	}
	if in.Max < 1 || in.Max > 20 {
		f.refuse(c.w, invalid("max_count must be from 1 to 20."))
		return
	}
	list := f.shown(c.t.acct, c.now)
	if in.Cursor > 0 {
		list = slices.DeleteFunc(list, func(j *job) bool { return !j.ready.Before(time.UnixMilli(in.Cursor)) })
	}
	videos, cursor := []any{}, in.Cursor
	for _, j := range list[:min(in.Max, len(list))] {
		videos, cursor = append(videos, j.view(fields)), j.ready.UnixMilli()
	}
	f.ok(c.w, map[string]any{"videos": videos, "cursor": cursor, "has_more": len(list) > in.Max})
}

// videoQuery is POST /v2/video/query/. What the creator does not have, or not for everybody, is left out.
func (f *Fake) videoQuery(c *call) {
	fields, ok := f.fieldsOf(c, videoFields)
	var in struct {
		Filters struct {
			IDs []string `json:"video_ids"`
		} `json:"filters"`
	}
	if !ok || !f.decode(c, &in) {
		return
	}
	if len(in.Filters.IDs) > 20 {
		f.refuse(c.w, invalid("video_ids must have at most 20 entries."))
		return
	}
	videos := []any{}
	for _, j := range f.shown(c.t.acct, c.now) {
		if slices.Contains(in.Filters.IDs, j.postID) {
			videos = append(videos, j.view(fields))
		}
	}
	f.ok(c.w, map[string]any{"videos": videos})
}
