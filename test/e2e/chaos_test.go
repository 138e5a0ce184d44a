package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestChaos publishes through platforms that lose, refuse and garble what they are asked, while workers are killed and stopped and the database
// crashes, all at random: for 20 s, or as long as POSTHORN_TEST_CHAOS says, from a seed that is printed and can be set by POSTHORN_TEST_SEED. In
// the end every post that was accepted is published, and to be seen exactly once.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("chaos takes its time")
	}
	t.Parallel()
	long, seed := 20*time.Second, uint64(time.Now().UnixNano())
	if v := os.Getenv("POSTHORN_TEST_CHAOS"); v != "" {
		var err error
		if long, err = time.ParseDuration(v); err != nil {
			t.Fatal(err)
		}
	}
	if v := os.Getenv("POSTHORN_TEST_SEED"); v != "" {
		var err error
		if seed, err = strconv.ParseUint(v, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("POSTHORN_TEST_SEED=%d POSTHORN_TEST_CHAOS=%v", seed, long)
	var told []string // what is wrong, said once more after all that the processes said
	t.Cleanup(func() {
		for _, line := range told {
			t.Log(line)
		}
	})
	weather := &weather{rng: rand.New(rand.NewPCG(seed, 1)), seen: map[string]int{}}
	db := newDatabase(t)
	s := newSystemOn(t, db.url, weather.around)
	weather.begin()
	end := time.Now().Add(long)

	pace := 500 * time.Millisecond
	if long > 2*time.Minute {
		pace = 2 * time.Second
	}
	made := make(chan map[string]road, 3) // texts of accepted posts
	for n := range cap(made) {
		rng := rand.New(rand.NewPCG(seed, uint64(10+n)))
		go func() { made <- s.keepPosting(t, rng, n, end, pace) }()
	}
	done := s.havoc(t, rand.New(rand.NewPCG(seed, 2)), db, end)
	posts := map[string]road{}
	for range cap(made) {
		for text, r := range <-made {
			posts[text] = r
		}
	}
	weather.end()
	t.Logf("%d posts; %s; the platforms: %v", len(posts), done, weather.seen)
	if len(posts) < int(long.Seconds())/2 {
		t.Fatalf("only %d posts were made in %v", len(posts), long)
	}
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		open := s.unfinished(t)
		if open != nil && len(open) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("after 5 minutes %d posts have not ended", len(open))
			for _, id := range open[:min(len(open), 3)] {
				told = append(told, s.story(t, id))
			}
			break
		}
	}
	// The rest of a thread comes after its post counts as published, and may be held back a minute by a refusal.
	for deadline := time.Now().Add(2 * time.Minute); s.missing(posts) > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Second)
	}
	for text, r := range posts {
		if n := len(s.visible(text)); n != r.visible {
			t.Errorf("%q is visible %d times, want %d", text, n, r.visible)
			told = append(told, fmt.Sprintf("%q is visible %d times, want %d", text, n, r.visible))
		}
	}
	for _, status := range []string{"failed", "partial"} {
		if n := s.count(t, status); n != 0 {
			t.Errorf("%d posts ended as %s", n, status)
			told = append(told, s.story(t, s.sample(t, status)))
		}
	}
}

// chaotic is how many of the roads are taken, from the first: LinkedIn, X and Threads wait for minutes before they repeat what was lost, and longer each time, so that
// bad luck at the end would outlast any patience.
const chaotic = 3

// keepPosting makes posts until a time. Each has a request ID, so that it may be sent again when its answer was lost.
func (s *system) keepPosting(t *testing.T, rng *rand.Rand, who int, end time.Time, pace time.Duration) map[string]road {
	made := map[string]road{}
	for i := 0; time.Now().Before(end); i++ {
		r := roads[rng.IntN(chaotic)]
		text := fmt.Sprintf("chaos %d-%04d.", who, i)
		body := r.body(s, text)
		body["scheduledFor"] = time.Now().Add(time.Duration(rng.IntN(3000)) * time.Millisecond).UTC().Format(time.RFC3339Nano)
		for try := 0; ; try++ {
			var out struct{ Post post }
			code, err := s.callAs(t.Context(), "POST", "/v1/posts", body, &out, http.Header{"X-Request-Id": {fmt.Sprintf("chaos-%d-%04d", who, i)}})
			if err == nil && code < 300 {
				made[text] = r
				break
			}
			if code != 0 && code != http.StatusServiceUnavailable || try > 300 {
				t.Errorf("creating answered %d: %v", code, err)
				return made
			}
			time.Sleep(200 * time.Millisecond)
		}
		// Not so many that a platform's hourly limits would hold the last ones back: a thread spends nine of Bluesky's 5,000 points.
		time.Sleep(pace/2 + time.Duration(rng.Int64N(int64(pace))))
	}
	return made
}

// havoc kills and stops workers and crashes the database until a time, and leaves one of each at work.
func (s *system) havoc(t *testing.T, rng *rand.Rand, db *database, end time.Time) (done string) {
	workers := []*process{s.start(t, "worker"), s.start(t, "worker")}
	var kills, stops, crashes int
	for time.Now().Before(end) {
		time.Sleep(time.Duration(1000+rng.IntN(3000)) * time.Millisecond)
		i := rng.IntN(len(workers))
		switch n := rng.IntN(10); {
		case n < 5:
			workers[i].kill()
			workers[i] = s.start(t, "worker")
			kills++
		case n < 8:
			_ = workers[i].Process.Signal(syscall.SIGSTOP)
			time.Sleep(time.Duration(rng.IntN(14)) * time.Second)
			_ = workers[i].Process.Signal(syscall.SIGCONT)
			stops++
		default:
			db.crash(t)
			time.Sleep(time.Duration(rng.IntN(4)) * time.Second)
			db.start(t)
			crashes++
		}
	}
	return fmt.Sprintf("%d workers killed, %d stopped, %d crashes of the database", kills, stops, crashes)
}

// weather is what befalls the requests to the platforms.
type weather struct {
	mu   sync.Mutex
	rng  *rand.Rand
	bad  bool
	seen map[string]int
}

func (w *weather) begin() { w.set(true) }
func (w *weather) end()   { w.set(false) }

func (w *weather) set(bad bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad = bad
}

// next draws what befalls a request.
func (w *weather) next() (fate string, delay time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.bad {
		return "", 0
	}
	fates := []string{"lost", "lost after", "503", "503 after", "429", "garbage"}
	if n := w.rng.IntN(60); n < len(fates) {
		fate = fates[n]
		w.seen[fate]++
	}
	return fate, time.Duration(w.rng.IntN(150)) * time.Millisecond
}

func (w *weather) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/_sandbox") {
			next.ServeHTTP(rw, r)
			return
		}
		fate, delay := w.next()
		time.Sleep(delay)
		switch fate {
		case "":
			next.ServeHTTP(rw, r)
		case "lost":
			panic(http.ErrAbortHandler)
		case "503":
			http.Error(rw, "away", http.StatusServiceUnavailable)
		case "429":
			http.Error(rw, "slow down", http.StatusTooManyRequests)
		default: // it is done, and the answer does not tell
			next.ServeHTTP(httptest.NewRecorder(), r)
			switch fate {
			case "lost after":
				panic(http.ErrAbortHandler)
			case "503 after":
				http.Error(rw, "away", http.StatusServiceUnavailable)
			default:
				_, _ = rw.Write([]byte("<html>not what was asked"))
			}
		}
	})
}

// unfinished lists the posts that are neither published nor failed; nil while the API does not answer.
func (s *system) unfinished(t *testing.T) []string {
	ids := []string{}
	for _, status := range []string{"scheduled", "publishing"} {
		var out struct{ Posts []post }
		if _, err := s.call(t.Context(), "GET", "/v1/posts?limit=100&status="+status, nil, &out); err != nil {
			return nil
		}
		for _, p := range out.Posts {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// missing counts the posts of which not all is to be seen.
func (s *system) missing(posts map[string]road) (n int) {
	for text, r := range posts {
		if len(s.visible(text)) < r.visible {
			n++
		}
	}
	return n
}

func (s *system) count(t *testing.T, status string) int {
	t.Helper()
	var out struct{ Pagination struct{ Total int } }
	if _, err := s.call(t.Context(), "GET", "/v1/posts?limit=1&status="+status, nil, &out); err != nil {
		t.Fatal(err)
	}
	return out.Pagination.Total
}

// sample is the ID of one post of a status.
func (s *system) sample(t *testing.T, status string) string {
	t.Helper()
	var out struct{ Posts []post }
	if _, err := s.call(t.Context(), "GET", "/v1/posts?limit=1&status="+status, nil, &out); err != nil {
		t.Fatal(err)
	}
	return out.Posts[0].ID
}

// story is a post and its timeline, as the API tells them.
func (s *system) story(t *testing.T, id string) string {
	t.Helper()
	_, _, shown := s.raw(t, "GET", "/v1/posts/"+id, nil)
	_, _, timeline := s.raw(t, "GET", "/v1/posts/"+id+"/logs", nil)
	return shown + "\n" + timeline
}
