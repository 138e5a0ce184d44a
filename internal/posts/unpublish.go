package posts

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
)

// Unpublish takes a post away at one platform: every published target there, with what was published along with it. Each becomes cancelled
// as soon as it is gone; the first that cannot be removed ends it with a *platforms.Error. What should have followed (a first comment,
// the rest of a thread) is not published any more. It may be repeated: what is gone at the platform already is no failure.
func (s *Service) Unpublish(ctx context.Context, by auth.Principal, postID, platform string) (err error) {
	defer errs.Wrap(&err, "posts.Unpublish(%s)", clip(postID, 40))
	post, err := s.Get(ctx, by, postID)
	if err != nil {
		return err
	}
	deleter, err := capable[platforms.Deleter](s, platform, "post.unpublish_unsupported", "%s does not let posts be deleted through its API; delete the post in its app")
	if err != nil {
		return err
	}
	targets, err := publishedAt(post, platform, "")
	if err != nil {
		return err
	}
	for _, t := range targets {
		if err := s.unpublish(ctx, post, t, deleter); err != nil && !errors.Is(err, errNotPublished) { // another request was faster
			return err
		}
	}
	return nil
}

func (s *Service) unpublish(ctx context.Context, post Post, t Target, deleter platforms.Deleter) error {
	begun := s.Now()
	h, err := s.hold(ctx, post, t, true)
	if err != nil {
		return err
	}
	err = s.talk(about(ctx, t), t.Platform, t.Account.ID, h.until, func(ctx context.Context, c *platforms.Conn) error { return deleter.Delete(ctx, c, h.existing) })
	ctx = context.WithoutCancel(ctx) // what is gone must be stored as gone
	if err != nil {
		return errors.Join(err, s.release(ctx, h))
	}
	return postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error { return s.cancelTarget(ctx, tx, post.ID, h, begun, s.Now()) })
}

// cancelTarget stores that a published target was taken away. What it was called stays known.
func (s *Service) cancelTarget(ctx context.Context, tx pgx.Tx, postID string, h hold, begun, now time.Time) error {
	tag, err := tx.Exec(ctx, `
		update targets set status = 'cancelled', open = false, step = '', in_doubt = false, unconfirmed = false, failure = null, claimed_by = null, claimed_until = null,
			removed_at = $3, next_at = $3, updated_at = $3 where id = $1 and claim = $2`, h.target.ID, h.number, now)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return errOvertaken()
	}
	if err := noteChange(ctx, tx, h, "unpublished", "removed from the platform", begun, now); err != nil {
		return err
	}
	return s.rollUp(ctx, tx, map[string][]ended{postID: nil}, now)
}
