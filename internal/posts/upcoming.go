package posts

import (
	"context"
	"time"

	"posthorn/internal/errs"
)

// Upcoming counts the targets of an account that are due within a time from now on, overdue ones included.
func (s *Service) Upcoming(ctx context.Context, accountID string, within time.Duration) (n int, err error) {
	defer errs.Wrap(&err, "posts.Upcoming(%s)", accountID)
	err = s.Pool.QueryRow(ctx, `select count(*) from targets where account_id = $1 and open and published_at is null and next_at < $2`, accountID, s.Now().Add(within)).Scan(&n)
	return n, err
}
