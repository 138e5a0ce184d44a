package posts

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

const (
	// replayWindow is how long a repeated x-request-id gives the post that it made.
	replayWindow = 5 * time.Minute
	// onceWindow is that of a OnceID. It is as long as its Idempotency-Key counts.
	onceWindow = 24 * time.Hour
	// oncePrefix keeps the OnceIDs apart from the callers' x-request-id values, which cannot hold a slash.
	oncePrefix = "once/"
	// replayTries is how often a post is stored anew when the one that was made under its request ID is not there: it was deleted meanwhile.
	replayTries = 3
	// dropRequestsAtOnce bounds one statement of DropOldRequests.
	dropRequestsAtOnce = 10_000
)

// errReplay ends a transaction whose request ID another one has taken meanwhile.
var errReplay = errors.New("the request was made before")

// request is one of the names that a caller gives to a request, so that it makes one post however often it is sent.
type request struct {
	id     string
	window time.Duration
}

// requests are the names of the request that asks for a post.
func (p NewPost) requests() []request {
	var list []request
	if p.OnceID != "" {
		list = append(list, request{oncePrefix + p.OnceID, onceWindow})
	}
	if p.RequestID != "" {
		list = append(list, request{p.RequestID, replayWindow})
	}
	return list
}

// takeRequests binds request IDs to posts. When another request holds one, this waits for that one to end, and then ends in errReplay.
func takeRequests(batch *pgx.Batch, list []saving) {
	var owners, ids, posts []string
	var made, until []time.Time
	for _, v := range list {
		for _, r := range v.requests {
			owners, ids, posts, made, until = append(owners, v.post.OwnerID), append(ids, r.id), append(posts, v.post.ID), append(made, v.now), append(until, v.now.Add(r.window))
		}
	}
	if len(ids) == 0 {
		return
	}
	batch.Queue(`
		insert into requests as r (owner_id, request_id, post_id, created_at, expires_at)
		select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) as u (owner_id, request_id, post_id, created_at, expires_at)
		order by owner_id collate "C", strpos(request_id, '/') = 0, request_id collate "C"
		on conflict (owner_id, request_id) do update set post_id = excluded.post_id, created_at = excluded.created_at, expires_at = excluded.expires_at where r.expires_at <= excluded.created_at`,
		owners, ids, posts, made, until).Exec(func(tag pgconn.CommandTag) error {
		if int(tag.RowsAffected()) < len(ids) {
			return errReplay
		}
		return nil
	})
}

// replay finds the post that was made under one of the request's names.
func (s *Service) replay(ctx context.Context, by auth.Principal, p NewPost) (c Created, found bool, err error) {
	for _, r := range p.requests() {
		var postID string
		err := s.Pool.QueryRow(ctx, `select post_id from requests where owner_id = $1 and request_id = $2 and expires_at > $3`, by.OwnerID, r.id, s.Now()).Scan(&postID)
		if errors.Is(err, pgx.ErrNoRows) {
			continue
		}
		if err != nil {
			return Created{}, false, err
		}
		post, err := s.Get(ctx, by, postID)
		if errs.CodeOf(err) == errs.NotFound {
			continue // deleted this very moment, and its name with it; or out of the principal's reach
		}
		once := r.window == onceWindow
		return Created{Post: post, Replayed: !once, Resumed: once}, err == nil, err
	}
	return Created{}, false, nil
}

// DropOldRequests forgets request IDs whose time is over, a bounded number at a time.
func (s *Service) DropOldRequests(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "posts.DropOldRequests")
	_, err = s.Pool.Exec(ctx, `
		delete from requests where (owner_id, request_id) in (select owner_id, request_id from requests where expires_at <= $1 order by expires_at limit $2 for update skip locked)`,
		s.Now(), dropRequestsAtOnce)
	return err
}
