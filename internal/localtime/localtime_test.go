package localtime_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/localtime"
)

const layout = "2006-01-02T15:04:05"

func TestInstant(t *testing.T) {
	t.Parallel()
	tests := []struct {
		zone, wall, want string // want is UTC
	}{
		{"UTC", "2026-03-08T02:30:00", "2026-03-08T02:30:00Z"},
		{"Asia/Kolkata", "2026-01-15T10:00:00", "2026-01-15T04:30:00Z"},
		{"Asia/Kathmandu", "2026-01-15T00:00:00", "2026-01-14T18:15:00Z"},
		{"Pacific/Kiritimati", "2026-01-15T00:00:00", "2026-01-14T10:00:00Z"}, // +14, the furthest east
		{"Etc/GMT+12", "2026-01-15T23:00:00", "2026-01-16T11:00:00Z"},         // -12, the furthest west

		{"America/New_York", "2026-03-08T01:59:59", "2026-03-08T06:59:59Z"},
		{"America/New_York", "2026-03-08T02:00:00", "2026-03-08T07:00:00Z"}, // the gap begins: 03:00 EDT
		{"America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:30:00Z"}, // 03:30 EDT
		{"America/New_York", "2026-03-08T03:00:00", "2026-03-08T07:00:00Z"},
		{"America/New_York", "2026-11-01T00:59:00", "2026-11-01T04:59:00Z"},
		{"America/New_York", "2026-11-01T01:00:00", "2026-11-01T05:00:00Z"}, // twice: the first, in daylight time
		{"America/New_York", "2026-11-01T01:59:59", "2026-11-01T05:59:59Z"},
		{"America/New_York", "2026-11-01T02:00:00", "2026-11-01T07:00:00Z"},
		{"Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z"},
		{"Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"},
		{"Europe/London", "2026-03-29T01:15:00", "2026-03-29T01:15:00Z"},

		{"Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:45:00Z"}, // half an hour is left out: 02:45
		{"Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z"}, // and shown twice
		{"Antarctica/Troll", "2026-03-29T01:30:00", "2026-03-29T01:30:00Z"},    // two hours: 03:30
		{"Europe/Dublin", "2026-03-29T01:30:00", "2026-03-29T01:30:00Z"},       // whose winter time is the negative one
		{"Europe/Dublin", "2026-10-25T01:30:00", "2026-10-25T00:30:00Z"},
		{"Africa/Casablanca", "2025-02-23T02:30:00", "2025-02-23T01:30:00Z"}, // back in Ramadan, twice
		{"Africa/Casablanca", "2025-04-06T02:30:00", "2025-04-06T02:30:00Z"}, // and forward after it: 03:30
		{"Africa/Cairo", "2024-04-26T00:30:00", "2024-04-25T22:30:00Z"},      // the day begins at 01:00: 01:30
		{"Africa/Cairo", "2024-10-31T23:30:00", "2024-10-31T20:30:00Z"},      // twice, at the end of the day
		{"Africa/Cairo", "2024-11-01T00:00:00", "2024-10-31T22:00:00Z"},
		{"America/Havana", "2026-03-08T00:15:00", "2026-03-08T05:15:00Z"},
		{"America/Nuuk", "2024-03-30T22:30:00", "2024-03-31T00:30:00Z"},
		{"America/Sao_Paulo", "2018-11-04T00:00:00", "2018-11-04T03:00:00Z"},
		{"America/Caracas", "2016-05-01T02:45:00", "2016-05-01T07:15:00Z"}, // a zone that moved for good by half an hour
		{"Europe/Istanbul", "2016-09-07T00:30:00", "2016-09-06T21:30:00Z"}, // summer time for good: nothing is left out
		{"Europe/Volgograd", "2020-12-27T01:30:00", "2020-12-26T21:30:00Z"},

		{"Asia/Pyongyang", "2018-05-04T23:15:00", "2018-05-04T14:45:00Z"},
		{"Asia/Pyongyang", "2018-05-04T23:45:00", "2018-05-04T14:59:59Z"}, // the last half hour of the day was left out
		{"Asia/Pyongyang", "2018-05-05T00:00:00", "2018-05-04T15:00:00Z"},
		{"Pacific/Apia", "2011-12-29T23:59:59", "2011-12-30T09:59:59Z"},
		{"Pacific/Apia", "2011-12-30T10:00:00", "2011-12-30T20:00:00Z"}, // a day that was not: the same time of the next
		{"Pacific/Apia", "2011-12-31T00:00:00", "2011-12-30T10:00:00Z"},
	}
	for _, tt := range tests {
		loc, err := localtime.Zone(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		wall, err := time.Parse(layout, tt.wall)
		if err != nil {
			t.Fatal(err)
		}
		if got := localtime.Instant(wall, loc).UTC().Format(time.RFC3339); got != tt.want {
			t.Errorf("%s in %s is %s, want %s", tt.wall, tt.zone, got, tt.want)
		}
	}
}

// TestInstantKeepsTheDay tries every half hour around every change of every zone in this century: the clock shows the time that was asked
// for, or one after it, on the same day.
func TestInstantKeepsTheDay(t *testing.T) {
	t.Parallel()
	zones := allZones(t)
	changes := 0
	for _, name := range zones {
		loc, err := localtime.Zone(name)
		if err != nil {
			continue // not a zone but a table of them
		}
		for at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).In(loc); at.Year() < 2040; {
			_, end := at.ZoneBounds()
			if end.IsZero() {
				break
			}
			changes++
			_, offset := end.Zone()
			for d := -26 * time.Hour; d <= 26*time.Hour; d += 30 * time.Minute {
				wall := end.UTC().Add(time.Duration(offset)*time.Second + d)
				holds(t, name, wall, localtime.Instant(wall, loc))
			}
			at = end
		}
	}
	if len(zones) < 300 || changes < 5000 {
		t.Errorf("tried %d changes of %d zones, which cannot be all", changes, len(zones))
	}
}

func holds(t *testing.T, zone string, wall, got time.Time) {
	t.Helper()
	shown := got.Format(layout)
	switch {
	case shown == wall.Format(layout):
		if earlier := got.Add(-time.Hour); earlier.Format(layout) == shown {
			t.Errorf("%s in %s is %s, the second of two", wall.Format(layout), zone, got)
		}
	case strings.HasPrefix(wall.Format(layout), "2011-12-30") && (zone == "Pacific/Apia" || zone == "Pacific/Fakaofo"): // a day that was not
	case shown[:10] != wall.Format(layout)[:10]:
		t.Errorf("%s in %s is %s, another day", wall.Format(layout), zone, got)
	case shown < wall.Format(layout) && shown[14:] != "29:59" && shown[14:] != "59:59":
		t.Errorf("%s in %s is %s, which is earlier", wall.Format(layout), zone, got)
	}
}

// allZones lists the zones of this machine's database, or of the one that comes with Go.
func allZones(t *testing.T) (names []string) {
	t.Helper()
	root := "/usr/share/zoneinfo"
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if name, err := filepath.Rel(root, path); err == nil && strings.Contains(name, "/") {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Skipf("no zones at %s on %s: %v", root, runtime.GOOS, err)
	}
	return names
}

func TestZone(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"": true, "UTC": true, "Europe/Berlin": true, "America/Argentina/Buenos_Aires": true,
		"Local": false, "localtime": false, "posixrules": false, "right/Europe/Berlin": false, "posix/Europe/Berlin": false,
		"Mars/Olympus": false, "../etc/passwd": false, "/etc/localtime": false, "Europe": false, "zone.tab": false, "Europe/Berlin\x00": false, "\xff": false,
	} {
		loc, err := localtime.Zone(name)
		if ok && (err != nil || loc == nil) || !ok && errs.CodeOf(err) != errs.Invalid {
			t.Errorf("Zone(%q) = %v, %v", name, loc, err)
		}
	}
}
