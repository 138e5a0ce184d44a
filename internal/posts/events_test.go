package posts

import (
	"testing"

	"posthorn/internal/events"
)

func TestArrival(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from, to  Status
		cancelled bool // some target was taken down
		want      events.Name
	}{
		{from: Scheduled, to: Publishing},
		{from: Publishing, to: Scheduled}, // waits for another try
		{from: Publishing, to: Published, want: events.PostPublished},
		{from: Scheduled, to: Published, want: events.PostPublished},
		{from: Publishing, to: Partial, want: events.PostPartial},
		{from: Publishing, to: Failed, want: events.PostFailed},
		{from: Published, to: Published}, // a first comment followed
		{from: Published, to: Failed, want: events.PostFailed},
		{from: Draft, to: Scheduled, want: events.PostScheduled},
		{from: Failed, to: Scheduled, want: events.PostScheduled},
		{from: Partial, to: Publishing, want: events.PostScheduled},
		{from: Published, to: Partial, cancelled: true},
		{from: Partial, to: Failed, cancelled: true},
		{from: Published, to: Cancelled, cancelled: true, want: events.PostCancelled},
		{from: Partial, to: Cancelled, cancelled: true, want: events.PostCancelled},
		{from: Cancelled, to: Cancelled, cancelled: true},
	} {
		if got := arrival(tt.from, tt.to, tt.cancelled); got != tt.want {
			t.Errorf("from %s to %s (taken down: %t): %q, want %q", tt.from, tt.to, tt.cancelled, got, tt.want)
		}
	}
}
