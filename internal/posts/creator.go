package posts

import (
	"context"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// Creator asks an account's platform what its posts may be now. An account of another platform is Invalid.
func (s *Service) Creator(ctx context.Context, by auth.Principal, platform, accountID string) (c platforms.Creator, err error) {
	defer errs.Wrap(&err, "posts.Creator(%s)", clip(accountID, 40))
	if err := s.accountAt(ctx, by, platform, accountID); err != nil {
		return c, err
	}
	reader, err := capable[platforms.CreatorReader](s, platform, "platform.unknown", "%s does not tell what its creators may publish")
	if err != nil {
		return c, err
	}
	err = s.talk(ctx, platform, accountID, s.Now().Add(remoteTimeout), func(ctx context.Context, conn *platforms.Conn) error {
		c, err = reader.Creator(ctx, conn)
		return err
	})
	return c, err
}
