package instagramfake

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"posthorn/internal/platforms/farside/graph"
)

// Limits of a comment; it may not be all capitals either.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-media/comments
const (
	maxComment         = 300 // code points
	maxCommentHashtags = 4
	maxCommentLinks    = 1
	maxComments        = 50 // a page
)

var link = regexp.MustCompile(`(?i)\bhttps?://\S+`)

// comment is a comment under a medium.
type comment struct {
	id       string
	medium   *media
	username string
	text     string
	at       time.Time
}

func (m *comment) NodeType() string { return "IGComment" }

func (m *comment) Field(name string, _ []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "text":
		return m.text, true, nil
	case "timestamp":
		return m.at.UTC().Format(graphTime), true, nil
	case "username":
		return m.username, true, nil
	case "from":
		return map[string]any{"id": m.medium.acct.id, "username": m.username}, true, nil
	case "like_count":
		return 0, true, nil
	case "hidden":
		return false, true, nil
	case "media":
		return map[string]any{"id": m.medium.id}, true, nil
	case "parent_id", "replies":
		return nil, true, nil
	}
	return nil, false, nil
}

// createComment is POST /{media-id}/comments. It is not idempotent.
func (f *Fake) createComment(c *call) (any, *graph.Failure) {
	text := c.Params["message"]
	if fail := checkComment(text); fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.medium.noComments {
		return nil, graph.BadParam("Comments are turned off for this media.")
	}
	made := &comment{id: f.nextID(), medium: c.medium, username: c.acct.username, text: text, at: c.now}
	f.comments[made.id] = made
	c.medium.comments = append(c.medium.comments, made)
	return map[string]any{"id": made.id}, nil
}

func checkComment(text string) *graph.Failure {
	switch {
	case strings.TrimSpace(text) == "":
		return graph.BadParam("The parameter message is required")
	case utf8.RuneCountInString(text) > maxComment:
		return graph.BadParam("A comment can have at most 300 characters.")
	case len(hashtag.FindAllString(text, -1)) > maxCommentHashtags:
		return graph.BadParam("A comment can have at most 4 hashtags.")
	case len(link.FindAllString(text, -1)) > maxCommentLinks:
		return graph.BadParam("A comment can have at most 1 URL.")
	case strings.ContainsFunc(text, unicode.IsUpper) && strings.ToUpper(text) == text:
		return graph.BadParam("A comment cannot consist of capital letters only.")
	}
	return nil
}

// listComments is GET /{media-id}/comments.
func (f *Fake) listComments(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id,text,timestamp")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.commentPage(c.medium, fields)
}

// commentPage is the newest comments of a medium, newest first. The caller holds mu.
func (f *Fake) commentPage(m *media, fields []graph.Field) (any, *graph.Failure) {
	data := []any{}
	for _, one := range slices.Backward(m.comments) {
		if len(data) == maxComments {
			break
		}
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
	fields, fail := c.ParseFields("id,text,timestamp")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return graph.Selected(c.comment.id, c.comment, fields)
}

// deleteComment is DELETE /{comment-id}.
func (f *Fake) deleteComment(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.comments, c.comment.id)
	m := c.comment.medium
	m.comments = slices.DeleteFunc(m.comments, func(one *comment) bool { return one == c.comment })
	return map[string]any{"success": true}, nil
}
