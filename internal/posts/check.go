package posts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"posthorn/internal/errs"
	"posthorn/internal/media"
	"posthorn/internal/platforms"
)

// Problem is a fault of a new post: the rule that one target breaks, and where in the request.
type Problem struct {
	platforms.Problem
	Platform  string `json:"platform,omitempty"`
	AccountID string `json:"accountId,omitempty"`
}

// check holds a planned post to every rule, after measuring its media, and tells what will be done to them. It also settles the types of
// media that were not told, and sees that uploaded files stay until they are published.
func (s *Service) check(ctx context.Context, post Post) ([]string, error) {
	if err := requireContent(post); err != nil {
		return nil, err
	}
	problems, changes := s.examine(ctx, post)
	if err := invalid(problems); err != nil {
		return nil, err
	}
	return changeTexts(changes), s.reserve(ctx, post)
}

// reserve keeps the uploaded files that a post needs.
func (s *Service) reserve(ctx context.Context, post Post) error {
	if s.Files == nil {
		return nil
	}
	due := s.Now()
	for _, t := range post.Targets {
		if t.NextAt.After(due) {
			due = t.NextAt
		}
	}
	return s.Files.Reserve(ctx, mediaURLs(post), due)
}

// examine finds all faults of a planned post, and what will be done to the media of each target where it has none.
func (s *Service) examine(ctx context.Context, post Post) ([]Problem, []targetChange) {
	measured := s.Prober.ProbeAll(ctx, mediaURLs(post))
	problems := mediaProblems(post, measured)
	var changes []targetChange
	seen := map[string]int{}
	for i, t := range post.Targets {
		key := string(post.fingerprint(t)) + canonical(t.Options) // the same picture as a post and as a story is meant
		if first, twice := seen[key]; twice && t.Account.ID != "" {
			problems = append(problems, Problem{Platform: t.Platform, AccountID: t.Account.ID, Problem: platforms.Problem{Rule: "post.repeated_target", Field: fmt.Sprintf("platforms[%d]", i),
				Message: fmt.Sprintf("platforms[%d] would publish the same as platforms[%d] at the same account", i, first), Remediation: "Remove one of them."}})
		}
		seen[key] = i
		if t.Status == Published { // in an update: it stays as it is
			continue
		}
		info, validator := s.rulesOf(t.Platform)
		c := measuredContent(post.content(t), measured)
		for _, p := range platforms.CheckRules(info, validator, c) {
			p.Field = requestField(p.Field, i, t)
			problems = append(problems, Problem{Problem: p, Platform: t.Platform, AccountID: t.Account.ID})
		}
		if _, adapted := s.Platforms.Get(t.Platform); !adapted {
			continue
		}
		for _, c := range platforms.Changes(info, c) {
			c.Field = requestField(c.Field, i, t)
			changes = append(changes, targetChange{c, t.Platform, info.Title})
		}
	}
	return problems, changes
}

// targetChange is what will be done to a media item for a target.
type targetChange struct {
	platforms.Change
	platform, title string
}

// changeTexts tells changes to the caller, once where several accounts of a platform have the same.
func changeTexts(changes []targetChange) []string {
	var list []string
	for _, c := range changes {
		if text := fmt.Sprintf("%s, for %s: %s", c.Field, c.title, c.Text); !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// measuredContent is a content with what was found in its files.
func measuredContent(c platforms.Content, measured map[string]media.Result) platforms.Content {
	for i, m := range c.Media {
		if r, ok := measured[m.URL]; ok && r.Err == nil {
			if c.Media[i] = r.Info.Measured(m); m.Type == "" {
				c.Media[i].Type = typeOf(r.Info.MIME)
			}
		}
	}
	return c
}

// canonical is JSON in one spelling: Postgres gives back other white space and another order than it was given.
func canonical(raw json.RawMessage) string {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil { // it came out of a decoder
		panic("posts: options are not JSON: " + err.Error())
	}
	return string(b)
}

// mediaURLs lists every address of media that a target would publish, once.
func mediaURLs(post Post) []string {
	var list []string
	seen := map[string]bool{}
	for _, t := range post.Targets {
		if t.Status == Published {
			continue
		}
		for _, m := range post.media(t) {
			if !seen[m.URL] {
				seen[m.URL] = true
				list = append(list, m.URL)
			}
		}
	}
	return list
}

// mediaProblems are the faults of the files themselves, told once for each place in the request.
func mediaProblems(post Post, measured map[string]media.Result) []Problem {
	var list []Problem
	judge := func(prefix string, items []Media) {
		for j := range items {
			m := &items[j]
			field := fmt.Sprintf("%s[%d].url", prefix, j)
			r, ok := measured[m.URL]
			if !ok {
				continue // no target publishes it
			}
			var fault *media.Fault
			switch {
			case errors.As(r.Err, &fault):
				list = append(list, Problem{Problem: platforms.Problem{Rule: fault.Rule, Field: field, Message: fault.Message, Remediation: fault.Remediation}})
			case r.Err != nil:
				list = append(list, Problem{Problem: platforms.Problem{Rule: media.RuleUnreachable, Field: field, Message: "the media could not be read"}})
			case m.Type == "":
				m.Type = typeOf(r.Info.MIME)
			case broad(m.Type) != broad(typeOf(r.Info.MIME)):
				list = append(list, Problem{Problem: platforms.Problem{Rule: "media.type_mismatch", Field: strings.TrimSuffix(field, ".url") + ".type", Actual: r.Info.MIME,
					Message: fmt.Sprintf("the item is declared as %s, but the file is %s", m.Type, r.Info.MIME), Remediation: "Leave out type, or set it to what the file is."}})
			}
		}
	}
	judge("mediaItems", post.Media)
	for i, t := range post.Targets {
		judge(fmt.Sprintf("platforms[%d].customMedia", i), t.CustomMedia)
	}
	return list
}

func typeOf(mime string) platforms.MediaType {
	switch {
	case mime == "image/gif":
		return platforms.GIF
	case strings.HasPrefix(mime, "image/"):
		return platforms.Image
	case strings.HasPrefix(mime, "video/"):
		return platforms.Video
	default:
		return platforms.Document
	}
}

// broad takes a GIF for an image: callers declare it as either.
func broad(t platforms.MediaType) platforms.MediaType {
	if t == platforms.GIF {
		return platforms.Image
	}
	return t
}

// requestField turns a field of a target's content into the field of the request that it came from.
func requestField(field string, i int, t Target) string {
	target := fmt.Sprintf("platforms[%d].", i)
	switch {
	case strings.HasPrefix(field, "platformSpecificData"):
		return target + field
	case strings.HasPrefix(field, "content") && t.CustomContent != nil:
		return target + "customContent"
	case strings.HasPrefix(field, "mediaItems") && t.CustomMedia != nil:
		return target + "customMedia" + strings.TrimPrefix(field, "mediaItems")
	default:
		return field
	}
}

// invalid makes one error of all problems; nil of none.
func invalid(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	fields := map[string][]string{}
	for _, p := range problems {
		fields[p.Field] = append(fields[p.Field], p.Message)
	}
	first := problems[0]
	message := first.Message
	if first.Platform != "" {
		message = first.Platform + ": " + message
	}
	if n := len(problems) - 1; n > 0 {
		message += fmt.Sprintf(" (and %d more, see details)", n)
	}
	return &errs.Error{Code: errs.Invalid, Field: first.Field, Message: message, Rule: first.Rule, Remedy: first.Remediation, Details: map[string]any{"fields": fields, "problems": problems}}
}
