package all_test

import (
	"net/http"
	"testing"
	"time"

	"posthorn/internal/platforms/all"
	"posthorn/internal/platforms/farside"
)

// TestTitles: whatever the sandbox serves has a name for people.
func TestTitles(t *testing.T) {
	t.Parallel()
	titles := all.Titles()
	for name := range all.Fakes(farside.Options{Now: time.Now, Fetch: http.DefaultClient}) {
		if titles[name] == "" {
			t.Errorf("%s has no title", name)
		}
	}
	if titles["twitter"] != "X" {
		t.Errorf("X is called %q", titles["twitter"])
	}
}
