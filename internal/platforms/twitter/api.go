package twitter

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

const base = "https://api.x.com/2/"

// client calls the API for one account.
type client struct{ c *platforms.Conn }

func (a client) do(ctx context.Context, r rest.Request, out any) error {
	r.URL, r.Bearer = base+r.URL, a.c.Token.Access
	_, err := rest.Do(ctx, a.c, r, out, a.classify)
	return err
}

// classify adds when a limit ends. An app without credit, or at its cap, is looked at again after an hour.
func (a client) classify(r rest.Response) *platforms.Error {
	e := Classify(r)
	if e == nil && r.Status == http.StatusTooManyRequests {
		e = &platforms.Error{Kind: platforms.RateLimited, Message: table["too-many-requests"].message}
	}
	if e != nil && e.Kind == platforms.RateLimited {
		e.Reset = resetOf(r.Header, a.c.Now())
		if e.Category == platforms.QuotaExhausted {
			e.Reset = a.c.Now().Add(time.Hour)
		}
	}
	return e
}

// post is a post of the account.
type post struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Note struct {
		Text string `json:"text"`
	} `json:"note_tweet"`
	CreatedAt   time.Time `json:"created_at"`
	Attachments struct {
		MediaKeys []string `json:"media_keys"`
		PollIDs   []string `json:"poll_ids"`
	} `json:"attachments"`
	References []struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	} `json:"referenced_tweets"`
	Entities struct {
		URLs []struct {
			URL      string `json:"url"`
			Expanded string `json:"expanded_url"`
			Unwound  string `json:"unwound_url"`
		} `json:"urls"`
	} `json:"entities"`
}

// newPost is what is sent to write one. X refuses what it does not know and what is null.
type newPost struct {
	Text  string    `json:"text,omitempty"`
	Media *newMedia `json:"media,omitempty"`
	Reply *newReply `json:"reply,omitempty"`
	Quote string    `json:"quote_tweet_id,omitempty"`
	Poll  *newPoll  `json:"poll,omitempty"`
	Who   string    `json:"reply_settings,omitempty"`
	AI    bool      `json:"made_with_ai,omitempty"`
	Paid  bool      `json:"paid_partnership,omitempty"`
}

type newMedia struct {
	IDs []string `json:"media_ids"`
}

type newReply struct {
	To string `json:"in_reply_to_tweet_id"`
}

type newPoll struct {
	Options []string `json:"options"`
	Minutes int      `json:"duration_minutes"`
}

// create writes a post. It is Ambiguous whenever the post may be there.
func (a client) create(ctx context.Context, p newPost) (string, error) {
	var out struct {
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := a.do(ctx, rest.Request{Method: http.MethodPost, URL: "tweets", JSON: p, Write: true}, &out); err != nil {
		return "", err
	}
	if out.Data.ID == "" {
		return "", platforms.Errorf(platforms.Ambiguous, "X's answer does not name the post")
	}
	return out.Data.ID, nil
}

// maxPages bounds the search for a post. Four of them hold more than a user may write in 15 minutes.
const maxPages = 4

// recent lists the account's posts since a time, answers included. Reads cost money: the first page is short, as what is looked for is new.
func (a client) recent(ctx context.Context, since time.Time) (list []post, err error) {
	q := url.Values{"max_results": {"10"}, "start_time": {since.UTC().Format(time.RFC3339)},
		"tweet.fields": {"created_at,text,note_tweet,entities,referenced_tweets,attachments"}}
	for range maxPages {
		var out struct {
			Data []post `json:"data"`
			Meta struct {
				Next string `json:"next_token"`
			} `json:"meta"`
		}
		if err := a.do(ctx, rest.Request{Method: http.MethodGet, URL: "users/" + url.PathEscape(a.c.Account.RemoteID) + "/tweets", Query: q}, &out); err != nil {
			return nil, err
		}
		list = append(list, out.Data...)
		if out.Meta.Next == "" {
			break
		}
		q.Set("pagination_token", out.Meta.Next)
		q.Set("max_results", "100")
	}
	return list, nil
}

// delete removes a post. One that is gone is a success.
func (a client) delete(ctx context.Context, id string) error {
	err := a.do(ctx, rest.Request{Method: http.MethodDelete, URL: "tweets/" + url.PathEscape(id)}, nil)
	if e := platforms.AsError(err); e != nil && e.Code == codeNotFound {
		return nil
	}
	return err
}

// uploaded is what the media endpoints say of a file.
type uploaded struct {
	ID         string `json:"id"`
	Key        string `json:"media_key"`
	Expires    int64  `json:"expires_after_secs"`
	Processing *struct {
		State string `json:"state"`
		After int    `json:"check_after_secs"`
		Error struct {
			Name    string `json:"name"`
			Message string `json:"message"`
		} `json:"error"`
	} `json:"processing_info"`
}

func (a client) media(ctx context.Context, r rest.Request) (uploaded, error) {
	var out struct {
		Data uploaded `json:"data"`
	}
	err := a.do(ctx, r, &out)
	return out.Data, err
}

// uploadImage sends an image at once. It may be repeated, as all uploads: what nobody uses is never seen and ends after a day.
func (a client) uploadImage(ctx context.Context, f *platforms.File) (uploaded, error) {
	return a.media(ctx, rest.Multipart{Fields: [][2]string{{"media_category", "tweet_image"}, {"media_type", f.MIME}}, Name: "media", Filename: "image", Type: f.MIME, Body: f.Body, Length: f.Size}.
		Into(rest.Request{Method: http.MethodPost, URL: "media/upload"}))
}

func (a client) initialize(ctx context.Context, mime, category string, size int64) (uploaded, error) {
	return a.media(ctx, rest.Request{Method: http.MethodPost, URL: "media/upload/initialize", JSON: map[string]any{"media_type": mime, "media_category": category, "total_bytes": size}})
}

// appendSegment sends a piece of a file. The same piece again overwrites it.
func (a client) appendSegment(ctx context.Context, id string, index int, body io.Reader, size int64) error {
	return a.do(ctx, rest.Multipart{Fields: [][2]string{{"segment_index", strconv.Itoa(index)}}, Name: "media", Filename: "segment", Type: "application/octet-stream", Body: body, Length: size}.
		Into(rest.Request{Method: http.MethodPost, URL: "media/upload/" + url.PathEscape(id) + "/append"}), nil)
}

func (a client) finalize(ctx context.Context, id string) (uploaded, error) {
	return a.media(ctx, rest.Request{Method: http.MethodPost, URL: "media/upload/" + url.PathEscape(id) + "/finalize"})
}

func (a client) status(ctx context.Context, id string) (uploaded, error) {
	return a.media(ctx, rest.Request{Method: http.MethodGet, URL: "media/upload", Query: url.Values{"command": {"STATUS"}, "media_id": {id}}})
}

// describe sets what is said of a file. It may be repeated.
func (a client) describe(ctx context.Context, id string, metadata map[string]any) error {
	return a.do(ctx, rest.Request{Method: http.MethodPost, URL: "media/metadata", JSON: map[string]any{"id": id, "metadata": metadata}}, nil)
}
