package tokens_test

import (
	"strings"
	"testing"

	"posthorn/internal/platforms"
	"posthorn/internal/tokens"
)

// TestSealer seals an upload's address for an account: it shows nowhere, and opens for that account with that key alone.
func TestSealer(t *testing.T) {
	t.Parallel()
	keys := func(setting string) *tokens.Vault {
		k, err := tokens.ParseKeys(setting)
		if err != nil {
			t.Fatal(err)
		}
		return &tokens.Vault{Keys: k}
	}
	old := tokens.NewKey("old")
	v := keys(old)
	const address = "https://platform.example/upload?upload_id=abc"
	sealed := v.Sealer("one").Seal(platforms.NewSecret(address))
	if strings.Contains(sealed, "upload_id") || sealed == v.Sealer("one").Seal(platforms.NewSecret(address)) {
		t.Errorf("sealed as %q", sealed)
	}
	rotated := keys(tokens.NewKey("new") + "," + old)
	for _, s := range []platforms.Sealer{v.Sealer("one"), rotated.Sealer("one")} {
		if got, ok := s.Open(sealed); !ok || got.Reveal() != address {
			t.Errorf("opened as %q, %t", got.Reveal(), ok)
		}
	}
	for name, s := range map[string]platforms.Sealer{"another account": v.Sealer("two"), "another key": keys(tokens.NewKey("new")).Sealer("one")} {
		if _, ok := s.Open(sealed); ok {
			t.Errorf("%s opens it", name)
		}
	}
	if _, ok := v.Sealer("one").Open("not sealed"); ok {
		t.Error("what was never sealed opens")
	}
}
