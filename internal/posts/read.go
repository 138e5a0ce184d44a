package posts

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
)

const postColumns = `id, owner_id, coalesce(user_id, owner_id), title, content, media, tags, hashtags, mentions, visibility, crossposting, metadata, timezone, scheduled_for, published_at, status, created_at, updated_at,
	coalesce(queued_from_profile, ''), coalesce(queue_id, ''), recycling, next_recycle_at, coalesce(recycled_from, '')`

const targetColumns = `id, post_id, platform, account_id, custom_content, custom_media, options, scheduled_for, status, step, open, unconfirmed, attempts, next_at, failure, remote_id, remote_url, published_at, removed_at`

// Get reads one post of an owner. One that does not exist, or is another's, is NotFound.
func (s *Service) Get(ctx context.Context, by auth.Principal, postID string) (post Post, err error) {
	defer errs.Wrap(&err, "posts.Get(%s)", clip(postID, 40))
	if !id.Valid(postID) {
		return Post{}, notFound()
	}
	within, err := s.reachOf(ctx, by)
	if err != nil {
		return Post{}, err
	}
	where, args := Filter{Hidden: true, reach: within}.where(by.OwnerID)
	args = append(args, postID)
	rows, err := s.Pool.Query(ctx, fmt.Sprintf(`select %s from posts where %s and id = $%d`, postColumns, where, len(args)), args...)
	if err != nil {
		return Post{}, err
	}
	list, err := s.collect(ctx, by, rows)
	if err != nil {
		return Post{}, err
	}
	if len(list) == 0 {
		return Post{}, notFound()
	}
	return list[0], nil
}

func notFound() error { return errs.New(errs.NotFound, "Post not found") }

// collect reads posts and, in two further queries for all of them, their targets and the accounts of those.
func (s *Service) collect(ctx context.Context, by auth.Principal, rows pgx.Rows) ([]Post, error) {
	list, err := pgx.CollectRows(rows, scanPost)
	if err != nil || len(list) == 0 {
		return list, err
	}
	ids, at := make([]string, len(list)), make(map[string]int, len(list))
	for i, p := range list {
		ids[i], at[p.ID] = p.ID, i
	}
	rows, err = s.Pool.Query(ctx, `
		select `+targetColumns+` from targets where post_id = any($1) order by post_id, position`, ids)
	if err != nil {
		return nil, err
	}
	targets, err := pgx.CollectRows(rows, scanTarget)
	if err != nil {
		return nil, err
	}
	var accountIDs []string
	for _, t := range targets {
		accountIDs = append(accountIDs, t.Account.ID)
	}
	known, err := s.Accounts.Lookup(ctx, by, accountIDs)
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		if a, ok := known[t.Account.ID]; ok {
			t.Account = shownAccount(a)
		}
		p := &list[at[t.PostID]]
		p.Targets = append(p.Targets, t)
	}
	return list, nil
}

func scanPost(row pgx.CollectableRow) (Post, error) {
	var p Post
	var stored, recycling []byte
	var nextRecycle *time.Time
	err := row.Scan(&p.ID, &p.OwnerID, &p.UserID, &p.Title, &p.Content, &stored, &p.Tags, &p.Hashtags, &p.Mentions, &p.Visibility, &p.Crossposting, &p.Metadata, &p.Timezone,
		&p.ScheduledFor, &p.PublishedAt, &p.Status, &p.CreatedAt, &p.UpdatedAt, &p.QueuedFromProfile, &p.QueueID,
		&recycling, &nextRecycle, &p.RecycledFrom)
	if err != nil {
		return Post{}, err
	}
	if p.Recycling, err = readRecycling(recycling, nextRecycle); err != nil {
		return Post{}, err
	}
	p.Media, err = readMedia(stored)
	return p, err
}

func scanTarget(row pgx.CollectableRow) (Target, error) {
	var t Target
	var custom, failure []byte
	err := row.Scan(&t.ID, &t.PostID, &t.Platform, &t.Account.ID, &t.CustomContent, &custom, &t.Options, &t.ScheduledFor, &t.Status, &t.Step, &t.Open, &t.Unconfirmed, &t.Attempts,
		&t.NextAt, &failure, &t.RemoteID, &t.RemoteURL, &t.PublishedAt, &t.RemovedAt)
	if err != nil {
		return Target{}, err
	}
	t.Account.Platform = t.Platform
	if failure != nil {
		t.Failure = new(Failure)
		if err := json.Unmarshal(failure, t.Failure); err != nil {
			return Target{}, fmt.Errorf("stored failure: %w", err)
		}
	}
	t.CustomMedia, err = readMedia(custom)
	return t, err
}

// Timeline reads what was done for a post so far, in order.
func (s *Service) Timeline(ctx context.Context, by auth.Principal, postID string) (steps []Step, err error) {
	defer errs.Wrap(&err, "posts.Timeline(%s)", clip(postID, 40))
	if err := s.reachable(ctx, by, postID); err != nil {
		return nil, err
	}
	rows, err := s.Pool.Query(ctx, `
		select s.target_id, s.at, s.step, s.outcome, s.note, s.wait_ms, s.took_ms from target_steps s join targets t on t.id = s.target_id
		where t.owner_id = $1 and t.post_id = $2 order by s.at, s.target_id, s.claim`, by.OwnerID, postID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Step, error) {
		var st Step
		var wait, took int64
		err := row.Scan(&st.TargetID, &st.At, &st.Step, &st.Outcome, &st.Note, &wait, &took)
		st.Wait, st.Took = time.Duration(wait)*time.Millisecond, time.Duration(took)*time.Millisecond
		return st, err
	})
}
