package tiktok

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

const (
	host    = "https://open.tiktokapis.com/"
	version = "v2"
	// jsonType is the type that TikTok's pages want to see.
	jsonType = "application/json; charset=UTF-8"
)

// The calls that count against a limit, behind the version.
const (
	pathCreator = "post/publish/creator_info/query"
	pathVideo   = "post/publish/video/init"
	pathDraft   = "post/publish/inbox/video/init"
	pathPhotos  = "post/publish/content/init"
	pathStatus  = "post/publish/status/fetch"
	pathVideos  = "video/list"
	pathUser    = "user/info"
	pathToken   = "oauth/token"
	pathRevoke  = "oauth/revoke"
)

// client calls the API for one account.
type client struct{ c *platforms.Conn }

// address is that of a call. TikTok's end with a slash.
func address(c *platforms.Conn, path string) string {
	return host + cmp.Or(c.App.Version, version) + "/" + path + "/"
}

// call asks something of the API. Its answers come in an envelope, and failures with any status.
func call[T any](ctx context.Context, a client, r rest.Request, path string) (T, error) {
	var out struct {
		Data T `json:"data"`
	}
	r.URL, r.Bearer, r.Told = address(a.c, path), a.c.Token.Access, true
	_, err := rest.Do(ctx, a.c, r, &out, a.classify)
	return out.Data, err
}

// post is a call with a body.
func post[T any](ctx context.Context, a client, path string, query url.Values, body any) (T, error) {
	return call[T](ctx, a, rest.Request{Method: http.MethodPost, Query: query, JSON: body, Type: jsonType}, path)
}

// classify adds when to come back: TikTok sends no Retry-After.
func (a client) classify(r rest.Response) *platforms.Error {
	e := Classify(r)
	if e == nil && r.Status == http.StatusTooManyRequests {
		e = &platforms.Error{Kind: platforms.RateLimited, Code: codeRate, Message: table[codeRate].message}
	}
	if e != nil && e.Kind == platforms.RateLimited {
		e.Reset = a.c.Now().Add(limitedFor(e.Code))
	}
	return e
}

// creator is what TikTok lets an account's posts be, at this moment.
type creator struct {
	Username  string   `json:"creator_username"`
	Nickname  string   `json:"creator_nickname"`
	Picture   string   `json:"creator_avatar_url"`
	Privacy   []string `json:"privacy_level_options"`
	NoComment bool     `json:"comment_disabled"`
	NoDuet    bool     `json:"duet_disabled"`
	NoStitch  bool     `json:"stitch_disabled"`
	Seconds   int      `json:"max_video_post_duration_sec"`
}

func (a client) creator(ctx context.Context) (creator, error) {
	return call[creator](ctx, a, rest.Request{Method: http.MethodPost, Type: jsonType}, pathCreator)
}

// postInfo is what is said of a post. TikTok takes other fields for photos than for videos.
type postInfo struct {
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Privacy     string `json:"privacy_level,omitempty"`
	NoComment   *bool  `json:"disable_comment,omitempty"`
	NoDuet      *bool  `json:"disable_duet,omitempty"`
	NoStitch    *bool  `json:"disable_stitch,omitempty"`
	CoverAt     *int   `json:"video_cover_timestamp_ms,omitempty"`
	Music       *bool  `json:"auto_add_music,omitempty"`
	Branded     *bool  `json:"brand_content_toggle,omitempty"`
	Organic     *bool  `json:"brand_organic_toggle,omitempty"`
	AI          bool   `json:"is_aigc,omitempty"`
}

// source is where a post's media come from.
type source struct {
	Source string   `json:"source"`
	Size   int64    `json:"video_size,omitempty"`
	Piece  int64    `json:"chunk_size,omitempty"`
	Pieces int      `json:"total_chunk_count,omitempty"`
	Video  string   `json:"video_url,omitempty"`
	Photos []string `json:"photo_images,omitempty"`
	Cover  *int     `json:"photo_cover_index,omitempty"`
}

// The ways in which media comes to TikTok.
const (
	bySending = "FILE_UPLOAD"
	byReading = "PULL_FROM_URL"
)

// begun is what TikTok calls a post that it was told of, and where to send its video.
type begun struct {
	ID     string `json:"publish_id"`
	Upload string `json:"upload_url"`
}

// status is how far TikTok is with a post.
type status struct {
	Status   string        `json:"status"`
	Reason   string        `json:"fail_reason"`
	Uploaded int64         `json:"uploaded_bytes"`
	Posts    []json.Number `json:"publicaly_available_post_id"` //nolint:misspell // so it is spelled there
	Posts2   []json.Number `json:"publicly_available_post_id"`  // and so it may be one day
}

// The statuses. Any other is one of a post that TikTok is still at.
const (
	statusUploading = "PROCESSING_UPLOAD"
	statusInbox     = "SEND_TO_USER_INBOX"
	statusDone      = "PUBLISH_COMPLETE"
	statusFailed    = "FAILED"
)

// post is the ID of the published post; empty while TikTok does not tell it.
func (s status) post() string {
	for _, id := range append(s.Posts, s.Posts2...) {
		if id != "" && id != "0" {
			return id.String()
		}
	}
	return ""
}

func (a client) status(ctx context.Context, publishID string) (status, error) {
	return post[status](ctx, a, pathStatus, nil, map[string]string{"publish_id": publishID})
}

// video is a post of the account that everybody can see.
type video struct {
	ID          string `json:"id"`
	Created     int64  `json:"create_time"` // seconds since 1970
	Description string `json:"video_description"`
	Title       string `json:"title"`
	URL         string `json:"share_url"`
}

// recent lists the newest public posts of the account.
func (a client) recent(ctx context.Context) ([]video, error) {
	out, err := post[struct {
		Videos []video `json:"videos"`
	}](ctx, a, pathVideos, url.Values{"fields": {"id,create_time,video_description,title,share_url"}}, map[string]int{"max_count": 20})
	return out.Videos, err
}

// send sends a piece of a video to the address that TikTok gave for it, which is a host of its own and gets no token. Its answer's status tells what
// became of it.
func (a client) send(ctx context.Context, to platforms.Secret, p piece, body io.Reader, mime string, last bool) (rest.Response, error) {
	u, err := url.Parse(to.Reveal())
	if err != nil || u.Scheme != "https" || !strings.Contains(u.Hostname(), ".") {
		return rest.Response{}, platforms.Errorf(platforms.Unavailable, "TikTok gave no address to send the video to")
	}
	return rest.Do(ctx, a.c, rest.Request{Method: http.MethodPut, URL: u.String(), Body: io.LimitReader(body, p.size), Length: p.size, Type: mime, Write: last,
		Header: http.Header{"Content-Range": {p.header()}}}, nil, classifyUpload)
}

// classifyUpload reads the answers to a piece. https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
func classifyUpload(r rest.Response) *platforms.Error {
	m := func(kind platforms.Kind, code, message string) *platforms.Error {
		return &platforms.Error{Kind: kind, Code: code, Category: platforms.PlatformError, Message: message, Remediation: adviceLater, Rule: platformName + "." + ruleUpload}
	}
	switch r.Status {
	case http.StatusBadRequest:
		return m(platforms.Rejected, "upload_malformed", "TikTok does not take a piece of the video as it was sent")
	case http.StatusForbidden:
		return m(platforms.Unavailable, "upload_expired", "the address to send the video to has expired")
	case http.StatusNotFound:
		return m(platforms.Unavailable, "upload_unknown", "TikTok does not know the upload of the video any more")
	case http.StatusRequestedRangeNotSatisfiable:
		return m(platforms.Unavailable, "upload_range", "TikTok wants another piece of the video")
	}
	return nil
}

// uploadLife is how long TikTok takes pieces at an address.
const uploadLife = time.Hour
