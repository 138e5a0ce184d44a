package instagram

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/meta/containers"
)

// medium is a published post.
type medium struct {
	ID          string    `json:"id"`
	Caption     string    `json:"caption"`
	Permalink   string    `json:"permalink"`
	Type        string    `json:"media_type"`         // IMAGE, VIDEO or CAROUSEL_ALBUM
	ProductType string    `json:"media_product_type"` // FEED, REELS or STORY
	Timestamp   meta.Time `json:"timestamp"`
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
	Timestamp meta.Time `json:"timestamp"`
	From      struct {
		ID       string `json:"id"`
		Username string `json:"username"`
	} `json:"from"`
}

// Create makes a container. It may be repeated: an unused container is never seen and expires after a day.
func (a client) Create(ctx context.Context, form url.Values) (string, error) {
	return a.Post(ctx, a.Conn.Account.RemoteID+"/media", form, false, nil)
}

// Status reads a container. It is NotReady, by errors of code 100/33, 24/2207006 and 24/2207008, while it is not found.
func (a client) Status(ctx context.Context, id string) (containers.Status, error) {
	var out struct {
		Code   string `json:"status_code"`
		Status string `json:"status"`
	}
	err := a.Get(ctx, id, url.Values{"fields": {"status_code,status"}}, &out, nil)
	return containers.Status{Code: out.Code, Fault: meta.StatusCode(out.Status), Text: out.Status}, err
}

// Publish publishes a container and returns the ID of the post. It is Ambiguous whenever the post may have gone live.
func (a client) Publish(ctx context.Context, container string) (string, error) {
	return a.Post(ctx, a.Conn.Account.RemoteID+"/media_publish", url.Values{"creation_id": {container}}, true, func(e *platforms.Error, _ int) {
		if table.Row(e.Code).Unsure || meta.IsMissing(e) {
			e.Kind, e.Reset = platforms.Ambiguous, time.Time{}
		}
	})
}

// Limit reads how many posts the account published in its window, and how many it may.
func (a client) Limit(ctx context.Context) (containers.Quota, error) {
	var out struct {
		Data []struct {
			Used   *int `json:"quota_usage"`
			Config struct {
				Total int `json:"quota_total"`
			} `json:"config"`
		} `json:"data"`
	}
	if err := a.Get(ctx, a.Conn.Account.RemoteID+"/content_publishing_limit", url.Values{"fields": {"quota_usage,config"}}, &out, meta.NotNow); err != nil {
		return containers.Quota{}, err
	}
	if len(out.Data) == 0 || out.Data[0].Used == nil {
		return containers.Quota{}, platforms.Errorf(platforms.Unavailable, "Instagram did not tell the account's publishing limit")
	}
	return containers.Quota{Used: *out.Data[0].Used, Total: out.Data[0].Config.Total}, nil
}

// recent lists the account's posts since a time, newest first, or its stories.
func (a client) recent(ctx context.Context, stories bool, since time.Time) ([]medium, error) {
	path, query := "/media", url.Values{"fields": {"id,caption,timestamp,permalink,media_type,media_product_type,children"}, "since": {strconv.FormatInt(since.Unix(), 10)}}
	if stories {
		path, query = "/stories", url.Values{"fields": {"id,timestamp,permalink,media_type"}}
	}
	return meta.Since(ctx, a.Client, a.Conn.Account.RemoteID+path, query, since, func(m medium) time.Time { return m.Timestamp.Time }, meta.Paging.After)
}

// medium reads a published post.
func (a client) medium(ctx context.Context, id string) (medium, error) {
	var out medium
	err := a.Get(ctx, id, url.Values{"fields": {"id,permalink,shortcode,media_type,media_product_type,timestamp"}}, &out, meta.NotNow)
	return out, err
}

// disableComments may be repeated freely.
func (a client) disableComments(ctx context.Context, id string) error {
	_, err := a.Post(ctx, id, url.Values{"comment_enabled": {"false"}}, false, meta.NotNow)
	return err
}

// addComment comments on a post as the account.
func (a client) addComment(ctx context.Context, id, text string) (string, error) {
	return a.Post(ctx, id+"/comments", url.Values{"message": {text}}, true, meta.NotNow)
}

// comments lists a page of a post's comments, newest first, and the cursor of the next page, if any.
func (a client) comments(ctx context.Context, id, after string) ([]remark, string, error) {
	query := url.Values{"fields": {"id,text,timestamp,username,from"}, "limit": {"50"}}
	if after != "" {
		query.Set("after", after)
	}
	var out struct {
		Data   []remark    `json:"data"`
		Paging meta.Paging `json:"paging"`
	}
	if err := a.Get(ctx, id+"/comments", query, &out, meta.NotNow); err != nil {
		return nil, "", err
	}
	return out.Data, out.Paging.After(), nil
}
