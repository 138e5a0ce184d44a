package instagram

import (
	"slices"
	"testing"

	"posthorn/internal/platforms"
)

func TestScopesAreThoseOfTheLogin(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{"": "instagram_business_content_publish", `{"loginMethod":"instagram_login"}`: "instagram_business_content_publish",
		`{"loginMethod":"facebook_login","pageId":"1"}`: "instagram_content_publish"} {
		s := Platform{}.Scopes(platforms.Account{Data: []byte(data)})
		if !slices.Contains(s.Posting, want) || len(s.Analytics) == 0 || len(s.Optional) == 0 || s.Source == "" {
			t.Errorf("%s: %+v", data, s)
		}
	}
}
