package bluesky

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"posthorn/internal/platforms"
)

func TestCosts(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]map[string]int{
		"/xrpc/com.atproto.repo.putRecord":    {"points_hour": 3, "points_day": 3},
		"/xrpc/com.atproto.repo.deleteRecord": {"points_hour": 1, "points_day": 1},
		"/xrpc/com.atproto.repo.uploadBlob":   {"blobs_day": 1},
		"/xrpc/com.atproto.repo.getRecord":    {},
	} {
		got := Platform{}.Costs(&http.Request{Method: "POST", URL: &url.URL{Path: path}})
		if len(got) != len(want) {
			t.Errorf("%s costs %v, want %v", path, got, want)
		}
		for name, n := range want {
			if got[name] != n || !slices.ContainsFunc(budgets, func(b platforms.Budget) bool { return b.Name == name && b.Limit > 0 }) {
				t.Errorf("%s costs %v, want %v of budgets that there are", path, got, want)
			}
		}
	}
}
