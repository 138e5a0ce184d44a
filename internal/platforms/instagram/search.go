package instagram

import (
	"context"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/meta/containers"
)

// search is Instagram as one post sees it: the API, and which of the account's posts could be this one.
type search struct {
	client
	f *flow
}

var _ containers.Far = search{}

// Matches are the IDs of the account's posts that could be this one: not older, of the same kind, with the same caption.
func (a search) Matches(ctx context.Context, since time.Time) ([]string, error) {
	list, err := a.recent(ctx, a.f.kind == kindStory, since)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range list {
		if !m.Timestamp.Before(since) && a.f.isOurs(m) {
			ids = append(ids, m.ID)
		}
	}
	return ids, nil
}

func (f *flow) isOurs(m medium) bool {
	media := f.t.Content.Media
	switch f.kind {
	case kindStory: // has no caption
		return m.Type == map[bool]string{true: "VIDEO", false: "IMAGE"}[media[0].Type == platforms.Video]
	case kindCarousel:
		if m.Type != "CAROUSEL_ALBUM" || (m.Children != nil && len(m.Children.Data) != len(media)) {
			return false
		}
	case kindReel:
		if m.Type != "VIDEO" || (m.ProductType != "" && m.ProductType != "REELS") {
			return false
		}
	default:
		if m.Type != "IMAGE" {
			return false
		}
	}
	return meta.SameText(m.Caption, f.t.Content.Text)
}
