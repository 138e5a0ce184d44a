package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestDiskIsFull runs on a database that finds no space for new posts, and then none for what becomes of them. The API says so and stores
// nothing; a worker keeps what it could not store. With space again all goes on by itself, and every post is published once.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.fill(t, "posts", "target_steps")
	s := newSystemOn(t, db.url, nil)
	worker := s.start(t, "worker")
	body := func(i int) map[string]any {
		return map[string]any{"content": fmt.Sprintf("full %d", i), "publishNow": false, "scheduledFor": time.Now().Add(time.Second).UTC().Format(time.RFC3339Nano),
			"platforms": []any{map[string]any{"platform": "bluesky", "accountId": s.accounts["bluesky/lantern.bsky.social"]}}}
	}
	code, header, answer := s.raw(t, "POST", "/v1/posts", body(0))
	if code != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || !strings.Contains(answer, "server.unavailable") {
		t.Fatalf("without space for posts: %d, Retry-After %q, %s", code, header.Get("Retry-After"), answer)
	}

	db.free(t, "posts")
	var ids []string
	s.eventually(t, 20*time.Second, "a post is taken", func() bool {
		var out struct{ Post post }
		code, _ := s.call(t.Context(), "POST", "/v1/posts", body(0), &out)
		ids = append(ids, out.Post.ID)
		return code == 201
	})
	ids = ids[len(ids)-1:]
	for i := 1; i < 5; i++ {
		var out struct{ Post post }
		if code, err := s.call(t.Context(), "POST", "/v1/posts", body(i), &out); err != nil || code != 201 {
			t.Fatalf("creating answered %d: %v", code, err)
		}
		ids = append(ids, out.Post.ID)
	}
	s.eventually(t, 20*time.Second, "the worker says why it cannot go on", func() bool { return strings.Contains(worker.log.String(), "No space left on device") })
	for _, id := range ids {
		if p := s.get(t, id); p.Status == "published" || p.Status == "failed" {
			t.Errorf("a post that cannot be worked on is %s", p.Status)
		}
	}

	db.free(t, "target_steps")
	s.eventually(t, 60*time.Second, "every post is published", func() bool {
		for _, id := range ids {
			var out struct{ Post post }
			if _, err := s.call(t.Context(), "GET", "/v1/posts/"+id, nil, &out); err != nil || out.Post.Status != "published" {
				return false
			}
		}
		return true
	})
	if n := len(s.visible("full ")); n != len(ids) {
		t.Errorf("%d posts are visible, want %d", n, len(ids))
	}
}

// fill leaves no space on the disk for rows of tables that are empty: their files are what has none.
func (db *database) fill(t *testing.T, tables ...string) {
	t.Helper()
	db.swap(t, tables, func(file string) error {
		if err := os.Rename(file, file+".aside"); err != nil {
			return err
		}
		return os.Symlink("/dev/full", file)
	})
}

// free makes space again.
func (db *database) free(t *testing.T, tables ...string) {
	t.Helper()
	db.swap(t, tables, func(file string) error { return os.Rename(file+".aside", file) })
}

// swap changes tables' files while the database is down.
func (db *database) swap(t *testing.T, tables []string, change func(file string) error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.url)
	if err != nil {
		t.Fatal(err)
	}
	files := make([]string, len(tables))
	for i, table := range tables {
		if err := conn.QueryRow(t.Context(), `select pg_relation_filepath($1::regclass)`, table).Scan(&files[i]); err != nil {
			t.Fatal(err)
		}
	}
	conn.Close(t.Context())
	if err := db.cluster.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := change(filepath.Join(db.config.Dir, file)); err != nil {
			t.Fatal(err)
		}
	}
	db.start(t)
}

// TestAllConnectionsAreInUse holds up every connection that the API may open: whoever comes then is told so after a while, and what was asked
// before is answered when the database goes on.
func TestAllConnectionsAreInUse(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	s := newSystemOn(t, db.url+"&pool_max_conns=3", nil)
	conn, err := pgx.Connect(t.Context(), db.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `lock table posts in access exclusive mode`); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	answers := map[int]int{}
	const missing = "/v1/posts/0123456789abcdef01234567"
	for range 8 {
		group.Go(func() {
			code, header, answer := s.raw(t, "GET", missing, nil)
			mu.Lock()
			defer mu.Unlock()
			answers[code]++
			if code == http.StatusServiceUnavailable && header.Get("Retry-After") == "" {
				t.Errorf("a 503 without Retry-After: %s", answer)
			}
		})
	}
	s.eventually(t, 25*time.Second, "somebody is told to come back later", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return answers[http.StatusServiceUnavailable] > 0
	})
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	if answers[404] == 0 || answers[404]+answers[503] != 8 {
		t.Errorf("answers by status: %v", answers)
	}
	if code, _, answer := s.raw(t, "GET", "/v1/posts", nil); code != 200 {
		t.Errorf("afterwards: %d %s", code, answer)
	}
}
