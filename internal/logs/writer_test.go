package logs

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"posthorn/internal/auth"
	"posthorn/internal/postgres/pgtest"
)

var testNow = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

const testOwner = "6745a1b2c3d4e5f600000001"

func entry(at time.Time, text string) Entry {
	return Entry{At: at, Status: Success, ResponseBody: text, About: About{Type: Publishing, Action: PlatformCall, OwnerID: testOwner}}
}

// lockedBuffer is a log that the Writer's goroutine and the test share.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestWriterWritesByItselfAndAtTheEnd(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	w := NewWriter(pool, zerolog.Nop())
	count := func() (n int) {
		if err := pool.QueryRow(t.Context(), `select count(*) from logs`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	w.Add(entry(testNow, "first"))
	for deadline := time.Now().Add(time.Minute); count() != 1; {
		if time.Now().After(deadline) {
			t.Fatal("the entry was not written")
		}
		time.Sleep(20 * time.Millisecond)
	}
	var adding sync.WaitGroup
	for range 20 {
		adding.Go(func() {
			for range 50 {
				w.Add(entry(testNow, "many"))
			}
		})
	}
	adding.Wait()
	w.Add(Entry{At: testNow}) // of nobody
	w.Close()
	if n := count(); n != 1001 {
		t.Errorf("%d entries are there after the end, want 1001", n)
	}
}

// TestWriterNeverWaits fills the Writer while its database takes nothing: entries are dropped, counted and told, and what was kept is
// written when it can be.
func TestWriterNeverWaits(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	var out lockedBuffer
	w := NewWriter(pool, zerolog.New(&out))
	defer w.Close()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `lock table logs in access exclusive mode`); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	large := strings.Repeat("x", maxResponseBody)
	for range 8000 { // 80 MB, twice what may wait and be under way
		w.Add(entry(testNow, large))
	}
	if took := time.Since(begun); took > time.Minute { // who waits for the table, waits for ever
		t.Errorf("adding took %s", took)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var n int
	if err := pool.QueryRow(t.Context(), `select count(*) from logs`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	var dropped int
	for _, line := range strings.Split(out.String(), "\n") {
		var l struct{ Entries int }
		if json.Unmarshal([]byte(line), &l) == nil {
			dropped += l.Entries
		}
	}
	if n == 0 || dropped == 0 || n+dropped != 8000 {
		t.Errorf("%d were written and %d told as dropped, of 8000: %s", n, dropped, out.String())
	}
}

func TestWriterTakesAnyText(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	w := NewWriter(pool, zerolog.Nop())
	defer w.Close()
	e := entry(testNow, "a\x00b\xff"+strings.Repeat("é", maxResponseBody))
	e.UserAgent, e.Path, e.RequestBody = "\xfe", strings.Repeat("p", 5000), strings.Repeat("r", maxRequestBody+1)
	w.Add(e)
	if err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &Service{Pool: pool, Now: func() time.Time { return testNow.Add(time.Second) }}
	page, err := s.List(t.Context(), auth.Root(testOwner), Filter{Limit: 10})
	if err != nil || len(page.Entries) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	got := page.Entries[0]
	if len(got.ResponseBody) > maxResponseBody || !strings.HasPrefix(got.ResponseBody, "a\uFFFDb\uFFFDé") || len(got.RequestBody) != maxRequestBody || len(got.Path) != maxText {
		t.Errorf("%d bytes of answer, %d of request, %d of path", len(got.ResponseBody), len(got.RequestBody), len(got.Path))
	}
}
