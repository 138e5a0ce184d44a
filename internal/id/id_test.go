package id

import (
	"testing"
	"time"
)

func TestNew(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	a, b := New(at), New(at.Add(time.Second))
	if !Valid(a) || !Valid(b) {
		t.Fatalf("New made %q and %q, want 24 hex digits", a, b)
	}
	if a >= b {
		t.Errorf("%q made earlier does not sort before %q", a, b)
	}
	if got := Time(a); !got.Equal(at) {
		t.Errorf("Time(%q) = %v, want %v", a, got, at)
	}
	if New(at) == a {
		t.Error("two IDs of one second are equal")
	}
}

func TestValid(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"":                            false,
		"65f1c0a9e2b5af0012ab34cd":    true,
		"65F1C0A9E2B5AF0012AB34CD":    false,
		"65f1c0a9e2b5af0012ab34c":     false,
		"65f1c0a9e2b5af0012ab34cdd":   false,
		"65f1c0a9e2b5af0012ab34cg":    false,
		"65f1c0a9e2b5af0012ab34c\x00": false,
	} {
		if got := Valid(s); got != want {
			t.Errorf("Valid(%q) = %v, want %v", s, got, want)
		}
	}
	if !Time("nonsense").IsZero() {
		t.Error("Time of nonsense is not zero")
	}
}

func TestFirst(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 10, 0, 0, 999, time.UTC)
	first := First(now)
	if !Valid(first) || New(now) < first || New(now.Add(-time.Second)) > first || !Time(first).Equal(now.Truncate(time.Second)) {
		t.Errorf("the first ID of %v is %s", now, first)
	}
}
