package posts

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/events"
	"posthorn/internal/logs"
)

// save stores a planned post in the caller's transaction: the rows and the request IDs. The statements go out at once, and run in this
// order: first the request IDs, for a repeated request is a replay and not a duplicate; then the search for duplicates, which must not find
// the post's own targets.
func (s *Service) save(ctx context.Context, tx pgx.Tx, post Post, p NewPost, now time.Time) error {
	draft := p.Mode == AsDraft
	batch := &pgx.Batch{}
	batch.Queue(`
		insert into posts (id, owner_id, title, content, media, tags, hashtags, mentions, visibility, crossposting, metadata, timezone, scheduled_for, status, user_id, key_id, created_at, updated_at,
			queued_from_profile, queue_id, platforms, recycled_from, recycle_number, request_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, nullif($18, ''), nullif($19, ''), $20, nullif($21, ''), nullif($22, 0), nullif($23, ''))`,
		post.ID, post.OwnerID, post.Title, post.Content, storedMedia(post.Media), list(post.Tags), list(post.Hashtags), list(post.Mentions), post.Visibility,
		post.Crossposting, nullJSON(post.Metadata), post.Timezone, post.ScheduledFor, post.Status, post.UserID, post.keyID, now, post.QueuedFromProfile, post.QueueID, platformsOf(post), post.RecycledFrom, post.recycleNumber, logs.Of(ctx).RequestID)
	for _, r := range p.requests() {
		takeRequest(batch, post, r, now)
	}
	if !draft && post.RecycledFrom == "" {
		refuseDuplicatesIn(batch, post, now)
		var err error
		if batch, err = s.paced(ctx, tx, batch, post, now); err != nil {
			return err
		}
	}
	for i := range post.Targets {
		queueTarget(batch, post, i, draft, now)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if p.Recycling != nil {
		if err := s.SetRecycling(ctx, tx, post.ID, p.Recycling); err != nil {
			return err
		}
	}
	if p.Mode != AsDraft && p.Mode != Now {
		if err := s.tell(ctx, tx, post, events.PostScheduled); err != nil {
			return err
		}
	}
	return nil
}

// queueTarget queues the insertion of one target of a post. A draft's has no fingerprint, as it holds its content against nobody.
func queueTarget(batch *pgx.Batch, post Post, i int, draft bool, now time.Time) {
	t := post.Targets[i]
	var fingerprint []byte
	if !draft {
		fingerprint = post.fingerprint(t)
	}
	batch.Queue(`
		insert into targets (id, owner_id, post_id, position, platform, account_id, custom_content, custom_media, options, scheduled_for, status, open, next_at, fingerprint, failure, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)`,
		t.ID, post.OwnerID, post.ID, i, t.Platform, t.Account.ID, t.CustomContent, ownMedia(t.CustomMedia), nullJSON(t.Options), t.ScheduledFor, t.Status, t.Open, t.NextAt, fingerprint,
		storedFailure(t.Failure), now)
}

// ownMedia are a target's own media as they are stored; nil where it takes the post's.
func ownMedia(list []Media) []byte {
	if list == nil {
		return nil
	}
	return storedMedia(list)
}

// platformsOf lists the platforms of a post's targets as its row keeps them: each once, in order.
func platformsOf(p Post) []string {
	names := make([]string, 0, len(p.Targets))
	for _, t := range p.Targets {
		names = append(names, t.Platform)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// mediaRow is how a media item is stored: what we read, and the item as the caller sent it.
type mediaRow struct {
	Type      string          `json:"type"`
	URL       string          `json:"url"`
	Title     string          `json:"title,omitempty"`
	AltText   string          `json:"altText,omitempty"`
	Thumbnail string          `json:"thumbnail,omitempty"`
	Reshape   string          `json:"reshape,omitempty"`
	Raw       json.RawMessage `json:"raw,omitempty"`
}

func storedMedia(list []Media) []byte {
	rows := make([]mediaRow, len(list))
	for i, m := range list {
		rows[i] = mediaRow{string(m.Type), m.URL, m.Title, m.AltText, m.Thumbnail, string(m.Reshape), m.Raw}
	}
	b, err := json.Marshal(rows)
	if err != nil { // Raw came out of a decoder, so it is JSON
		panic("posts: a media item is not JSON: " + err.Error())
	}
	return b
}

// list makes an absent list an empty one.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func nullJSON(raw json.RawMessage) []byte {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	return raw
}
