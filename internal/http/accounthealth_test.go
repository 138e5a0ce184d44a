package http

import (
	"testing"
	"time"
)

func TestInWords(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]string{
		-time.Hour: "expired", 0: "expired", time.Second: "less than a minute", time.Minute: "1 minute", 119 * time.Minute: "119 minutes",
		2 * time.Hour: "2 hours", 47*time.Hour + 59*time.Minute: "47 hours", 2 * day: "2 days", 12*day + 23*time.Hour: "12 days",
	} {
		if got := inWords(left); got != want {
			t.Errorf("%s is %q, want %q", left, got, want)
		}
	}
}
