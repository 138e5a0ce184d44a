package linkedinfake

import (
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

// comment is a comment under a post.
type comment struct {
	id          int64
	actor, text string
	at          time.Time
}

// comments is what is done with those of a post.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api
func (f *Fake) comments(c *call, urn string) {
	p := f.find(urn)
	if p == nil || c.now.Sub(p.at) < f.settings.unindexed { // a new post is not known everywhere yet
		refuse(c.w, failNotFound)
		return
	}
	switch c.r.Method {
	case http.MethodGet:
		f.listComments(c, p)
	case http.MethodPost:
		f.addComment(c, p)
	default:
		refuse(c.w, failNotFound)
	}
}

func (f *Fake) listComments(c *call, p *post) {
	if !c.may("r_organization_social") || !f.manages(c, p.author) {
		refuse(c.w, denied("socialActions.comments.GET_ALL"))
		return
	}
	start, _ := strconv.Atoi(c.r.URL.Query().Get("start"))
	count, err := strconv.Atoi(c.r.URL.Query().Get("count"))
	if err != nil || count < 1 || count > 100 {
		count = 10
	}
	elements := []any{}
	for _, k := range p.comments[min(max(start, 0), len(p.comments)):] {
		if len(elements) < count {
			elements = append(elements, k.view(p))
		}
	}
	answer(c.w, 200, map[string]any{"elements": elements, "paging": map[string]any{"start": start, "count": count, "total": len(p.comments), "links": []any{}}})
}

func (k *comment) view(p *post) map[string]any {
	return map[string]any{"id": strconv.FormatInt(k.id, 10), "commentUrn": "urn:li:comment:(" + p.urn + "," + strconv.FormatInt(k.id, 10) + ")", "actor": k.actor, "object": p.urn,
		"message": map[string]any{"text": k.text, "attributes": []any{}}, "created": map[string]any{"time": k.at.UnixMilli(), "actor": k.actor}}
}

func (f *Fake) addComment(c *call, p *post) {
	var in struct {
		Actor   string `json:"actor"`
		Object  string `json:"object"`
		Message struct {
			Text string `json:"text"`
		} `json:"message"`
	}
	if !decode(c.w, c.r, &in) {
		return
	}
	switch {
	case in.Actor == "" || in.Object != p.urn || in.Message.Text == "":
		refuse(c.w, invalid("MISSING_FIELD", "actor, object and message are required, and object is the post"))
	case !f.mayPost(c, in.Actor):
		refuse(c.w, denied("socialActions.comments.CREATE"))
	case utf8.RuneCountInString(in.Message.Text) > 1250:
		refuse(c.w, invalid("FIELD_LENGTH_TOO_LONG", "/message/text"))
	default:
		k := &comment{f.nextID(), in.Actor, in.Message.Text, c.now}
		p.comments = append(p.comments, k)
		c.w.Header().Set("X-RestLi-Id", strconv.FormatInt(k.id, 10))
		answer(c.w, 201, k.view(p))
	}
}
