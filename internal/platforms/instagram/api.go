package instagram

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms"
)

// containerStatus is what a container says of itself.
type containerStatus struct {
	Code   string `json:"status_code"`
	Status string `json:"status"`
}

// The values of containerStatus.Code.
const (
	inProgress = "IN_PROGRESS"
	finished   = "FINISHED"
	failed     = "ERROR"
	expired    = "EXPIRED"
	published  = "PUBLISHED"
)

// isDead reports whether a container can no longer be published.
func (s containerStatus) isDead() bool { return s.Code == failed || s.Code == expired }

// unknown is the failure of a read whose answer makes no sense.
func (s containerStatus) unknown() error {
	return platforms.Errorf(platforms.Unavailable, "Instagram gave the media the unknown status %q", shorten(s.Code))
}

// medium is a published post.
type medium struct {
	ID          string    `json:"id"`
	Caption     string    `json:"caption"`
	Permalink   string    `json:"permalink"`
	Type        string    `json:"media_type"`         // IMAGE, VIDEO or CAROUSEL_ALBUM
	ProductType string    `json:"media_product_type"` // FEED, REELS or STORY
	Timestamp   graphTime `json:"timestamp"`
	Children    *struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	} `json:"children"`
}

// remark is a comment.
type remark struct {
	ID        string    `json:"id"`
	Text      string    `json:"text"`
	Username  string    `json:"username"`
	Timestamp graphTime `json:"timestamp"`
	From      struct {
		ID       string `json:"id"`
		Username string `json:"username"`
	} `json:"from"`
}

// quota is the account's publishing limit.
type quota struct {
	Used  int
	Total int // zero: not told
}

// graphTime is a time as the Graph API writes it: "2026-11-23T10:00:00+0000". One it cannot read is zero.
type graphTime struct{ time.Time }

func (t *graphTime) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if v, err := time.Parse(layout, s); err == nil {
			t.Time = v
			return nil
		}
	}
	if unix, err := strconv.ParseInt(s, 10, 64); err == nil {
		t.Time = time.Unix(unix, 0)
	}
	return nil
}

// createContainer makes a container. It may be repeated: an unused container is never seen and expires after a day.
func (a client) createContainer(ctx context.Context, form url.Values) (string, error) {
	return a.post(ctx, a.c.Account.RemoteID+"/media", form, false, nil)
}

// container reads a container. It is NotReady, by errors of code 100/33, 24/2207006 and 24/2207008, while it is not found.
func (a client) container(ctx context.Context, id string) (containerStatus, error) {
	var out containerStatus
	err := a.get(ctx, id, url.Values{"fields": {"status_code,status"}}, &out, nil)
	return out, err
}

// publishContainer publishes a container and returns the ID of the post. It is Ambiguous whenever the post may have gone live.
func (a client) publishContainer(ctx context.Context, container string) (string, error) {
	return a.post(ctx, a.c.Account.RemoteID+"/media_publish", url.Values{"creation_id": {container}}, true, func(e *platforms.Error) {
		if rowOf(e.Code).unsure || isMissing(e) {
			e.Kind, e.Reset = platforms.Ambiguous, time.Time{}
		}
	})
}

// publishingLimit reads how many posts the account published in its window, and how many it may.
func (a client) publishingLimit(ctx context.Context) (quota, error) {
	var out struct {
		Data []struct {
			Used   *int `json:"quota_usage"`
			Config struct {
				Total int `json:"quota_total"`
			} `json:"config"`
		} `json:"data"`
	}
	if err := a.get(ctx, a.c.Account.RemoteID+"/content_publishing_limit", url.Values{"fields": {"quota_usage,config"}}, &out, notNow); err != nil {
		return quota{}, err
	}
	if len(out.Data) == 0 || out.Data[0].Used == nil {
		return quota{}, platforms.Errorf(platforms.Unavailable, "Instagram did not tell the account's publishing limit")
	}
	return quota{Used: *out.Data[0].Used, Total: out.Data[0].Config.Total}, nil
}

// maxRecent bounds the pages of a list of posts. Ten of them are more than Instagram lets an account publish in a day.
const maxRecent = 10

// recent lists the account's posts since a time, newest first, or its stories. Most accounts publish little, so that the first page is a short one.
func (a client) recent(ctx context.Context, stories bool, since time.Time) (list []medium, err error) {
	path, query := "/media", url.Values{"fields": {"id,caption,timestamp,permalink,media_type,media_product_type,children"}, "since": {strconv.FormatInt(since.Unix(), 10)}}
	if stories {
		path, query = "/stories", url.Values{"fields": {"id,timestamp,permalink,media_type"}}
	}
	query.Set("limit", "25")
	for range maxRecent {
		var out struct {
			Data   []medium `json:"data"`
			Paging paging   `json:"paging"`
		}
		if err := a.get(ctx, a.c.Account.RemoteID+path, query, &out, notNow); err != nil {
			return nil, err
		}
		list = append(list, out.Data...)
		after := out.Paging.next()
		if after == "" || len(out.Data) == 0 || out.Data[len(out.Data)-1].Timestamp.Before(since) {
			return list, nil
		}
		query.Set("after", after)
		query.Set("limit", "100")
	}
	return list, nil
}

// paging says where a list goes on.
type paging struct {
	Next    string `json:"next"`
	Cursors struct {
		After string `json:"after"`
	} `json:"cursors"`
}

// next is the cursor of the next page; empty: there is none.
func (p paging) next() string {
	if p.Next == "" {
		return ""
	}
	return p.Cursors.After
}

// medium reads a published post.
func (a client) medium(ctx context.Context, id string) (medium, error) {
	var out medium
	err := a.get(ctx, id, url.Values{"fields": {"id,permalink,shortcode,media_type,media_product_type,timestamp"}}, &out, notNow)
	return out, err
}

// disableComments may be repeated freely.
func (a client) disableComments(ctx context.Context, id string) error {
	_, err := a.post(ctx, id, url.Values{"comment_enabled": {"false"}}, false, notNow)
	return err
}

// addComment comments on a post as the account.
func (a client) addComment(ctx context.Context, id, text string) (string, error) {
	return a.post(ctx, id+"/comments", url.Values{"message": {text}}, true, notNow)
}

// comments lists a page of a post's comments, newest first, and the cursor of the next page, if any.
func (a client) comments(ctx context.Context, id, after string) ([]remark, string, error) {
	query := url.Values{"fields": {"id,text,timestamp,username,from"}, "limit": {"50"}}
	if after != "" {
		query.Set("after", after)
	}
	var out struct {
		Data   []remark `json:"data"`
		Paging paging   `json:"paging"`
	}
	if err := a.get(ctx, id+"/comments", query, &out, notNow); err != nil {
		return nil, "", err
	}
	return out.Data, out.Paging.next(), nil
}

// isMissing reports whether an error says that a container or post is not found, which never proves that it does not exist.
func isMissing(e *platforms.Error) bool {
	switch e.Code {
	case "100/33", "24", "24/2207006", "24/2207008":
		return true
	}
	return false
}
