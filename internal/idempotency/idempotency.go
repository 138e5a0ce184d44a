// Package idempotency has a request that its caller names with an Idempotency-Key done once, and gives the same answer to whoever sends it
// again within a day. It owns the table idempotency_keys.
//
// A request first takes its key: a row, unique by API key, path and key, that says who holds it. Of equal requests at once one takes it; the
// others are told that it is running. When the work has succeeded the answer is stored in the row, before it is sent; when it has failed the
// row is deleted, and the key is free for another try.
//
// A server that dies in between leaves a row without an answer. Its hold is short and renewed while the work goes on, so the key is locked
// for no longer than a minute; after that the next request with the same body takes it over. It cannot know how far the dead one got, and
// this package cannot tell it: an operation that is to be done exactly once must carry Request.ID into the transaction that does the work,
// and recognise what was done under it. Creating a post does that. Creating a profile need not: its name is unique, so the second try is
// told that the name is taken, and by which profile.
//
// Answers are kept as they are, so an operation that answers with a secret must not be made idempotent.
package idempotency

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/errs"
	"posthorn/internal/id"
)

const (
	// Window is how long a key is remembered.
	Window = 24 * time.Hour
	// hold is how long a request keeps its key without renewing it, and renewEvery how often it does.
	hold       = time.Minute
	renewEvery = 15 * time.Second
	// storeWithin is how long the end of a request may take to be stored: the caller may be gone, and the server about to stop.
	storeWithin = 10 * time.Second
	// dropAtOnce bounds one statement of DropExpired; the answers are large.
	dropAtOnce = 5_000
)

// The ways in which a key cannot be used. The first request's answer, or its failure, is yet to come after ErrRunning.
var (
	ErrReused  = errors.New("the key was sent with another body before")
	ErrRunning = errors.New("the first request with this key is still running")
)

// Request is one request under a key.
type Request struct {
	KeyID string // the API key that sends it
	Path  string // where it goes, without its query
	Key   string // the Idempotency-Key
	Body  []byte
}

// ID names the request to whoever does the work: the same for the same request, and unlike that of any other.
func (r Request) ID() string {
	h := sha256.New()
	for _, part := range []string{r.KeyID, r.Path, r.Key, string(r.Body)} {
		fmt.Fprintf(h, "%d:", len(part))
		io.WriteString(h, part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Answer is what a request is answered with.
type Answer struct {
	Status int
	Body   []byte
}

func (a Answer) success() bool { return a.Status >= 200 && a.Status < 300 }

// Store keeps the answers.
type Store struct {
	Pool *pgxpool.Pool
	Now  func() time.Time
}

// Do gives the answer of an earlier request, or has work make one. It stores a 2xx that work means to last; an error, another status and a
// panic release the key. Its errors are work's, ErrReused and ErrRunning, and those of the database.
//
// An answer that was made is given even when it could not be stored: lost is then why.
func (s *Store) Do(ctx context.Context, r Request, work func() (a Answer, lasts bool, err error)) (a Answer, replayed bool, lost, err error) {
	h := holding{store: s, request: r, by: id.New(s.Now())}
	if stored, err := h.take(ctx); err != nil || stored != nil {
		if err != nil {
			return Answer{}, false, nil, err
		}
		return *stored, true, nil, nil
	}
	stop := h.renew(ctx)
	done := false
	defer func() { // also of a panic
		stop()
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWithin)
		defer cancel()
		if done {
			lost = h.finish(after, a)
		} else {
			lost = h.release(after)
		}
	}()
	a, lasts, err := work()
	done = err == nil && lasts && a.success()
	return a, false, nil, err
}

// DropExpired forgets keys whose time is over, a bounded number at a time.
func (s *Store) DropExpired(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "idempotency.DropExpired")
	_, err = s.Pool.Exec(ctx, `
		delete from idempotency_keys where (key_id, path, key) in (select key_id, path, key from idempotency_keys where expires_at <= $1 order by expires_at limit $2 for update skip locked)`,
		s.Now(), dropAtOnce)
	return err
}
