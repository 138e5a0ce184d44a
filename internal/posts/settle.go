package posts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
	"posthorn/internal/verdict"
)

// Outcome is what became of a claimed step.
type Outcome struct {
	Claim Claim
	Step  platforms.Step
	Err   error
	Shown bool // ShowPublishing was called for the post, which may show so falsely now
	// Hold keeps the target where its next step waits for nothing: it is claimed anew, for so long, in the act of settling. Zero gives it back.
	Hold time.Duration
}

// Settled is where its target stands now.
type Settled struct {
	verdict.Verdict
	Next *Claim // the claim of the next step, when the target was kept
	// Stale says that the claim was overtaken: another worker has begun on the target since, and what this one did does not count.
	Stale bool
}

// Settle stores what became of claimed steps: the next state of each, or its end, in one transaction with the timeline and the status of the
// posts. It may be called again with the same outcomes, but for those with a Hold, when its answer was lost.
func (s *Service) Settle(ctx context.Context, list []Outcome) (settled []Settled, err error) {
	defer errs.Wrap(&err, "posts.Settle")
	now := s.Now()
	rows := make([]settleRow, len(list))
	settled = make([]Settled, len(list))
	for i, o := range list {
		settled[i].Verdict, rows[i] = s.judge(o, now)
	}
	changed := false
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		stored, err := storeSettled(ctx, tx, rows, now)
		if err != nil {
			return err
		}
		touched := map[string][]ended{}
		for i, o := range list {
			fresh, ok := stored[o.Claim.TargetID]
			settled[i].Stale = !ok
			if !ok || (rows[i].Status == o.Claim.status && !settled[i].Done && !o.Shown) {
				continue
			}
			ends := touched[o.Claim.PostID]
			if fresh { // or it has been told before
				ends = append(ends, endOf(o.Claim, rows[i].Status, settled[i].Remote)...)
			}
			touched[o.Claim.PostID] = ends
		}
		changed = len(touched) > 0
		return s.rollUp(ctx, tx, touched, now)
	})
	if err != nil {
		return nil, err
	}
	for i, o := range list {
		if rows[i].Again && !settled[i].Stale {
			next := o.Claim.next(settled[i].Verdict, rows[i].Status, now, rows[i].Until)
			settled[i].Next = &next
		}
	}
	if changed && s.Ended != nil {
		s.Ended.Changed()
	}
	return settled, nil
}

// Release gives back the claim that a Settle with Hold may have made, when nobody knows whether it did.
func (s *Service) Release(ctx context.Context, o Outcome) (err error) {
	defer errs.Wrap(&err, "posts.Release(%s)", o.Claim.TargetID)
	_, err = s.Pool.Exec(ctx, `update targets set claimed_by = null, claimed_until = null where id = $1 and claim = $2 and claimed_by = $3`, o.Claim.TargetID, o.Claim.Number+1, o.Claim.Worker)
	return err
}

// next is the claim under which a kept target goes on.
func (c Claim) next(v verdict.Verdict, status Status, now, until time.Time) Claim {
	c.Number++
	c.Begun, c.Deadline, c.Attempts, c.status = now, until, v.Attempts, status
	c.Task.State, c.Task.InDoubt, c.Task.Published = v.State, v.InDoubt, v.Remote
	return c
}

// settleRow is an outcome as it is stored. The fields become columns of one statement, in this order.
type settleRow struct {
	ID          string
	Claim       int64
	Status      Status
	Open        bool
	Step        string
	State       *string
	InDoubt     bool
	Unconfirmed bool
	Attempts    int
	Next        time.Time
	Uploads     bool
	Failure     *string
	RemoteID    string
	RemoteURL   string
	PublishedAt *time.Time
	Again       bool
	Until       time.Time
	LineStep    string
	Outcome     string
	Note        string
	Wait, Took  int64 // milliseconds
	Worker      string
}

// judge decides what an outcome means.
func (s *Service) judge(o Outcome, now time.Time) (v verdict.Verdict, row settleRow) {
	c, stepErr := o.Claim, o.Err
	var hold time.Time
	if stepErr != nil {
		e := asPlatformError(stepErr)
		stepErr, hold = e, c.held(e)
	}
	info := c.Platform.Info()
	v = verdict.Decide(verdict.Situation{Now: now, Info: info, State: c.Task.State, Remote: c.Task.Published, InDoubt: c.Task.InDoubt, Attempts: c.Attempts, HoldUntil: hold},
		o.Step, stepErr, s.Limits, verdict.Jitter())
	failure := failureOf(info, v, now)
	row = settleRow{ID: c.TargetID, Claim: c.Number, Status: statusOf(v), Open: !v.Done, Step: v.State.Step, State: optional(cleanJSON(nullJSON(v.State.Data))), InDoubt: v.InDoubt, Unconfirmed: v.Unconfirmed(),
		Attempts: v.Attempts, Next: v.Next, Uploads: info.Uploading(v.State.Step), Failure: optional(storedFailure(failure)), Until: now.Add(o.Hold).Truncate(time.Microsecond),
		LineStep: c.Task.State.Step, Took: now.Sub(c.Begun).Milliseconds(), Worker: c.Worker}
	if v.Remote != nil {
		row.RemoteID, row.RemoteURL, row.PublishedAt = clean(v.Remote.ID), clean(v.Remote.URL), &now
	}
	if v.Done {
		row.Next = now
	} else {
		row.Wait = max(0, v.Next.Sub(now)).Milliseconds()
	}
	// A step that uploads, after one that does not, waits for a slot of its own kind.
	row.Again = o.Hold > 0 && !v.Done && !v.Next.After(now) && row.Uploads == info.Uploading(c.Task.State.Step)
	if row.Again && info.IsVisible(v.State.Step) {
		row.InDoubt = true // as every claim of such a step
	}
	row.Outcome, row.Note = line(o, v, failure)
	return v, row
}

// statusOf is what the target shows of a verdict.
func statusOf(v verdict.Verdict) Status {
	switch {
	case v.Failed:
		return Failed
	case v.Remote != nil:
		return Published // also while a first comment is still to come
	case v.Error != nil && v.Error.Kind != platforms.NotReady && !v.InDoubt:
		return Pending
	case v.State.Step == "uploading":
		return Uploading
	default:
		return Processing
	}
}

// line is what the timeline says.
func line(o Outcome, v verdict.Verdict, failure *Failure) (outcome, note string) {
	outcome, note = "step", o.Step.Note
	switch {
	case v.Failed:
		outcome = "failed"
	case v.Error != nil:
		outcome = "retry"
		if v.Done {
			outcome = "failed"
		}
	case v.Remote != nil && o.Claim.Task.Published == nil:
		outcome = "published"
	}
	if failure != nil {
		note = failure.Message
		if failure.Code != "" {
			note += fmt.Sprintf(" [%s]", failure.Code)
		}
	}
	return outcome, clean(note)
}

// storeSettled stores outcomes and their lines in the timeline. What is stored has an entry in the answer, which tells whether it is so for
// the first time. Targets are locked in the order of their IDs, as by everyone who locks several.
func storeSettled(ctx context.Context, tx pgx.Tx, rows []settleRow, now time.Time) (stored map[string]bool, err error) {
	packed, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	slices.Sort(ids)
	stored = make(map[string]bool, len(rows))
	batch := &pgx.Batch{}
	batch.Queue(`select 1 from targets where id = any($1) order by id for update`, ids)
	batch.Queue(`
		with u as materialized (
			select * from json_to_recordset($1::json) as u ("ID" text, "Claim" bigint, "Status" text, "Open" boolean, "Step" text, "State" text, "InDoubt" boolean, "Unconfirmed" boolean,
				"Attempts" int, "Next" timestamptz, "Uploads" boolean, "Failure" text, "RemoteID" text, "RemoteURL" text, "PublishedAt" timestamptz, "Again" boolean, "Until" timestamptz,
				"LineStep" text, "Outcome" text, "Note" text, "Wait" bigint, "Took" bigint, "Worker" text)
		), settled as (
			update targets t set status = "Status", open = "Open", step = "Step", state = "State"::jsonb, in_doubt = "InDoubt", unconfirmed = "Unconfirmed", attempts = "Attempts", next_at = "Next",
				uploads = "Uploads", failure = "Failure"::jsonb, remote_id = "RemoteID", remote_url = "RemoteURL", published_at = coalesce(t.published_at, "PublishedAt"), updated_at = $2,
				claim = case when "Again" then t.claim + 1 else t.claim end, claimed_by = case when "Again" then t.claimed_by end, claimed_until = case when "Again" then "Until" end
			from u where t.id = any($3) and t.id = "ID" and t.claim = "Claim"
			returning t.id
		), lines as (
			insert into target_steps (target_id, claim, at, step, outcome, note, wait_ms, took_ms, worker)
			select "ID", "Claim", $2, "LineStep", "Outcome", "Note", "Wait", "Took", "Worker" from u join settled on settled.id = "ID"
			on conflict do nothing returning target_id
		)
		select id, exists (select 1 from lines where target_id = id) from settled`, packed, now, ids).Query(func(rows pgx.Rows) error {
		var id string
		var fresh bool
		_, err := pgx.ForEachRow(rows, []any{&id, &fresh}, func() error {
			stored[id] = fresh
			return nil
		})
		return err
	})
	return stored, tx.SendBatch(ctx, batch).Close()
}

// optional is a JSON text for a column that may be null.
func optional(raw []byte) *string {
	if raw == nil {
		return nil
	}
	s := string(raw)
	return &s
}
