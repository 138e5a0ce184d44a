package posts

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/events"
)

// save stores a planned post: the rows, the request ID and the jobs, in the caller's transaction.
func (s *Service) save(ctx context.Context, tx pgx.Tx, post Post, p NewPost, now time.Time) error {
	draft := p.Mode == AsDraft
	if _, err := tx.Exec(ctx, `
		insert into posts (id, owner_id, title, content, media, tags, hashtags, mentions, visibility, crossposting, metadata, timezone, scheduled_for, status, user_id, key_id, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)`,
		post.ID, post.OwnerID, post.Title, post.Content, storedMedia(post.Media), list(post.Tags), list(post.Hashtags), list(post.Mentions), post.Visibility,
		post.Crossposting, nullJSON(post.Metadata), post.Timezone, post.ScheduledFor, post.Status, post.UserID, post.keyID, now); err != nil {
		return err
	}
	if p.RequestID != "" {
		if err := takeRequestID(ctx, tx, post, p.RequestID, now); err != nil {
			return err
		}
	}
	if !draft { // after the request ID: a repeated request is a replay, not a duplicate
		if err := refuseDuplicates(ctx, tx, post, now); err != nil {
			return err
		}
	}
	batch := &pgx.Batch{}
	due := make([]Due, 0, len(post.Targets))
	for i, t := range post.Targets {
		var fingerprint []byte
		if !draft {
			fingerprint = post.fingerprint(t)
			due = append(due, Due{TargetID: t.ID, At: t.NextAt})
		}
		var custom []byte
		if t.CustomMedia != nil {
			custom = storedMedia(t.CustomMedia)
		}
		batch.Queue(`
			insert into targets (id, owner_id, post_id, position, platform, account_id, custom_content, custom_media, options, scheduled_for, status, open, next_at, fingerprint, created_at, updated_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)`,
			t.ID, post.OwnerID, post.ID, i, t.Platform, t.Account.ID, t.CustomContent, custom, nullJSON(t.Options), t.ScheduledFor, t.Status, t.Open, t.NextAt, fingerprint, now)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if p.Mode != AsDraft && p.Mode != Now {
		if err := s.tell(ctx, tx, post, events.PostScheduled); err != nil {
			return err
		}
	}
	if len(due) == 0 {
		return nil
	}
	return s.Queue.Publish(ctx, tx, due)
}

// takeRequestID binds a request ID to the post. When another request holds it, this waits for that one to end, and then ends in errReplay.
func takeRequestID(ctx context.Context, tx pgx.Tx, post Post, requestID string, now time.Time) error {
	tag, err := tx.Exec(ctx, `
		insert into requests as r (owner_id, request_id, post_id, created_at) values ($1, $2, $3, $4)
		on conflict (owner_id, request_id) do update set post_id = excluded.post_id, created_at = excluded.created_at where r.created_at <= $5`,
		post.OwnerID, requestID, post.ID, now, now.Add(-replayWindow))
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return errReplay
	}
	return nil
}

// replay finds the post that a request ID of the last minutes made.
func (s *Service) replay(ctx context.Context, by auth.Principal, requestID string) (post Post, found bool, err error) {
	var postID string
	err = s.Pool.QueryRow(ctx, `select post_id from requests where owner_id = $1 and request_id = $2 and created_at > $3`,
		by.OwnerID, requestID, s.Now().Add(-replayWindow)).Scan(&postID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Post{}, false, nil
	}
	if err != nil {
		return Post{}, false, err
	}
	post, err = s.Get(ctx, by, postID)
	return post, err == nil, err
}

// DropOldRequests forgets request IDs whose time is over.
func (s *Service) DropOldRequests(ctx context.Context) error {
	_, err := s.Pool.Exec(ctx, `delete from requests where created_at <= $1`, s.Now().Add(-replayWindow))
	return err
}

// mediaRow is how a media item is stored: what we read, and the item as the caller sent it.
type mediaRow struct {
	Type      string          `json:"type"`
	URL       string          `json:"url"`
	Title     string          `json:"title,omitempty"`
	AltText   string          `json:"altText,omitempty"`
	Thumbnail string          `json:"thumbnail,omitempty"`
	Raw       json.RawMessage `json:"raw,omitempty"`
}

func storedMedia(list []Media) []byte {
	rows := make([]mediaRow, len(list))
	for i, m := range list {
		rows[i] = mediaRow{string(m.Type), m.URL, m.Title, m.AltText, m.Thumbnail, m.Raw}
	}
	b, err := json.Marshal(rows)
	if err != nil { // Raw came out of a decoder, so it is JSON
		panic("posts: a media item is not JSON: " + err.Error())
	}
	return b
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func nullJSON(raw json.RawMessage) []byte {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	return raw
}
