package posts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// holdUntil is how long a target waits for its account to be connected again when its token is found dead: for a while after it was due. What was created to be
// published at once fails at once, as somebody is there to be told.
func (s *Service) holdUntil(row claimRow, post contentRow) time.Time {
	due := post.ScheduledFor
	if row.ScheduledFor != nil {
		due = row.ScheduledFor
	}
	if due == nil || !due.After(post.CreatedAt) {
		return time.Time{}
	}
	return due.Add(s.ReconnectGrace)
}

// held says until when an error may hold a target up. An account that its owner has disconnected is not waited for.
func (c Claim) held(e *platforms.Error) time.Time {
	if e == nil || e.Rule == "account.disconnected" {
		return time.Time{}
	}
	return c.holdUntil
}

// Resume lets the targets go on that wait for an account to be connected again; it is part of connecting it.
func (s *Service) Resume(ctx context.Context, tx pgx.Tx, accountID string) (err error) {
	defer errs.Wrap(&err, "posts.Resume(%s)", accountID)
	_, err = tx.Exec(ctx, `
		update targets set next_at = $2, updated_at = $2 where id = any(array(
			select id from targets where account_id = $1 and coalesce(published_at, next_at) > $2 and open and published_at is null and failure ->> 'kind' = $3 order by id for update))`,
		accountID, s.Now(), platforms.Unauthorized)
	return err
}
