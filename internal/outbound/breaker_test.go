package outbound

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	b := &Breaker{Now: func() time.Time { return now }}
	const host = "platform.example"
	ok, bad := &http.Response{StatusCode: 404}, &http.Response{StatusCode: 503}
	down := func() *DownError {
		var e *DownError
		if err := b.Allow(host); err != nil && !errors.As(err, &e) {
			t.Fatal(err)
		}
		return e
	}
	for i := range breakAfter - 1 {
		if i == 3 {
			b.Report(host, nil, context.Canceled) // says nothing
		}
		b.Report(host, bad, nil)
		if down() != nil {
			t.Fatalf("down after %d failures", i+1)
		}
	}
	b.Report(host, ok, nil)
	for range breakAfter - 1 {
		b.Report(host, nil, errors.New("refused"))
	}
	if down() != nil {
		t.Fatal("a success in between was forgotten")
	}
	b.Report(host, bad, nil)
	if e := down(); e == nil || e.Until.Before(now.Add(firstBreak)) || e.Until.After(now.Add(2*firstBreak)) {
		t.Fatalf("it should be down for a while: %v", e)
	}
	if err := b.Allow("other.example"); err != nil {
		t.Errorf("another host: %v", err)
	}
	b.Report(host, bad, nil) // one that was under way
	now = now.Add(firstBreak)
	if down() != nil {
		t.Fatal("nobody may try")
	}
	if down() == nil {
		t.Fatal("two may try at once")
	}
	b.Report(host, nil, context.Canceled)
	if down() != nil {
		t.Fatal("nobody may try after one gave up")
	}
	b.Report(host, bad, nil)
	if e := down(); e == nil || e.Until.Before(now.Add(2*firstBreak)) {
		t.Fatalf("the second pause should be longer: %v", e)
	}
	for range 20 {
		now = now.Add(longBreak)
		if down() != nil {
			t.Fatal("nobody may try")
		}
		b.Report(host, bad, nil)
	}
	if e := down(); e == nil || e.Until.After(now.Add(2*longBreak)) {
		t.Fatalf("the pause has no bound: %v", e)
	}
	now = now.Add(longBreak)
	if down() != nil {
		t.Fatal("nobody may try")
	}
	b.Report(host, ok, nil)
	if down() != nil || len(b.hosts) != 0 {
		t.Error("it does not recover")
	}
	if new(Breaker).Allow(host) != nil {
		t.Error("the zero value stops calls")
	}
}
