package posts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/events"
	"posthorn/internal/gather"
	"posthorn/internal/logs"
	"posthorn/internal/postgres"
)

const (
	// savedAtOnce bounds the posts of one transaction, and savers how many of those are under way.
	savedAtOnce = 50
	savers      = 1
	// lockPatience is how long a transaction of several posts waits for a lock of somebody else's.
	lockPatience = 200 * time.Millisecond
	// saveTimeout bounds storing posts that nobody may be waiting for any more.
	saveTimeout = 30 * time.Second
)

// saving is a planned post on its way into the tables.
type saving struct {
	post      Post
	requests  []request // the names of the request that asks for it
	quiet     bool      // nobody is told of it
	requestID string    // of the call that makes it, for the log
	prints    [][]byte  // the fingerprints of its targets
	now       time.Time
}

func newSaving(ctx context.Context, post Post, p NewPost, now time.Time) saving {
	return saving{post: post, requests: p.requests(), quiet: p.Mode == AsDraft || p.Mode == Now, requestID: logs.Of(ctx).RequestID, prints: post.prints(p.Mode == AsDraft), now: now}
}

// unique are the posts that are held against those with the same content, and to the pace of their accounts.
func unique(list []saving) []saving {
	return slices.DeleteFunc(slices.Clone(list), func(v saving) bool { return v.post.Status == Draft || v.post.RecycledFrom != "" })
}

// store stores a planned post. What is stored at about the same time goes into one transaction, as committing costs more than the rows. A
// post that has to read more than it writes has one of its own.
func (s *Service) store(ctx context.Context, by auth.Principal, post *Post, p NewPost, now time.Time) error {
	if p.Recycling == nil && !takesSlot(*post, p) {
		v := newSaving(ctx, *post, p, now)
		fault, err := s.saves().Do(ctx, v)
		if errors.Is(fault, errAlone) {
			return s.saveTogether(ctx, []saving{v})
		}
		return errors.Join(err, fault)
	}
	return postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if err := s.enqueue(ctx, tx, by, post, p); err != nil {
			return err
		}
		return s.save(ctx, tx, *post, p, now)
	})
}

// save stores a planned post in the caller's transaction.
func (s *Service) save(ctx context.Context, tx pgx.Tx, post Post, p NewPost, now time.Time) error {
	v := newSaving(ctx, post, p, now)
	batch := &pgx.Batch{}
	if err := queueNew(batch, []saving{v}); err != nil {
		return err
	}
	if len(unique([]saving{v})) > 0 {
		var err error
		if batch, err = s.paced(ctx, tx, batch, post, now); err != nil {
			return err
		}
	}
	if err := s.queueRest(batch, []saving{v}); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil || p.Recycling == nil {
		return err
	}
	return s.SetRecycling(ctx, tx, post.ID, p.Recycling)
}

// saves gathers the posts that are stored together.
func (s *Service) saves() *gather.Calls[saving, error] {
	s.once.Do(func() { s.gathered = gather.New(savedAtOnce, savers, s.saveMany) })
	return s.gathered
}

// errAlone sends a post back to its caller, who stores it in a transaction of its own.
var errAlone = errors.New("posts: to be stored by itself")

// saveMany stores several posts in one transaction. When one of them is refused, or has to wait for a lock, all are sent back to be stored alone,
// so that it spoils nothing for the others and holds nobody up; so is one that repeats another's content or request.
func (s *Service) saveMany(ctx context.Context, list []saving) ([]error, error) {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	together, faults := apart(list)
	err := s.saveTogether(ctx, together, fmt.Sprintf("set local lock_timeout = %d", lockPatience.Milliseconds()))
	if refused(err) && (len(together) > 1 || postgres.IsLockTimeout(err)) {
		err = errAlone
	}
	for i := range faults {
		if faults[i] == nil {
			faults[i] = err
		}
	}
	return faults, nil
}

// refused reports whether a transaction was rolled back for what was in it, and not for the state of the database, of which nobody knows
// whether it came before the commit or after.
func refused(err error) bool {
	var (
		ours   *errs.Error
		theirs *pgconn.PgError
	)
	return errors.Is(err, errReplay) || errors.As(err, &ours) || errors.As(err, &theirs) && !postgres.IsUnavailable(err)
}

// apart picks the posts that can be stored together. Those that repeat a fingerprint or a request of one before have errAlone in their places.
func apart(list []saving) (together []saving, faults []error) {
	faults = make([]error, len(list))
	seen := map[string]bool{}
	for i, v := range list {
		var own []string
		for _, r := range v.requests {
			own = append(own, "request "+v.post.OwnerID+" "+r.id)
		}
		for _, mark := range v.prints {
			if mark != nil {
				own = append(own, "content "+string(mark))
			}
		}
		if slices.ContainsFunc(own, func(key string) bool { return seen[key] }) {
			faults[i] = errAlone
			continue
		}
		for _, key := range own {
			seen[key] = true
		}
		together = append(together, v)
	}
	return together, faults
}

// saveTogether stores posts in one transaction, which begins with some settings.
func (s *Service) saveTogether(ctx context.Context, list []saving, settings ...string) error {
	var look *paceLook
	first := func(batch *pgx.Batch) error {
		for _, set := range settings {
			batch.Queue(set)
		}
		if err := queueNew(batch, list); err != nil {
			return err
		}
		look = s.lookAtPace(batch, unique(list))
		return nil
	}
	second := func(batch *pgx.Batch) error {
		if look != nil {
			if err := look.refuse(); err != nil {
				return err
			}
		}
		return s.queueRest(batch, list)
	}
	if !s.Pace.limited() { // nothing has to be read, so all goes at once
		return postgres.InBatch(ctx, s.Pool, func(batch *pgx.Batch) error { return errors.Join(first(batch), second(batch)) })
	}
	return postgres.InBatch(ctx, s.Pool, first, second)
}

// queueNew queues the first half of storing posts: their own rows and the request IDs, for a repeated request is a replay and not a duplicate; then
// the search for duplicates, which must not find the posts' own targets.
func queueNew(batch *pgx.Batch, list []saving) error {
	if err := queuePosts(batch, list); err != nil {
		return err
	}
	takeRequests(batch, list)
	refuseDuplicates(batch, unique(list))
	return nil
}

// queueRest queues the second half: targets and events.
func (s *Service) queueRest(batch *pgx.Batch, list []saving) error {
	var rows targetRows
	var told []events.Event
	for _, v := range list {
		for i := range v.post.Targets {
			rows.add(v.post, i, v.prints[i], v.now)
		}
		if !v.quiet && s.Events != nil {
			told = append(told, v.post.event(events.PostScheduled))
		}
	}
	rows.queue(batch)
	if len(told) == 0 {
		return nil
	}
	return s.Events.EmitIn(batch, told...)
}

// postRow is a post as its row is sent to Postgres.
type postRow struct {
	ID                string          `json:"id"`
	OwnerID           string          `json:"owner_id"`
	Title             string          `json:"title"`
	Content           string          `json:"content"`
	Media             json.RawMessage `json:"media"`
	Tags              []string        `json:"tags"`
	Hashtags          []string        `json:"hashtags"`
	Mentions          []string        `json:"mentions"`
	Visibility        string          `json:"visibility"`
	Crossposting      bool            `json:"crossposting"`
	Metadata          json.RawMessage `json:"metadata,omitempty"`
	Timezone          string          `json:"timezone"`
	ScheduledFor      *time.Time      `json:"scheduled_for,omitempty"`
	Status            Status          `json:"status"`
	UserID            string          `json:"user_id"`
	KeyID             string          `json:"key_id"`
	CreatedAt         time.Time       `json:"created_at"`
	QueuedFromProfile string          `json:"queued_from_profile,omitempty"`
	QueueID           string          `json:"queue_id,omitempty"`
	Platforms         []string        `json:"platforms"`
	RecycledFrom      string          `json:"recycled_from,omitempty"`
	RecycleNumber     int             `json:"recycle_number,omitempty"`
	RequestID         string          `json:"request_id,omitempty"`
}

func queuePosts(batch *pgx.Batch, all []saving) error {
	rows := make([]postRow, len(all))
	for i, v := range all {
		p := v.post
		rows[i] = postRow{ID: p.ID, OwnerID: p.OwnerID, Title: p.Title, Content: p.Content, Media: storedMedia(p.Media), Tags: list(p.Tags), Hashtags: list(p.Hashtags), Mentions: list(p.Mentions),
			Visibility: p.Visibility, Crossposting: p.Crossposting, Metadata: nullJSON(p.Metadata), Timezone: p.Timezone, ScheduledFor: p.ScheduledFor, Status: p.Status, UserID: p.UserID, KeyID: p.keyID,
			CreatedAt: v.now, QueuedFromProfile: p.QueuedFromProfile, QueueID: p.QueueID, Platforms: platformsOf(p), RecycledFrom: p.RecycledFrom, RecycleNumber: p.recycleNumber, RequestID: v.requestID}
	}
	packed, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	batch.Queue(`
		insert into posts (id, owner_id, title, content, media, tags, hashtags, mentions, visibility, crossposting, metadata, timezone, scheduled_for, status, user_id, key_id, created_at, updated_at,
			queued_from_profile, queue_id, platforms, recycled_from, recycle_number, request_id)
		select id, owner_id, title, content, media, tags, hashtags, mentions, visibility, crossposting, metadata, timezone, scheduled_for, status, user_id, key_id, created_at, created_at,
			queued_from_profile, queue_id, platforms, recycled_from, recycle_number, request_id
		from json_to_recordset($1::json) as u (id text, owner_id text, title text, content text, media jsonb, tags text[], hashtags text[], mentions text[], visibility text, crossposting boolean,
			metadata jsonb, timezone text, scheduled_for timestamptz, status text, user_id text, key_id text, created_at timestamptz,
			queued_from_profile text, queue_id text, platforms text[], recycled_from text, recycle_number int, request_id text)`, packed)
	return nil
}

// targetRows are targets on their way into the table, in one statement for all.
type targetRows struct {
	ids, owners, posts, names, accounts, statuses []string
	places                                        []int
	texts, media, options, failed                 []*string
	own                                           []*time.Time
	next, made                                    []time.Time
	open                                          []bool
	prints                                        [][]byte
}

// add takes the target at a place of a post. A draft's has no fingerprint, as it holds its content against nobody.
func (r *targetRows) add(post Post, place int, mark []byte, now time.Time) {
	t := post.Targets[place]
	r.ids, r.owners, r.posts, r.names, r.accounts = append(r.ids, t.ID), append(r.owners, post.OwnerID), append(r.posts, post.ID), append(r.names, t.Platform), append(r.accounts, t.Account.ID)
	r.statuses, r.places, r.open, r.prints = append(r.statuses, string(t.Status)), append(r.places, place), append(r.open, t.Open), append(r.prints, mark)
	r.texts, r.media, r.options, r.failed = append(r.texts, t.CustomContent), append(r.media, optional(ownMedia(t.CustomMedia))), append(r.options, optional(nullJSON(t.Options))), append(r.failed, optional(storedFailure(t.Failure)))
	r.own, r.next, r.made = append(r.own, t.ScheduledFor), append(r.next, t.NextAt), append(r.made, now)
}

func (r *targetRows) queue(batch *pgx.Batch) {
	if len(r.ids) == 0 {
		return
	}
	batch.Queue(`
		insert into targets (id, owner_id, post_id, position, platform, account_id, custom_content, custom_media, options, scheduled_for, status, open, next_at, fingerprint, failure, created_at, updated_at)
		select id, owner_id, post_id, position, platform, account_id, custom_content, custom_media::jsonb, options::jsonb, scheduled_for, status, open, next_at, fingerprint, failure::jsonb, made, made
		from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::text[], $12::boolean[], $13::timestamptz[], $14::bytea[], $15::text[], $16::timestamptz[])
			as u (id, owner_id, post_id, position, platform, account_id, custom_content, custom_media, options, scheduled_for, status, open, next_at, fingerprint, failure, made)`,
		r.ids, r.owners, r.posts, r.places, r.names, r.accounts, r.texts, r.media, r.options, r.own, r.statuses, r.open, r.next, r.prints, r.failed, r.made)
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
