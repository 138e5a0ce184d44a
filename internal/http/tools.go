package http

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"posthorn/internal/http/wire"
	"posthorn/internal/media"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

// toolHandlers validate without publishing.
func (s *Server) toolHandlers() map[string]handler {
	return map[string]handler{
		"listRules":          s.listRules,
		"validatePostLength": s.validatePostLength,
		"validatePost":       s.validatePost,
		"validatePostFor":    s.validatePostFor,
		"validateMedia":      s.validateMedia,
		"validateSubreddit":  s.validateSubreddit,
	}
}

func (s *Server) validatePostLength(w http.ResponseWriter, r *http.Request) error {
	var in wire.ValidatePostLengthRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	out := wire.PostLengths{Text: in.Text, Platforms: map[string]wire.PostLength{}}
	for _, l := range s.cfg.Posts.Lengths(in.Text) {
		out.Platforms[l.Platform] = wire.PostLength{Count: l.Count, Limit: l.Limit, Valid: l.Valid}
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func (s *Server) validatePost(w http.ResponseWriter, r *http.Request) error {
	var in wire.ValidatePostRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	post := wire.CreatePostRequest{Title: in.Title, Content: in.Content, MediaItems: in.MediaItems, ScheduledFor: in.ScheduledFor, Timezone: in.Timezone, Tags: in.Tags,
		TiktokSettings: in.TiktokSettings, FacebookSettings: in.FacebookSettings}
	for _, t := range in.Platforms {
		post.Platforms = append(post.Platforms, wire.NewTarget(t))
	}
	return s.verdict(w, r, post)
}

func (s *Server) validatePostFor(w http.ResponseWriter, r *http.Request) error {
	var in wire.ValidatePostForRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	return s.verdict(w, r, wire.CreatePostRequest{Content: in.Content, MediaItems: in.MediaItems, Platforms: []wire.NewTarget{{Platform: in.Platform}}})
}

// verdict says what createPost would say of a post.
func (s *Server) verdict(w http.ResponseWriter, r *http.Request, in wire.CreatePostRequest) error {
	p, err := newPost(in)
	if err != nil {
		return err
	}
	checked, err := s.cfg.Posts.Validate(r.Context(), p)
	if err != nil {
		return err
	}
	out := wire.PostVerdict{Valid: len(checked.Problems) == 0, Errors: s.postFaults(checked.Problems)}
	if out.Valid {
		out.Message = "The post is valid"
	}
	for _, warning := range checked.Warnings {
		out.Warnings = append(out.Warnings, wire.PostWarning{Platform: warning.Platform, Warning: warning.Text})
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func (s *Server) postFaults(problems []posts.Problem) []wire.PostFault {
	var list []wire.PostFault
	for _, p := range s.advised(problems) {
		list = append(list, wire.PostFault{Platform: p.Platform, AccountID: p.AccountID, Error: p.Message, Rule: p.Rule, Field: p.Field, Limit: p.Limit, Actual: p.Actual,
			Remediation: p.Remediation, Source: p.Source, DocURL: p.DocURL})
	}
	return list
}

func (s *Server) validateMedia(w http.ResponseWriter, r *http.Request) error {
	var in wire.ValidateMediaRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	look, err := s.cfg.MediaLooker.Look(r.Context(), strings.TrimSpace(in.URL))
	var fault *media.Fault
	if err != nil && !errors.As(err, &fault) {
		return err
	}
	out := wire.MediaVerdict{Valid: fault == nil, URL: in.URL, ContentType: look.MIME, Type: "unknown"}
	if look.Size >= 0 {
		out.Size, out.SizeFormatted = &look.Size, formatBytes(look.Size)
	}
	if fault != nil {
		rule, _ := s.rules.Find(fault.Rule)
		out.Error, out.Rule, out.Remediation, out.DocURL = fault.Message, rule.Name, fault.Remediation, s.ruleURL(rule.Name)
		s.write(w, r, http.StatusOK, out)
		return nil
	}
	if kind, _, _ := strings.Cut(look.MIME, "/"); kind == string(platforms.Image) || kind == string(platforms.Video) {
		out.Type = kind
		if out.Size != nil {
			out.PlatformLimits = mediaLimits(s.cfg.Posts.FileLimits(platforms.MediaType(kind)), look.Size)
		}
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func mediaLimits(limits map[string]int64, size int64) map[string]wire.MediaLimit {
	out := make(map[string]wire.MediaLimit, len(limits))
	for platform, limit := range limits {
		out[platform] = wire.MediaLimit{Limit: limit, LimitFormatted: formatBytes(limit), WithinLimit: size <= limit}
	}
	return out
}

// formatBytes writes a size for people.
func formatBytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n), ""
	for _, unit = range []string{"KB", "MB", "GB", "TB"} {
		if value /= 1024; value < 1024 {
			break
		}
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", value), ".0") + " " + unit
}

func (s *Server) validateSubreddit(w http.ResponseWriter, r *http.Request) error {
	a, found, err := s.cfg.Subreddits.Look(r.Context(), r.URL.Query().Get("name"))
	if err != nil {
		return err
	}
	out := wire.SubredditVerdict{Exists: found}
	if found {
		out.Subreddit = &wire.Subreddit{Name: a.Name, Title: a.Title, Description: a.Description, Subscribers: a.Subscribers, IsNSFW: a.NSFW, Type: a.Type,
			AllowImages: a.AllowImages, AllowVideos: a.AllowVideos}
	} else {
		out.Error = "There is no such subreddit"
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}
