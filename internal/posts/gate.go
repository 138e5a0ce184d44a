package posts

import (
	"context"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// IsOpen reports whether a gate stands open: whether what is stored of its target names its key. See platforms.Gate.
func (s *Service) IsOpen(ctx context.Context, g platforms.Gate) (open bool, err error) {
	defer errs.Wrap(&err, "posts.IsOpen(%s)", g.TargetID)
	err = s.Pool.QueryRow(ctx, `select exists (select 1 from targets where id = $1 and state ->> 'gate' = $2)`, g.TargetID, g.Key).Scan(&open)
	return open, err
}
