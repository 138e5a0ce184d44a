package posts

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// settleSlot gives a changed post its place in a queue: a new one, or, where it stays in the queue that it is in, its time there, which must
// not be another post's. It comes before the locks on targets and post.
func (s *Service) settleSlot(ctx context.Context, tx pgx.Tx, by auth.Principal, post *Post, u updated) error {
	if !u.inSlot || post.QueueID == "" || post.ScheduledFor == nil || u.Mode == AsDraft || u.Mode == asIs {
		return s.enqueue(ctx, tx, by, post, u.NewPost)
	}
	// The queue may be gone, or out of this caller's reach: the post keeps its time all the same.
	if _, err := s.Queues.Lock(ctx, tx, by, post.QueuedFromProfile, post.QueueID); err != nil && errs.CodeOf(err) != errs.NotFound {
		return err
	}
	return refuseTaken(ctx, tx, post.QueueID, post.ID, *post.ScheduledFor)
}

// lockUnchanged locks a post with its targets, makes sure that they are still what was read and that no worker is at one of them, and says
// which ones are in doubt. A target that stands at a visible step counts as one that a worker is at: an earlier try of that step may show
// yet, and only the adapter knows.
func (s *Service) lockUnchanged(ctx context.Context, tx pgx.Tx, old Post, version string, now time.Time) (doubts map[string]bool, err error) {
	rows, err := tx.Query(ctx, `
		select id, status, open, in_doubt, open and (in_doubt or coalesce(claimed_until > $2, false) or step <> '' and platform || ':' || step = any($3))
		from targets where post_id = $1 order by id for update`, old.ID, now, s.visibleSteps())
	if err != nil {
		return nil, err
	}
	type target struct {
		ID                  string
		Status              Status
		Open, InDoubt, Busy bool
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[target])
	if err != nil {
		return nil, err
	}
	var current string
	if err := tx.QueryRow(ctx, `select xmin::text from posts where id = $1 for update`, old.ID).Scan(&current); err != nil {
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, notFound()
		}
		return nil, err
	}
	if current != version || len(found) != len(old.Targets) {
		return nil, errChanged
	}
	doubts = map[string]bool{}
	for _, t := range found {
		if t.Busy {
			return nil, publishing()
		}
		if was := old.target(t.ID); was == nil || was.Status != t.Status || was.Open != t.Open {
			return nil, errChanged
		}
		doubts[t.ID] = t.InDoubt
	}
	return doubts, nil
}

// rewrite stores a changed post over the one that is locked.
func (s *Service) rewrite(ctx context.Context, tx pgx.Tx, old, post Post, u updated, now time.Time) error {
	draft := u.Mode == AsDraft
	batch := &pgx.Batch{}
	if !draft {
		refuseDuplicates(batch, []saving{{post: post, prints: post.prints(false), now: now}})
		if u.revive && moved(old, post) {
			var err error
			if batch, err = s.paced(ctx, tx, batch, post, now); err != nil {
				return err
			}
		}
	}
	batch.Queue(`
		update posts set title = $2, content = $3, media = $4, tags = $5, hashtags = $6, mentions = $7, visibility = $8, crossposting = $9, metadata = $10, timezone = $11,
			scheduled_for = $12, queued_from_profile = nullif($13, ''), queue_id = nullif($14, ''), updated_at = $15,
			status = case when $16 then 'draft' else status end, published_at = case when $16 then null else published_at end
		where id = $1`,
		old.ID, post.Title, post.Content, storedMedia(post.Media), list(post.Tags), list(post.Hashtags), list(post.Mentions), post.Visibility, post.Crossposting,
		nullJSON(post.Metadata), post.Timezone, post.ScheduledFor, post.QueuedFromProfile, post.QueueID, now, draft)
	stay := make([]string, len(post.Targets))
	for i, t := range post.Targets {
		stay[i] = t.ID
	}
	batch.Queue(`delete from targets where post_id = $1 and id <> all($2)`, old.ID, stay)
	for i := range post.Targets {
		t := &post.Targets[i]
		switch was := old.target(t.ID); {
		case was == nil:
			if !draft && !u.revive {
				t.Status, t.Open, t.Failure = Failed, false, neverTried(now)
			}
		case was.Status == Published:
			freeze(batch, old, post, i, now)
		default:
			queueRewrite(batch, post, i, draft, u.revive, now)
		}
	}
	var added targetRows
	for i, mark := range post.prints(draft) {
		if old.target(post.Targets[i].ID) == nil {
			added.add(post, i, mark, now)
		}
	}
	added.queue(batch)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if draft {
		return nil
	}
	return s.rollUp(ctx, tx, map[string][]ended{old.ID: nil}, now)
}

// moved reports whether some target of a post will be published at another time than before, or was not to be published at all.
func moved(old, post Post) bool {
	return slices.ContainsFunc(post.Targets, func(t Target) bool {
		was := old.target(t.ID)
		return t.Status != Published && (was == nil || !was.Open || !was.NextAt.Equal(t.NextAt))
	})
}

// queueRewrite stores a target over what is stored of it. The content counts against duplicates from now on where it is new.
func queueRewrite(batch *pgx.Batch, post Post, i int, draft, revive bool, now time.Time) {
	t := post.Targets[i]
	var fingerprint []byte
	if !draft {
		fingerprint = post.fingerprint(t)
	}
	batch.Queue(`
		update targets set position = $2, custom_content = $3, custom_media = $4, options = $5, scheduled_for = $6,
			created_at = case when fingerprint is distinct from $7 then $8 else created_at end, fingerprint = $7, updated_at = $8, claim = claim + 1
		where id = $1`,
		t.ID, i, t.CustomContent, ownMedia(t.CustomMedia), nullJSON(t.Options), t.ScheduledFor, fingerprint, now)
	if draft || revive {
		batch.Queue(startOver, t.ID, !draft, t.NextAt, now)
	}
}

// startOver makes a target as if it had never been tried. A doubt stays, with the state by which the adapter clears it. The claim's number
// rises, so that a worker that was overtaken, or that stores again what it has stored, cannot settle what it began before.
const startOver = `
	update targets set status = 'pending', open = $2, next_at = $3, updated_at = $4, attempts = 0, failure = null, unconfirmed = false,
		step = case when in_doubt then step else '' end, state = case when in_doubt then state end,
		claim = claim + 1, claimed_by = null, claimed_until = null, remote_id = '', remote_url = '', published_at = null, removed_at = null
	where id = $1`

// freeze leaves a published target as it is, but for its place among the others. What it took from the post becomes its own where the
// post's changes, so that it goes on to tell what was published.
func freeze(batch *pgx.Batch, old, post Post, i int, now time.Time) {
	t := post.Targets[i]
	text, custom := t.CustomContent, t.CustomMedia
	if text == nil && old.Content != post.Content {
		text = &old.Content
	}
	if custom == nil && string(storedMedia(old.Media)) != string(storedMedia(post.Media)) {
		custom = list(old.Media)
	}
	batch.Queue(`update targets set position = $2, custom_content = $3, custom_media = $4, updated_at = $5 where id = $1`, t.ID, i, text, ownMedia(custom), now)
}

// neverTried is what is shown of a target that was added to a post after that had ended: it waits to be retried like the failed ones.
func neverTried(now time.Time) *Failure {
	return &Failure{Kind: platforms.Rejected, Category: platforms.UserContent, Source: sources[platforms.UserContent], At: now,
		Message: "It has not been published yet: it was added after the post had ended, and no new time was given", Remediation: "Retry the post, or give it a new time."}
}
