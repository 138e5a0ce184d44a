package instagramfake

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
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

func (m *comment) nodeType() string { return "IGComment" }

func (m *comment) field(name string, _ []field) (any, bool, *failure) {
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
func (f *Fake) createComment(c *call) (any, *failure) {
	text := c.params["message"]
	if fail := checkComment(text); fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.medium.noComments {
		return nil, failParamf("Comments are turned off for this media.")
	}
	made := &comment{id: f.nextID(), medium: c.medium, username: c.acct.username, text: text, at: c.now}
	f.comments[made.id] = made
	c.medium.comments = append(c.medium.comments, made)
	return map[string]any{"id": made.id}, nil
}

func checkComment(text string) *failure {
	switch {
	case strings.TrimSpace(text) == "":
		return failParamf("The parameter message is required")
	case utf8.RuneCountInString(text) > maxComment:
		return failParamf("A comment can have at most 300 characters.")
	case len(hashtag.FindAllString(text, -1)) > maxCommentHashtags:
		return failParamf("A comment can have at most 4 hashtags.")
	case len(link.FindAllString(text, -1)) > maxCommentLinks:
		return failParamf("A comment can have at most 1 URL.")
	case strings.ContainsFunc(text, unicode.IsUpper) && strings.ToUpper(text) == text:
		return failParamf("A comment cannot consist of capital letters only.")
	}
	return nil
}

// listComments is GET /{media-id}/comments.
func (f *Fake) listComments(c *call) (any, *failure) {
	fields, fail := c.parseFields("id,text,timestamp")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.commentPage(c.medium, fields)
}

// commentPage is the newest comments of a medium, newest first. The caller holds mu.
func (f *Fake) commentPage(m *media, fields []field) (any, *failure) {
	data := []any{}
	for _, one := range slices.Backward(m.comments) {
		if len(data) == maxComments {
			break
		}
		read, fail := selected(one.id, one, fields)
		if fail != nil {
			return nil, fail
		}
		data = append(data, read)
	}
	return map[string]any{"data": data}, nil
}

// readComment is GET /{comment-id}.
func (f *Fake) readComment(c *call) (any, *failure) {
	fields, fail := c.parseFields("id,text,timestamp")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return selected(c.comment.id, c.comment, fields)
}

// deleteComment is DELETE /{comment-id}.
func (f *Fake) deleteComment(c *call) (any, *failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.comments, c.comment.id)
	m := c.comment.medium
	m.comments = slices.DeleteFunc(m.comments, func(one *comment) bool { return one == c.comment })
	return map[string]any{"success": true}, nil
}
