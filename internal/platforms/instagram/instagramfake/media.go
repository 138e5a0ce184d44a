package instagramfake

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"strings"

	"posthorn/internal/platforms/farside/graph"
)

// Limits of what is fetched, in bytes.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media
const (
	maxImage      = 8 << 20
	maxReel       = 300 << 20
	maxStoryVideo = 100 << 20 // and of a carousel's video
)

// fetchImage fetches and checks a JPEG. Its proportions matter in the feed, and not in stories or covers.
func (f *Fake) fetchImage(ctx context.Context, link string, feed bool) (*graph.Asset, *graph.Failure) {
	data, kind, err := f.fetch.Download(ctx, link, maxImage)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, failFetchTimeout
	case err != nil && !errors.Is(err, graph.ErrTooLarge):
		return nil, failFetch.Saying("The media could not be fetched from this URI: " + graph.Clip(graph.WithoutQuery(link)))
	case !strings.HasPrefix(kind, "image/") && !strings.HasPrefix(kind, "video/"):
		return nil, failFetch.Saying("The media fetched from this URI is neither a photo nor a video: " + graph.Clip(graph.WithoutQuery(link)))
	case err != nil:
		return nil, failImageSize
	}
	size, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || size.Width == 0 || size.Height == 0 {
		return nil, failImageType
	}
	if feed && (size.Width*5 < size.Height*4 || size.Width*100 > size.Height*191) {
		return nil, failRatio
	}
	return f.assets.Keep(data, "image/jpeg", nil), nil
}
