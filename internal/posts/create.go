package posts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/platforms"
)

const (
	// duplicateWindow is how long the same content at the same account counts as a duplicate.
	duplicateWindow = 24 * time.Hour
	// maxTargets bounds one post; no client has more accounts for one text.
	maxTargets = 200
)

// Create checks a new post against every rule of every target and stores it, all or nothing. Drafts are stored unchecked.
// The faults of a post come all at once, as one Invalid error with Details "fields" and "problems".
func (s *Service) Create(ctx context.Context, by auth.Principal, p NewPost) (created Created, err error) {
	defer errs.Wrap(&err, "posts.Create(%s)", by.OwnerID)
	if created, found, err := s.replay(ctx, by, p); err != nil || found {
		return created, err
	}
	if p.Tags, err = cleanTags(p.Tags); err != nil {
		return Created{}, err
	}
	now := s.Now().Truncate(time.Microsecond) // as Postgres keeps it: the answer is not read back
	post, err := s.plan(ctx, by, p, now)
	if err != nil {
		return Created{}, err
	}
	var changes []string
	if p.Mode != AsDraft {
		if changes, err = s.check(ctx, post); err != nil {
			return Created{}, err
		}
	}
	for range replayTries {
		err = s.store(ctx, by, &post, p, now)
		if err == nil && p.Recycling != nil { // its turns are worked out as it is stored
			post, err = s.Get(ctx, by, post.ID)
		}
		if err == nil {
			return Created{Post: post, Warnings: slices.Concat(queueAdvice(p), changes, s.capWarnings(ctx, post, now))}, nil
		}
		if !errors.Is(err, errReplay) {
			return Created{}, err
		}
		if created, found, err := s.replay(ctx, by, p); err != nil || found {
			return created, err
		}
	}
	return Created{}, &errs.Error{Code: errs.Conflict, Rule: "post.request_taken", Message: "This x-request-id has made a post that the API key does not reach", Remedy: "Send another x-request-id."}
}

// plan turns what the caller asks for into rows: times are instants, accounts are known to be the caller's.
func (s *Service) plan(ctx context.Context, by auth.Principal, p NewPost, now time.Time) (Post, error) {
	if len(p.Targets) == 0 && p.Mode != AsDraft {
		return Post{}, &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Field: "platforms", Message: "platforms must name at least one account to publish to"}
	}
	if len(p.Targets) > maxTargets {
		return Post{}, errs.Fieldf("platforms", "a post takes at most %d targets, this has %d", maxTargets, len(p.Targets))
	}
	post := Post{ID: id.New(now), OwnerID: by.OwnerID, UserID: by.UserID, keyID: by.KeyID, Title: p.Title, Content: p.Content, Media: p.Media, Tags: p.Tags, Hashtags: p.Hashtags, Mentions: p.Mentions,
		Visibility: p.Visibility, Crossposting: p.Crossposting, Metadata: p.Metadata, Timezone: p.Timezone, CreatedAt: now, UpdatedAt: now, Status: Scheduled}
	if post.Timezone == "" {
		post.Timezone = "UTC"
	}
	if p.Mode == AsDraft {
		post.Status = Draft
	}
	if err := planTime(&post, p, now); err != nil {
		return Post{}, err
	}
	if p.QueuedFromProfile != "" && p.Mode != Now {
		if err := s.knownQueue(ctx, by, p.QueuedFromProfile, p.QueueID, p.Mode == Queued); err != nil {
			return Post{}, err
		}
		post.QueuedFromProfile, post.QueueID = p.QueuedFromProfile, p.QueueID
	}
	connected, err := s.Accounts.Lookup(ctx, by, accountIDs(p.Targets))
	if err != nil {
		return Post{}, err
	}
	for i, t := range p.Targets {
		target, err := s.planTarget(post, i, t, connected, p, now)
		if err != nil {
			return Post{}, err
		}
		post.Targets = append(post.Targets, target)
	}
	return post, nil
}

// planTime sets when the post is due, but for one that is to take the next slot of a queue. A draft keeps its time without meaning anything
// by it.
func planTime(post *Post, p NewPost, now time.Time) error {
	switch {
	case p.Mode == Now:
		post.ScheduledFor = &now
	case p.ScheduledFor != "":
		at, err := parseTime("scheduledFor", p.ScheduledFor, p.Timezone)
		if err != nil {
			return err
		}
		post.ScheduledFor = &at
	case p.Mode == At:
		for i, t := range p.Targets {
			if t.ScheduledFor == "" && !t.published() {
				return &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Field: "scheduledFor",
					Message: fmt.Sprintf("scheduledFor is missing, and platforms[%d] has no time of its own", i)}
			}
		}
	}
	return nil
}

func (s *Service) planTarget(post Post, i int, t NewTarget, connected map[string]accounts.Account, p NewPost, now time.Time) (Target, error) {
	if t.published() {
		return *t.kept, nil
	}
	field := fmt.Sprintf("platforms[%d]", i)
	if _, ok := s.Platforms.Get(t.Platform); !ok {
		e := &errs.Error{Code: errs.Invalid, Rule: "platform.unknown", Field: field + ".platform",
			Message: fmt.Sprintf("platform %q is not known to this server; it has %s", clip(t.Platform, 40), strings.Join(s.Platforms.Names(), ", "))}
		if known, _ := s.rulesOf(t.Platform); known.Name != "" {
			e.Rule, e.Wire = "platform.not_supported", "platform_not_supported"
			e.Message = fmt.Sprintf("this server cannot publish to %s yet; it has %s", known.Title, strings.Join(s.Platforms.Names(), ", "))
		}
		return Target{}, e
	}
	account, ok := connected[t.AccountID]
	switch {
	case !ok:
		return Target{}, &errs.Error{Code: errs.Forbidden, Wire: errs.NoWire, Rule: "account.foreign", Field: field + ".accountId", Message: fmt.Sprintf("account %q does not exist or does not belong to you", clip(t.AccountID, 40))}
	case account.Platform != t.Platform:
		return Target{}, &errs.Error{Code: errs.Invalid, Rule: "account.wrong_platform", Field: field + ".platform",
			Message: fmt.Sprintf("account %s is an account of %s, not of %s", t.AccountID, account.Platform, t.Platform)}
	case !account.Active && (p.Mode != AsDraft || t.kept == nil && !t.copied): // a draft that is edited or copied may wait for its account
		return Target{}, &errs.Error{Code: errs.Forbidden, Wire: "ACCOUNT_DISCONNECTED", Field: field + ".accountId",
			Message: fmt.Sprintf("account %s (@%s) is disconnected; connect it again", t.AccountID, account.Username)}
	}
	target := Target{ID: id.New(now), PostID: post.ID, Platform: t.Platform, Account: shownAccount(account), CustomContent: t.CustomContent,
		CustomMedia: t.CustomMedia, Options: t.Options, Status: Pending, Open: post.Status != Draft, NextAt: now}
	if t.kept != nil {
		target.ID = t.kept.ID
	}
	if t.ScheduledFor != "" {
		at, err := parseTime(field+".scheduledFor", t.ScheduledFor, p.Timezone)
		if err != nil {
			return Target{}, err
		}
		target.ScheduledFor = &at
	}
	switch {
	case p.Mode == Now:
		target.ScheduledFor = nil // publishNow goes before any time
	case target.ScheduledFor != nil:
		target.NextAt = *target.ScheduledFor
	case post.ScheduledFor != nil:
		target.NextAt = *post.ScheduledFor
	}
	return target, nil
}

// dueBy reports whether some target is to be worked on by a time.
func (p Post) dueBy(at time.Time) bool {
	return slices.ContainsFunc(p.Targets, func(t Target) bool { return t.Open && !t.NextAt.After(at) })
}

func shownAccount(a accounts.Account) Account {
	return Account{ID: a.ID, Platform: a.Platform, ProfileID: a.ProfileID, Username: a.Username, DisplayName: a.DisplayName, PictureURL: a.PictureURL, Active: a.Active}
}

func accountIDs(targets []NewTarget) []string {
	var ids []string
	for _, t := range targets {
		if !slices.Contains(ids, t.AccountID) {
			ids = append(ids, t.AccountID)
		}
	}
	return ids
}

// content merges a target's overrides into what its platform is to publish.
func (p Post) content(t Target) platforms.Content {
	c := platforms.Content{Title: p.Title, Text: p.Content, Tags: p.Tags, Options: t.Options}
	if t.CustomContent != nil {
		c.Text = *t.CustomContent
	}
	for _, m := range p.media(t) {
		c.Media = append(c.Media, platforms.Media{Type: m.Type, URL: m.URL, Title: m.Title, AltText: m.AltText, Thumbnail: m.Thumbnail, Reshape: m.Reshape})
	}
	return c
}

func (p Post) media(t Target) []Media {
	if t.CustomMedia != nil {
		return t.CustomMedia
	}
	return p.Media
}
