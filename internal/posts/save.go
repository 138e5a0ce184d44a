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
	queueTargets(batch, post, func(int) bool { return true }, draft, now)
	if p.Mode != AsDraft && p.Mode != Now && s.Events != nil {
		if err := s.Events.EmitIn(batch, post.event(events.PostScheduled)); err != nil {
			return err
		}
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil || p.Recycling == nil {
		return err
	}
	return s.SetRecycling(ctx, tx, post.ID, p.Recycling)
}

// queueTargets queues the insertion of those targets of a post that which chooses, by their places, in one statement. A draft's have no
// fingerprint, as it holds its content against nobody.
func queueTargets(batch *pgx.Batch, post Post, which func(i int) bool, draft bool, now time.Time) {
	var (
		ids, names, accounts, statuses []string
		places                         []int
		texts, media, options, failed  []*string
		own                            []*time.Time
		next                           []time.Time
		open                           []bool
		prints                         [][]byte
	)
	for i, t := range post.Targets {
		if !which(i) {
			continue
		}
		var fingerprint []byte
		if !draft {
			fingerprint = post.fingerprint(t)
		}
		ids, names, accounts, statuses, places = append(ids, t.ID), append(names, t.Platform), append(accounts, t.Account.ID), append(statuses, string(t.Status)), append(places, i)
		texts, media, options, failed = append(texts, t.CustomContent), append(media, optional(ownMedia(t.CustomMedia))), append(options, optional(nullJSON(t.Options))), append(failed, optional(storedFailure(t.Failure)))
		own, next, open, prints = append(own, t.ScheduledFor), append(next, t.NextAt), append(open, t.Open), append(prints, fingerprint)
	}
	if len(ids) == 0 {
		return
	}
	batch.Queue(`
		insert into targets (id, owner_id, post_id, position, platform, account_id, custom_content, custom_media, options, scheduled_for, status, open, next_at, fingerprint, failure, created_at, updated_at)
		select id, $1, $2, position, platform, account_id, custom_content, custom_media::jsonb, options::jsonb, scheduled_for, status, open, next_at, fingerprint, failure::jsonb, $3, $3
		from unnest($4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::text[], $13::boolean[], $14::timestamptz[], $15::bytea[], $16::text[])
			as u (id, position, platform, account_id, custom_content, custom_media, options, scheduled_for, status, open, next_at, fingerprint, failure)`,
		post.OwnerID, post.ID, now, ids, places, names, accounts, texts, media, options, own, statuses, open, next, prints, failed)
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
