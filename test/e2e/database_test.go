package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"posthorn/internal/devpg"
	"posthorn/internal/postgres"
)

// TestDatabaseGoesAway crashes the database under a working api and worker and starts it again a few seconds later: every post that was
// accepted is published, once.
func TestDatabaseGoesAway(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	s := newSystemOn(t, db.url, nil)
	s.start(t, "worker")

	ids := map[string]string{} // text to post
	create := func(i int, account string) {
		text := fmt.Sprintf("outage %02d at %s", i, account)
		platform := "bluesky"
		body := map[string]any{"content": text}
		if account != "bluesky/lantern.bsky.social" {
			platform, body["mediaItems"] = "instagram", []any{s.photo("coast.jpg")}
		}
		body["platforms"] = []any{map[string]any{"platform": platform, "accountId": s.accounts[account]}}
		ids[text] = s.create(t, body).ID
	}
	for i := range 12 {
		create(i, "bluesky/lantern.bsky.social")
		create(i, "instagram/coastline.daily")
		create(i, "instagram/maison.lune")
	}
	// Some are published, some being processed; when that is so depends on the machine.
	s.eventually(t, 30*time.Second, "some posts are published", func() bool { return len(s.visible("outage ")) > 0 })
	before := len(s.visible("outage "))
	if before == len(ids) {
		t.Fatalf("%d of %d posts are published at the moment of the crash, which makes it a poor one", before, len(ids))
	}
	db.crash(t)
	time.Sleep(3 * time.Second)
	db.start(t)
	back := time.Now()
	t.Cleanup(func() { // while the programs still run
		if !t.Failed() {
			return
		}
		for text, id := range ids {
			if _, _, answer := s.raw(t, "GET", "/v1/posts/"+id, nil); !strings.Contains(answer, `"status":"published"`) {
				_, _, lines := s.raw(t, "GET", "/v1/posts/"+id+"/logs", nil)
				t.Logf("%s is not published: %s\n%s", text, answer, lines)
			}
		}
	})
	s.eventually(t, 90*time.Second, "every post is published", func() bool {
		for _, id := range ids {
			var out struct{ Post post }
			if _, err := s.call(t.Context(), "GET", "/v1/posts/"+id, nil, &out); err != nil || out.Post.Status != "published" {
				return false
			}
		}
		return true
	})
	t.Logf("%d of %d were published before the crash, all %v after the database came back", before, len(ids), time.Since(back).Round(100*time.Millisecond))
	for text := range ids {
		if n := len(s.visible(text)); n != 1 {
			t.Errorf("%q is visible %d times", text, n)
		}
	}
}

// database is a Postgres that can be crashed.
type database struct {
	config  devpg.Config
	cluster *devpg.Cluster
	url     string
}

// newDatabase starts one, migrated.
func newDatabase(t *testing.T) *database {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} { // as root, Postgres runs under another account and must be able to enter
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	port, err := strconv.Atoi(freePort(t))
	if err != nil {
		t.Fatal(err)
	}
	db := &database{config: devpg.Config{Dir: filepath.Join(dir, "postgres"), Port: port}}
	db.start(t)
	t.Cleanup(func() { _ = db.cluster.Stop(context.Background()) })
	db.url = db.cluster.URL("posthorn")
	pool, err := postgres.Open(t.Context(), db.url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := postgres.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	return db
}

func (db *database) start(t *testing.T) {
	t.Helper()
	var err error
	if db.cluster, err = devpg.Start(t.Context(), db.config); err != nil {
		t.Fatal(err)
	}
}

// crash is an immediate shutdown: what is not in the log is lost.
func (db *database) crash(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(db.cluster.PID(), syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	<-db.cluster.Done()
	_ = db.cluster.Stop(t.Context()) // lets go of the folder
}
