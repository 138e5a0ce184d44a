package threadsfake

import (
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

// media is a published post, or an item of a carousel.
type media struct {
	*container
	id      string
	items   []*media
	at      time.Time
	deleted bool
}

// publish is POST /me/threads_publish. What Meta answers to a second publication of one container is documented nowhere; here it is the answer to a
// container that is not ready, or after Republish a second post.
func (f *Fake) publish(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := c.Params["creation_id"]
	ct := f.containers[id]
	switch {
	case id == "":
		return nil, graph.BadParam("The parameter creation_id is required")
	case ct == nil || ct.acct != c.acct || ct.status(c.now) == "EXPIRED":
		return nil, failContainer
	case ct.kind == kindChild:
		return nil, graph.BadParam("An item of a carousel cannot be published alone.")
	case ct.status(c.now) == "PUBLISHED" && f.settings.republish: // goes on
	case ct.status(c.now) != "FINISHED":
		return nil, failNotReady
	case c.now.Sub(ct.ready) < f.settings.unready*chance(ct.id)/1000:
		return nil, failNoMedia(id)
	case ct.replyTo != nil && ct.replyTo.deleted:
		return nil, graph.NoObject("POST", ct.replyTo.id)
	}
	counted, limit := &c.acct.posted, f.settings.posts
	if ct.replyTo != nil {
		counted, limit = &c.acct.replied, f.settings.replies
	}
	if *counted = graph.WithinDay(*counted, c.now); len(*counted) >= limit {
		return nil, failQuota
	}
	*counted = append(*counted, c.now)
	ct.published = c.now
	m := f.record(ct, c.now)
	f.posts = append(f.posts, m)
	return f.afterPublication(ct, m)
}

// record makes the media of a container. The caller holds mu.
func (f *Fake) record(ct *container, now time.Time) *media {
	m := &media{container: ct, id: f.nextID(), at: now}
	f.media[m.id] = m
	for _, child := range ct.children {
		m.items = append(m.items, f.record(child, now))
	}
	return m
}

// afterPublication answers the publisher, unless a fault or the post's own text wants it otherwise.
func (f *Fake) afterPublication(ct *container, m *media) (any, *graph.Failure) {
	if queue := f.settings.publishDeath; len(queue) > 0 {
		f.settings.publishDeath = queue[1:]
		switch queue[0] {
		case AnswerServer:
			return nil, failServer
		case AnswerPermission:
			return nil, failLie
		}
		return nil, &graph.Failure{Drop: true}
	}
	if key := ct.acct.id + "\x00" + ct.text; ct.directive.Drop && !f.dropped[key] {
		f.dropped[key] = true
		return nil, &graph.Failure{Drop: true}
	}
	return map[string]any{"id": m.id}, nil
}

func (m *media) shortcode() string { return graph.Shortcode(m.id) }

func (m *media) permalink() string {
	return "https://" + hostWeb + "/@" + m.acct.username + "/post/" + m.shortcode()
}

// root is the post that a chain of replies hangs on.
func (m *media) root() *media {
	for m.replyTo != nil {
		m = m.replyTo
	}
	return m
}

// public is the post as the public sees it.
func (m *media) public() farside.Post {
	p := farside.Post{ID: m.id, Platform: "threads", Account: m.acct.id, Username: m.acct.username, Kind: strings.ToLower(m.kind), Text: m.text, URL: m.permalink(), At: m.at, Comments: []farside.Comment{}}
	if m.replyTo != nil {
		p.ReplyTo = m.replyTo.id
	}
	if m.topic != "" {
		p.Extra = []string{"topic " + m.topic}
	}
	shown := m.items
	if m.asset != nil {
		shown = []*media{m}
	}
	for _, item := range shown {
		one := farside.Media{Type: "image", URL: "/" + hostCDN + item.asset.Path(), Alt: item.alt, MIME: item.asset.MIME}
		if item.asset.Film != nil {
			one.Type = "video"
		}
		p.Media = append(p.Media, one)
	}
	return p
}

// postView is a post as reads see it. What is too new is not known whole.
type postView struct {
	*media
	lagging bool
}

// NodeType implements [graph.Object].
func (postView) NodeType() string { return "ThreadsMedia" }

// Field implements [graph.Object]. What has no value is left out.
func (v postView) Field(name string, sub []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "text", "alt_text", "topic_tag":
		if text := map[string]string{"text": v.text, "alt_text": v.alt, "topic_tag": v.topic}[name]; text != "" {
			return text, true, nil
		}
		return nil, true, nil
	case "permalink", "shortcode":
		if v.lagging {
			return nil, true, nil
		}
		return map[string]string{"permalink": v.permalink(), "shortcode": v.shortcode()}[name], true, nil
	case "media_type":
		return v.mediaType(), true, nil
	case "media_product_type":
		return "THREADS", true, nil
	case "media_url":
		if v.asset == nil {
			return nil, true, nil
		}
		return "https://" + hostCDN + v.asset.Path(), true, nil
	case "timestamp":
		return v.at.UTC().Format("2006-01-02T15:04:05-0700"), true, nil
	case "username":
		return v.acct.username, true, nil
	case "owner":
		return map[string]any{"id": v.acct.id}, true, nil
	case "is_quote_post":
		return false, true, nil
	case "is_reply":
		return v.replyTo != nil, true, nil
	case "replied_to", "root_post":
		if v.replyTo == nil {
			return nil, true, nil
		}
		return map[string]any{"id": map[string]string{"replied_to": v.replyTo.id, "root_post": v.root().id}[name]}, true, nil
	case "children":
		if len(v.items) == 0 {
			return nil, true, nil
		}
		data := []any{}
		for _, item := range v.items {
			read, fail := graph.Selected(item.id, postView{item, v.lagging}, sub)
			if fail != nil {
				return nil, true, fail
			}
			data = append(data, read)
		}
		return map[string]any{"data": data}, true, nil
	}
	return nil, false, nil
}

func (m *media) mediaType() string {
	switch {
	case m.kind == kindText:
		return "TEXT_POST"
	case m.kind == kindCarousel:
		return "CAROUSEL_ALBUM"
	case m.asset.Film != nil:
		return "VIDEO"
	}
	return "IMAGE"
}

// lags tells whether reads do not know a post yet.
func (f *Fake) lags(m *media, now time.Time, share time.Duration) bool {
	return now.Sub(m.at) < f.settings.lag/share*chance(m.id)/1000
}

// readPost is GET /{media-id}.
func (f *Fake) readPost(c *call, m *media) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return graph.Selected(m.id, postView{m, f.lags(m, c.now, 5)}, fields)
}

// list is GET /me/threads, or /me/replies: the newest first, with cursors and never with the address of a next page.
func (f *Fake) list(c *call, replies bool) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id")
	if fail != nil {
		return nil, fail
	}
	limit, fail1 := c.Number("limit", 25)
	since, fail2 := c.Number("since", 0)
	until, fail3 := c.Number("until", 1<<40)
	for _, fail := range []*graph.Failure{fail1, fail2, fail3} {
		if fail != nil {
			return nil, fail
		}
	}
	if limit < 1 || limit > 100 || (since != 0 && since < 1688540400) {
		return nil, graph.BadParam("Param limit must be between 1 and 100, and since at least 1688540400.")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []*media
	for _, m := range slices.Backward(f.posts) {
		if at := m.at.Unix(); m.acct == c.acct && !m.deleted && (m.replyTo != nil) == replies && at >= since && at <= until && !f.lags(m, c.now, 1) {
			found = append(found, m)
		}
	}
	if after := c.Params["after"]; after != "" {
		found = found[slices.IndexFunc(found, func(m *media) bool { return m.id == after })+1:]
	}
	page, data := found[:min(int(limit), len(found))], []any{}
	for _, m := range page {
		read, fail := graph.Selected(m.id, postView{m, false}, fields)
		if fail != nil {
			return nil, fail
		}
		data = append(data, read)
	}
	out := map[string]any{"data": data}
	if len(page) > 0 {
		out["paging"] = map[string]any{"cursors": map[string]any{"before": page[0].id, "after": page[len(page)-1].id}}
	}
	return out, nil
}

// remove is DELETE /{media-id}.
func (f *Fake) remove(c *call, m *media) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := c.acct
	if a.removed = graph.WithinDay(a.removed, c.now); len(a.removed) >= f.settings.deletes {
		return nil, failQuota.Saying("The profile has deleted too many posts in 24 hours.")
	}
	a.removed = append(a.removed, c.now)
	m.deleted = true
	return map[string]any{"success": true, "deleted_id": m.id}, nil
}

// readLimit is GET /me/threads_publishing_limit.
func (f *Fake) readLimit(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("quota_usage")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	a, s := c.acct, f.settings
	config := func(total int) any {
		return map[string]any{"quota_total": total, "quota_duration": int(day.Seconds())}
	}
	all := map[string]any{"quota_usage": len(graph.WithinDay(a.posted, c.now)), "config": config(s.posts), "reply_quota_usage": len(graph.WithinDay(a.replied, c.now)), "reply_config": config(s.replies),
		"delete_quota_usage": len(graph.WithinDay(a.removed, c.now)), "delete_config": config(s.deletes)}
	out := map[string]any{}
	for _, field := range fields {
		v, has := all[field.Name]
		if !has {
			return nil, nonexisting(field.Name)
		}
		out[field.Name] = v
	}
	return map[string]any{"data": []any{out}}, nil
}

// readProfile is GET /me.
func (f *Fake) readProfile(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id")
	if fail != nil {
		return nil, fail
	}
	return graph.Selected(c.acct.id, profileView{c.acct, f.assets}, fields)
}

// profileView is a profile as reads see it.
type profileView struct {
	*account
	assets *graph.Assets
}

// NodeType implements [graph.Object].
func (profileView) NodeType() string { return "ThreadsUser" }

// Field implements [graph.Object].
func (v profileView) Field(name string, _ []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "username":
		return v.username, true, nil
	case "name":
		return v.name, true, nil
	case "threads_profile_picture_url":
		return v.assets.URL(v.picture), true, nil
	case "threads_biography":
		return "A profile of the sandbox.", true, nil
	case "is_verified":
		return false, true, nil
	}
	return nil, false, nil
}

func nonexisting(name string) *graph.Failure {
	return &graph.Failure{Kind: "THApiException", Code: 100, Message: "Tried accessing nonexisting field (" + graph.Clip(name) + ")"}
}
