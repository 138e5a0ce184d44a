// Package queues keeps the timetables of profiles: the weekly times at which what is put into a queue goes out. It owns the table queues.
// Which posts are in a queue is known to the domain of posts, which it asks.
package queues

import (
	"iter"
	"slices"
	"time"

	"posthorn/internal/localtime"
)

// Queue is a timetable of a profile. Its slots are times on a wall clock of its zone, so that they stay where they are when the clocks
// change.
type Queue struct {
	ID        string
	OwnerID   string
	ProfileID string
	Name      string
	Timezone  string // an IANA name
	Slots     []Slot
	Active    bool // an inactive one hands out no slots
	IsDefault bool // the one that is meant when a profile is named alone
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Slot is a time of the week.
type Slot struct {
	DayOfWeek int    `json:"dayOfWeek"` // 0 is Sunday
	Time      string `json:"time"`      // "HH:mm"
}

// clock is the slot's time of the day; false when it is none.
func (s Slot) clock() (hour, minute int, ok bool) {
	at, err := time.Parse("15:04", s.Time)
	return at.Hour(), at.Minute(), err == nil && len(s.Time) == len("15:04")
}

// horizon is how far ahead a free slot is looked for.
const horizon = 2 * 366 * 24 * time.Hour

// Between lists the instants of the queue's slots after one time and before another, in order and each once, in the queue's zone. A slot
// that the clocks leave out in the spring is as long later; should it meet another one there, the two are one.
func (q Queue) Between(after, before time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		loc, err := localtime.Zone(q.Timezone)
		if err != nil || len(q.Slots) == 0 {
			return // a zone that this machine's database no longer has
		}
		last := after
		year, month, day := after.In(loc).Date()
		for date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC); date.Before(before.Add(24 * time.Hour)); date = date.AddDate(0, 0, 1) {
			for _, at := range q.on(date, loc) {
				if !at.After(last) {
					continue
				}
				if !at.Before(before) || !yield(at) {
					return
				}
				last = at
			}
		}
	}
}

// on lists the instants of one day, in order.
func (q Queue) on(date time.Time, loc *time.Location) (list []time.Time) {
	for _, s := range q.Slots {
		hour, minute, ok := s.clock()
		if !ok || s.DayOfWeek != int(date.Weekday()) {
			continue
		}
		at := localtime.Instant(date.Add(time.Duration(hour)*time.Hour+time.Duration(minute)*time.Minute), loc)
		if at.Day() == date.Day() { // else the zone left out the whole day
			list = append(list, at)
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}

// Upcoming lists the next n slots after a time, free or not.
func (q Queue) Upcoming(after time.Time, n int) []time.Time {
	list := make([]time.Time, 0, n)
	for at := range q.Between(after, after.Add(horizon)) {
		if len(list) == n {
			break
		}
		list = append(list, at)
	}
	return list
}

// Free is the first slot after a time that is not among those taken; false when there is none within two years.
func (q Queue) Free(after time.Time, taken []time.Time) (time.Time, bool) {
	full := make(map[int64]bool, len(taken))
	for _, t := range taken {
		full[t.UnixNano()] = true
	}
	for at := range q.Between(after, after.Add(horizon)) {
		if !full[at.UnixNano()] {
			return at, true
		}
	}
	return time.Time{}, false
}
