// Package unsure makes a post visible once on platforms that take no idempotency key: whenever a write may have happened, the account's posts are
// looked at, and only when it has stayed unseen for long enough is it written again.
package unsure

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"posthorn/internal/platforms"
)

const (
	// SettleTime is how long a post must have stayed unseen after a write whose answer was lost before it is written again: the platform may be at
	// work on the first one yet, and its lists take some seconds.
	SettleTime = 90 * time.Second
	settleMax  = 20 * time.Minute
	// maxWrites bounds the writes of one post whose answers were all lost; they take more than an hour.
	maxWrites = 7
	// ClockSlack is how far our clock and a platform's may be apart.
	ClockSlack = time.Minute
	// freshFault is how long a final fault ends the target. A retry by the user comes later, and starts over.
	freshFault = 2 * time.Minute
)

// Write is one write, as an adapter keeps it in its state.
type Write struct {
	Began    time.Time `json:"began,omitzero"`    // just before it was first made
	LastTry  time.Time `json:"lastTry,omitzero"`  // the latest that may be under way yet, or the look that followed
	Writes   int       `json:"writes,omitempty"`  // whose answers were lost
	GaveUpAt time.Time `json:"gaveUpAt,omitzero"` // when there were too many
}

// Begin makes it one that nobody has tried.
func (w *Write) Begin(now time.Time) { *w = Write{Began: now} }

// Since is the earliest time that the platform may have given to what was written.
func (w *Write) Since() time.Time { return w.Began.Add(-ClockSlack) }

// Tried tells whether an earlier write may have happened.
func (w *Write) Tried() bool { return w.Writes > 0 }

// Moves are what only the adapter can do. The adapter has two visible steps for them: one that writes, and one that confirms, at which an
// earlier write has an unknown outcome.
type Moves struct {
	Platform   platforms.Info
	What       string // is written: "the first comment"; empty: the post
	Confirming bool   // the task stands at the step that confirms
	// Look finds the post among those that the account has had since Since; empty: it is not there.
	Look func(ctx context.Context) (id string, err error)
	// Send makes the one call. Its error is Ambiguous whenever the post may be there, and its step is what follows.
	Send func(ctx context.Context) (platforms.Step, error)
	// Live goes on with a post that is there.
	Live func(id string) (platforms.Step, error)
	// Confirm goes on to the step that confirms, after a wait.
	Confirm func(wait time.Duration, note string) (platforms.Step, error)
}

func (m Moves) what() string { return cmp.Or(m.What, "the post") }

// Take writes, or finds out whether an earlier call did.
func (w *Write) Take(ctx context.Context, now time.Time, inDoubt bool, m Moves) (platforms.Step, error) {
	if !m.Confirming && !inDoubt {
		return m.Send(ctx)
	}
	id, err := m.Look(ctx)
	if err != nil {
		return platforms.Step{}, platforms.Doubtful(err, inDoubt)
	}
	if id != "" {
		return m.Live(id)
	}
	if inDoubt { // a step of its own clears the doubt, so that the time to wait starts anew
		w.Writes++
		w.LastTry = now
		return m.Confirm(min(SettleTime<<min(w.Writes-1, 8), settleMax), m.what()+" is not there; looking once more before writing it again")
	}
	if w.Writes >= maxWrites {
		return w.giveUp(now, m)
	}
	if rest := w.LastTry.Add(SettleTime).Sub(now); rest > 0 {
		return m.Confirm(rest, m.what()+" is not there; looking once more")
	}
	return m.Send(ctx)
}

// giveUp ends a post that the platform will not write. The target then stands on safe ground: it is not there.
func (w *Write) giveUp(now time.Time, m Moves) (platforms.Step, error) {
	switch {
	case w.GaveUpAt.IsZero():
		w.GaveUpAt = now
		return m.Confirm(0, fmt.Sprintf("giving up after %d tries", w.Writes))
	case now.After(w.GaveUpAt.Add(freshFault)):
		w.GaveUpAt, w.Writes, w.LastTry = time.Time{}, 1, now
		return m.Confirm(SettleTime, "trying again")
	}
	return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError, Rule: m.Platform.Name + "." + ruleNotPublished,
		Message: m.Platform.Title + " failed at every try to write " + m.what() + "; it is not there", Remediation: adviceLater}
}

const (
	ruleNotPublished = "not_published"
	adviceLater      = "Retry the post later."
)

// RuleDoc describes the end of a post that was given up.
func RuleDoc(title, source string) platforms.RuleDoc {
	return platforms.RuleDoc{Name: ruleNotPublished, Failure: true, Title: title + " would not publish the post", Meaning: title + " failed at every try to write the post. Nothing was published.",
		Remedy: adviceLater, Source: source}
}
