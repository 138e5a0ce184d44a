package instagramfake

import (
	"context"
	"errors"
	"strings"
	"time"

	"posthorn/internal/platforms/farside/graph"
)

// Subcodes of failures that show in a container's status, not in an answer.
const (
	subFormat     = 2207026 // not a video, or not of a format that is supported
	subIncompat   = 2207076 // a video, but not one that fits
	subNoDownload = 2207077
	subNoUpload   = 2207082 // among others too large
	subNoTrials   = 2207081
)

// statusOnly are the subcodes which a text can ask for that let the container be made and fail it later.
var statusOnly = []int{subIncompat, subNoDownload, subNoUpload, subNoTrials}

// shortestVideo is the same for every kind of container.
const shortestVideo = 3 * time.Second

// longestVideo is the longest video of a kind of container.
func (k kind) longestVideo() time.Duration {
	if k == kindReel {
		return 15 * time.Minute
	}
	return time.Minute
}

// maxVideo is the size of a video of this kind, in bytes.
func (k kind) maxVideo() int {
	if k == kindReel {
		return maxReel
	}
	return maxStoryVideo
}

// fetchVideo fetches and checks a video. Meta does so while it processes the container, so that a fault is no error of the call but
// ends the container: it is returned as the subcode for its status, 0 if all is well.
func (f *Fake) fetchVideo(ctx context.Context, link string, k kind) (*graph.Asset, int) {
	data, declared, err := f.fetch.Download(ctx, link, k.maxVideo())
	switch {
	case errors.Is(err, graph.ErrTooLarge) && strings.HasPrefix(declared, "video/"):
		return nil, subNoUpload
	case err != nil:
		return nil, subNoDownload
	case strings.HasPrefix(declared, "image/"):
		return nil, subFormat
	case !strings.HasPrefix(declared, "video/"):
		return nil, subNoDownload
	}
	return f.keepVideo(data, k)
}

// keepVideo checks and keeps a video's bytes, wherever they came from.
func (f *Fake) keepVideo(data []byte, k kind) (*graph.Asset, int) {
	v, mimeType := graph.ParseFilm(data)
	if v == nil {
		return nil, subFormat
	}
	if v.Length != 0 && (v.Length < shortestVideo || v.Length > k.longestVideo()) || !graph.TracksFit(data) {
		return nil, subIncompat
	}
	return f.assets.Keep(data, mimeType, v), 0
}
