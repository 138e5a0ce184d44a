package posts

import (
	"context"
	"fmt"
	"time"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// dryRunPlatform is the one platform whose posts the contract lets callers try without publishing.
const dryRunPlatform = "tiktok"

// DryRunVerdict says whether one target could be published now.
type DryRunVerdict struct {
	AccountID   string
	CanPublish  bool
	PostedToday *bool  // the account published something on this UTC day; nil: it does not matter for this target
	Reason      string // for people
}

// DryRun judges each TikTok target of a post as it would be published now, in the order of the request, and stores nothing. Other targets
// are not looked at. What is wrong with the request itself is an error, as in Create.
func (s *Service) DryRun(ctx context.Context, by auth.Principal, p NewPost) (list []DryRunVerdict, err error) {
	defer errs.Wrap(&err, "posts.DryRun(%s)", by.OwnerID)
	if len(p.Targets) > maxTargets {
		return nil, errs.Fieldf("platforms", "a post takes at most %d targets, this has %d", maxTargets, len(p.Targets))
	}
	at := map[int]int{} // of the verdicts, in the request
	var asked []NewTarget
	for i, t := range p.Targets {
		if t.Platform == dryRunPlatform {
			at[len(asked)] = i
			asked = append(asked, t)
		}
	}
	if len(asked) == 0 {
		return nil, errs.Fieldf("platforms", "a dry run is for TikTok only, and platforms has no %s entry", dryRunPlatform)
	}
	post, connected, err := s.planDryRun(ctx, by, p, asked, at)
	if err != nil {
		return nil, err
	}
	measured := s.Prober.ProbeAll(ctx, mediaURLs(post))
	files := mediaProblems(post, measured)
	for _, t := range post.Targets {
		v := DryRunVerdict{AccountID: t.Account.ID, CanPublish: true, Reason: "The account can publish this now"}
		if v.PostedToday, err = s.postedToday(ctx, by, t.Account.ID); err != nil {
			return nil, err
		}
		platform, _ := s.Platforms.Get(t.Platform)
		c := measuredContent(post.content(t), measured)
		faults := accountFaults(t, connected[t.Account.ID])
		for _, f := range files {
			faults = append(faults, f.Field+": "+f.Message)
		}
		for _, problem := range platforms.Check(platform, c) {
			faults = append(faults, problem.Message)
		}
		if len(faults) > 0 {
			v.CanPublish, v.Reason = false, faults[0]
		}
		list = append(list, v)
	}
	return list, nil
}

// planDryRun plans the targets that are asked about. That an account is disconnected is for the verdict to say.
func (s *Service) planDryRun(ctx context.Context, by auth.Principal, p NewPost, asked []NewTarget, at map[int]int) (Post, map[string]accounts.Account, error) {
	connected, err := s.Accounts.Lookup(ctx, by, accountIDs(asked))
	if err != nil {
		return Post{}, nil, err
	}
	usable := make(map[string]accounts.Account, len(connected))
	for id, a := range connected {
		a.Active = true
		usable[id] = a
	}
	now := s.Now()
	p.Mode = Now
	post := Post{OwnerID: by.OwnerID, Title: p.Title, Content: p.Content, Media: p.Media, Tags: p.Tags, Status: Scheduled, ScheduledFor: &now}
	for k, t := range asked {
		target, err := s.planTarget(post, at[k], t, usable, p, now)
		if err != nil {
			return Post{}, nil, err
		}
		post.Targets = append(post.Targets, target)
	}
	return post, connected, nil
}

// accountFaults are what keeps an account from publishing anything.
func accountFaults(t Target, a accounts.Account) []string {
	switch {
	case !a.Active:
		return []string{fmt.Sprintf("The account %s (@%s) is disconnected; connect it again", t.Account.ID, a.Username)}
	case a.NeedsReconnection:
		return []string{fmt.Sprintf("The platform does not accept the token of the account %s (@%s) any more; connect it again", t.Account.ID, a.Username)}
	}
	return nil
}

// postedToday reports whether an account published something on this UTC day.
func (s *Service) postedToday(ctx context.Context, by auth.Principal, accountID string) (*bool, error) {
	posted := false
	err := s.Pool.QueryRow(ctx, `select exists (select 1 from targets where owner_id = $1 and account_id = $2 and published_at >= $3)`,
		by.OwnerID, accountID, s.Now().UTC().Truncate(24*time.Hour)).Scan(&posted)
	return &posted, err
}
