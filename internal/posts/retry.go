package posts

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/postgres"
)

// Retry works again on the targets of a post that have failed, at once and from the beginning. One that may have been published keeps its
// doubt and what it remembers, so that the platform is asked before anything is sent. A post that has not failed, not even in part, is
// Invalid; one that a worker is at is a Conflict.
func (s *Service) Retry(ctx context.Context, by auth.Principal, postID string) (post Post, err error) {
	defer errs.Wrap(&err, "posts.Retry(%s)", clip(postID, 40))
	was, err := s.Get(ctx, by, postID)
	if err != nil {
		return Post{}, err
	}
	now := s.Now()
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		again, err := lockFailed(ctx, tx, was)
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		refuseDuplicates(batch, []saving{{post: again, prints: again.prints(false), now: now}})
		if batch, err = s.paced(ctx, tx, batch, again, now); err != nil {
			return err
		}
		for _, t := range again.Targets {
			batch.Queue(startOver, t.ID, true, now, now)
		}
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		return s.rollUp(ctx, tx, map[string][]ended{postID: nil}, now)
	})
	if err != nil {
		return Post{}, err
	}
	return s.Get(ctx, by, postID)
}

// lockFailed locks a post's targets and then the post, and gives the post with no targets but those that have failed.
func lockFailed(ctx context.Context, tx pgx.Tx, post Post) (Post, error) {
	rows, err := tx.Query(ctx, `select id, status, open from targets where post_id = $1 order by id for update`, post.ID)
	if err != nil {
		return Post{}, err
	}
	type target struct {
		ID     string
		Status Status
		Open   bool
	}
	locked, err := pgx.CollectRows(rows, pgx.RowToStructByPos[target])
	if err != nil {
		return Post{}, err
	}
	var status Status
	if err := tx.QueryRow(ctx, `select status from posts where id = $1 for update`, post.ID).Scan(&status); err != nil {
		if errors.Is(err, pgx.ErrNoRows) {
			return Post{}, notFound()
		}
		return Post{}, err
	}
	switch status {
	case Failed, Partial:
	case Publishing:
		return Post{}, publishing()
	default:
		return Post{}, &errs.Error{Code: errs.Invalid, Rule: "post.not_failed", Message: "Only a post that has failed, or failed in part, can be retried; this one is " + string(status)}
	}
	again := post
	again.Targets = nil
	for _, l := range locked {
		t := post.target(l.ID)
		switch {
		case l.Open && l.Status != Published: // a published one may have a follow-up to come, which is left alone
			return Post{}, publishing()
		case t != nil && l.Status == Failed:
			again.Targets = append(again.Targets, *t)
		}
	}
	if len(again.Targets) == 0 { // it was changed since it was read, or what is left of it was taken away at the platforms
		return Post{}, &errs.Error{Code: errs.Invalid, Rule: "post.not_failed", Message: "Nothing of the post has failed"}
	}
	return again, nil
}
