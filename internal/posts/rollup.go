package posts

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Rollup is the state of a post whose targets have the given states; it is not asked for drafts.
//
// While some target is at work the post is publishing. When all wait for their time or for another try, it is scheduled. When all have
// ended, it is what they have in common, partial when only some are published, and cancelled when some were taken away and none is left.
func Rollup(targets []Status) Status {
	n := map[Status]int{}
	for _, s := range targets {
		n[s]++
	}
	waiting, atWork := n[Pending], n[Processing]+n[Uploading]
	switch {
	case len(targets) == 0:
		return Cancelled
	case waiting == len(targets):
		return Scheduled
	case waiting+atWork > 0:
		return Publishing
	case n[Published] == len(targets):
		return Published
	case n[Published] > 0:
		return Partial
	case n[Cancelled] > 0:
		return Cancelled
	default:
		return Failed
	}
}

// rollUp recomputes the status of posts from their targets, and tells of the targets that ended just now and of where each post has arrived.
// Everyone who locks a target and its post takes the target first.
func (s *Service) rollUp(ctx context.Context, tx pgx.Tx, touched map[string][]ended, now time.Time) error {
	if len(touched) == 0 {
		return nil
	}
	list, err := lockPosts(ctx, tx, slices.Collect(maps.Keys(touched)))
	if err != nil || len(list) == 0 {
		return err
	}
	ids, statuses, times, all := make([]string, len(list)), make([]string, len(list)), make([]*time.Time, len(list)), make([]arrived, len(list))
	for i, post := range list {
		from, cancelled := post.Status, slices.ContainsFunc(post.Targets, func(t Target) bool { return t.Status == Cancelled })
		post.rollUp()
		ids[i], statuses[i], times[i] = post.ID, string(post.Status), post.PublishedAt
		all[i] = arrived{post, touched[post.ID], arrival(from, post.Status, cancelled)}
	}
	_, err = tx.Exec(ctx, `
		update posts set status = u.status, published_at = u.published_at, updated_at = $4 from unnest($1::text[], $2::text[], $3::timestamptz[]) u (id, status, published_at)
		where posts.id = any($1) and posts.id = u.id`, ids, statuses, times, now)
	if err != nil {
		return err
	}
	return s.tellArrivals(ctx, tx, all)
}

// rollUp makes the post's status what its targets say.
func (p *Post) rollUp() {
	statuses := make([]Status, len(p.Targets))
	for i, t := range p.Targets {
		statuses[i] = t.Status
		if t.PublishedAt != nil && (p.PublishedAt == nil || t.PublishedAt.After(*p.PublishedAt)) {
			p.PublishedAt = t.PublishedAt
		}
	}
	p.Status = Rollup(statuses)
	if p.Status != Published && p.Status != Partial {
		p.PublishedAt = nil // the post as a whole has not finished
	}
}

// lockPosts locks posts, in the order of their IDs, and reads what a rollup and its events need of them. Their targets are read by a later
// statement, so that of two that end together the second one sees both. Posts that are gone are missing.
func lockPosts(ctx context.Context, tx pgx.Tx, ids []string) (list []Post, err error) {
	places := map[string]int{}
	batch := &pgx.Batch{}
	batch.Queue(`select id, owner_id, content, status, scheduled_for, metadata, created_at from posts where id = any($1) order by id for update`, ids).Query(func(rows pgx.Rows) error {
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Post, err error) {
			return p, row.Scan(&p.ID, &p.OwnerID, &p.Content, &p.Status, &p.ScheduledFor, &p.Metadata, &p.CreatedAt)
		})
		for i, p := range list {
			places[p.ID] = i
		}
		return err
	})
	batch.Queue(`select post_id, id, platform, account_id, status, scheduled_for, published_at, remote_id, remote_url, failure from targets where post_id = any($1) order by post_id, position`,
		ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var t Target
			var failure []byte
			if err := rows.Scan(&t.PostID, &t.ID, &t.Platform, &t.Account.ID, &t.Status, &t.ScheduledFor, &t.PublishedAt, &t.RemoteID, &t.RemoteURL, &failure); err != nil {
				return err
			}
			if failure != nil {
				t.Failure = new(Failure)
				if err := json.Unmarshal(failure, t.Failure); err != nil {
					return err
				}
			}
			if i, ok := places[t.PostID]; ok {
				list[i].Targets = append(list[i].Targets, t)
			}
		}
		return rows.Err()
	})
	if e := tx.SendBatch(ctx, batch).Close(); e != nil {
		return nil, e
	}
	return list, err
}
