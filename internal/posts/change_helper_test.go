package posts_test

import (
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

func ptr[T any](v T) *T { return &v }

// make is create for any post.
func (w *world) make(t *testing.T, p posts.NewPost) posts.Post {
	t.Helper()
	created, err := w.Create(t.Context(), w.owner, p)
	if err != nil {
		t.Fatal(err)
	}
	return created.Post
}

func (w *world) update(t *testing.T, p posts.Post, c posts.Change) posts.Created {
	t.Helper()
	updated, err := w.Update(t.Context(), w.owner, p.ID, c)
	if err != nil {
		t.Fatal(err)
	}
	return updated
}

// publish ends a target as published.
func (w *world) publish(t *testing.T, targetID string) {
	t.Helper()
	w.settle(t, w.claim(t, targetID, "a"), platforms.Step{Done: &platforms.Remote{ID: "remote of " + targetID, URL: "https://example.com/" + targetID}}, nil)
}

// fail ends a target as failed.
func (w *world) fail(t *testing.T, targetID string) {
	t.Helper()
	w.settle(t, w.claim(t, targetID, "a"), platforms.Step{}, platforms.Errorf(platforms.Rejected, "no"))
}

// doubt ends a target as failed without anyone knowing whether it was published.
func (w *world) doubt(t *testing.T, targetID string) {
	t.Helper()
	w.settle(t, w.claim(t, targetID, "a"), platforms.Step{State: platforms.State{Step: "publishing", Data: []byte(`{"container":"1"}`)}}, nil)
	w.Limits.Attempts = 1
	if v := w.settle(t, w.claim(t, targetID, "a"), platforms.Step{}, platforms.Errorf(platforms.Ambiguous, "no answer")); !v.Unconfirmed() {
		t.Fatalf("it ended as %+v", v)
	}
}

// row is what is stored of a target beside what a Post shows.
type row struct {
	Open, InDoubt, Unconfirmed bool
	Attempts                   int
	Claim                      int64
	State                      string
	NextAt                     time.Time
}

func (w *world) row(t *testing.T, targetID string) (r row) {
	t.Helper()
	err := w.pool.QueryRow(t.Context(), `
		select open, in_doubt, unconfirmed, attempts, claim, step || coalesce(state::text, ''), next_at
		from targets where id = $1`, targetID).Scan(&r.Open, &r.InDoubt, &r.Unconfirmed, &r.Attempts, &r.Claim, &r.State, &r.NextAt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// dump is everything that is stored, to see that a refused change leaves nothing.
func (w *world) dump(t *testing.T) (all string) {
	t.Helper()
	err := w.pool.QueryRow(t.Context(), `
		select coalesce((select string_agg(p::text, ' ' order by id) from posts p), '') || coalesce((select string_agg(t::text, ' ' order by id) from targets t), '')`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const (
	tomorrow = "2026-11-24T10:00:00Z"
	later    = "2026-11-25T10:00:00Z"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}
