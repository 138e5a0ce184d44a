package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/app"
	"posthorn/internal/id"
	"posthorn/internal/postgres"
)

// bare is what creating a post cannot be faster than: a handler that decodes the body, asks nothing, checks nothing, and writes the same rows in one
// round trip.
type bare struct{ pool *pgxpool.Pool }

// runBare serves it.
func runBare(ctx context.Context, a *app.App) error {
	pool, err := postgres.Open(ctx, a.Config.DatabaseURL, postgres.WithMaxConns(app.APIConns))
	if err != nil {
		return err
	}
	defer pool.Close()
	l, err := app.Listen(a.Config.Addr, "POSTHORN_ADDR")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /v1/posts", bare{pool})
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

func (b bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Content      string
		ScheduledFor time.Time
		Platforms    []struct{ Platform, AccountID string }
	}
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(raw, &in)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := b.insert(r.Context(), r.Header.Get("X-Owner"), in.Content, in.ScheduledFor, in.Platforms); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(raw)
}

// insert writes the rows of one post.
func (b bare) insert(ctx context.Context, owner, content string, due time.Time, targets []struct{ Platform, AccountID string }) error {
	now := time.Now()
	post := id.New(now)
	var ids, names, accounts []string
	var prints [][]byte
	for _, t := range targets {
		ids, names, accounts, prints = append(ids, id.New(now)), append(names, t.Platform), append(accounts, t.AccountID), append(prints, []byte(id.New(now)+"12345678"))
	}
	payload, err := json.Marshal(map[string]any{"id": post, "event": "post.scheduled", "post": map[string]any{"id": post, "content": content, "platforms": targets}})
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(`insert into posts (id, owner_id, user_id, content, scheduled_for, status, created_at, updated_at, platforms) values ($1, $2, $2, $3, $4, 'scheduled', $5, $5, '{bluesky}')`, post, owner, content, due, now)
	batch.Queue(`insert into targets (id, owner_id, post_id, position, platform, account_id, status, open, next_at, fingerprint, created_at, updated_at)
		select id, $1, $2, 0, platform, account_id, 'pending', true, $3, fingerprint, $4, $4 from unnest($5::text[], $6::text[], $7::text[], $8::bytea[]) u (id, platform, account_id, fingerprint)`,
		owner, post, due, now, ids, names, accounts, prints)
	batch.Queue(`insert into events (id, owner_id, name, subject, sequence, profile_ids, account_ids, payload, created_at) values ($1, $2, 'post.scheduled', $3, 1, '{}', $4, $5, $6)`,
		id.New(now), owner, post, accounts, string(payload), now)
	return b.pool.SendBatch(ctx, batch).Close()
}
