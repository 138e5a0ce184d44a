package queues_test

import (
	"slices"
	"testing"
	"time"

	"posthorn/internal/queues"
)

const (
	sunday = iota
	monday
	tuesday
	wednesday
	thursday
	friday
	saturday
)

func every(clock string) (list []queues.Slot) {
	for day := sunday; day <= saturday; day++ {
		list = append(list, queues.Slot{DayOfWeek: day, Time: clock})
	}
	return list
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestUpcoming(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, zone string
		slots      []queues.Slot
		after      string
		want       []string // the next ones
	}{
		{"in order, whatever the order of the slots", "UTC", []queues.Slot{{friday, "08:00"}, {thursday, "18:00"}, {thursday, "09:00"}}, "2026-01-15T10:00:00Z",
			[]string{"2026-01-15T18:00:00Z", "2026-01-16T08:00:00Z", "2026-01-22T09:00:00Z", "2026-01-22T18:00:00Z"}},
		{"not the slot that is now", "UTC", every("10:00"), "2026-01-15T10:00:00Z", []string{"2026-01-16T10:00:00Z"}},
		{"but the one in a moment", "UTC", every("10:00"), "2026-01-15T09:59:59Z", []string{"2026-01-15T10:00:00Z", "2026-01-16T10:00:00Z"}},
		{"the same time twice is one slot", "UTC", append(every("10:00"), every("10:00")...), "2026-01-15T00:00:00Z", []string{"2026-01-15T10:00:00Z", "2026-01-16T10:00:00Z"}},
		{"the day is the zone's", "Pacific/Auckland", []queues.Slot{{friday, "07:00"}}, "2026-01-15T10:00:00Z", []string{"2026-01-16T07:00:00+13:00", "2026-01-23T07:00:00+13:00"}},
		{"also west of here", "America/Los_Angeles", []queues.Slot{{wednesday, "23:30"}}, "2026-01-15T07:00:00Z", []string{"2026-01-14T23:30:00-08:00", "2026-01-21T23:30:00-08:00"}},
		{"spring: the clock's time stays", "America/New_York", every("09:00"), "2026-03-07T12:00:00Z",
			[]string{"2026-03-07T09:00:00-05:00", "2026-03-08T09:00:00-04:00", "2026-03-09T09:00:00-04:00"}},
		{"autumn: the clock's time stays", "America/New_York", every("09:00"), "2026-10-31T12:00:00Z",
			[]string{"2026-10-31T09:00:00-04:00", "2026-11-01T09:00:00-05:00", "2026-11-02T09:00:00-05:00"}},
		{"a time that is left out is an hour later, on that day alone", "America/New_York", every("02:30"), "2026-03-07T12:00:00Z",
			[]string{"2026-03-08T03:30:00-04:00", "2026-03-09T02:30:00-04:00"}},
		{"where it meets another they are one", "America/New_York", []queues.Slot{{sunday, "02:30"}, {sunday, "03:30"}, {sunday, "03:00"}}, "2026-03-07T12:00:00Z",
			[]string{"2026-03-08T03:00:00-04:00", "2026-03-08T03:30:00-04:00", "2026-03-15T02:30:00-04:00", "2026-03-15T03:00:00-04:00", "2026-03-15T03:30:00-04:00"}},
		{"a time that is shown twice is the first of the two, once", "Europe/Berlin", every("02:30"), "2026-10-24T12:00:00Z",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{"and over once it was", "Europe/Berlin", every("02:30"), "2026-10-25T00:45:00Z", []string{"2026-10-26T02:30:00+01:00"}},
		{"half an hour is left out", "Australia/Lord_Howe", every("02:15"), "2026-10-03T00:00:00Z", []string{"2026-10-04T02:45:00+11:00", "2026-10-05T02:15:00+11:00"}},
		{"a day that begins at one o'clock", "Africa/Cairo", every("00:30"), "2026-04-23T12:00:00Z", []string{"2026-04-24T01:30:00+03:00", "2026-04-25T00:30:00+03:00"}},
		{"a day that was left out has no slots", "Pacific/Apia", every("10:00"), "2011-12-29T12:00:00Z", []string{"2011-12-29T10:00:00-10:00", "2011-12-31T10:00:00+14:00"}},
		{"no slots", "UTC", nil, "2026-01-15T10:00:00Z", []string{}},
		{"an unknown zone", "Mars/Olympus", every("10:00"), "2026-01-15T10:00:00Z", []string{}},
	}
	for _, tt := range tests {
		q := queues.Queue{Timezone: tt.zone, Slots: tt.slots}
		n := max(len(tt.want), 1)
		got := []string{}
		for _, at := range q.Upcoming(instant(t, tt.after), n) {
			got = append(got, at.Format(time.RFC3339))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestYearsOfSlots walks through twenty years of every zone that is odd in some way: in order, each once, and of each day its slots.
func TestYearsOfSlots(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin", "Africa/Cairo", "Africa/Casablanca", "America/Havana", "Antarctica/Troll",
		"Pacific/Apia", "Asia/Pyongyang", "America/Nuuk", "Asia/Gaza"} {
		q := queues.Queue{Timezone: zone, Slots: append(append(every("00:00"), every("02:30")...), every("23:59")...)}
		from := instant(t, "2010-01-01T00:00:00Z")
		last, days := from, map[string]int{}
		for at := range q.Between(from, from.AddDate(20, 0, 0)) {
			if !at.After(last) {
				t.Fatalf("%s: %s comes after %s", zone, at, last)
			}
			days[at.Format(time.DateOnly)]++
			last = at
		}
		for day, n := range days {
			if day > "2010-01-02" && day < "2029-12-30" && n != 3 {
				t.Errorf("%s has %d slots on %s", zone, n, day)
			}
		}
		if len(days) < 7300 {
			t.Errorf("%s: slots on %d days only", zone, len(days))
		}
	}
}

func TestFree(t *testing.T) {
	t.Parallel()
	q := queues.Queue{Timezone: "Europe/Berlin", Slots: []queues.Slot{{monday, "09:00"}}}
	now := instant(t, "2026-01-15T10:00:00Z")
	var taken []time.Time
	for i := 0; ; i++ {
		at, ok := q.Free(now, taken)
		if !ok {
			if i < 100 || i > 110 { // the Mondays of two years
				t.Errorf("it was full after %d", i)
			}
			return
		}
		if at.Weekday() != time.Monday || at.Hour() != 9 || slices.ContainsFunc(taken, at.Equal) {
			t.Fatalf("number %d is %s", i, at)
		}
		taken = append(taken, at.UTC()) // as it comes out of the database
	}
}
