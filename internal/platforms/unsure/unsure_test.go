package unsure

import (
	"context"
	"errors"
	"testing"
	"time"

	"posthorn/internal/platforms"
)

// far is a platform that may lose answers, and shows what it took only after a while.
type far struct {
	now     time.Time
	lag     time.Duration
	takes   int // which write it takes, from 1; 0: none
	writes  int
	shownAt time.Time
}

var errLost = platforms.Errorf(platforms.Ambiguous, "lost")

// publish does what an engine does with the moves until there is an end.
func publish(t *testing.T, f *far) (live bool, last error) {
	t.Helper()
	var w Write
	w.Begin(f.now)
	began, doubt, confirming := f.now, false, false
	for range 200 {
		var next struct {
			wait    time.Duration
			confirm bool
		}
		_, err := w.Take(context.Background(), f.now, doubt, Moves{
			Platform: platforms.Info{Name: "demo", Title: "Demo"}, Confirming: confirming,
			Look: func(context.Context) (string, error) {
				if w.Since().After(began) {
					t.Error("it looks past the first write")
				}
				if !f.shownAt.IsZero() && !f.now.Before(f.shownAt) {
					return "1", nil
				}
				return "", nil
			},
			Send: func(context.Context) (platforms.Step, error) {
				f.writes++
				if f.writes == f.takes {
					f.shownAt = f.now.Add(f.lag)
				}
				return platforms.Step{}, errLost
			},
			Live: func(string) (platforms.Step, error) { live = true; return platforms.Step{}, nil },
			Confirm: func(wait time.Duration, _ string) (platforms.Step, error) {
				next.wait, next.confirm = wait, true
				return platforms.Step{}, nil
			},
		})
		switch {
		case live:
			return true, nil
		case errors.Is(err, errLost):
			doubt = true
			f.now = f.now.Add(2 * time.Second)
		case err != nil:
			return false, err
		default:
			doubt, confirming = false, next.confirm
			f.now = f.now.Add(next.wait)
		}
	}
	t.Fatal("it never ended")
	return false, nil
}

func TestWhatIsThereIsFound(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 10 * time.Second, time.Minute} {
		for takes := 1; takes <= maxWrites; takes++ {
			f := &far{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), lag: lag, takes: takes}
			if live, err := publish(t, f); !live || f.writes != takes {
				t.Errorf("lag %v, taken at write %d: live %t after %d writes: %v", lag, takes, live, f.writes, err)
			}
		}
	}
}

func TestWhatIsNeverTakenEndsAsFailed(t *testing.T) {
	t.Parallel()
	f := &far{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	live, err := publish(t, f)
	if e := platforms.AsError(err); live || e.Kind != platforms.Rejected || e.Rule != "demo.not_published" || f.writes != maxWrites {
		t.Errorf("live %t after %d writes: %v", live, f.writes, err)
	}
}

func TestARetryStartsOver(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	w := Write{Began: now, Writes: maxWrites, GaveUpAt: now, LastTry: now}
	var waited time.Duration
	_, err := w.Take(context.Background(), now.Add(time.Hour), false, Moves{Confirming: true, Look: func(context.Context) (string, error) { return "", nil },
		Confirm: func(wait time.Duration, _ string) (platforms.Step, error) {
			waited = wait
			return platforms.Step{}, nil
		}})
	if err != nil || waited != SettleTime || w.Writes != 1 || !w.GaveUpAt.IsZero() {
		t.Errorf("waits %v with %+v: %v", waited, w, err)
	}
}
