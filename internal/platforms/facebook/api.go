package facebook

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/rest"
)

// defaultVersion of the Graph API; Meta keeps a version for two years. https://developers.facebook.com/docs/graph-api/changelog
const defaultVersion = "v25.0"

// version is the API's that an app speaks.
func version(app platforms.App) string { return meta.Version(app, defaultVersion) }

// The edges of a Page to which a video is sent in three phases.
const (
	edgeReels   = "video_reels"
	edgeStories = "video_stories"
)

// The hosts beside the Graph API's own: one takes the pieces of videos, the other whole ones.
const (
	hostVideos = "https://graph-video.facebook.com/"
	hostUpload = "rupload.facebook.com"
)

// client calls the Graph API for one Page.
type client struct {
	meta.Client
	page string // its ID, ready for a path
}

func newClient(c *platforms.Conn) client {
	return client{page: url.PathEscape(c.Account.RemoteID), Client: meta.Client{Conn: c, Base: meta.FacebookGraph + url.PathEscape(version(c.App)), Title: "Facebook", Table: table,
		Read: Classify, Usage: Platform{}.Usage, Prove: true}}
}

// videos is the client at the host that takes pieces of videos.
func (a client) videos() client {
	a.Base = hostVideos + url.PathEscape(version(a.Conn.App))
	return a
}

// uploadPhoto sends a photo that no post shows yet. Facebook forgets it after a day.
func (a client) uploadPhoto(ctx context.Context, file *platforms.File, alt string) (string, error) {
	form := rest.Multipart{Fields: [][2]string{{"published", "false"}}, Name: "source", Filename: "photo", Type: file.MIME, Body: file.Body, Length: file.Size}
	if alt != "" {
		form.Fields = append(form.Fields, [2]string{"alt_text_custom", alt})
	}
	var out struct {
		ID string `json:"id"`
	}
	if err := a.Upload(ctx, a.page+"/photos", form, &out, meta.NotNow); err != nil {
		return "", err
	}
	if out.ID == "" {
		return "", platforms.Errorf(platforms.Unavailable, "Facebook's answer names no photo")
	}
	return out.ID, nil
}

// usedBy is the post that a photo is in; empty: it is in none.
func (a client) usedBy(ctx context.Context, photo string) (string, error) {
	var out struct {
		Story string `json:"page_story_id"`
	}
	err := a.Get(ctx, url.PathEscape(photo), url.Values{"fields": {"page_story_id"}}, &out, meta.NotNow)
	return out.Story, err
}

// create makes an unpublished post.
func (a client) create(ctx context.Context, form url.Values) (string, error) {
	return a.Post(ctx, a.page+"/feed", form, false, meta.NotNow)
}

// show makes an unpublished post visible. It may be repeated freely.
func (a client) show(ctx context.Context, post string) error {
	_, err := a.Post(ctx, url.PathEscape(post), url.Values{"is_published": {"true"}}, true, meta.NotNow)
	return err
}

// post is a post of the feed.
type post struct {
	Published bool   `json:"is_published"`
	Permalink string `json:"permalink_url"`
}

func (a client) post(ctx context.Context, id string) (out post, err error) {
	err = a.Get(ctx, url.PathEscape(id), url.Values{"fields": {"is_published,permalink_url"}}, &out, meta.NotNow)
	return out, err
}

// window is the piece of a file that Facebook wants next, as texts or as numbers.
type window struct {
	Start json.Number `json:"start_offset"`
	End   json.Number `json:"end_offset"`
}

// bounds are its ends; false where it names none.
func (w window) bounds() (start, end int64, ok bool) {
	start, err := w.Start.Int64()
	end, err2 := w.End.Int64()
	return start, end, err == nil && err2 == nil && start >= 0 && end >= start
}

// session is an upload in pieces.
type session struct {
	ID    string `json:"upload_session_id"`
	Video string `json:"video_id"`
	window
}

// startPieces begins an upload in pieces. What is not ended is never seen.
func (a client) startPieces(ctx context.Context, size int64) (s session, err error) {
	_, err = a.videos().Send(ctx, a.page+"/videos", url.Values{"upload_phase": {"start"}, "file_size": {strconv.FormatInt(size, 10)}}, false, &s, meta.NotNow)
	if _, _, ok := s.bounds(); err == nil && (s.ID == "" || s.Video == "" || !ok) {
		err = platforms.Errorf(platforms.Unavailable, "Facebook's answer names no upload")
	}
	return s, err
}

// sendPiece sends what Facebook asked for, and gives what it wants next. A piece that it has already it refuses, and says where to go on.
func (a client) sendPiece(ctx context.Context, id string, start int64, body io.Reader, size int64) (w window, err error) {
	form := rest.Multipart{Fields: [][2]string{{"upload_phase", "transfer"}, {"upload_session_id", id}, {"start_offset", strconv.FormatInt(start, 10)}}, Name: "video_file_chunk", Filename: "piece", Type: "application/octet-stream",
		Body: body, Length: size}
	err = a.videos().Upload(ctx, a.page+"/videos", form, &w, meta.NotNow)
	return w, err
}

// finishPieces ends the upload, which publishes the video.
func (a client) finishPieces(ctx context.Context, form url.Values) error {
	_, err := a.videos().Post(ctx, a.page+"/videos", form, true, meta.NotNow)
	return err
}

// begun is an upload in three phases.
type begun struct {
	Video string `json:"video_id"`
	URL   string `json:"upload_url"`
}

// startWhole begins the upload of a reel or of a story. What is not ended is never seen.
func (a client) startWhole(ctx context.Context, edge string) (b begun, err error) {
	_, err = a.Send(ctx, a.page+"/"+edge+"?upload_phase=start", url.Values{}, false, &b, meta.NotNow)
	if err != nil {
		return b, err
	}
	u, err := url.Parse(b.URL)
	if err != nil || b.Video == "" || u.Scheme != "https" || u.Host != hostUpload { // the token is sent there
		return b, platforms.Errorf(platforms.Unavailable, "Facebook's answer names no place to upload to")
	}
	return b, nil
}

// sendRest sends a video from an offset to its end.
// https://developers.facebook.com/docs/video-api/guides/reels-publishing#step-2--upload-the-video
func (a client) sendRest(ctx context.Context, address string, offset int64, file *platforms.File) error {
	h := http.Header{"Authorization": {"OAuth " + a.Conn.Token.Access.Reveal()}, "Offset": {strconv.FormatInt(offset, 10)}, "File_size": {strconv.FormatInt(file.Size, 10)}}
	_, err := rest.Do(ctx, a.Conn, rest.Request{Method: http.MethodPost, URL: address, Header: h, Body: file.Body, Type: "application/octet-stream", Length: file.Size - offset}, nil, a.Classify(meta.NotNow))
	return err
}

// made is what publishing a video or a story answers: with the post, or with nothing but success.
type made struct {
	Success bool   `json:"success"`
	Post    string `json:"post_id"`
}

// finish publishes what was uploaded in three phases, or a story of a photo.
func (a client) finish(ctx context.Context, path string, form url.Values) (out made, err error) {
	resp, err := a.Send(ctx, a.page+"/"+path, form, true, &out, meta.NotNow)
	if err == nil && !out.Success && out.Post == "" {
		err = a.Nameless(resp, true)
	}
	return out, err
}

// phase is how far Facebook is with one thing.
type phase struct {
	Status  string `json:"status"` // not_started, in_progress, complete, error
	Publish string `json:"publish_status"`
	Bytes   int64  `json:"bytes_transfered"` // Meta's spelling
	Error   struct {
		Message string `json:"message"`
	} `json:"error"`
}

func (p phase) done() bool { return p.Status == "complete" || p.Status == "completed" }

// video is what Facebook says of a video.
type video struct {
	Post      string `json:"post_id"`
	Permalink string `json:"permalink_url"`
	Published *bool  `json:"published"`
	Status    struct {
		Video      string `json:"video_status"`
		Uploading  phase  `json:"uploading_phase"`
		Processing phase  `json:"processing_phase"`
		Publishing phase  `json:"publishing_phase"`
	} `json:"status"`
}

func (a client) video(ctx context.Context, id string) (v video, err error) {
	err = a.Get(ctx, url.PathEscape(id), url.Values{"fields": {"status,published,permalink_url,post_id"}}, &v, meta.NotNow)
	return v, err
}

// story is a story of the Page.
type story struct {
	Post  string    `json:"post_id"`
	Media string    `json:"media_id"`
	URL   string    `json:"url"`
	At    meta.Time `json:"creation_time"`
}

// stories lists the Page's stories since a time. Those that have ended are among them only if the Page keeps an archive.
func (a client) stories(ctx context.Context, since time.Time) ([]story, error) {
	query := url.Values{"status": {`["PUBLISHED","ARCHIVED"]`}, "since": {strconv.FormatInt(since.Unix(), 10)}}
	return meta.Since(ctx, a.Client, a.page+"/stories", query, since, func(s story) time.Time { return s.At.Time }, meta.Paging.After)
}

// setCover gives a video a picture to stand for it. It may be repeated.
func (a client) setCover(ctx context.Context, id string, file *platforms.File) error {
	form := rest.Multipart{Fields: [][2]string{{"is_preferred", "true"}}, Name: "source", Filename: "cover", Type: file.MIME, Body: file.Body, Length: file.Size}
	return a.Upload(ctx, url.PathEscape(id)+"/thumbnails", form, nil, meta.NotNow)
}

// remark is a comment.
type remark struct {
	Message string    `json:"message"`
	At      meta.Time `json:"created_time"`
	From    struct {
		ID string `json:"id"`
	} `json:"from"`
}

func (a client) addComment(ctx context.Context, id, text string) error {
	_, err := a.Post(ctx, url.PathEscape(id)+"/comments", url.Values{"message": {text}}, true, meta.NotNow)
	return err
}

// comments lists a page of a post's comments, newest first, and the cursor of the next page, if any.
func (a client) comments(ctx context.Context, id, after string) ([]remark, string, error) {
	query := url.Values{"fields": {"id,message,from,created_time"}, "filter": {"stream"}, "order": {"reverse_chronological"}, "limit": {"50"}}
	if after != "" {
		query.Set("after", after)
	}
	var out struct {
		Data   []remark    `json:"data"`
		Paging meta.Paging `json:"paging"`
	}
	err := a.Get(ctx, url.PathEscape(id)+"/comments", query, &out, meta.NotNow)
	return out.Data, out.Paging.After(), err
}
