package instagramfake

import (
	"strings"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

// media is a published medium: a post, or an item of a carousel.
type media struct {
	id         string
	acct       *account
	spec       *spec
	asset      *graph.Asset // nil: a carousel
	items      []*media
	at         time.Time
	code       string // shortcode
	comments   []*comment
	noComments bool
	deleted    bool
}

// publish is POST /{ig-user-id}/media_publish. What Meta answers to a second publication of one container is documented nowhere; here
// it is the answer to a container that is not ready, or after Republish a second medium.
func (f *Fake) publish(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := c.Params["creation_id"]
	ct := f.containers[id]
	switch {
	case id == "":
		return nil, graph.BadParam("The parameter creation_id is required")
	case ct == nil || ct.acct != c.acct:
		return nil, failNoMedia
	case ct.spec.kind == kindChild:
		return nil, graph.BadParam("An item of a carousel cannot be published alone.")
	case ct.state(c.now) == expired:
		return nil, failExpired
	case ct.state(c.now) == published && f.settings.republish: // goes on
	case ct.state(c.now) != finished:
		return nil, failNotReady
	}
	a := c.acct
	if a.released = graph.WithinDay(a.released, c.now); len(a.released) >= f.settings.quota {
		return nil, failQuota
	}
	a.released = append(a.released, c.now)
	ct.published = c.now
	m := f.record(ct, c.now)
	f.posts = append(f.posts, m)
	delete(f.flaked, a.key(ct.text))
	return f.afterPublication(ct, m)
}

// record makes the media of a container. The caller holds mu.
func (f *Fake) record(ct *container, now time.Time) *media {
	m := &media{id: f.nextID(), acct: ct.acct, spec: ct.spec, asset: ct.asset, at: now}
	m.code = graph.Shortcode(m.id)
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
			return nil, failUnavailable
		case AnswerSpam:
			return nil, failSpam
		}
		return nil, &graph.Failure{Drop: true}
	}
	if key := ct.acct.key(ct.text); ct.directive.Drop && !f.dropped[key] {
		f.dropped[key] = true
		return nil, &graph.Failure{Drop: true}
	}
	return map[string]any{"id": m.id}, nil
}

// permalink is the medium's public address.
func (m *media) permalink() string {
	switch m.spec.kind {
	case kindReel:
		return "https://" + hostWeb + "/reel/" + m.code + "/"
	case kindStory:
		return "https://" + hostWeb + "/stories/" + m.acct.username + "/" + m.id + "/"
	}
	return "https://" + hostWeb + "/p/" + m.code + "/"
}

// visible tells whether the public sees the post.
func (m *media) visible(now time.Time) bool {
	return !m.deleted && (m.spec.kind != kindStory || now.Sub(m.at) < day)
}

// shown are the media that a post consists of.
func (m *media) shown() []*media {
	if m.spec.kind == kindCarousel {
		return m.items
	}
	return []*media{m}
}

// fingerprint is equal for posts of one account that look the same.
func (m *media) fingerprint() string {
	parts := []string{m.acct.id, string(m.spec.kind), m.spec.caption}
	for _, item := range m.shown() {
		parts = append(parts, item.asset.ID)
	}
	return strings.Join(parts, "\x00")
}

// public is the post as the public sees it. The caller holds mu.
func (f *Fake) public(m *media) farside.Post {
	p := farside.Post{
		ID: m.id, Platform: "instagram", Account: m.acct.id, Username: m.acct.username, Kind: string(m.spec.kind), Text: m.spec.caption,
		URL: m.permalink(), At: m.at, Comments: []farside.Comment{}, Extra: m.notes(),
	}
	for _, item := range m.shown() {
		shown := farside.Media{Type: "image", URL: "/" + hostCDN + item.asset.Path(), Alt: item.spec.altText, MIME: item.asset.MIME}
		if item.asset.Film != nil {
			shown.Type = "video"
		}
		p.Media = append(p.Media, shown)
	}
	for _, c := range m.comments {
		p.Comments = append(p.Comments, farside.Comment{ID: c.id, Username: c.username, Text: c.text, At: c.at})
	}
	return p
}

// notes say in short what a picture does not show.
func (m *media) notes() []string {
	var notes []string
	s := m.spec
	if len(s.collaborators) > 0 {
		notes = append(notes, "with @"+strings.Join(s.collaborators, ", @"))
	}
	var tagged []string
	for _, item := range m.shown() {
		tagged = append(tagged, item.spec.tagged...)
	}
	if len(tagged) > 0 {
		notes = append(notes, "tags @"+strings.Join(tagged, ", @"))
	}
	for _, n := range []struct {
		applies bool
		text    string
	}{
		{s.trial, "trial reel"},
		{s.toFeed != nil && !*s.toFeed, "not in the feed"},
		{s.ai, "AI label"},
		{m.noComments, "comments off"},
	} {
		if n.applies {
			notes = append(notes, n.text)
		}
	}
	return notes
}
