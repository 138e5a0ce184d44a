package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
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
	config := devpg.Config{Dir: filepath.Join(dir, "postgres"), Port: port}
	database, err := devpg.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	url := database.URL("posthorn")
	pool, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	pool.Close()
	s := newSystemOn(t, url, nil)
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
	if err := syscall.Kill(database.PID(), syscall.SIGQUIT); err != nil { // an immediate shutdown: what is not in the log is lost
		t.Fatal(err)
	}
	<-database.Done()
	_ = database.Stop(t.Context()) // lets go of the folder
	time.Sleep(3 * time.Second)
	if database, err = devpg.Start(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Stop(context.Background()) })
	back := time.Now()
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
