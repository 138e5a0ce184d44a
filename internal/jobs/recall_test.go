package jobs

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"posthorn/internal/posts"
)

// TestALostClaimIsRecalled lets the answer of a claim get lost: the target is claimed, and nobody knows. It is published when the database can be asked
// again, and not only when the claim has run out, minutes later.
func TestALostClaimIsRecalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, `{"id":"1"}`) })
	post := w.create(t, posts.NewPost{Content: "hello", Mode: posts.At, ScheduledFor: time.Now().Add(time.Second).UTC().Format(time.RFC3339Nano)})
	exec := func(statement string) {
		t.Helper()
		if _, err := w.pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec(`alter table posts rename column tags to other`) // what is read after the claim has been committed
	w.run(t)
	claimed := false
	for until := time.Now().Add(time.Minute); !claimed && time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		if err := w.pool.QueryRow(t.Context(), `select claimed_by is not null from targets where post_id = $1`, post.ID).Scan(&claimed); err != nil {
			t.Fatal(err)
		}
	}
	if !claimed {
		t.Fatal("the target was not claimed")
	}
	exec(`alter table posts rename column other to tags`)
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if got, err := w.posts.Get(t.Context(), w.owner, post.ID); err == nil && got.Status == posts.Published {
			return
		}
	}
	t.Error("it is not published ten seconds later")
}
