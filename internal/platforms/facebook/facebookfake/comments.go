package facebookfake

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"posthorn/internal/platforms/farside/graph"
)

const maxComment = 8000

// comment is a comment under a post.
type comment struct {
	id   string
	post *post
	text string
	at   time.Time
}

func (*comment) NodeType() string { return "Comment" }

func (m *comment) Field(name string, _ []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "message":
		return m.text, true, nil
	case "created_time":
		return m.at.UTC().Format(graphTime), true, nil
	case "from":
		return map[string]any{"id": m.post.page.id, "name": m.post.page.name}, true, nil
	case "is_hidden", "user_likes":
		return false, true, nil
	case "like_count", "comment_count":
		return 0, true, nil
	case "permalink_url":
		return m.post.permalink() + "?comment_id=" + m.id, true, nil
	case "parent":
		return nil, true, nil
	}
	return nil, false, nil
}

// createComment is POST /{post-id}/comments. It is not idempotent.
func (f *Fake) createComment(c *call) (any, *graph.Failure) {
	text := c.Params["message"]
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case strings.TrimSpace(text) == "" || utf8.RuneCountInString(text) > maxComment:
		return nil, graph.BadParam("Param message must have 1 to 8000 characters")
	case c.post == nil || !c.post.visible(c.now) || c.post.kind == kindStory:
		return nil, graph.NoObject(c.Method, "comments")
	}
	_, number, _ := strings.Cut(c.post.id, "_")
	made := &comment{id: number + "_" + f.nextID(), post: c.post, text: text, at: c.now}
	f.comments[made.id] = made
	c.post.comments = append(c.post.comments, made)
	return map[string]any{"id": made.id}, nil
}

// listComments is GET /{post-id}/comments.
func (f *Fake) listComments(c *call) (any, *graph.Failure) {
	if order := c.Params["order"]; order != "" && order != "chronological" && order != "reverse_chronological" {
		return nil, graph.BadParam("Param order must be one of {chronological, reverse_chronological}")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.post == nil {
		return map[string]any{"data": []any{}}, nil
	}
	var rows []row
	for _, one := range c.post.comments {
		rows = append(rows, row{one.id, one, one.at.Unix()})
	}
	if c.Params["order"] == "reverse_chronological" {
		slices.Reverse(rows)
	}
	return c.list(rows, "id,message,created_time")
}

// commentPage is what is read of a post's comments along with it. The caller holds mu.
func (f *Fake) commentPage(p *post, fields []graph.Field) (any, *graph.Failure) {
	data := []any{}
	for _, one := range p.comments {
		read, fail := graph.Selected(one.id, one, fields)
		if fail != nil {
			return nil, fail
		}
		data = append(data, read)
	}
	return map[string]any{"data": data}, nil
}

// readComment is GET /{comment-id}.
func (f *Fake) readComment(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id,message,created_time")
	if fail != nil {
		return nil, fail
	}
	return graph.Selected(c.comment.id, c.comment, fields)
}

// deleteComment is DELETE /{comment-id}.
func (f *Fake) deleteComment(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.comments, c.comment.id)
	p := c.comment.post
	p.comments = slices.DeleteFunc(p.comments, func(one *comment) bool { return one == c.comment })
	return done(), nil
}
