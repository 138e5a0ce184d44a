package posts

import (
	"testing"
	"time"
)

func TestCrowded(t *testing.T) {
	t.Parallel()
	base := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	at := func(minutes ...int) (list []time.Time) {
		for _, m := range minutes {
			list = append(list, base.Add(time.Duration(m)*time.Minute))
		}
		return list
	}
	hourly := pace{limit: 3, window: time.Hour}
	for _, tt := range []struct {
		name  string
		taken []time.Time
		at    int
		used  int
		free  int // minutes
	}{
		{"nothing yet", nil, 0, 0, 0},
		{"room for one", at(0, 10), 20, 0, 0},
		{"full", at(0, 10, 20), 30, 3, 60},
		{"an hour after the first", at(0, 10, 20), 60, 0, 0},
		{"a minute before that", at(0, 10, 20), 59, 3, 60},
		{"before the others", at(30, 40, 50), 0, 3, 60},
		{"long before the others", at(70, 80, 90), 0, 0, 0},
		{"between, no window holds four", at(0, 50, 100), 55, 0, 0},
		{"over full", at(0, 1, 2, 3, 4), 30, 5, 62},
		{"all at the same time", at(5, 5, 5), 5, 3, 65},
	} {
		now := base.Add(time.Duration(tt.at) * time.Minute)
		used, free := crowded(append(tt.taken, now), now, hourly)
		if used != tt.used || (used > 0 && !free.Equal(base.Add(time.Duration(tt.free)*time.Minute))) {
			t.Errorf("%s: %d used, free at %s", tt.name, used, free.Format("15:04"))
		}
	}
}

func TestDailyCaps(t *testing.T) {
	t.Parallel()
	l := PaceLimits{Daily: map[string]int{"instagram": 100, "*": 50, "bluesky": 0}}
	for platform, want := range map[string]int{"instagram": 100, "mastodon": 50, "bluesky": 0} {
		if got := l.daily(platform); got != want {
			t.Errorf("%s: %d, want %d", platform, got, want)
		}
	}
	if got := (PaceLimits{}).daily("x"); got != 0 {
		t.Errorf("without caps: %d", got)
	}
}
