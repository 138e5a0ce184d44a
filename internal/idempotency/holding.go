package idempotency

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
)

// holding is a request that holds its key, or tries to.
type holding struct {
	store   *Store
	request Request
	by      string // who holds it; an end that comes too late does not touch the row of another one
}

// takeTries is how often a key is looked at that is released, or expires, while we look.
const takeTries = 5

// take takes the key for the request, or finds the answer that is stored under it.
func (h holding) take(ctx context.Context) (a *Answer, err error) {
	defer func() {
		if !errors.Is(err, ErrReused) && !errors.Is(err, ErrRunning) {
			errs.Wrap(&err, "idempotency.take")
		}
	}()
	sum := sha256.Sum256(h.request.Body)
	for range takeTries {
		now := h.store.Now()
		tag, err := h.store.Pool.Exec(ctx, `
			insert into idempotency_keys as k (key_id, path, key, body_hash, holder, held_until, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
			on conflict (key_id, path, key) do update set body_hash = excluded.body_hash, holder = excluded.holder, held_until = excluded.held_until, status = null, body = null,
				created_at = excluded.created_at, expires_at = excluded.expires_at
			where (k.held_until is null or k.held_until <= $7) and k.expires_at <= $7 or k.held_until <= $7 and k.body_hash = excluded.body_hash`,
			h.request.KeyID, h.request.Path, h.request.Key, sum[:], h.by, now.Add(hold), now, now.Add(Window))
		if err != nil {
			return nil, err
		}
		if tag.RowsAffected() == 1 {
			return nil, nil
		}
		var hash []byte
		var until *time.Time
		var status *int
		var body []byte
		err = h.store.Pool.QueryRow(ctx, `select body_hash, held_until, status, body from idempotency_keys where key_id = $1 and path = $2 and key = $3`,
			h.request.KeyID, h.request.Path, h.request.Key).Scan(&hash, &until, &status, &body)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			continue // it was released just now
		case err != nil:
			return nil, err
		case !bytes.Equal(hash, sum[:]):
			return nil, ErrReused
		case until == nil:
			return &Answer{Status: *status, Body: body}, nil
		case until.After(now):
			return nil, ErrRunning
		}
	}
	return nil, ErrRunning // others take and release it all the time
}

// renew keeps the key while the work goes on, until the returned function is called.
func (h holding) renew(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // the work may outlive its caller
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(renewEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			// When this fails, the key may be taken over: that is what Request.ID is for.
			_, _ = h.store.Pool.Exec(ctx, `update idempotency_keys set held_until = $5 where key_id = $1 and path = $2 and key = $3 and holder = $4 and held_until is not null`,
				h.request.KeyID, h.request.Path, h.request.Key, h.by, h.store.Now().Add(hold))
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// finish stores the answer.
func (h holding) finish(ctx context.Context, a Answer) (err error) {
	defer errs.Wrap(&err, "idempotency.finish")
	_, err = h.store.Pool.Exec(ctx, `update idempotency_keys set held_until = null, status = $5, body = $6 where key_id = $1 and path = $2 and key = $3 and holder = $4`,
		h.request.KeyID, h.request.Path, h.request.Key, h.by, a.Status, a.Body)
	return err
}

// release frees the key for another try.
func (h holding) release(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "idempotency.release")
	_, err = h.store.Pool.Exec(ctx, `delete from idempotency_keys where key_id = $1 and path = $2 and key = $3 and holder = $4 and held_until is not null`,
		h.request.KeyID, h.request.Path, h.request.Key, h.by)
	return err
}
