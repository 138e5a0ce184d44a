package posts

import (
	"testing"
	"time"

	"posthorn/internal/localtime"
)

func TestTurnsOfACycle(t *testing.T) {
	t.Parallel()
	date := func(y, m, d int) *time.Time {
		at := time.Date(y, time.Month(m), d, 23, 59, 0, 0, time.UTC)
		return &at
	}
	tests := []struct {
		name        string
		r           Recycling
		zone, start string
		want        []string // every turn there is, or the first of them
	}{
		{"weekly through the change to summer time", Recycling{Enabled: true, Gap: 1, Unit: Week, ExpireCount: 3}, "Europe/Berlin", "2026-03-20T09:00:00Z",
			[]string{"2026-03-27T09:00:00Z", "2026-04-03T08:00:00Z", "2026-04-10T08:00:00Z"}},
		{"at a time that the change leaves out", Recycling{Enabled: true, Gap: 1, Unit: Week}, "Europe/Berlin", "2026-03-22T01:30:00Z",
			[]string{"2026-03-29T01:30:00Z", "2026-04-05T00:30:00Z"}},
		{"every other week", Recycling{Enabled: true, Gap: 2, Unit: Week}, "UTC", "2026-01-01T00:00:00Z", []string{"2026-01-15T00:00:00Z", "2026-01-29T00:00:00Z"}},
		{"monthly from the 31st", Recycling{Enabled: true, Gap: 1, Unit: Month}, "UTC", "2027-12-31T10:00:00Z",
			[]string{"2028-01-31T10:00:00Z", "2028-02-29T10:00:00Z", "2028-03-31T10:00:00Z", "2028-04-30T10:00:00Z", "2028-05-31T10:00:00Z"}},
		{"the day is that of the zone", Recycling{Enabled: true, Gap: 1, Unit: Month}, "Pacific/Auckland", "2026-01-30T11:30:00Z", // the 31st there
			[]string{"2026-02-27T11:30:00Z", "2026-03-30T11:30:00Z", "2026-04-29T12:30:00Z"}},
		{"quarterly until a date", Recycling{Enabled: true, Gap: 3, Unit: Month, ExpireDate: date(2026, 8, 31)}, "UTC", "2026-01-31T10:00:00Z", []string{"2026-04-30T10:00:00Z", "2026-07-31T10:00:00Z"}},
		{"off", Recycling{Gap: 1, Unit: Week}, "UTC", "2026-01-01T00:00:00Z", nil},
	}
	for _, tt := range tests {
		loc, err := localtime.Zone(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		start, err := time.Parse(time.RFC3339, tt.start)
		if err != nil {
			t.Fatal(err)
		}
		ended := tt.r.ExpireCount > 0 || tt.r.ExpireDate != nil || !tt.r.Enabled
		after := start
		for i := 0; i < len(tt.want) || ended; i++ {
			at, ok := tt.r.next(start, after, loc)
			if !ok || i >= len(tt.want) {
				if ok || i != len(tt.want) {
					t.Errorf("%s: there is a turn number %d: %v, want %d", tt.name, i+1, ok, len(tt.want))
				}
				break
			}
			if got := at.Format(time.RFC3339); got != tt.want[i] {
				t.Errorf("%s: turn %d is %s, want %s", tt.name, i+1, got, tt.want[i])
			}
			after = at
			tt.r.Count++
		}
	}
}

func TestTurnsAreTheSameHoweverLateOneLooks(t *testing.T) {
	t.Parallel()
	loc, err := localtime.Zone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 1, 31, 7, 30, 0, 0, time.UTC) // 02:30 there
	for _, unit := range []string{Week, Month} {
		for gap := 1; gap <= 5; gap++ {
			r := Recycling{Enabled: true, Gap: gap, Unit: unit}
			for n := 1; n < 700/gap; n++ {
				at, before := r.turn(start, n, loc), r.turn(start, n-1, loc)
				for _, after := range []time.Time{before, at.Add(-1)} {
					if got, ok := r.next(start, after, loc); !ok || !got.Equal(at) {
						t.Fatalf("every %d %ss: after %v comes %v, want %v", gap, unit, after, got, at)
					}
				}
			}
		}
	}
}
