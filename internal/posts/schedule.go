package posts

import (
	"strings"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/localtime"
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
// empty is UTC), by the rule of localtime.Instant. Its errors blame field, or "timezone".
func parseTime(field, value, zone string) (time.Time, error) {
	value = strings.TrimSpace(value)
	for _, layout := range zonedLayouts {
		if t, err := time.Parse(layout, value); err == nil {
			return inBounds(field, value, t.UTC())
		}
	}
	loc, err := localtime.Zone(zone)
	if err != nil {
		return time.Time{}, err
	}
	for _, layout := range localLayouts {
		if t, err := time.Parse(layout, value); err == nil {
			return inBounds(field, value, localtime.Instant(t, loc).UTC())
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

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
