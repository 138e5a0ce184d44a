package posts

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/events"
	"posthorn/internal/id"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
)

// maxRecycling is how many posts of one account may be recycled at a time.
const maxRecycling = 10

// unrecycled are the platforms that copies leave out: they punish what they have seen before.
var unrecycled = []string{"tiktok", "youtube"}

// SetRecycling changes how a post is recycled, as part of a transaction that has stored the rest of it: a new one, or one whose targets and
// then whose own row it has locked. A nil change only puts the next turn right, after the post's times, zone, targets or status have
// changed. Of a draft the wish is stored, and its turns begin when it is promoted.
func (s *Service) SetRecycling(ctx context.Context, tx pgx.Tx, postID string, change *RecyclingChange) (err error) {
	defer errs.Wrap(&err, "posts.SetRecycling(%s)", postID)
	post, err := postInTx(ctx, tx, `id = $1`, postID)
	if err != nil || (change == nil && post.Recycling == nil) {
		return err
	}
	was := post.Recycling
	if change != nil {
		r, err := change.apply(was, post.Timezone)
		if err != nil {
			return err
		}
		post.Recycling = &r
	}
	start, after, loc := post.cycle()
	if err := post.Recycling.ends(start); err != nil {
		return err
	}
	if err := s.checkVariations(post); err != nil {
		return err
	}
	post.Recycling.NextAt = nil
	if post.Status != Draft {
		if now := s.Now(); now.After(after) {
			after = now
		}
		if at, ok := post.Recycling.next(start, after, loc); ok {
			if err := s.mayRecycle(ctx, tx, post); err != nil {
				return err
			}
			post.Recycling.NextAt = &at
		}
	}
	return storeRecycling(ctx, tx, post)
}

// postInTx reads one post with its targets, but without what is shown of their accounts.
func postInTx(ctx context.Context, tx pgx.Tx, where string, args ...any) (Post, error) {
	rows, err := tx.Query(ctx, `select `+postColumns+` from posts where `+where, args...)
	if err != nil {
		return Post{}, err
	}
	post, err := pgx.CollectExactlyOneRow(rows, scanPost)
	if err != nil {
		return Post{}, err
	}
	rows, err = tx.Query(ctx, `select `+targetColumns+` from targets where post_id = $1 order by position`, post.ID)
	if err != nil {
		return Post{}, err
	}
	post.Targets, err = pgx.CollectRows(rows, scanTarget)
	return post, err
}

func storeRecycling(ctx context.Context, tx pgx.Tx, post Post) error {
	stored, err := storedRecycling(*post.Recycling)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update posts set recycling = $2, next_recycle_at = $3 where id = $1`, post.ID, stored, post.Recycling.NextAt)
	return err
}

// recyclable are the targets that copies are made for.
func (p Post) recyclable() (list []Target) {
	for _, t := range p.Targets {
		if !slices.Contains(unrecycled, t.Platform) {
			list = append(list, t)
		}
	}
	return list
}

// checkVariations holds the texts of the copies to the rules for the text of a post; targets with a text of their own never get them.
func (s *Service) checkVariations(post Post) error {
	var problems []Problem
	for i, text := range post.Recycling.Variations {
		for _, t := range post.recyclable() {
			platform, ok := s.Platforms.Get(t.Platform)
			if t.CustomContent != nil || !ok {
				continue
			}
			c := post.content(t)
			c.Text = text
			for _, p := range platforms.Check(platform, c) {
				if strings.HasPrefix(p.Field, "content") {
					p.Field = fmt.Sprintf("recycling.contentVariations[%d]", i)
					problems = append(problems, Problem{Problem: p, Platform: t.Platform, AccountID: t.Account.ID})
				}
			}
		}
	}
	return invalid(problems)
}

// mayRecycle refuses a post that has nothing to recycle, or one of whose accounts recycles as many others as it may. The accounts are locked
// until the transaction ends, so that two posts never take the last place together.
func (s *Service) mayRecycle(ctx context.Context, tx pgx.Tx, post Post) error {
	var ids []string
	for _, t := range post.recyclable() {
		if !slices.Contains(ids, t.Account.ID) {
			ids = append(ids, t.Account.ID)
		}
	}
	if len(ids) == 0 {
		e := errs.Fieldf("recycling", "none of the post's platforms recycles: %s are left out", strings.Join(unrecycled, " and "))
		e.Rule = "recycling.no_target"
		return e
	}
	slices.Sort(ids) // one order for all
	for _, accountID := range ids {
		sum := sha256.Sum256([]byte("recycling of " + accountID))
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, int64(binary.BigEndian.Uint64(sum[:]))); err != nil {
			return err
		}
	}
	var crowded string
	err := tx.QueryRow(ctx, `
		select t.account_id from posts p join targets t on t.post_id = p.id
		where p.owner_id = $1 and p.id <> $2 and p.next_recycle_at is not null and p.status in ('scheduled', 'publishing', 'published', 'partial')
			and t.account_id = any($3) and t.platform <> all($4)
		group by t.account_id having count(distinct p.id) >= $5 limit 1`, post.OwnerID, post.ID, ids, unrecycled, maxRecycling).Scan(&crowded)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return &errs.Error{Code: errs.Invalid, Field: "recycling", Rule: "recycling.max_active", Details: map[string]any{"accountId": crowded, "limit": maxRecycling},
		Message: fmt.Sprintf("account %s has %d posts that are recycled, which is as many as it may have; end the recycling of one of them first", crowded, maxRecycling)}
}

// Recycle makes the copies that are due, and says how many. Any number of processes may do it at once.
func (s *Service) Recycle(ctx context.Context, limit int) (made int, err error) {
	defer errs.Wrap(&err, "posts.Recycle")
	now := s.Now()
	rows, err := s.Pool.Query(ctx, `select id from posts where next_recycle_at <= $1 and status in ('published', 'partial') order by next_recycle_at limit $2`, now, limit)
	if err != nil {
		return 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, err
	}
	var failed []error // one post that cannot be copied must not stop the others
	for _, postID := range ids {
		var copied bool
		err := postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) (err error) {
			copied, err = s.recycle(ctx, tx, postID, now)
			return err
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("post %s: %w", postID, err))
		} else if copied {
			made++
		}
	}
	return made, errors.Join(failed...)
}

// recycle makes the copy of one post, if it is still due and nobody else is at it. Turns that passed unused, while no worker ran or before
// the post was out, are not made up for.
func (s *Service) recycle(ctx context.Context, tx pgx.Tx, postID string, now time.Time) (copied bool, err error) {
	post, err := postInTx(ctx, tx, `id = $1 and next_recycle_at <= $2 and status in ('published', 'partial') and recycling is not null for update skip locked`, postID, now)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r := post.Recycling
	start, after, loc := post.cycle()
	due, ok := r.next(start, after, loc)
	r.NextAt = nil
	if ok && due.After(now) {
		r.NextAt = &due
	} else if ok {
		for {
			later, ok := r.next(start, due, loc)
			if !ok || later.After(now) {
				break
			}
			due = later
		}
		if copied, err = s.copyPost(ctx, tx, post, due, now); err != nil {
			return false, err
		}
		r.LastAt = &due
		if copied {
			r.Count++
			if n := len(r.Variations); n > 0 {
				r.Index = (r.Index + 1) % n
			}
		}
		if next, ok := r.next(start, now, loc); ok {
			r.NextAt = &next
		}
	}
	return copied, storeRecycling(ctx, tx, post)
}

// copyPost stores a post that repeats another one at a time, wherever that is published now and may be repeated; false when that is nowhere.
func (s *Service) copyPost(ctx context.Context, tx pgx.Tx, of Post, due, now time.Time) (bool, error) {
	r := of.Recycling
	twin := of
	twin.ID, twin.RecycledFrom, twin.recycleNumber = id.New(now), of.ID, r.Count+1
	twin.Status, twin.ScheduledFor, twin.PublishedAt, twin.CreatedAt, twin.UpdatedAt = Scheduled, &due, nil, now, now
	twin.Recycling, twin.Targets, twin.QueuedFromProfile, twin.QueueID = nil, nil, "", ""
	if len(r.Variations) > 0 {
		twin.Content = r.Variations[r.Index%len(r.Variations)]
	}
	for _, t := range of.recyclable() {
		if t.Status != Published {
			continue
		}
		again := Target{ID: id.New(now), PostID: twin.ID, Platform: t.Platform, Account: t.Account, CustomContent: t.CustomContent, CustomMedia: t.CustomMedia, Options: t.Options,
			Status: Pending, Open: true, NextAt: due}
		if t.ScheduledFor != nil { // as long after the post as the first time
			at := due.Add(t.ScheduledFor.Sub(of.due()))
			again.ScheduledFor, again.NextAt = &at, at
		}
		twin.Targets = append(twin.Targets, again)
	}
	if len(twin.Targets) == 0 {
		return false, nil
	}
	if err := s.nameAccounts(ctx, tx, []arrived{{post: twin}}); err != nil { // who hears of it depends on their profiles
		return false, err
	}
	if err := s.save(ctx, tx, twin, NewPost{Mode: At}, now); err != nil {
		return false, err
	}
	return true, s.tell(ctx, tx, twin, events.PostRecycled)
}
