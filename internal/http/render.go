package http

import (
	"encoding/json"

	"posthorn/internal/http/wire"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

// post renders a post as the contract shows it.
func (s *Server) post(p posts.Post) wire.Post {
	out := wire.Post{
		ID: p.ID, UserID: p.OwnerID, Title: p.Title, Content: p.Content, MediaItems: rendered(p.Media), Platforms: make([]wire.Target, 0, len(p.Targets)),
		ScheduledFor: wire.At(p.ScheduledFor), PublishedAt: wire.At(p.PublishedAt), Timezone: p.Timezone, Status: p.Status,
		Tags: list(p.Tags), Hashtags: list(p.Hashtags), Mentions: list(p.Mentions), Visibility: p.Visibility, CrosspostingEnabled: p.Crossposting,
		Metadata: object(p.Metadata), QueuedFromProfile: p.QueuedFromProfile, QueueID: p.QueueID, CreatedAt: wire.At(&p.CreatedAt), UpdatedAt: wire.At(&p.UpdatedAt),
	}
	out.Recycling, out.RecycledFromPostID = recycling(p), p.RecycledFrom
	for _, t := range p.Targets {
		out.Platforms = append(out.Platforms, s.target(t))
	}
	return out
}

func (s *Server) target(t posts.Target) wire.Target {
	a := t.Account
	out := wire.Target{
		ID: t.ID, Platform: t.Platform, Status: t.Status,
		AccountID: wire.TargetAccount{ID: a.ID, Platform: a.Platform, ProfileID: a.ProfileID, Username: a.Username, DisplayName: a.DisplayName,
			ProfilePicture: a.PictureURL, IsActive: a.Active},
		ScheduledFor: wire.At(t.ScheduledFor), PlatformSpecificData: object(t.Options),
		PlatformPostID: t.RemoteID, PlatformPostURL: t.RemoteURL, PublishedAt: wire.At(t.PublishedAt), RemovedFromPlatformAt: wire.At(t.RemovedAt),
	}
	if t.CustomContent != nil {
		out.CustomContent = *t.CustomContent
	}
	if len(t.CustomMedia) > 0 {
		out.CustomMedia = rendered(t.CustomMedia)
	}
	if t.Failure == nil {
		return out
	}
	out.Error = s.targetError(t.Platform, t.Failure)
	if t.Status == posts.Failed {
		out.ErrorMessage, out.ErrorCategory, out.ErrorSource = t.Failure.Message, t.Failure.Category, t.Failure.Source
	}
	return out
}

// targetError tells all that is known of a failure, so that somebody can act on it.
func (s *Server) targetError(platform string, f *posts.Failure) wire.TargetError {
	out := wire.TargetError{
		Message: f.Message, Remediation: f.Remediation, Category: f.Category, Code: f.Code, Field: f.Field, Endpoint: f.Endpoint,
		HTTPStatus: f.HTTPStatus, PlatformError: verbatim(f.Body), APIVersion: f.APIVersion, PlatformRequestID: f.RequestID, WillRetry: f.WillRetry, RetryAt: wire.At(f.RetryAt),
		At: wire.At(&f.At),
	}
	if out.Category == "" {
		out.Category = platforms.UnknownCategory
	}
	if p, ok := s.cfg.Platforms.Get(platform); ok {
		out.PlatformDocURL = p.Info().Docs
	}
	rule := s.rules.Failure(platform, f.Kind, f.Rule)
	out.Rule, out.DocURL = rule.Name, s.ruleURL(rule.Name)
	if f.Rule != "" {
		out.Rule = f.Rule // as in advise
	}
	if out.Remediation == "" {
		out.Remediation = rule.Remedy
	}
	return out
}

// verbatim is a platform's answer as JSON where it is that, else as a text; nil when it was empty.
func verbatim(body string) json.RawMessage {
	if body == "" {
		return nil
	}
	if raw := []byte(body); json.Valid(raw) {
		return raw
	}
	text, err := encode(body)
	if err != nil {
		return nil // a text always encodes
	}
	return text
}

func rendered(media []posts.Media) []wire.MediaItem {
	out := make([]wire.MediaItem, 0, len(media))
	for _, m := range media {
		out = append(out, wire.MediaItem{Type: string(m.Type), Raw: m.Raw})
	}
	return out
}

// list makes an absent list an empty one.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
