package youtube

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

const (
	base   = "https://www.googleapis.com/youtube/v3/"
	upload = "https://www.googleapis.com/upload/youtube/v3/"
)

// client calls the API for one channel.
type client struct{ c *platforms.Conn }

// do calls an address below base, or one in full.
func (a client) do(ctx context.Context, r rest.Request, out any) (rest.Response, error) {
	if !strings.HasPrefix(r.URL, "https://") {
		r.URL = base + r.URL
	}
	r.Bearer = a.c.Token.Access
	return rest.Do(ctx, a.c, r, out, classify(a.c.Now()))
}

func (a client) get(ctx context.Context, what string, q url.Values, out any) error {
	_, err := a.do(ctx, rest.Request{Method: http.MethodGet, URL: what, Query: q}, out)
	return err
}

// video is a video with the parts that were asked for.
type video struct {
	ID      string         `json:"id"`
	Snippet map[string]any `json:"snippet"`
	Status  struct {
		Upload    string     `json:"uploadStatus"`
		Failure   string     `json:"failureReason"`
		Rejection string     `json:"rejectionReason"`
		Privacy   string     `json:"privacyStatus"`
		PublishAt *time.Time `json:"publishAt"`
	} `json:"status"`
	Processing struct {
		Status  string `json:"processingStatus"`
		Failure string `json:"processingFailureReason"`
	} `json:"processingDetails"`
	File struct {
		Name string `json:"fileName"`
		Size string `json:"fileSize"` // a number in a text
	} `json:"fileDetails"`
}

// text is a field of the snippet.
func (v video) text(name string) string {
	s, _ := v.Snippet[name].(string)
	return s
}

// videos reads videos by their IDs. What YouTube does not know, or not yet, is missing.
func (a client) videos(ctx context.Context, parts string, ids ...string) ([]video, error) {
	var out struct {
		Items []video `json:"items"`
	}
	err := a.get(ctx, "videos", url.Values{"part": {parts}, "id": {strings.Join(ids, ",")}}, &out)
	return out.Items, err
}

// channel is the channel that the token opens.
type channel struct {
	ID      string `json:"id"`
	Snippet struct {
		Title      string `json:"title"`
		CustomURL  string `json:"customUrl"`
		Thumbnails map[string]struct {
			URL string `json:"url"`
		} `json:"thumbnails"`
	} `json:"snippet"`
	Content struct {
		Lists struct {
			Uploads string `json:"uploads"`
		} `json:"relatedPlaylists"`
	} `json:"contentDetails"`
	Status struct {
		LongUploads string `json:"longUploadsStatus"`
	} `json:"status"`
}

// mine reads the token's channel; nil where the Google account has none.
func (a client) mine(ctx context.Context, parts string) (*channel, error) {
	var out struct {
		Items []channel `json:"items"`
	}
	if err := a.get(ctx, "channels", url.Values{"part": {parts}, "mine": {"true"}}, &out); err != nil || len(out.Items) == 0 {
		return nil, err
	}
	return &out.Items[0], nil
}

// listed is an entry of a playlist.
type listed struct {
	Snippet struct {
		Title       string    `json:"title"`
		Description string    `json:"description"`
		PublishedAt time.Time `json:"publishedAt"`
	} `json:"snippet"`
	Content struct {
		VideoID string `json:"videoId"`
	} `json:"contentDetails"`
}

// entries is a page of a playlist: of all its videos, or with a video's ID the entries of that one.
func (a client) entries(ctx context.Context, playlist, videoID, page string) (list []listed, next string, err error) {
	q := url.Values{"part": {"snippet,contentDetails"}, "playlistId": {playlist}, "maxResults": {"50"}}
	if videoID != "" {
		q.Set("videoId", videoID)
	}
	if page != "" {
		q.Set("pageToken", page)
	}
	var out struct {
		Items []listed `json:"items"`
		Next  string   `json:"nextPageToken"`
	}
	err = a.get(ctx, "playlistItems", q, &out)
	return out.Items, out.Next, err
}

// enlist puts a video into a playlist. Twice puts it in twice.
func (a client) enlist(ctx context.Context, playlist, videoID string) error {
	_, err := a.do(ctx, rest.Request{Method: http.MethodPost, URL: "playlistItems?part=snippet", Write: true,
		JSON: map[string]any{"snippet": map[string]any{"playlistId": playlist, "resourceId": map[string]string{"kind": "youtube#video", "videoId": videoID}}}}, nil)
	return err
}

// write adds a comment of the channel to a video. Twice adds two.
func (a client) write(ctx context.Context, videoID, text string) error {
	_, err := a.do(ctx, rest.Request{Method: http.MethodPost, URL: "commentThreads?part=snippet", Write: true,
		JSON: map[string]any{"snippet": map[string]any{"channelId": a.c.Account.RemoteID, "videoId": videoID, "topLevelComment": map[string]any{"snippet": map[string]string{"textOriginal": text}}}}}, nil)
	return err
}

// comment is one that stands under a video. Only its author is told the text as it was written.
type comment struct {
	Snippet struct {
		Top struct {
			Snippet struct {
				Text   string `json:"textOriginal"`
				Author struct {
					Value string `json:"value"`
				} `json:"authorChannelId"`
				PublishedAt time.Time `json:"publishedAt"`
			} `json:"snippet"`
		} `json:"topLevelComment"`
	} `json:"snippet"`
}

// comments are the newest under a video, of those that show or of those that wait for the channel's eye.
func (a client) comments(ctx context.Context, videoID, moderation string) ([]comment, error) {
	var out struct {
		Items []comment `json:"items"`
	}
	err := a.get(ctx, "commentThreads", url.Values{"part": {"snippet"}, "videoId": {videoID}, "order": {"time"}, "maxResults": {"100"}, "textFormat": {"plainText"}, "moderationStatus": {moderation}}, &out)
	return out.Items, err
}

// setThumbnail sends an image. It may be repeated.
func (a client) setThumbnail(ctx context.Context, videoID string, f *platforms.File) error {
	_, err := a.do(ctx, rest.Request{Method: http.MethodPost, URL: upload + "thumbnails/set?uploadType=media&videoId=" + url.QueryEscape(videoID), Body: f.Body, Type: f.MIME, Length: f.Size}, nil)
	return err
}

// addCaptions sends a track. The same language and name again is refused.
func (a client) addCaptions(ctx context.Context, videoID string, t Caption) error {
	r, err := rest.Related{Meta: map[string]any{"snippet": map[string]any{"videoId": videoID, "language": t.Language, "name": t.Name, "isDraft": false}},
		Type: "application/octet-stream", Body: strings.NewReader(t.Content), Length: int64(len(t.Content))}.
		Into(rest.Request{Method: http.MethodPost, URL: upload + "captions?uploadType=multipart&part=snippet"})
	if err == nil {
		_, err = a.do(ctx, r, nil)
	}
	return err
}

// update replaces parts of a video's page.
func (a client) update(ctx context.Context, parts string, body map[string]any) error {
	_, err := a.do(ctx, rest.Request{Method: http.MethodPut, URL: "videos?part=" + url.QueryEscape(parts), JSON: body}, nil)
	return err
}

// remove deletes a video. One that is gone is a success.
func (a client) remove(ctx context.Context, id string) error {
	_, err := a.do(ctx, rest.Request{Method: http.MethodDelete, URL: "videos?id=" + url.QueryEscape(id)}, nil)
	if e := platforms.AsError(err); e != nil && e.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// piece is a part of a file on its way.
type piece struct {
	Body        io.Reader
	At, N, Size int64 // of its N bytes the first is byte At of Size
	Type        string
}
