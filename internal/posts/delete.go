package posts

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/postgres"
)

// Delete removes a post that is not published. While a worker is at one of its targets, or nobody knows yet whether a target was
// published, it is a Conflict: the post could become visible after it is gone here.
func (s *Service) Delete(ctx context.Context, by auth.Principal, postID string) (err error) {
	defer errs.Wrap(&err, "posts.Delete(%s)", clip(postID, 40))
	if err := s.reachable(ctx, by, postID); err != nil {
		return err
	}
	return postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select status, open, in_doubt, claimed_until from targets where owner_id = $1 and post_id = $2 order by id for update`, by.OwnerID, postID)
		if err != nil {
			return err
		}
		type target struct {
			Status        Status
			Open, InDoubt bool
			ClaimedUntil  *time.Time
		}
		targets, err := pgx.CollectRows(rows, pgx.RowToStructByPos[target])
		if err != nil {
			return err
		}
		var status Status
		if err := tx.QueryRow(ctx, `select status from posts where owner_id = $1 and id = $2 for update`, by.OwnerID, postID).Scan(&status); err != nil {
			if errors.Is(err, pgx.ErrNoRows) {
				return notFound()
			}
			return err
		}
		if status == Published {
			return &errs.Error{Code: errs.Invalid, Rule: "post.published", Message: "A published post cannot be deleted here; delete it on the platform, or use unpublish"}
		}
		for _, t := range targets {
			if t.Open && (t.InDoubt || (t.ClaimedUntil != nil && t.ClaimedUntil.After(s.Now()))) {
				return publishing()
			}
		}
		if err := s.tellDeleted(ctx, tx, postID); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `delete from posts where owner_id = $1 and id = $2`, by.OwnerID, postID)
		return err
	})
}
