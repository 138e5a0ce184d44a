package posts

import (
	"testing"
	"time"

	"posthorn/internal/errs"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		value, zone, want string // want empty: an error
	}{
		{"2026-01-15T10:00:00Z", "", "2026-01-15T10:00:00Z"},
		{"2026-01-15T10:00:00Z", "America/New_York", "2026-01-15T10:00:00Z"},
		{"2026-01-15T10:00:00.250+02:00", "nonsense", "2026-01-15T08:00:00.25Z"},
		{"2026-01-15T10:00Z", "", "2026-01-15T10:00:00Z"},
		{"2026-01-15T10:00:00", "", "2026-01-15T10:00:00Z"},
		{"2026-01-15T10:00:00", "America/New_York", "2026-01-15T15:00:00Z"},
		{"2026-01-15T10:00", "Asia/Kolkata", "2026-01-15T04:30:00Z"},
		{"2026-01-15 10:00:00", "Europe/Berlin", "2026-01-15T09:00:00Z"},
		{"2026-01-15 10:00", "Europe/Berlin", "2026-01-15T09:00:00Z"},
		{"2026-03-08T02:30", "America/New_York", "2026-03-08T07:30:00Z"}, // in the gap: 03:30 EDT
		{"2026-03-08T01:59", "America/New_York", "2026-03-08T06:59:00Z"},
		{"2026-03-08T03:00", "America/New_York", "2026-03-08T07:00:00Z"},
		{"2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00Z"}, // twice: the first, in daylight time
		{"2026-11-01T02:00", "America/New_York", "2026-11-01T07:00:00Z"},
		{"2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00Z"}, // a gap of half an hour
		{"2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00Z"},
		{"2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00Z"},
		{"garbage", "", ""},
		{"", "", ""},
		{"2026-13-01T10:00:00Z", "", ""},
		{"2026-02-30T10:00", "", ""},
		{"2026-01-15", "", ""},
		{"1737-01-15T10:00:00Z", "", ""},
		{"9999-01-15T10:00:00Z", "", ""},
		{"2026-01-15T10:00", "Mars/Olympus", ""},
		{"2026-01-15T10:00", "Local", ""},
		{"2026-01-15T10:00", "../etc/passwd", ""},
	}
	for _, tt := range tests {
		got, err := parseTime("scheduledFor", tt.value, tt.zone)
		if tt.want == "" {
			if errs.CodeOf(err) != errs.Invalid {
				t.Errorf("%q in %q: %v, %v; want an invalid-error", tt.value, tt.zone, got, err)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339Nano) != tt.want {
			t.Errorf("%q in %q: %v, %v; want %s", tt.value, tt.zone, got.Format(time.RFC3339Nano), err, tt.want)
		}
	}
}
