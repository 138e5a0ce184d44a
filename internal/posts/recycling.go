package posts

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/localtime"
)

// Recycling makes a published post appear again: a copy at every turn of its cycle. Turn n is n gaps after the start, by the wall clock of
// the post's zone; in a month that is too short it is on the last day.
type Recycling struct {
	Enabled     bool       `json:"enabled"`
	Gap         int        `json:"gap"` // in units of Unit
	Unit        string     `json:"gapFreq"`
	Start       *time.Time `json:"startDate,omitempty"`   // nil: when the post is due
	ExpireCount int        `json:"expireCount,omitempty"` // copies in all; zero: no limit
	ExpireDate  *time.Time `json:"expireDate,omitempty"`  // the last instant at which there may be a turn
	Variations  []string   `json:"contentVariations,omitempty"`
	Index       int        `json:"index"` // the variation that the next copy takes
	Count       int        `json:"count"` // copies made so far
	LastAt      *time.Time `json:"lastAt,omitempty"`
	NextAt      *time.Time `json:"-"` // the next turn; nil when there is none: it is off, at its end, or the post is a draft
}

// The units of a gap.
const (
	Week  = "week"
	Month = "month"
)

// The bounds of recycling.
const (
	maxGap        = 520 // ten years of weeks
	maxVariations = 100
	maxCopies     = 10_000
)

// RecyclingChange is what a caller says of a post's recycling. What is nil or empty stays as it is; of a post that has none yet, Enabled is
// true and Unit is Month unless they say otherwise.
type RecyclingChange struct {
	Enabled     *bool
	Gap         *int
	Unit        string
	Start       string    // as sent; a local time is read in the post's zone
	ExpireCount *int      // zero clears it
	ExpireDate  *string   // as Start; empty clears it. A bare date includes that day
	Variations  *[]string // none clears them
}

// apply makes what is stored of what was and what the caller says, and refuses what makes no sense.
func (c RecyclingChange) apply(was *Recycling, zone string) (r Recycling, err error) {
	r = Recycling{Enabled: true, Unit: Month}
	if was != nil {
		r = *was
	}
	if c.Enabled != nil {
		r.Enabled = *c.Enabled
	}
	if c.Gap != nil {
		r.Gap = *c.Gap
	}
	if c.Unit != "" {
		r.Unit = c.Unit
	}
	if c.ExpireCount != nil {
		r.ExpireCount = *c.ExpireCount
	}
	if c.Start != "" {
		at, err := parseDay("recycling.startDate", c.Start, zone, false)
		if err != nil {
			return Recycling{}, err
		}
		r.Start = &at
	}
	if c.ExpireDate != nil {
		r.ExpireDate = nil
		if *c.ExpireDate != "" {
			at, err := parseDay("recycling.expireDate", *c.ExpireDate, zone, true)
			if err != nil {
				return Recycling{}, err
			}
			r.ExpireDate = &at
		}
	}
	if c.Variations != nil {
		r.Variations, r.Index = *c.Variations, 0
	}
	return r, r.check()
}

// parseDay is parseTime that takes a bare date too: its beginning, or its last instant.
func parseDay(field, value, zone string, end bool) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(value))
	if err != nil {
		return parseTime(field, value, zone)
	}
	loc, err := localtime.Zone(zone)
	if err != nil {
		return time.Time{}, err
	}
	if end {
		day = day.AddDate(0, 0, 1)
	}
	at := localtime.Instant(day, loc).UTC()
	if end {
		at = at.Add(-time.Millisecond)
	}
	return inBounds(field, value, at)
}

func (r Recycling) check() error {
	refuse := func(rule, field, format string, args ...any) error {
		e := errs.Fieldf("recycling."+field, format, args...)
		e.Rule = "recycling." + rule
		return e
	}
	switch {
	case r.Gap == 0 && !r.Enabled: // stored with recycling off, without ever having been on
	case r.Gap == 0:
		return &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Field: "recycling.gap", Rule: "recycling.gap", Message: "recycling.gap is required: the number of weeks or months between two copies"}
	case r.Gap < 1 || r.Gap > maxGap:
		return refuse("gap", "gap", "recycling.gap must be between 1 and %d", maxGap)
	}
	switch {
	case r.Unit != Week && r.Unit != Month:
		return refuse("gap_freq", "gapFreq", "recycling.gapFreq must be %s or %s", Week, Month)
	case r.ExpireCount < 0 || r.ExpireCount > maxCopies:
		return refuse("expire_count", "expireCount", "recycling.expireCount must be between 1 and %d", maxCopies)
	case len(r.Variations) == 1:
		return refuse("variations", "contentVariations", "recycling.contentVariations takes at least 2 texts; leave it out to repeat the post's own")
	case len(r.Variations) > maxVariations:
		return refuse("variations", "contentVariations", "recycling.contentVariations takes at most %d texts", maxVariations)
	}
	for i, text := range r.Variations {
		if strings.TrimSpace(text) == "" {
			return refuse("variations", fmt.Sprintf("contentVariations[%d]", i), "recycling.contentVariations[%d] must not be empty", i)
		}
	}
	return nil
}

// turn is the n-th one of the cycle.
func (r Recycling) turn(start time.Time, n int, loc *time.Location) time.Time {
	wall := start.In(loc)
	y, m, d := wall.Date()
	if r.Unit == Week {
		d += 7 * r.Gap * n
	} else {
		m += time.Month(r.Gap * n)
		d = min(d, time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()) // day 0 is the last one of the month before
	}
	return localtime.Instant(time.Date(y, m, d, wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), time.UTC), loc).UTC()
}

// next is the first turn after a time; false when the limits leave none.
func (r Recycling) next(start, after time.Time, loc *time.Location) (time.Time, bool) {
	if !r.Enabled || r.Gap < 1 || (r.ExpireCount > 0 && r.Count >= r.ExpireCount) {
		return time.Time{}, false
	}
	longest := 31 * 24 * time.Hour // of a unit, so that the guess is never too late
	if r.Unit == Week {
		longest = 7*24*time.Hour + time.Hour
	}
	n := 1
	if elapsed := after.Sub(start); elapsed > 0 {
		n = max(1, int(elapsed/longest)/r.Gap)
	}
	at := r.turn(start, n, loc)
	for !at.After(after) {
		n++
		at = r.turn(start, n, loc)
	}
	if at.Year() > maxYear || (r.ExpireDate != nil && at.After(*r.ExpireDate)) {
		return time.Time{}, false
	}
	return at, true
}

// cycle is where a post's cycle begins, and the time that its next turn comes after: the post's own, and those of the copies so far.
func (p Post) cycle() (start, after time.Time, loc *time.Location) {
	loc, err := localtime.Zone(p.Timezone)
	if err != nil { // a zone that has left the database since
		loc = time.UTC
	}
	start = p.due()
	after = start
	if p.Recycling != nil && p.Recycling.Start != nil {
		start = *p.Recycling.Start
	}
	for _, t := range []*time.Time{p.PublishedAt, p.lastRecycled(), &start} {
		if t != nil && t.After(after) {
			after = *t
		}
	}
	return start, after, loc
}

// due is when a post is to begin to be published: at its own time, or at the earliest of its targets' times.
func (p Post) due() time.Time {
	if p.ScheduledFor != nil {
		return *p.ScheduledFor
	}
	due, none := p.CreatedAt, true
	for _, t := range p.Targets {
		if t.ScheduledFor != nil && (none || t.ScheduledFor.Before(due)) {
			due, none = *t.ScheduledFor, false
		}
	}
	return due
}

func (p Post) lastRecycled() *time.Time {
	if p.Recycling == nil {
		return nil
	}
	return p.Recycling.LastAt
}

// ends refuses an end that comes before the first turn could.
func (r Recycling) ends(start time.Time) error {
	if r.ExpireDate == nil || r.ExpireDate.After(start) {
		return nil
	}
	e := errs.Fieldf("recycling.expireDate", "recycling.expireDate must be after the start of the cycle, %s", start.UTC().Format(time.RFC3339))
	e.Rule = "recycling.expire_date"
	return e
}

func storedRecycling(r Recycling) ([]byte, error) { return json.Marshal(r) }

func readRecycling(stored []byte, next *time.Time) (*Recycling, error) {
	if stored == nil {
		return nil, nil
	}
	var r Recycling
	if err := json.Unmarshal(stored, &r); err != nil {
		return nil, fmt.Errorf("stored recycling: %w", err)
	}
	r.NextAt = next
	return &r, nil
}
