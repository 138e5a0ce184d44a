package posts

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/events"
)

// Events is told what happens, in the transaction in which it happens.
type Events interface {
	Emit(ctx context.Context, tx pgx.Tx, list ...events.Event) error
}

// ended is a target that came to its end just now: Name is PostPlatformPublished or PostPlatformFailed.
type ended struct {
	TargetID string
	Name     events.Name
}

// endOf lists how a verdict ends a target, if it does.
func endOf(c Claim, status Status, published bool) []ended {
	switch {
	case status == Failed:
		return []ended{{c.TargetID, events.PostPlatformFailed}}
	case published && c.Task.Published == nil:
		return []ended{{c.TargetID, events.PostPlatformPublished}}
	default:
		return nil
	}
}

// arrival is the event of a post that goes from one state to another; empty when there is none. What is only waiting for another try has
// not arrived anywhere, and a post that had ended and loses a target to the customer's own wish has not ended a second time.
func arrival(from, to Status, cancelled bool) events.Name {
	final := from == Published || from == Partial || from == Failed || from == Cancelled
	switch {
	case from == to:
		return ""
	case to == Cancelled:
		return events.PostCancelled
	case (to == Scheduled || to == Publishing) && (final || from == Draft):
		return events.PostScheduled
	case final && cancelled:
		return ""
	case to == Published:
		return events.PostPublished
	case to == Partial:
		return events.PostPartial
	case to == Failed:
		return events.PostFailed
	default:
		return ""
	}
}

// tell emits events of a whole post.
func (s *Service) tell(ctx context.Context, tx pgx.Tx, post Post, names ...events.Name) error {
	if s.Events == nil || len(names) == 0 {
		return nil
	}
	list := make([]events.Event, len(names))
	for i, name := range names {
		list[i] = post.event(name)
	}
	return s.Events.Emit(ctx, tx, list...)
}

// tellDeleted tells of a post whose deletion keeps something from being published; drafts and what has ended go without a word.
func (s *Service) tellDeleted(ctx context.Context, tx pgx.Tx, postID string) error {
	post, found, err := lockPost(ctx, tx, postID)
	if err != nil || !found || (post.Status != Scheduled && post.Status != Publishing) {
		return err
	}
	post.Status = Cancelled
	for i, t := range post.Targets {
		if t.Status != Published && t.Status != Failed {
			post.Targets[i].Status = Cancelled
		}
	}
	return s.tellEnds(ctx, tx, post, nil, events.PostCancelled)
}

// tellEnds emits what happened to targets and then to their post. It asks who the accounts are, which only what is told needs.
func (s *Service) tellEnds(ctx context.Context, tx pgx.Tx, post Post, ends []ended, arrived events.Name) error {
	if s.Events == nil || (len(ends) == 0 && arrived == "") {
		return nil
	}
	if err := s.nameAccounts(ctx, tx, post.Targets); err != nil {
		return err
	}
	var list []events.Event
	for _, end := range ends {
		at := slices.IndexFunc(post.Targets, func(t Target) bool { return t.ID == end.TargetID })
		if at < 0 {
			continue // the target was removed meanwhile
		}
		list = append(list, post.targetEvent(end.Name, post.Targets[at]))
	}
	if arrived != "" {
		list = append(list, post.event(arrived))
	}
	return s.Events.Emit(ctx, tx, list...)
}

// nameAccounts fills in who the accounts of targets are.
func (s *Service) nameAccounts(ctx context.Context, tx pgx.Tx, targets []Target) error {
	ids := make([]string, len(targets))
	for i, t := range targets {
		ids[i] = t.Account.ID
	}
	known, err := s.Accounts.Within(ctx, tx, ids)
	if err != nil {
		return err
	}
	for i, t := range targets {
		if a, ok := known[t.Account.ID]; ok {
			targets[i].Account = shownAccount(a)
		}
	}
	return nil
}

// event is one of the whole post.
func (p Post) event(name events.Name) events.Event {
	e := events.Event{Name: name, OwnerID: p.OwnerID, Subject: p.ID, Body: map[string]any{"post": p.told()}}
	for _, t := range p.Targets {
		e.Concern(t.Account.ProfileID, t.Account.ID)
	}
	return e
}

// targetEvent is one of a single target.
func (p Post) targetEvent(name events.Name, t Target) events.Event {
	e := events.Event{Name: name, OwnerID: p.OwnerID, Subject: p.ID, Body: map[string]any{"post": p.told(), "platform": t.told("name"),
		"account": map[string]any{"accountId": t.Account.ID, "platform": t.Platform, "username": t.Account.Username}}}
	if t.Account.DisplayName != "" {
		e.Body["account"].(map[string]any)["displayName"] = t.Account.DisplayName
	}
	e.Concern(t.Account.ProfileID, t.Account.ID)
	return e
}

// told is a post as the contract's payloads show it, which name things otherwise than its answers do.
func (p Post) told() map[string]any {
	due := p.CreatedAt
	if p.ScheduledFor != nil {
		due = *p.ScheduledFor
	}
	targets := make([]map[string]any, len(p.Targets))
	for i, t := range p.Targets {
		if p.ScheduledFor == nil && t.ScheduledFor != nil && (due.Equal(p.CreatedAt) || t.ScheduledFor.Before(due)) {
			due = *t.ScheduledFor
		}
		targets[i] = t.told("platform")
		targets[i]["accountId"] = t.Account.ID
	}
	told := map[string]any{"id": p.ID, "content": p.Content, "status": p.Status, "scheduledFor": events.Time(due), "platforms": targets}
	if p.PublishedAt != nil {
		told["publishedAt"] = events.Time(*p.PublishedAt)
	}
	if len(p.Metadata) > 0 {
		told["metadata"] = p.Metadata
	}
	return told
}

// told is a target; the field that names its platform is called differently in different places.
func (t Target) told(platform string) map[string]any {
	told := map[string]any{platform: t.Platform, "status": t.Status}
	if t.RemoteID != "" {
		told["platformPostId"] = t.RemoteID
	}
	if t.RemoteURL != "" {
		told["publishedUrl"] = t.RemoteURL
	}
	if t.Failure != nil && t.Status == Failed {
		told["error"] = t.Failure.Message
	}
	return told
}

// lockPost locks a post's row and reads what a rollup and its events need of it. Its targets are read afterwards, so that of two that end
// together the later one sees both. found is false when the post is gone.
func lockPost(ctx context.Context, tx pgx.Tx, postID string) (p Post, found bool, err error) {
	p.ID = postID
	err = tx.QueryRow(ctx, `select owner_id, content, status, scheduled_for, metadata, created_at from posts where id = $1 for update`, postID).
		Scan(&p.OwnerID, &p.Content, &p.Status, &p.ScheduledFor, &p.Metadata, &p.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	rows, err := tx.Query(ctx, `select id, platform, account_id, status, scheduled_for, published_at, remote_id, remote_url, failure from targets where post_id = $1 order by position`, postID)
	if err != nil {
		return p, false, err
	}
	p.Targets, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Target, err error) {
		var failure []byte
		if err = row.Scan(&t.ID, &t.Platform, &t.Account.ID, &t.Status, &t.ScheduledFor, &t.PublishedAt, &t.RemoteID, &t.RemoteURL, &failure); err != nil || failure == nil {
			return t, err
		}
		t.Failure = new(Failure)
		return t, json.Unmarshal(failure, t.Failure)
	})
	return p, err == nil, err
}

// rollUp recomputes a post's status from its targets, and tells of the targets that ended just now and of where the post has arrived.
// Everyone who locks a target and its post takes the target first.
func (s *Service) rollUp(ctx context.Context, tx pgx.Tx, postID string, now time.Time, ends ...ended) error {
	post, found, err := lockPost(ctx, tx, postID)
	if err != nil || !found {
		return err
	}
	statuses := make([]Status, len(post.Targets))
	for i, t := range post.Targets {
		statuses[i] = t.Status
		if t.PublishedAt != nil && (post.PublishedAt == nil || t.PublishedAt.After(*post.PublishedAt)) {
			post.PublishedAt = t.PublishedAt
		}
	}
	from := post.Status
	post.Status = Rollup(statuses)
	if post.Status != Published && post.Status != Partial {
		post.PublishedAt = nil // the post as a whole has not finished
	}
	if _, err := tx.Exec(ctx, `update posts set status = $2, published_at = $3, updated_at = $4 where id = $1`, postID, post.Status, post.PublishedAt, now); err != nil {
		return err
	}
	return s.tellEnds(ctx, tx, post, ends, arrival(from, post.Status, slices.Contains(statuses, Cancelled)))
}
