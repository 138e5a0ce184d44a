package posts

import (
	"context"
	"fmt"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
)

// reach is which posts of an owner a principal touches: those whose every target lies in its profiles, and of those without targets the
// ones that its own key made.
type reach struct {
	limited    bool
	accountIDs []string // in its profiles, while limited
	keyID      string
}

func (s *Service) reachOf(ctx context.Context, by auth.Principal) (reach, error) {
	if !by.Scoped() {
		return reach{}, nil
	}
	ids, err := s.Accounts.InProfiles(ctx, by.OwnerID, by.Profiles)
	return reach{limited: true, accountIDs: ids, keyID: by.KeyID}, err
}

// reachable is NotFound unless there is such a post and the principal reaches it.
func (s *Service) reachable(ctx context.Context, by auth.Principal, postID string) (err error) {
	if !id.Valid(postID) {
		return notFound()
	}
	defer errs.Wrap(&err, "posts.reachable(%s)", postID)
	within, err := s.reachOf(ctx, by)
	if err != nil {
		return err
	}
	where, args := Filter{Hidden: true, reach: within}.where(by.OwnerID)
	args = append(args, postID)
	var found bool
	if err := s.Pool.QueryRow(ctx, fmt.Sprintf(`select exists (select 1 from posts where %s and id = $%d)`, where, len(args)), args...).Scan(&found); err != nil {
		return err
	}
	if !found {
		return notFound()
	}
	return nil
}
