package posts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

// TestWarnsOfCaps schedules more at one account than its platform allows in a day.
func TestWarnsOfCaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Budgets = func(platforms.Info) []platforms.Budget {
		return []platforms.Budget{{Name: "posts_day", Scope: "account", Limit: 7, PerPost: 2, Window: 24 * time.Hour}, {Name: "calls", Scope: "app", Limit: 1, PerPost: 1, Window: time.Hour}}
	}
	make := func(i int, at time.Time) []string {
		t.Helper()
		made, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: fmt.Sprint("post ", i), Mode: posts.At, ScheduledFor: at.Format(time.RFC3339), Targets: []posts.NewTarget{w.target(w.account), w.target(w.second)}})
		if err != nil {
			t.Fatal(err)
		}
		return made.Warnings
	}
	noon := at(tomorrow)
	for i := range 3 {
		if got := make(i, noon.Add(time.Duration(i)*time.Hour)); len(got) != 0 {
			t.Errorf("post %d: %v", i, got)
		}
	}
	got := make(3, noon.Add(5*time.Hour))
	if len(got) != 2 || !strings.HasPrefix(got[0], "platforms[0]: @owner at demo has more scheduled around that time than Demo allows (7 posts day in 24 hours, which is about 3 posts)") || !strings.HasPrefix(got[1], "platforms[1]: ") {
		t.Errorf("the fourth: %v", got)
	}
	if got := make(4, noon.Add(30*time.Hour)); len(got) != 0 {
		t.Errorf("a day later: %v", got)
	}
}
