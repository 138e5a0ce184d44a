package tiktok

import (
	"cmp"
	"context"
	"time"

	"posthorn/internal/platforms"
)

var _ platforms.CreatorReader = Platform{}

// labels are what people call the privacy levels.
var labels = map[Privacy]string{public: "Everyone", friends: "Friends", follow: "Followers", alone: "Only me"}

// Creator asks what the account may publish now. One whose posts of a day are used up is told of, without what it may choose: TikTok does not say that then.
func (Platform) Creator(ctx context.Context, c *platforms.Conn) (platforms.Creator, error) {
	may, err := client{c}.creator(ctx)
	if e := platforms.AsError(err); e != nil {
		if e.Code == codeCap || e.Code == codeUsers || e.Code == codeBanned {
			return platforms.Creator{Name: cmp.Or(c.Account.DisplayName, c.Account.Username), PictureURL: c.Account.PictureURL}, nil
		}
		return platforms.Creator{}, e
	}
	out := platforms.Creator{Name: may.Nickname, PictureURL: may.Picture, MayPost: true, MaxVideo: time.Duration(may.Seconds) * time.Second, Comment: !may.NoComment, Duet: !may.NoDuet, Stitch: !may.NoStitch}
	for _, p := range may.Privacy {
		out.Privacy = append(out.Privacy, platforms.Choice{Value: p, Label: cmp.Or(labels[Privacy(p)], p)})
	}
	return out, nil
}
