package posts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"posthorn/internal/media"
	"posthorn/internal/platforms"
)

// Recheck holds a claimed target to the rules once more before its first step: files may have changed since the post was accepted, or be
// gone, and so may limits. What was found in the files is added to the task. Its error is a *platforms.Error, and nothing has been sent.
func (s *Service) Recheck(ctx context.Context, c *Claim) error {
	t := &c.Task
	if t.State.Step != "" || len(t.State.Data) > 0 || t.InDoubt || t.Published != nil {
		return nil
	}
	var addresses []string
	for _, m := range t.Content.Media {
		if !slices.Contains(addresses, m.URL) {
			addresses = append(addresses, m.URL)
		}
	}
	if len(addresses) == 0 { // a text does not change on its own
		return nil
	}
	measured := s.Prober.ProbeAll(ctx, addresses)
	for i, m := range t.Content.Media {
		if err := measured[m.URL].Err; err != nil {
			return unread(err, i)
		}
	}
	t.Content = measuredContent(t.Content, measured)
	if problems := platforms.Check(c.Platform, t.Content); len(problems) > 0 {
		p := problems[0]
		return &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Rule: p.Rule, Field: p.Field, Message: p.Message, Remediation: p.Remediation}
	}
	return nil
}

// unread says why a file could not be measured.
func unread(err error, i int) *platforms.Error {
	e := &platforms.Error{Kind: platforms.Unavailable, Category: platforms.UserContent, Rule: media.RuleUnreachable, Field: fmt.Sprintf("mediaItems[%d].url", i), Message: "the media could not be read", Err: err}
	var fault *media.Fault
	if errors.As(err, &fault) {
		e.Rule, e.Message, e.Remediation = fault.Rule, fault.Message, fault.Remediation
		if !fault.Temporary {
			e.Kind = platforms.Rejected
		}
	}
	return e
}
