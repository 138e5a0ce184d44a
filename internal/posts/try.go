package posts

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/postgres"
)

// errOnlyTried ends a transaction that was to show what it would be refused for.
var errOnlyTried = errors.New("the post was only tried")

// Try holds a new post to everything that Create would refuse it for, and leaves nothing behind: no post, no job, no slot of a queue.
func (s *Service) Try(ctx context.Context, by auth.Principal, p NewPost) (err error) {
	defer errs.Wrap(&err, "posts.Try(%s)", by.OwnerID)
	p.RequestID = ""
	now := s.Now()
	post, err := s.plan(ctx, by, p, now)
	if err != nil {
		return err
	}
	if p.Mode != AsDraft {
		if _, err := s.check(ctx, post); err != nil {
			return err
		}
	}
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if err := s.enqueue(ctx, tx, by, &post, p); err != nil {
			return err
		}
		if err := s.save(ctx, tx, post, p, now); err != nil {
			return err
		}
		return errOnlyTried
	})
	if errors.Is(err, errOnlyTried) {
		return nil
	}
	return err
}
