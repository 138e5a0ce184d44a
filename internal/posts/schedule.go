package posts

import (
	"strings"
	"time"

	"posthorn/internal/errs"
)

// localLayouts are the forms of a time without zone that clients send.
var localLayouts = []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04"}

// zonedLayouts are the forms with one. RFC 3339 comes first; the others leave out the seconds or use a space.
var zonedLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04Z07:00"}

// The years that a post may be scheduled in; others are slips of the keyboard, and Postgres and JSON have bounds of their own.
const (
	minYear = 2000
	maxYear = 2200
)

// parseTime reads a time as clients send it. With Z or an offset it is taken as is; without, it is local time in zone (an IANA name;
// empty is UTC). A local time in the gap of a change to summer time moves forward by the gap; one that happens twice in the autumn is
// the first of the two. Its errors blame field, or "timezone".
func parseTime(field, value, zone string) (time.Time, error) {
	value = strings.TrimSpace(value)
	for _, layout := range zonedLayouts {
		if t, err := time.Parse(layout, value); err == nil {
			return inBounds(field, value, t.UTC())
		}
	}
	loc, err := location(zone)
	if err != nil {
		return time.Time{}, err
	}
	for _, layout := range localLayouts {
		if t, err := time.Parse(layout, value); err == nil {
			return inBounds(field, value, wallClock(t, loc).UTC())
		}
	}
	return time.Time{}, errs.Fieldf(field, "%s %q is not a time; use ISO 8601, for example 2026-01-15T10:00:00Z, or 2026-01-15T10:00:00 together with timezone", field, clip(value, 40))
}

func inBounds(field, value string, t time.Time) (time.Time, error) {
	if y := t.Year(); y < minYear || y > maxYear {
		return time.Time{}, errs.Fieldf(field, "%s %q lies outside the years %d to %d", field, clip(value, 40), minYear, maxYear)
	}
	return t, nil
}

// location finds a zone by its IANA name. "Local" is this machine's zone and means nothing to a caller.
func location(zone string) (*time.Location, error) {
	if zone == "" {
		return time.UTC, nil
	}
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return nil, errs.Fieldf("timezone", "timezone %q is not an IANA time zone name such as Europe/Berlin", clip(zone, 60))
	}
	return loc, nil
}

// wallClock is the instant at which a clock in loc shows what t shows in UTC, by the rule that parseTime states. time.Date promises
// neither of the two answers it may give around a change, so both offsets are tried here.
func wallClock(t time.Time, loc *time.Location) time.Time {
	guess := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), loc)
	_, before := guess.Add(-26 * time.Hour).Zone()
	_, after := guess.Add(26 * time.Hour).Zone()
	shows := func(offset int) (time.Time, bool) {
		u := t.Add(-time.Duration(offset) * time.Second).In(loc)
		_, o := u.Zone()
		return u, o == offset
	}
	first, okFirst := shows(before)
	second, okSecond := shows(after)
	switch {
	case okFirst: // also the first of two in the autumn
		return first
	case okSecond:
		return second
	case before != after: // in the gap: the old offset carries the time forward by the gap
		return first
	default: // two changes within two days; leave it to the library
		return guess
	}
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
