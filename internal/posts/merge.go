package posts

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"posthorn/internal/errs"
)

// An updated is what a change makes of a stored post: the post as one that could be created, and how that is stored over the old one.
type updated struct {
	NewPost
	old    Post
	revive bool // the targets that are not published are worked on (again)
	inSlot bool // it stays in the queue that it is in
}

// merge is the post that is asked for: what the change sets, and what is stored beside it.
func merge(old Post, c Change) (updated, error) {
	u := updated{old: old, NewPost: NewPost{Title: or(c.Title, old.Title), Content: or(c.Content, old.Content), Media: or(c.Media, old.Media), Tags: or(c.Tags, old.Tags),
		Hashtags: or(c.Hashtags, old.Hashtags), Mentions: or(c.Mentions, old.Mentions), Visibility: or(c.Visibility, old.Visibility), Crossposting: or(c.Crossposting, old.Crossposting),
		Metadata: or(c.Metadata, old.Metadata), Timezone: or(c.Timezone, old.Timezone), ScheduledFor: or(c.ScheduledFor, written(old.ScheduledFor))}}
	u.Targets = merged(old, c)
	ownTime := slices.ContainsFunc(u.Targets, func(t NewTarget) bool { return t.ScheduledFor != "" })
	newTime := c.ScheduledFor != nil && *c.ScheduledFor != "" || c.Targets != nil && ownTime
	named := or(c.QueuedFromProfile, "") != "" || c.QueuedFromProfile == nil && or(c.QueueID, "") != "" && old.QueuedFromProfile != ""
	u.toQueue(c, named)
	switch {
	case or(c.Draft, old.Status == Draft):
		u.Mode = AsDraft
	case c.PublishNow:
		u.Mode, u.revive = Now, true
		u.QueuedFromProfile, u.QueueID, u.inSlot = "", "", false
	case newTime:
		u.Mode, u.revive = At, true
	case named:
		u.Mode, u.revive, u.ScheduledFor = Queued, true, ""
	case old.ended():
		u.Mode = asIs
	case old.Status == Draft && u.ScheduledFor == "" && !ownTime && old.QueuedFromProfile != "" && u.inSlot: // put into the queue that it remembers
		u.Mode, u.revive, u.inSlot = Queued, true, false
		u.QueuedFromProfile, u.QueueID = old.QueuedFromProfile, old.QueueID
	default:
		u.Mode, u.revive = At, true
		if u.ScheduledFor == "" && !ownTime {
			return u, &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Field: "scheduledFor", Rule: "post.no_time",
				Message: "the post has no time at which to be published", Remedy: "Send scheduledFor, publishNow or queuedFromProfile, or isDraft true."}
		}
	}
	if u.Mode == AsDraft && slices.ContainsFunc(old.Targets, func(t Target) bool { return t.Status == Published }) {
		return u, &errs.Error{Code: errs.Invalid, Field: "isDraft", Rule: "post.partly_published", Message: "A post that is published at some of its accounts cannot become a draft again"}
	}
	return u, nil
}

// toQueue decides which queue the post is in: the one that the change names, none when it clears the profile, else the one it is in.
func (u *updated) toQueue(c Change, named bool) {
	switch {
	case named:
		u.QueuedFromProfile, u.QueueID = or(c.QueuedFromProfile, u.old.QueuedFromProfile), or(c.QueueID, "")
	case c.QueuedFromProfile == nil:
		u.inSlot = u.old.QueuedFromProfile != ""
	}
}

// adopt gives a planned post the identity of the stored one.
func (u updated) adopt(post *Post) {
	post.ID, post.CreatedAt, post.UserID, post.keyID = u.old.ID, u.old.CreatedAt, u.old.UserID, u.old.keyID
	for i := range post.Targets {
		post.Targets[i].PostID = post.ID
	}
	if u.inSlot {
		post.QueuedFromProfile, post.QueueID = u.old.QueuedFromProfile, u.old.QueueID
	}
	if u.Mode == asIs {
		post.ScheduledFor = u.old.ScheduledFor
	}
}

// ended reports whether a post waits for nobody but its owner.
func (p Post) ended() bool { return p.Status == Failed || p.Status == Partial || p.Status == Cancelled }

// merged are the targets that are asked for. The published ones are always among them.
func merged(old Post, c Change) []NewTarget {
	if c.Targets == nil {
		list := make([]NewTarget, len(old.Targets))
		for i := range old.Targets {
			t := &old.Targets[i]
			list[i] = NewTarget{Platform: t.Platform, AccountID: t.Account.ID, CustomContent: t.CustomContent, CustomMedia: t.CustomMedia, Options: t.Options, kept: t}
			if !old.ended() || or(c.ScheduledFor, "") == "" { // a time of its own that is used up does not go before a new one of the post
				list[i].ScheduledFor = written(t.ScheduledFor)
			}
		}
		return list
	}
	list := slices.Clone(*c.Targets)
	pair(old, list)
	kept := map[string]bool{}
	for i := range list {
		if t := list[i].kept; t != nil {
			kept[t.ID] = true
			list[i].Options = withSettings(t.Options, list[i].Options)
		}
	}
	for i := range old.Targets {
		if t := &old.Targets[i]; t.Status == Published && !kept[t.ID] {
			list = append(list, NewTarget{Platform: t.Platform, AccountID: t.Account.ID, kept: t})
		}
	}
	return list
}

// pair finds for each target that is sent the stored one of the same account. Where an account has several (a photo and a story), the one
// with the same options comes first, so that what is published is never taken for another; then they go by their order.
func pair(old Post, list []NewTarget) {
	used := map[string]bool{}
	for _, alike := range []bool{true, false} {
		for i := range list {
			for k := range old.Targets {
				t := &old.Targets[k]
				if list[i].kept == nil && !used[t.ID] && t.Platform == list[i].Platform && t.Account.ID == list[i].AccountID &&
					(!alike || canonical(t.Options) == canonical(list[i].Options)) {
					list[i].kept, used[t.ID] = t, true
				}
			}
		}
	}
}

// published reports whether the target is one that stays as it is.
func (t NewTarget) published() bool { return t.kept != nil && t.kept.Status == Published }

// withSettings adds to a target's options the namespaces of settings ("facebookSettings") that are stored and were not sent again.
func withSettings(stored, sent json.RawMessage) json.RawMessage {
	var was, now map[string]json.RawMessage
	if json.Unmarshal(stored, &was) != nil || len(sent) > 0 && json.Unmarshal(sent, &now) != nil {
		return sent
	}
	added := false
	for name, value := range was {
		if _, resent := now[name]; resent || !strings.HasSuffix(name, "Settings") {
			continue
		}
		if now == nil {
			now = map[string]json.RawMessage{}
		}
		now[name], added = value, true
	}
	if !added {
		return sent
	}
	all, err := json.Marshal(now)
	if err != nil { // both came out of a decoder
		panic("posts: options are not JSON: " + err.Error())
	}
	return all
}

// advice tells a caller what of a change had no effect.
func (u updated) advice(c Change) []string {
	list := queueAdvice(u.NewPost)
	if u.Mode == AsDraft && c.Draft == nil && (c.PublishNow || or(c.ScheduledFor, "") != "" || or(c.QueuedFromProfile, "") != "") {
		list = append(list, "The post is still a draft: send isDraft false to have it published")
	}
	if or(c.QueueID, "") != "" && u.QueuedFromProfile == "" && u.Mode != Now {
		list = append(list, "queueId has no effect without queuedFromProfile")
	}
	if c.Targets == nil && c.Content == nil && c.Media == nil {
		return list
	}
	for _, t := range u.Targets {
		if t.published() {
			list = append(list, "The post is published at the "+t.Platform+" account "+t.AccountID+" already; it stays there as it is")
		}
	}
	return list
}

// written is an instant as a caller would send it; empty when there is none.
func written(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
