package http

import (
	"encoding/json"
	"net/http"
	"net/url"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/posts"
)

// postChangeHandlers change posts.
func (s *Server) postChangeHandlers() map[string]handler {
	return map[string]handler{
		"updatePost":      s.updatePost,
		"publishPost":     s.publishPost,
		"retryPost":       s.retryPost,
		"duplicatePost":   s.duplicatePost,
		"listQueuedPosts": s.listQueuedPosts,
	}
}

// updatePost changes a post, and when that makes it due waits for it to be published.
func (s *Server) updatePost(w http.ResponseWriter, r *http.Request) error {
	var in wire.CreatePostRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	c, err := change(in, fieldsOf(bodyOf(r)))
	if err != nil {
		return err
	}
	return s.change(w, r, c, s.misplaced(r))
}

// publishPost is the update that publishes a post now.
func (s *Server) publishPost(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, posts.Change{PublishNow: true, Draft: new(bool)}, nil)
}

func (s *Server) change(w http.ResponseWriter, r *http.Request, c posts.Change, warnings []string) error {
	updated, err := s.cfg.Posts.Update(r.Context(), principalOf(r), pathParam(r, "postId"), c)
	if err != nil {
		return err
	}
	warnings = append(warnings, updated.Warnings...)
	done := outcome{http.StatusOK, "Post updated successfully"}
	if updated.Due {
		s.publish(w, r, updated.Post, warnings, done)
		return nil
	}
	s.write(w, r, done.status, wire.CreatedPost{Message: done.message, Post: s.post(updated.Post), Warnings: warnings})
	return nil
}

// change reads what is to be different about a post; fields are those that were sent, also as null.
func change(in wire.CreatePostRequest, fields map[string]json.RawMessage) (c posts.Change, err error) {
	_, targets := fields["platforms"]
	for name, settings := range map[string]json.RawMessage{"tiktokSettings": in.TiktokSettings, "facebookSettings": in.FacebookSettings} {
		if object(settings) != nil && !targets {
			return c, &errs.Error{Code: errs.Invalid, Field: name, Rule: "post.settings_without_platforms", Message: name + " takes effect on the targets that are sent with it: send platforms too"}
		}
	}
	if in.DryRun {
		return c, errs.Fieldf("dryRun", "Only a new post can be tried without being stored; leave dryRun out")
	}
	media, err := mediaItems("mediaItems", in.MediaItems)
	if err != nil {
		return c, err
	}
	list, err := newTargets(in)
	if err != nil {
		return c, err
	}
	recycling, err := recyclingChange(in.Recycling)
	if err != nil {
		return c, err
	}
	metadata := object(in.Metadata)
	c = posts.Change{
		Title: sent(fields, "title", in.Title), Content: sent(fields, "content", in.Content), Media: sent(fields, "mediaItems", media), Targets: sent(fields, "platforms", list),
		Tags: sent(fields, "tags", in.Tags), Hashtags: sent(fields, "hashtags", in.Hashtags), Mentions: sent(fields, "mentions", in.Mentions),
		Visibility: sent(fields, "visibility", in.Visibility), Crossposting: in.CrosspostingEnabled, Metadata: sent(fields, "metadata", metadata),
		Timezone: sent(fields, "timezone", in.Timezone), ScheduledFor: sent(fields, "scheduledFor", in.ScheduledFor),
		QueuedFromProfile: sent(fields, "queuedFromProfile", in.QueuedFromProfile), QueueID: sent(fields, "queueId", in.QueueID), PublishNow: in.PublishNow, Recycling: recycling,
	}
	if draft, ok := fields["isDraft"]; ok && string(draft) != "null" {
		c.Draft = &in.IsDraft
	}
	return c, nil
}

// fieldsOf are the fields of a body that was validated; none when there is no body.
func fieldsOf(body []byte) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return nil
	}
	return fields
}

// sent is a value whose field was sent, also as null; nil when it was not.
func sent[T any](fields map[string]json.RawMessage, name string, value T) *T {
	if _, ok := fields[name]; !ok {
		return nil
	}
	return &value
}

// retryPost publishes again what has failed of a post, and waits for it.
func (s *Server) retryPost(w http.ResponseWriter, r *http.Request) error {
	post, err := s.cfg.Posts.Retry(r.Context(), principalOf(r), pathParam(r, "postId"))
	if err != nil {
		return err
	}
	post, gone := s.await(r, post)
	if gone != nil {
		return gone
	}
	if post.Status == posts.Published {
		s.write(w, r, http.StatusOK, wire.CreatedPost{Message: "Post published successfully", Post: s.post(post)})
		return nil
	}
	out := incomplete(post)
	if out.Error == "" {
		out.Error = "Some platforms have not published the post"
	}
	s.write(w, r, http.StatusMultiStatus, wire.RetriedPost{Message: out.Message, Error: out.Error, Post: s.post(post)})
	return nil
}

// duplicatePost makes a draft of what is in a post.
func (s *Server) duplicatePost(w http.ResponseWriter, r *http.Request) error {
	created, err := s.cfg.Posts.Duplicate(r.Context(), principalOf(r), pathParam(r, "postId"))
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusCreated, wire.CreatedPost{Message: "Draft saved successfully", Post: s.post(created.Post), Warnings: created.Warnings})
	return nil
}

// listQueuedPosts lists what is scheduled, the next one first.
func (s *Server) listQueuedPosts(w http.ResponseWriter, r *http.Request) error {
	q := url.Values{"status": {string(posts.Scheduled)}, "sortBy": {"scheduled-asc"}}
	for name, values := range r.URL.Query() { // those of the operation, which are some of listPosts'
		q[name] = values
	}
	return s.list(w, r, q)
}
