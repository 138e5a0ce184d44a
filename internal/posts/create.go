package posts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
)

const (
	// replayWindow is how long a repeated x-request-id gives the post that it made.
	replayWindow = 5 * time.Minute
	// duplicateWindow is how long the same content at the same account counts as a duplicate.
	duplicateWindow = 24 * time.Hour
	// maxTargets bounds one post; no client has more accounts for one text.
	maxTargets = 200
)

// errReplay ends a transaction whose request ID another one has taken meanwhile.
var errReplay = errors.New("the request was made before")

// Create checks a new post against every rule of every target and stores it with its jobs, all or nothing. Drafts are stored unchecked.
// The faults of a post come all at once, as one Invalid error with Details "fields" and "problems".
func (s *Service) Create(ctx context.Context, by auth.Principal, p NewPost) (created Created, err error) {
	defer errs.Wrap(&err, "posts.Create(%s)", by.OwnerID)
	if p.RequestID != "" {
		if post, found, err := s.replay(ctx, by, p.RequestID); err != nil || found {
			return Created{Post: post, Replayed: found}, err
		}
	}
	now := s.Now()
	post, err := s.plan(ctx, by, p, now)
	if err != nil {
		return Created{}, err
	}
	if p.Mode != AsDraft {
		if err := s.check(ctx, post); err != nil {
			return Created{}, err
		}
	}
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error { return s.save(ctx, tx, post, p, now) })
	if errors.Is(err, errReplay) {
		post, _, err := s.replay(ctx, by, p.RequestID)
		return Created{Post: post, Replayed: true}, err
	}
	if err != nil {
		return Created{}, err
	}
	saved, err := s.Get(ctx, by, post.ID)
	return Created{Post: saved}, err
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

// planTime sets when the post is due. A draft keeps its time without meaning anything by it.
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
			if t.ScheduledFor == "" {
				return &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Field: "scheduledFor",
					Message: fmt.Sprintf("scheduledFor is missing, and platforms[%d] has no time of its own", i)}
			}
		}
	}
	return nil
}

func (s *Service) planTarget(post Post, i int, t NewTarget, connected map[string]accounts.Account, p NewPost, now time.Time) (Target, error) {
	field := fmt.Sprintf("platforms[%d]", i)
	if _, ok := s.Platforms.Get(t.Platform); !ok {
		return Target{}, &errs.Error{Code: errs.Invalid, Rule: "platform.unknown", Field: field + ".platform",
			Message: fmt.Sprintf("platform %q is not known to this server; it has %s", clip(t.Platform, 40), strings.Join(s.Platforms.Names(), ", "))}
	}
	account, ok := connected[t.AccountID]
	switch {
	case !ok:
		return Target{}, &errs.Error{Code: errs.Forbidden, Wire: errs.NoWire, Rule: "account.foreign", Field: field + ".accountId", Message: fmt.Sprintf("account %q does not exist or does not belong to you", clip(t.AccountID, 40))}
	case account.Platform != t.Platform:
		return Target{}, &errs.Error{Code: errs.Invalid, Rule: "account.wrong_platform", Field: field + ".platform",
			Message: fmt.Sprintf("account %s is an account of %s, not of %s", t.AccountID, account.Platform, t.Platform)}
	case !account.Active:
		return Target{}, &errs.Error{Code: errs.Forbidden, Wire: "ACCOUNT_DISCONNECTED", Field: field + ".accountId",
			Message: fmt.Sprintf("account %s (@%s) is disconnected; connect it again", t.AccountID, account.Username)}
	}
	target := Target{ID: id.New(now), PostID: post.ID, Platform: t.Platform, Account: shownAccount(account), CustomContent: t.CustomContent,
		CustomMedia: t.CustomMedia, Options: t.Options, Status: Pending, Open: post.Status != Draft, NextAt: now}
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
		c.Media = append(c.Media, platforms.Media{Type: m.Type, URL: m.URL, Title: m.Title, AltText: m.AltText, Thumbnail: m.Thumbnail})
	}
	return c
}

func (p Post) media(t Target) []Media {
	if t.CustomMedia != nil {
		return t.CustomMedia
	}
	return p.Media
}
