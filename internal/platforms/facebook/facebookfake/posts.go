package facebookfake

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

// Limits. https://developers.facebook.com/docs/graph-api/reference/page/feed
const (
	maxMessage    = 63206
	maxBackground = 130
	soonest       = 10 * time.Minute
	latest        = 30 * graph.Day
)

// The kinds of post, in the words of the wall.
const (
	kindText     = "text"
	kindPhotos   = "photos"
	kindVideo    = "video"
	kindReel     = "reel"
	kindStory    = "story"
	kindCarousel = "carousel"
)

// post is a post of a Page, unpublished ones among them.
type post struct {
	id       string
	page     *fanPage
	app      string
	kind     string
	message  string
	link     string
	photos   []*photo
	video    *video // of a video, a reel or a story
	cards    []card
	where    []string // countries
	preset   string
	made     time.Time
	sort     string    // of an unpublished one: "", DRAFT, SCHEDULED
	shown    time.Time // zero: it is not published
	due      time.Time // when a scheduled one is; zero: it is none
	deleted  bool
	comments []*comment
	drop     bool // the text asks for the answer to be lost
}

type card struct {
	Link        string `json:"link"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Picture     string `json:"picture"`
	asset       *graph.Asset
}

// published is when the post was; zero: it is not.
func (p *post) published(now time.Time) time.Time {
	if p.video != nil {
		return p.video.published(now)
	}
	if p.shown.IsZero() && !p.due.IsZero() && !now.Before(p.due) {
		return p.due
	}
	return p.shown
}

func (p *post) visible(now time.Time) bool {
	at := p.published(now)
	return !p.deleted && !at.IsZero() && (p.kind != kindStory || now.Sub(at) < graph.Day)
}

// permalink is the post's public address.
func (p *post) permalink() string {
	_, number, _ := strings.Cut(p.id, "_")
	switch p.kind {
	case kindReel:
		return "https://" + hostWeb + "/reel/" + p.video.id + "/"
	case kindVideo:
		return "https://" + hostWeb + "/" + p.page.username + "/videos/" + p.video.id + "/"
	case kindStory:
		return "https://" + hostWeb + "/stories/" + p.page.id + "/" + number + "/"
	}
	return "https://" + hostWeb + "/" + p.page.username + "/posts/" + number
}

// public is the post as the public sees it.
func (p *post) public(now time.Time) farside.Post {
	out := farside.Post{ID: p.id, Platform: "facebook", Account: p.page.id, Username: p.page.username, Kind: p.kind, Text: p.message, URL: p.permalink(), At: p.published(now), Comments: []farside.Comment{}}
	add := func(a *graph.Asset, alt string) {
		shown := farside.Media{Type: "image", URL: "/" + hostCDN + a.Path(), Alt: alt, MIME: a.MIME}
		if a.Film != nil {
			shown.Type = "video"
		}
		out.Media = append(out.Media, shown)
	}
	for _, ph := range p.photos {
		if !ph.deleted {
			add(ph.asset, ph.alt)
		}
	}
	if p.video != nil {
		add(p.video.asset, "")
		if p.video.title != "" {
			out.Extra = append(out.Extra, p.video.title)
		}
		if p.video.cover != nil {
			out.Extra = append(out.Extra, "with a cover")
		}
	}
	for _, c := range p.cards {
		add(c.asset, c.Name)
	}
	if p.link != "" {
		out.Link = &farside.Link{URL: p.link, Title: p.link}
	}
	if len(p.where) > 0 {
		out.Extra = append(out.Extra, "shown in "+strings.Join(p.where, ", "))
	}
	if p.preset != "" {
		out.Extra = append(out.Extra, "on a coloured background")
	}
	for _, c := range p.comments {
		out.Comments = append(out.Comments, farside.Comment{ID: c.id, Username: p.page.username, Text: c.text, At: c.at})
	}
	return out
}

// keep gives a post its ID. The caller holds mu.
func (f *Fake) keep(p *post) {
	p.id = p.page.id + "_" + f.nextID()
	f.posts[p.id] = p
	f.order = append(f.order, p)
}

// asked answers what a text asks for itself: a refusal, for good or for some times.
func (f *Fake) asked(p *fanPage, text string) *graph.Failure {
	d := farside.ParseDirective(text)
	if d.Fail {
		return graph.Named(known, d.Code)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if key := p.id + "\x00" + text; f.flaked[key] < d.Flaky {
		f.flaked[key]++
		return failServer
	}
	return nil
}

// createPost is POST /{page-id}/feed.
func (f *Fake) createPost(c *call) (any, *graph.Failure) {
	p := &post{page: c.page, app: c.t.app, kind: kindText, message: c.Params["message"], link: c.Params["link"], preset: c.Params["text_format_preset_id"], made: c.now, drop: farside.ParseDirective(c.Params["message"]).Drop}
	show, fail := f.when(c, p)
	if fail != nil {
		return nil, fail
	}
	for _, check := range []func(*call, *post) *graph.Failure{f.checkText, f.checkLink, f.checkTarget, f.readCards} {
		if fail := check(c, p); fail != nil {
			return nil, fail
		}
	}
	if fail := f.asked(c.page, p.message); fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if fail := f.attach(c, p); fail != nil {
		return nil, fail
	}
	if p.message == "" && p.link == "" && len(p.photos) == 0 {
		return nil, failEmpty
	}
	if show && f.repeats(p, c.now) {
		return nil, failDuplicate
	}
	f.keep(p)
	for _, ph := range p.photos {
		ph.post = p
	}
	out := map[string]any{"id": p.id}
	if !show {
		return out, nil
	}
	p.shown = c.now
	return f.die(p.page, p.message, p.drop, out)
}

// when reads whether the post is shown at once, later, or not.
func (f *Fake) when(c *call, p *post) (show bool, fail *graph.Failure) {
	flag, fail := c.Flag("published")
	if fail != nil {
		return false, fail
	}
	show = flag == nil || *flag
	switch p.sort = c.Params["unpublished_content_type"]; p.sort {
	case "", "DRAFT", "SCHEDULED", "ADS_POST", "INLINE_CREATED", "SCHEDULED_RECURRING", "PUBLISHED", "REVIEWABLE_BRANDED_CONTENT":
	default:
		return false, graph.BadParam("Param unpublished_content_type must be one of {SCHEDULED, DRAFT, ADS_POST, INLINE_CREATED, SCHEDULED_RECURRING, PUBLISHED, REVIEWABLE_BRANDED_CONTENT}")
	}
	at := c.Params["scheduled_publish_time"]
	if at == "" {
		return show, nil
	}
	unix, err := strconv.ParseInt(at, 10, 64)
	if p.due = time.Unix(unix, 0); err != nil || show || p.due.Sub(c.now) < soonest || p.due.Sub(c.now) > latest {
		return false, graph.BadParam("The specified scheduled publish time is invalid.")
	}
	return show, nil
}

func (f *Fake) checkText(c *call, p *post) *graph.Failure {
	_, given := c.Params["message"]
	switch {
	case given && p.message == "":
		return failEmpty
	case utf8.RuneCountInString(p.message) > maxMessage:
		return graph.BadParam("Param message is too long")
	case p.preset != "" && (utf8.RuneCountInString(p.message) > maxBackground || p.link != "" || c.Params["attached_media"] != "" || c.Params["child_attachments"] != ""):
		return graph.BadParam("Param text_format_preset_id is only for short plain texts")
	}
	if _, err := strconv.ParseUint(p.preset, 10, 64); p.preset != "" && err != nil {
		return failUnknown
	}
	return nil
}

// checkLink reads the linked page. One of a host that ends in .invalid is never there.
func (f *Fake) checkLink(_ *call, p *post) *graph.Failure {
	if p.link == "" {
		return nil
	}
	u, err := url.Parse(p.link)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return failLink
	}
	host := strings.ToLower(u.Hostname())
	switch {
	case host == "facebook.com" || strings.HasSuffix(host, ".facebook.com"):
		return failOwnLink
	case strings.HasSuffix(host, ".invalid"):
		return failScrape
	}
	return nil
}

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

func (f *Fake) checkTarget(c *call, p *post) *graph.Failure {
	var target struct {
		Geo struct {
			Countries []string `json:"countries"`
		} `json:"geo_locations"`
	}
	if fail := c.Object("targeting", &target); fail != nil {
		return fail
	}
	p.where = target.Geo.Countries
	if slices.ContainsFunc(p.where, func(s string) bool { return !countryCode.MatchString(s) }) {
		return graph.BadParam("Param targeting has an invalid country")
	}
	return nil
}

// readCards reads the children of a carousel and fetches their pictures.
func (f *Fake) readCards(c *call, p *post) *graph.Failure {
	if c.Params["child_attachments"] == "" {
		return nil
	}
	if fail := c.Object("child_attachments", &p.cards); fail != nil {
		return fail
	}
	p.kind = kindCarousel
	if len(p.cards) < 2 || len(p.cards) > 10 || p.link == "" {
		return graph.BadParam("A carousel needs a link, and 2 to 10 child attachments")
	}
	for i := range p.cards {
		k := &p.cards[i]
		if fail := f.checkLink(c, &post{link: k.Link}); fail != nil || k.Link == "" {
			return failLink
		}
		ctx, cancel := context.WithTimeout(c.Context(), 10*time.Second)
		data, _, err := f.fetch.Download(ctx, k.Picture, maxPhoto)
		cancel()
		mime, ok := imageType(data)
		if err != nil || !ok {
			return failAttachment
		}
		k.asset = f.assets.Keep(data, mime, nil)
	}
	return nil
}

// attach puts the photos that a post names into it. The caller holds mu.
func (f *Fake) attach(c *call, p *post) *graph.Failure {
	var list []struct {
		ID json.RawMessage `json:"media_fbid"`
	}
	if fail := c.Object("attached_media", &list); fail != nil {
		return fail
	}
	for i := 0; c.Params["attached_media["+strconv.Itoa(i)+"]"] != ""; i++ { // its other form
		one := struct {
			ID json.RawMessage `json:"media_fbid"`
		}{}
		if fail := c.Object("attached_media["+strconv.Itoa(i)+"]", &one); fail != nil {
			return fail
		}
		list = append(list, one)
	}
	for _, one := range list {
		ph := f.photos[strings.Trim(string(one.ID), `"`)]
		switch {
		case ph == nil || ph.page != p.page || !ph.lives(c.now):
			return graph.BadParam("Param attached_media names a media that does not exist")
		case ph.post != nil || slices.Contains(p.photos, ph):
			return failUsed
		}
		p.photos, p.kind = append(p.photos, ph), kindPhotos
	}
	if len(p.photos) > 0 && (p.link != "" || len(p.cards) > 0) {
		return graph.BadParam("attached_media cannot be combined with a link")
	}
	return nil
}

// repeats reports whether a post says what the Page's last one said. The caller holds mu.
func (f *Fake) repeats(p *post, now time.Time) bool {
	var last *post
	for _, other := range f.order {
		if other != p && other.page == p.page && other.kind != kindStory && other.visible(now) && (last == nil || other.published(now).After(last.published(now))) {
			last = other
		}
	}
	return last != nil && p.kind == kindText && last.kind == kindText && last.message == p.message && last.link == p.link && now.Sub(last.published(now)) < graph.Day
}

// postView is a post as reads see it.
type postView struct {
	*post
	f   *Fake
	now time.Time
}

func (postView) NodeType() string { return "Post" }

func (v postView) lagging() bool { return v.now.Sub(v.published(v.now)) < v.f.settings.lag }

func (v postView) Field(name string, sub []graph.Field) (any, bool, *graph.Failure) {
	at := v.published(v.now)
	switch name {
	case "message":
		return orNil(v.message), true, nil
	case "created_time", "updated_time":
		if at.IsZero() {
			at = v.made
		}
		return at.UTC().Format(graphTime), true, nil
	case "is_published":
		return !at.IsZero(), true, nil
	case "permalink_url":
		if !at.IsZero() && v.lagging() {
			return nil, true, nil
		}
		return v.permalink(), true, nil
	case "scheduled_publish_time":
		if v.due.IsZero() {
			return nil, true, nil
		}
		return v.due.Unix(), true, nil
	case "status_type":
		return map[string]string{kindText: "mobile_status_update", kindPhotos: "added_photos", kindVideo: "added_video", kindReel: "added_video", kindCarousel: "shared_story"}[v.kind], true, nil
	case "from":
		return map[string]any{"id": v.page.id, "name": v.page.name}, true, nil
	case "application":
		if v.app == seededApp {
			return nil, true, nil
		}
		return map[string]any{"id": v.app}, true, nil
	case "attachments":
		return v.attachments(), true, nil
	case "comments":
		page, fail := v.f.commentPage(v.post, sub)
		return page, true, fail
	case "is_hidden", "is_expired":
		return false, true, nil
	}
	return nil, false, nil
}

func (v postView) attachments() any {
	var all []any
	for _, ph := range v.photos {
		all = append(all, map[string]any{"type": "photo", "target": map[string]any{"id": ph.id}, "url": ph.link()})
	}
	switch {
	case v.video != nil:
		all = append(all, map[string]any{"type": "video_inline", "target": map[string]any{"id": v.video.id}, "url": v.permalink()})
	case len(all) > 1:
		all = []any{map[string]any{"type": "album", "subattachments": map[string]any{"data": all}}}
	case v.link != "":
		all = append(all, map[string]any{"type": "share", "url": v.link})
	}
	if len(all) == 0 {
		return nil
	}
	return map[string]any{"data": all}
}

// readPost is GET /{post-id}.
func (f *Fake) readPost(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id,message,created_time")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return graph.Selected(c.post.id, postView{c.post, f, c.now}, fields)
}

func (f *Fake) listWhere(c *call, fits func(p *post, at time.Time) bool) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var rows []row
	for _, p := range slices.Backward(f.order) {
		if at := p.published(c.now); p.page == c.page && !p.deleted && p.kind != kindStory && fits(p, at) {
			if at.IsZero() {
				at = p.made
			}
			rows = append(rows, row{p.id, postView{p, f, c.now}, at.Unix()})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return int(b.at - a.at) })
	return c.list(rows, "id,message,created_time")
}

// listPublished is GET /{page-id}/feed, posts and published_posts, which lag behind.
func (f *Fake) listPublished(c *call) (any, *graph.Failure) {
	return f.listWhere(c, func(_ *post, at time.Time) bool { return !at.IsZero() && c.now.Sub(at) >= f.settings.lag })
}

// listScheduled is GET /{page-id}/scheduled_posts.
func (f *Fake) listScheduled(c *call) (any, *graph.Failure) {
	return f.listWhere(c, func(p *post, at time.Time) bool { return at.IsZero() && !p.due.IsZero() })
}

// listPromotable is GET /{page-id}/promotable_posts.
func (f *Fake) listPromotable(c *call) (any, *graph.Failure) {
	want, fail := c.Flag("is_published")
	if fail != nil {
		return nil, fail
	}
	return f.listWhere(c, func(_ *post, at time.Time) bool { return want == nil || *want != at.IsZero() })
}

// editPost is POST /{post-id}: another text, or the switch that shows an unpublished post. Only the app that made a post may change it.
func (f *Fake) editPost(c *call) (any, *graph.Failure) {
	p := c.post
	show, fail := c.Flag("is_published")
	if fail != nil {
		return nil, fail
	}
	message, given := c.Params["message"]
	if given {
		if fail := f.checkText(c, &post{message: message}); fail != nil {
			return nil, fail
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	at := p.published(c.now)
	switch {
	case p.app != c.t.app && p.app != seededApp && c.t.app != seededApp:
		return nil, failForeign
	case show == nil && !given:
		return nil, graph.BadParam("There is nothing to update")
	case show != nil && !*show && !at.IsZero():
		return nil, graph.BadParam("A published post cannot be unpublished")
	case show != nil && *show && at.IsZero() && f.repeats(p, c.now):
		return nil, failDuplicate
	}
	if given {
		p.message = message
	}
	if show == nil || !*show || !at.IsZero() {
		return done(), nil
	}
	p.shown = c.now
	return f.die(p.page, p.message, p.drop, done())
}

// deletePost is DELETE /{post-id}, with the video that it shows.
func (f *Fake) deletePost(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.post.deleted = true
	if c.post.video != nil {
		c.post.video.deleted = true
	}
	return done(), nil
}
