// Package localtime tells at which instant a clock on the wall of some zone shows a time, also on the days when the clocks there change.
package localtime

import (
	"strings"
	"time"

	"posthorn/internal/errs"
)

// Zone finds a zone by its IANA name; an empty one is UTC. Its error blames "timezone".
func Zone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil || ofThisMachine(name) {
		return nil, errs.Fieldf("timezone", "timezone %.60q is not an IANA time zone name such as Europe/Berlin", strings.ToValidUTF8(name, ""))
	}
	return loc, nil
}

// ofThisMachine reports whether a name stands for a file that zone databases have besides the zones: this machine's own zone, which means
// nothing to a caller, and copies of all zones in other countings of seconds.
func ofThisMachine(name string) bool {
	return name == "Local" || name == "localtime" || name == "posixrules" || strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/")
}

// far is further than any zone is from UTC, and than any zone has ever moved.
const far = 48 * time.Hour

// Instant is when a clock in loc shows what wall shows, whose own zone is ignored. A time that the clock leaves out in the spring moves
// forward by what is left out; one that it shows twice in the autumn is the first of the two. The day stays the one that wall shows: a time
// that would move past midnight is the last second before the clock is put forward instead. Only of a day that loc left out as a whole, as
// Samoa did in 2011, does it make the next one.
//
// time.Date promises neither of the two answers that it may give around a change.
func Instant(wall time.Time, loc *time.Location) time.Time {
	wall = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), time.UTC)
	// From period to period of one offset, oldest first. wall is within one, or in what is left out between two.
	for t := wall.Add(-far).In(loc); ; {
		_, offset := t.Zone()
		at := wall.Add(-time.Duration(offset) * time.Second).In(loc)
		_, end := t.ZoneBounds()
		if end.IsZero() || at.Before(end) {
			return at
		}
		_, next := end.Zone()
		if end.Add(time.Duration(next) * time.Second).After(wall) { // by the new offset, the clock had passed wall already
			if last := end.Add(-time.Second).In(loc); !sameDay(at, wall) && sameDay(last, wall) {
				return last
			}
			return at
		}
		t = end
	}
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}
