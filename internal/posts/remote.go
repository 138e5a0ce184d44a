package posts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/accounts"
	"posthorn/internal/errs"
	"posthorn/internal/logs"
	"posthorn/internal/platforms"
)

// Dialer opens the connection of an account; accounts.Service fits it.
type Dialer interface {
	Dial(ctx context.Context, accountID string, before func() error) (*accounts.Session, error)
	NeedsReconnection(ctx context.Context, accountID string) error
}

const (
	// remoteTimeout bounds what one request may do at a platform.
	remoteTimeout = 100 * time.Second
	// remoteHold is how long a target is held for that. When this process dies the hold runs out by itself.
	remoteHold = remoteTimeout + 15*time.Second
	// holder stands in claimed_by of a target that a request holds; no worker has this name.
	holder = "request"
)

// capable finds a platform that can do more than publish. What the server does not know, or the platform cannot do, is Invalid; cannot
// says what that is, with the platform's title in it.
func capable[C any](s *Service, name, rule, cannot string) (can C, err error) {
	p, ok := s.Platforms.Get(name)
	if !ok {
		return can, &errs.Error{Code: errs.Invalid, Wire: "platform_not_supported", Field: "platform", Rule: "platform.unknown",
			Message: fmt.Sprintf("platform %q is not known to this server; it has %s", clip(name, 40), strings.Join(s.Platforms.Names(), ", "))}
	}
	can, ok = p.(C)
	if !ok {
		return can, &errs.Error{Code: errs.Invalid, Wire: "platform_not_supported", Field: "platform", Rule: rule, Message: fmt.Sprintf(cannot, p.Info().Title)}
	}
	return can, nil
}

// publishedAt lists the targets of a post that are published at a platform, in the post's order. accountID, unless empty, selects those
// of one account. None is Invalid.
func publishedAt(post Post, platform, accountID string) (list []Target, err error) {
	for _, t := range post.Targets {
		if t.Platform == platform && t.Status == Published && (accountID == "" || t.Account.ID == accountID) {
			list = append(list, t)
		}
	}
	if len(list) == 0 {
		e := errs.Fieldf("platform", "this post is not published on %s", platform)
		if accountID != "" {
			e = errs.Fieldf("accountId", "this post is not published on %s at account %s", platform, clip(accountID, 40))
		}
		e.Rule = "post.not_published_there"
		return nil, e
	}
	return list, nil
}

// A hold keeps workers and other requests away from a published target, as a worker's claim does.
type hold struct {
	target   Target
	number   int64
	until    time.Time
	existing platforms.Existing
}

// errNotPublished says that a target is no longer published, or gone.
var errNotPublished = errors.New("the target is no longer published")

// hold takes a published target. With stop its follow-ups end, unless release puts them back. A target that somebody works on is a
// Conflict.
func (s *Service) hold(ctx context.Context, post Post, t Target, stop bool) (h hold, err error) {
	now := s.Now()
	h = hold{target: t, until: now.Add(remoteHold), existing: platforms.Existing{Content: post.content(t)}}
	var state json.RawMessage
	err = s.Pool.QueryRow(ctx, `
		with old as (
			select id, open, claimed_until from targets where id = $1 and status = 'published' for update
		)
		update targets t set claim = t.claim + 1, claimed_by = $2, claimed_until = $3, open = t.open and not $4, updated_at = $5
		from old where t.id = old.id and (old.claimed_until is null or old.claimed_until <= $5)
		returning t.claim, old.open, t.step, t.state, t.remote_id, t.remote_url`,
		t.ID, holder, h.until, stop, now).Scan(&h.number, &h.target.Open, &h.existing.State.Step, &state, &h.existing.Remote.ID, &h.existing.Remote.URL)
	if errors.Is(err, pgx.ErrNoRows) {
		return hold{}, s.whyNotHeld(ctx, t, now)
	}
	h.existing.State.Data = state
	return h, err
}

func (s *Service) whyNotHeld(ctx context.Context, t Target, now time.Time) error {
	var until *time.Time
	err := s.Pool.QueryRow(ctx, `select claimed_until from targets where id = $1 and status = 'published'`, t.ID).Scan(&until)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return errNotPublished
	case err != nil:
		return err
	}
	wait := time.Second
	if until != nil && until.Sub(now) > wait {
		wait = until.Sub(now)
	}
	return &errs.Error{Code: errs.Conflict, Wire: "post_busy", Rule: "post.busy", Field: "platform", RetryAfter: wait,
		Message: fmt.Sprintf("The post is being worked on at %s right now: a follow-up is published, or another request changes it. Try again when that has ended", t.Platform)}
}

// release gives a target back as it was.
func (s *Service) release(ctx context.Context, h hold) error {
	_, err := s.Pool.Exec(ctx, `update targets set claimed_by = null, claimed_until = null, open = $3 where id = $1 and claim = $2`, h.target.ID, h.number, h.target.Open)
	return err
}

// errOvertaken is the end of a request whose hold ran out before it could store what it did.
func errOvertaken() error {
	return &errs.Error{Code: errs.Conflict, Wire: "post_busy", Rule: "post.busy", Message: "It took too long, and something else has changed the post meanwhile; read the post to see how it stands"}
}

// talk lets fn use an account's connection before a time is over, and notes what the platform says of the account's budgets and token. A
// token that proves stale is refreshed once. The caller's going away does not end it: what was begun at a platform is ended.
func (s *Service) talk(ctx context.Context, platform, accountID string, until time.Time, fn func(context.Context, *platforms.Conn) error) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), remoteTimeout)
	defer cancel()
	for try := 1; ; try++ {
		again, err := s.talkOnce(ctx, accountID, until, fn)
		if again && try == 1 {
			continue
		}
		var e *platforms.Error
		if errors.As(err, &e) {
			named := *e
			named.Platform = platform
			return &named
		}
		return err
	}
}

func (s *Service) talkOnce(ctx context.Context, accountID string, until time.Time, fn func(context.Context, *platforms.Conn) error) (stale bool, err error) {
	session, err := s.Dialer.Dial(ctx, accountID, func() error {
		if !s.Now().Before(until) {
			return platforms.Errorf(platforms.Unavailable, "the time for this request has run out")
		}
		return nil
	})
	if err == nil {
		err = fn(ctx, session.Conn)
	}
	var e *platforms.Error
	errors.As(err, &e)
	after := context.WithoutCancel(ctx)
	var noted []error
	if session != nil {
		noted = append(noted, session.Close(after))
	}
	switch {
	case e == nil:
	case e.Kind == platforms.TokenExpired && session != nil:
		noted = append(noted, session.StaleToken(after))
		stale = true
	case e.Kind == platforms.Unauthorized && e.Rule != "account.disconnected":
		noted = append(noted, s.Dialer.NeedsReconnection(after, accountID))
	}
	if failed := errors.Join(noted...); failed != nil && err == nil {
		return false, failed
	}
	return stale, err
}

// about lets the log tell what a request to a platform is about.
func about(ctx context.Context, t Target) context.Context {
	return logs.With(ctx, logs.About{PostID: t.PostID, TargetID: t.ID})
}

// noteChange puts a line into a target's timeline for what a request did with it.
func noteChange(ctx context.Context, tx pgx.Tx, h hold, outcome, note string, begun, now time.Time) error {
	_, err := tx.Exec(ctx, `
		insert into target_steps (target_id, claim, at, step, outcome, note, took_ms, worker) values ($1, $2, $3, '', $4, $5, $6, $7) on conflict do nothing`,
		h.target.ID, h.number, now, outcome, note, now.Sub(begun).Milliseconds(), holder)
	return err
}
