package platforms

import (
	"context"
	"time"
)

// A CreatorReader tells what its platform lets an account's posts be at this moment, from which the creator of each has to choose.
type CreatorReader interface {
	Creator(ctx context.Context, c *Conn) (Creator, error)
}

// Creator is what a platform lets an account's posts be.
type Creator struct {
	Name, PictureURL string
	// MayPost says that the account may publish now; its posts of a day may be used up.
	MayPost  bool
	Privacy  []Choice // who may see a post
	MaxVideo time.Duration
	// Comment, Duet and Stitch say that the creator has not switched them off.
	Comment, Duet, Stitch bool
}

// Choice is a value that an option takes, and what people call it.
type Choice struct{ Value, Label string }
