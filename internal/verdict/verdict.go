// Package verdict decides what the outcome of one step means for its target: one table, as a pure function, which the publishing
// engine and the suite of all adapters both use.
package verdict

import (
	"math/rand/v2"
	"time"

	"posthorn/internal/platforms"
)

// Limits bound how often a target that makes no progress is tried.
type Limits struct {
	Attempts int           // failures in a row without progress before it ends
	Base     time.Duration // the first back-off; each further one doubles
	Max      time.Duration // the longest back-off
	Limited  time.Duration // wait after a rate limit whose reset is not known
}

// Defaults are the limits that production uses: about two hours of a platform that does not answer.
var Defaults = Limits{Attempts: 12, Base: 2 * time.Second, Max: 20 * time.Minute, Limited: time.Minute}

// Situation is where a target stood when the step was taken.
type Situation struct {
	Now      time.Time
	Info     platforms.Info
	State    platforms.State
	Remote   *platforms.Remote // set once the post is visible
	InDoubt  bool              // as the adapter was told: a doubt older than this step
	Attempts int
	// HoldUntil is how long a dead token may hold the target up, for its user to connect the account again; zero: it fails at once.
	HoldUntil time.Time
}

// Verdict is where it stands now.
type Verdict struct {
	State    platforms.State
	Remote   *platforms.Remote
	Done     bool // nothing more is to be done: published, or failed
	Failed   bool // it ends as failed; never when Remote is set
	InDoubt  bool
	Attempts int
	Next     time.Time        // when to go on, unless Done
	Error    *platforms.Error // what went wrong, now or (nil) not
	// Reconnect says that the account's token is dead; Refresh that a fresh one may cure it.
	Reconnect bool
	Refresh   bool
}

// Unconfirmed reports whether it failed without anyone knowing whether something was published.
func (v Verdict) Unconfirmed() bool { return v.Failed && v.InDoubt }

// Decide judges one step. err is nil or what Publish returned; jitter, in [0,1), spreads the back-off.
//
// Two laws hold beside the table: at a step that is not visible Ambiguous counts as Unavailable, and an error never settles an older
// doubt, save where the platform has the post already (Info.Underway): there its no is the last word, and any other error leaves a doubt. Once the post is visible nothing makes it failed: a follow-up that cannot be finished ends it as published, with the error.
func Decide(s Situation, step platforms.Step, err error, l Limits, jitter float64) Verdict {
	if err == nil {
		return progress(s, step)
	}
	e := platforms.AsError(err)
	v := Verdict{State: s.State, Remote: s.Remote, InDoubt: s.InDoubt, Attempts: s.Attempts, Error: e}
	kind := e.Kind
	if !s.Info.IsVisible(s.State.Step) && (kind == platforms.Ambiguous || kind == platforms.Unknown) {
		kind = platforms.Unavailable
	}
	if s.Remote == nil && s.Info.IsUnderway(s.State.Step) {
		v.InDoubt = kind != platforms.Rejected && kind != platforms.Duplicate
	}
	switch kind {
	case platforms.Rejected, platforms.Duplicate:
		return v.end()
	case platforms.Unauthorized:
		v.Reconnect = true
		if v.Remote == nil && s.Now.Before(s.HoldUntil) {
			return v.wait(s, s.HoldUntil)
		}
		return v.end()
	case platforms.TokenExpired:
		v.Refresh = true
		return v.retry(s, l, 0)
	case platforms.RateLimited:
		return v.wait(s, orElse(e.Reset, s.Now.Add(backoff(l.Limited, l.Limited, 0, jitter))))
	case platforms.NotReady:
		return v.wait(s, orElse(e.Reset, s.Now.Add(backoff(l.Base, l.Max, s.Attempts, jitter))))
	case platforms.Unavailable:
		return v.retry(s, l, jitter)
	default: // Ambiguous, Unknown
		v.InDoubt = true
		return v.retry(s, l, jitter)
	}
}

// Jitter is a fresh value for Decide.
func Jitter() float64 { return rand.Float64() }

func progress(s Situation, step platforms.Step) Verdict {
	v := Verdict{State: step.State, Remote: s.Remote, Next: s.Now.Add(step.Wait)}
	if step.Done != nil {
		remote := *step.Done
		if remote.URL == "" && s.Remote != nil {
			remote.URL = s.Remote.URL
		}
		v.Remote = &remote
		v.Done = step.State.Step == ""
	}
	return v
}

// end is final. The state stays, so that a retry goes on from there.
func (v Verdict) end() Verdict {
	v.Done, v.Failed = true, v.Remote == nil
	return v
}

// retry comes back later unless that was tried too often.
func (v Verdict) retry(s Situation, l Limits, jitter float64) Verdict {
	v.Attempts++
	if v.Attempts >= l.Attempts {
		return v.end()
	}
	v.Next = orElse(v.Error.Reset, s.Now.Add(backoff(l.Base, l.Max, s.Attempts, jitter)))
	if v.Refresh && v.Attempts == 1 {
		v.Next = s.Now
	}
	return v
}

// wait comes back at a time and uses up no try.
func (v Verdict) wait(s Situation, at time.Time) Verdict {
	if !at.After(s.Now) {
		at = s.Now.Add(time.Second)
	}
	v.Next = at
	return v
}

func orElse(t, other time.Time) time.Time {
	if t.IsZero() {
		return other
	}
	return t
}

// backoff doubles from base with each attempt, up to limit, and takes between half and all of it.
func backoff(base, limit time.Duration, attempts int, jitter float64) time.Duration {
	d := limit
	if attempts < 32 && base<<attempts < limit && base<<attempts > 0 {
		d = base << attempts
	}
	return d/2 + time.Duration(float64(d/2)*jitter)
}
