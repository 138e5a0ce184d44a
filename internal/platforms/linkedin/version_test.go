package linkedin

import (
	"testing"
	"time"
)

// TestVersionLivesOn fails sixty days before the pinned version of the API may be gone: each is there for twelve months at least, and then all calls of
// everybody are refused at once. https://learn.microsoft.com/en-us/linkedin/marketing/versioning
func TestVersionLivesOn(t *testing.T) {
	t.Parallel()
	from, err := time.Parse("200601", apiVersion)
	if err != nil {
		t.Fatal(err)
	}
	sunset := from.AddDate(1, 0, 0)
	if now := time.Now(); now.After(sunset.AddDate(0, 0, -60)) {
		t.Errorf("LinkedIn's version %s may be gone from %s on: pin a newer one, after reading what changed in it", apiVersion, sunset.Format(time.DateOnly))
	}
}
