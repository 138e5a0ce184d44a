package posts

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/events"
	"posthorn/internal/platforms"
)

// Events is told what happens, in the transaction in which it happens.
type Events interface {
	Emit(ctx context.Context, tx pgx.Tx, list ...events.Event) error
	// EmitIn is Emit by a batch, which whatever causes the events is in too.
	EmitIn(batch *pgx.Batch, list ...events.Event) error
}

// ended is a target that came to its end just now: Name is PostPlatformPublished or PostPlatformFailed. Or its address is known at last.
type ended struct {
	TargetID string
	Name     events.Name
}

// lateAddresses names the event with which the contract tells of an address that a platform gives after the post is out. It has one for TikTok alone.
var lateAddresses = map[string]events.Name{"tiktok": events.PostTikTokURLResolved}

// endOf lists how a verdict ends a target, if it does.
func endOf(c Claim, status Status, remote *platforms.Remote) []ended {
	published, before := remote != nil, c.Task.Published
	late := events.Name("")
	if published && before != nil && before.URL == "" && remote.URL != "" {
		late = lateAddresses[c.Platform.Info().Name]
	}
	switch {
	case late != "":
		return []ended{{c.TargetID, late}}
	case status == Failed:
		return []ended{{c.TargetID, events.PostPlatformFailed}}
	case published && before == nil:
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
	list, err := lockPosts(ctx, tx, []string{postID})
	if err != nil || len(list) == 0 || (list[0].Status != Scheduled && list[0].Status != Publishing) {
		return err
	}
	post := list[0]
	post.Status = Cancelled
	for i, t := range post.Targets {
		if t.Status != Published && t.Status != Failed {
			post.Targets[i].Status = Cancelled
		}
	}
	return s.tellArrivals(ctx, tx, []arrived{{post: post, name: events.PostCancelled}})
}

// arrived is a post some of whose targets have ended just now, and the event of the state that it came to; empty when there is none.
type arrived struct {
	post Post
	ends []ended
	name events.Name
}

// tellArrivals emits what happened to targets and then to their posts. It asks who the accounts are, which only what is told needs.
func (s *Service) tellArrivals(ctx context.Context, tx pgx.Tx, all []arrived) error {
	all = slices.DeleteFunc(all, func(a arrived) bool { return len(a.ends) == 0 && a.name == "" })
	if s.Events == nil || len(all) == 0 {
		return nil
	}
	if err := s.nameAccounts(ctx, tx, all); err != nil {
		return err
	}
	var list []events.Event
	for _, a := range all {
		for _, end := range a.ends {
			at := slices.IndexFunc(a.post.Targets, func(t Target) bool { return t.ID == end.TargetID })
			if at < 0 {
				continue // the target was removed meanwhile
			}
			list = append(list, a.post.targetEvent(end.Name, a.post.Targets[at]))
		}
		if a.name != "" {
			list = append(list, a.post.event(a.name))
		}
	}
	return s.Events.Emit(ctx, tx, list...)
}

// nameAccounts fills in who the accounts of the posts' targets are.
func (s *Service) nameAccounts(ctx context.Context, tx pgx.Tx, all []arrived) error {
	var ids []string
	for _, a := range all {
		for _, t := range a.post.Targets {
			if !slices.Contains(ids, t.Account.ID) {
				ids = append(ids, t.Account.ID)
			}
		}
	}
	known, err := s.Accounts.Within(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, a := range all {
		for i, t := range a.post.Targets {
			if account, ok := known[t.Account.ID]; ok {
				a.post.Targets[i].Account = shownAccount(account)
			}
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
