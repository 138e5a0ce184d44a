package posts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
)

// PublishedDay is how many targets were published at an account on a day, UTC.
type PublishedDay struct {
	Day       time.Time
	AccountID string
	N         int
}

// PublishedPerDay counts what an owner published in [from, to). What was deleted or taken down since still counts.
func (s *Service) PublishedPerDay(ctx context.Context, ownerID string, from, to time.Time) (days []PublishedDay, err error) {
	defer errs.Wrap(&err, "posts.PublishedPerDay(%s)", ownerID)
	rows, err := s.Pool.Query(ctx, `
		select date_trunc('day', published_at at time zone 'UTC') as day, account_id, count(*)::int from (
			select account_id, published_at from targets where owner_id = $1 and published_at >= $2 and published_at < $3
			union all
			select account_id, published_at from published_once where owner_id = $1 and published_at >= $2 and published_at < $3
		) published group by day, account_id order by day, account_id`, ownerID, from, to)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[PublishedDay])
}
