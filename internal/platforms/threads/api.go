package threads

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/meta/containers"
)

// client calls the Threads API for one account, which it names "me": with the ID in its place a publish has been seen to fail more often.
type client struct{ meta.Client }

// post is what is published.
type post struct {
	ID        string    `json:"id"`
	Text      string    `json:"text"`
	Permalink string    `json:"permalink"`
	Type      string    `json:"media_type"` // TEXT_POST, IMAGE, VIDEO, CAROUSEL_ALBUM, AUDIO or REPOST_FACADE
	Timestamp meta.Time `json:"timestamp"`
	Children  *struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	} `json:"children"`
	RepliedTo *struct {
		ID string `json:"id"`
	} `json:"replied_to"`
}

// Create makes a container. It may be repeated: an unused container is never seen and expires after a day.
func (a client) Create(ctx context.Context, form url.Values) (string, error) {
	return a.Post(ctx, "me/threads", form, false, nil)
}

// Status reads a container.
func (a client) Status(ctx context.Context, id string) (containers.Status, error) {
	var out struct {
		Status string `json:"status"`
		Fault  string `json:"error_message"`
	}
	err := a.Get(ctx, id, url.Values{"fields": {"id,status,error_message"}}, &out, nil)
	s := containers.Status{Code: out.Status, Text: out.Fault}
	if table.Has(out.Fault) {
		s.Fault = out.Fault
	}
	return s, err
}

// Publish publishes a container and returns the ID of the post. It is Ambiguous whenever the post may have gone live: also when a permission is
// missed with a status of 500, which has been seen for posts that were there.
func (a client) Publish(ctx context.Context, container string) (string, error) {
	return a.Post(ctx, "me/threads_publish", url.Values{"creation_id": {container}}, true, func(e *platforms.Error, status int) {
		if table.Row(e.Code).Unsure || meta.IsMissing(e) || status >= 500 {
			e.Kind, e.Reset = platforms.Ambiguous, time.Time{}
		}
	})
}

// quota reads how many posts, or replies, the account published in its window, and how many it may.
func (a client) quota(ctx context.Context, reply bool) (containers.Quota, error) {
	type config struct {
		Total int `json:"quota_total"`
	}
	var out struct {
		Data []struct {
			Used        *int   `json:"quota_usage"`
			Config      config `json:"config"`
			ReplyUsed   *int   `json:"reply_quota_usage"`
			ReplyConfig config `json:"reply_config"`
		} `json:"data"`
	}
	if err := a.Get(ctx, "me/threads_publishing_limit", url.Values{"fields": {"quota_usage,config,reply_quota_usage,reply_config"}}, &out, meta.NotNow); err != nil {
		return containers.Quota{}, err
	}
	if len(out.Data) > 0 {
		d := out.Data[0]
		if reply && d.ReplyUsed != nil {
			return containers.Quota{Used: *d.ReplyUsed, Total: d.ReplyConfig.Total}, nil
		}
		if !reply && d.Used != nil {
			return containers.Quota{Used: *d.Used, Total: d.Config.Total}, nil
		}
	}
	return containers.Quota{}, platforms.Errorf(platforms.Unavailable, "Threads did not tell the account's publishing limit")
}

// recent lists the account's posts since a time, newest first, or its replies. A list goes on until a page is empty: no page names the next.
func (a client) recent(ctx context.Context, replies bool, since time.Time) ([]post, error) {
	path, fields := "me/threads", "id,text,timestamp,permalink,media_type,children"
	if replies {
		path, fields = "me/replies", "id,text,timestamp,permalink,media_type,children,replied_to"
	}
	query := url.Values{"fields": {fields}, "since": {strconv.FormatInt(since.Unix(), 10)}}
	return meta.Since(ctx, a.Client, path, query, since, func(p post) time.Time { return p.Timestamp.Time }, func(p meta.Paging) string { return p.Cursors.After })
}

// permalink reads the address of a post.
func (a client) permalink(ctx context.Context, id string) (string, error) {
	var out post
	err := a.Get(ctx, id, url.Values{"fields": {"id,permalink,shortcode,timestamp"}}, &out, meta.NotNow)
	return out.Permalink, err
}
