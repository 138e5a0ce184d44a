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

// requests are the names of the request that asks for a post. All requests take them in this order, so that no two wait for each other.
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

// takeRequest binds a request ID to the post. When another request holds it, this waits for that one to end, and then ends in errReplay.
func takeRequest(batch *pgx.Batch, post Post, r request, now time.Time) {
	batch.Queue(`
		insert into requests as r (owner_id, request_id, post_id, created_at, expires_at) values ($1, $2, $3, $4, $5)
		on conflict (owner_id, request_id) do update set post_id = excluded.post_id, created_at = excluded.created_at, expires_at = excluded.expires_at where r.expires_at <= $4`,
		post.OwnerID, r.id, post.ID, now, now.Add(r.window)).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() == 0 {
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
