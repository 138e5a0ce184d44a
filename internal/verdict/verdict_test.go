package verdict

import (
	"errors"
	"testing"
	"time"

	"posthorn/internal/platforms"
)

var (
	now  = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	info = platforms.Info{Name: "demo", Visible: []string{"publishing", "commenting"}}
)

func TestDecideErrors(t *testing.T) {
	t.Parallel()
	reset := now.Add(time.Hour)
	type want struct {
		done, failed, doubt, unconfirmed, reconnect, refresh bool
		attempts                                             int
		next                                                 time.Time // zero: not checked
	}
	tests := []struct {
		name string
		kind platforms.Kind
		step string
		sit  Situation
		rst  time.Time
		want want
	}{
		{"rejected", platforms.Rejected, "", Situation{}, time.Time{}, want{done: true, failed: true}},
		{"rejected at the visible step", platforms.Rejected, "publishing", Situation{}, time.Time{}, want{done: true, failed: true}},
		{"rejected in doubt", platforms.Rejected, "publishing", Situation{InDoubt: true}, time.Time{}, want{done: true, failed: true, doubt: true, unconfirmed: true}},
		{"rejected once published", platforms.Rejected, "commenting", Situation{Remote: &platforms.Remote{ID: "1"}}, time.Time{}, want{done: true}},
		{"duplicate", platforms.Duplicate, "publishing", Situation{}, time.Time{}, want{done: true, failed: true}},
		{"unauthorized", platforms.Unauthorized, "publishing", Situation{}, time.Time{}, want{done: true, failed: true, reconnect: true}},
		{"unauthorized, held", platforms.Unauthorized, "publishing", Situation{Attempts: 2, InDoubt: true, HoldUntil: reset}, time.Time{}, want{attempts: 2, doubt: true, reconnect: true, next: reset}},
		{"unauthorized, held for long enough", platforms.Unauthorized, "publishing", Situation{HoldUntil: now}, time.Time{}, want{done: true, failed: true, reconnect: true}},
		{"unauthorized once published", platforms.Unauthorized, "commenting", Situation{Remote: &platforms.Remote{ID: "1"}, HoldUntil: reset}, time.Time{}, want{done: true, reconnect: true}},
		{"stale token", platforms.TokenExpired, "publishing", Situation{}, time.Time{}, want{refresh: true, attempts: 1, next: now}},
		{"stale token again", platforms.TokenExpired, "publishing", Situation{Attempts: 1}, time.Time{}, want{refresh: true, attempts: 2}},
		{"rate limited", platforms.RateLimited, "publishing", Situation{Attempts: 3}, reset, want{attempts: 3, next: reset}},
		{"rate limited in doubt", platforms.RateLimited, "publishing", Situation{InDoubt: true}, reset, want{doubt: true, next: reset}},
		{"a reset in the past", platforms.RateLimited, "", Situation{}, now.Add(-time.Hour), want{next: now.Add(time.Second)}},
		{"not ready", platforms.NotReady, "processing", Situation{Attempts: 2}, reset, want{attempts: 2, next: reset}},
		{"unavailable", platforms.Unavailable, "publishing", Situation{}, time.Time{}, want{attempts: 1}},
		{"unavailable keeps the doubt", platforms.Unavailable, "publishing", Situation{InDoubt: true}, time.Time{}, want{attempts: 1, doubt: true}},
		{"unavailable too often", platforms.Unavailable, "", Situation{Attempts: 11}, time.Time{}, want{done: true, failed: true, attempts: 12}},
		{"ambiguous at an invisible step", platforms.Ambiguous, "", Situation{}, time.Time{}, want{attempts: 1}},
		{"ambiguous at a visible step", platforms.Ambiguous, "publishing", Situation{}, time.Time{}, want{attempts: 1, doubt: true}},
		{"ambiguous too often", platforms.Ambiguous, "publishing", Situation{Attempts: 11}, time.Time{}, want{done: true, failed: true, doubt: true, unconfirmed: true, attempts: 12}},
		{"unknown at a visible step", platforms.Unknown, "publishing", Situation{}, time.Time{}, want{attempts: 1, doubt: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := tt.sit
			s.Now, s.Info, s.State = now, info, platforms.State{Step: tt.step, Data: []byte(`{"a":1}`)}
			v := Decide(s, platforms.Step{}, &platforms.Error{Kind: tt.kind, Reset: tt.rst}, Defaults, 0.5)
			got := want{v.Done, v.Failed, v.InDoubt, v.Unconfirmed(), v.Reconnect, v.Refresh, v.Attempts, v.Next}
			if tt.want.next.IsZero() {
				got.next = time.Time{}
			}
			if got != tt.want {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
			if !v.Done && !v.Next.After(now) && tt.kind != platforms.TokenExpired {
				t.Errorf("goes on at %v, which is not later than now", v.Next)
			}
			if v.State.Step != s.State.Step || string(v.State.Data) != `{"a":1}` {
				t.Errorf("the state was lost: %+v", v.State)
			}
		})
	}
}

// TestDecideUnderway fails at a step at which the post will show by itself: only the platform's own no makes it a failed one.
func TestDecideUnderway(t *testing.T) {
	t.Parallel()
	under := info
	under.Underway = []string{"processing"}
	for kind, sure := range map[platforms.Kind]bool{platforms.Rejected: true, platforms.Duplicate: true, platforms.Unauthorized: false, platforms.TokenExpired: false, platforms.Unavailable: false, platforms.Unknown: false} {
		for _, older := range []bool{false, true} {
			s := Situation{Now: now, Info: under, State: platforms.State{Step: "processing"}, Attempts: 11, InDoubt: older}
			v := Decide(s, platforms.Step{}, &platforms.Error{Kind: kind}, Defaults, 0)
			if !v.Failed || v.Unconfirmed() == sure {
				t.Errorf("%s after a doubt %t: %+v", kind, older, v)
			}
			s.Remote = &platforms.Remote{ID: "1"}
			if v := Decide(s, platforms.Step{}, &platforms.Error{Kind: kind}, Defaults, 0); v.Failed || v.InDoubt != (older || kind == platforms.Unknown && under.IsVisible("processing")) {
				t.Errorf("%s once published: %+v", kind, v)
			}
		}
	}
}

func TestDecideForeignError(t *testing.T) {
	t.Parallel()
	s := Situation{Now: now, Info: info, State: platforms.State{Step: "publishing"}}
	if v := Decide(s, platforms.Step{}, errors.New("boom"), Defaults, 0); !v.InDoubt || v.Done {
		t.Errorf("an unclassified error at a visible step gave %+v, want doubt", v)
	}
}

func TestDecideProgress(t *testing.T) {
	t.Parallel()
	s := Situation{Now: now, Info: info, State: platforms.State{Step: "publishing"}, InDoubt: true, Attempts: 4}
	v := Decide(s, platforms.Step{State: platforms.State{Step: "reading"}, Wait: time.Minute, Done: &platforms.Remote{ID: "1", URL: "u"}}, nil, Defaults, 0)
	if v.Done || v.InDoubt || v.Attempts != 0 || !v.Next.Equal(now.Add(time.Minute)) || v.Remote.ID != "1" {
		t.Errorf("published with a follow-up: %+v", v)
	}
	s.Remote, s.State = v.Remote, v.State
	v = Decide(s, platforms.Step{Done: &platforms.Remote{ID: "1"}}, nil, Defaults, 0)
	if !v.Done || v.Failed || v.Remote.URL != "u" {
		t.Errorf("the end: %+v, want done with the permalink kept", v)
	}
	v = Decide(s, platforms.Step{}, nil, Defaults, 0)
	if v.Done {
		t.Error("a step without Done ended the target")
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	last := time.Duration(0)
	for n := range 40 {
		d := backoff(2*time.Second, 20*time.Minute, n, 0)
		if d < last || d > 20*time.Minute {
			t.Errorf("back-off %d is %v after %v", n, d, last)
		}
		last = d
	}
	if last != 10*time.Minute {
		t.Errorf("the longest back-off without jitter is %v, want half of 20 min", last)
	}
}
