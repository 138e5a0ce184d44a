package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

func TestCreateKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	k := h.key(h.owner, auth.NewAPIKey{Name: " all of it ", Days: 2, Profiles: []string{blue.ID, red.ID, blue.ID}, ReadOnly: true, Disabled: []auth.Group{auth.Webhooks, auth.Ads, auth.Ads}})
	secret := k.Secret.Reveal()
	if k.Name != "all of it" || !strings.HasPrefix(secret, "zrk_") || len(secret) != 68 || k.Preview != secret[:12]+"..."+secret[60:] || !k.ExpiresAt.Equal(h.clock().Add(48*time.Hour)) {
		t.Errorf("%+v", k)
	}
	if !slices.Equal(k.Profiles, []auth.ProfileName{blue, red}) || !slices.Equal(k.Disabled, []auth.Group{auth.Ads, auth.Webhooks}) {
		t.Errorf("%+v", k)
	}
	p := h.principal(k)
	if !p.ReadOnly || !p.Narrowed || !slices.Equal(p.Profiles, []string{blue.ID, red.ID}) || !slices.Equal(p.Disabled, k.Disabled) || p.UserID != h.owner.UserID {
		t.Errorf("it stands for %+v", p)
	}
	if text := fmt.Sprintf("%+v", k); strings.Contains(text, secret) {
		t.Errorf("it prints as %s", text)
	}
	h.advance(48*time.Hour - time.Second)
	if !h.works(k.Secret) {
		t.Error("it expires early")
	}
	h.advance(time.Second)
	if h.works(k.Secret) {
		t.Error("it does not expire")
	}
	if k := h.key(h.owner, auth.NewAPIKey{Name: "plain"}); !strings.HasPrefix(k.Secret.Reveal(), "sk_") || k.ExpiresAt != nil || k.Scoped || k.Disabled != nil {
		t.Errorf("%+v", k)
	}
	for what, n := range map[string]auth.NewAPIKey{
		"no name":          {Name: " "},
		"a long name":      {Name: strings.Repeat("ä", 101)},
		"two lines":        {Name: "a\nb"},
		"too long":         {Name: "k", Days: auth.MaxKeyDays + 1},
		"negative":         {Name: "k", Days: -1},
		"unknown group":    {Name: "k", Disabled: []auth.Group{"admin"}},
		"not even an ID":   {Name: "k", Profiles: []string{"x"}},
		"an empty profile": {Name: "k", Profiles: []string{""}},
	} {
		_, err := h.CreateKey(t.Context(), h.owner, n)
		h.refuses(what, err, errs.Invalid)
	}
	_, err := h.CreateKey(t.Context(), h.owner, auth.NewAPIKey{Name: "k", Profiles: []string{red.ID, nobody}})
	h.refuses("unknown profile", err, errs.NotFound)
	_, err = h.CreateKey(t.Context(), h.stranger, auth.NewAPIKey{Name: "k", Profiles: []string{red.ID}})
	h.refuses("another owner's profile", err, errs.NotFound)
}

// TestKeysNeverDoMore makes keys of keys that are restricted in every way.
func TestKeysNeverDoMore(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	scoped := h.person("scoped", auth.RoleMember, red.ID)
	p := h.principal(h.key(scoped, auth.NewAPIKey{Name: "k"}))
	if !slices.Equal(p.Profiles, []string{red.ID}) || p.Narrowed {
		t.Errorf("a key of somebody with one profile reaches %+v", p)
	}
	_, err := h.CreateKey(t.Context(), scoped, auth.NewAPIKey{Name: "k", Profiles: []string{blue.ID}})
	h.refuses("a profile beyond reach", err, errs.NotFound)
	by := h.principal(h.key(h.owner, auth.NewAPIKey{Name: "k", Profiles: []string{red.ID}, ReadOnly: true, Disabled: []auth.Group{auth.Ads}}))
	p = h.principal(h.key(by, auth.NewAPIKey{Name: "k", Disabled: []auth.Group{auth.Billing}}))
	if !p.ReadOnly || !slices.Equal(p.Profiles, []string{red.ID}) || !slices.Equal(p.Disabled, []auth.Group{auth.Ads, auth.Billing}) {
		t.Errorf("%+v", p)
	}
	if by.May(auth.Admin, false) == nil || by.May(auth.Admin, true) == nil {
		t.Error("a restricted key may manage keys")
	}
}

func TestWhatRolesMay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for role, want := range map[auth.Role][3]bool{ // write: posts, billing, keys
		auth.RoleAdmin: {true, true, true}, auth.RoleMember: {true, true, true}, auth.RoleBillingAdmin: {false, true, true}, auth.RoleViewer: {false, false, false},
	} {
		p := h.person(string(role), role)
		got := [3]bool{p.May(auth.Publishing, false) == nil, p.May(auth.Billing, false) == nil, p.May(auth.Admin, false) == nil}
		if got != want || p.May(auth.Publishing, true) != nil || p.May(auth.Open, false) != nil {
			t.Errorf("%s may %v, want %v", role, got, want)
		}
	}
}

// TestNobodyWithoutProfilesReachesAll is about a list that is empty, which is not the same as none.
func TestNobodyWithoutProfilesReachesAll(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	scoped := h.person("scoped", auth.RoleMember, red.ID)
	k := h.key(scoped, auth.NewAPIKey{Name: "k"})
	if _, err := h.Pool.Exec(t.Context(), `update users set profile_ids = '{}' where id = $1`, scoped.UserID); err != nil {
		t.Fatal(err)
	}
	if p := h.principal(k); !p.Scoped() || p.Reaches(red.ID) {
		t.Errorf("%+v", p)
	}
}

func TestKeysAndTheirEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	member, admin := h.person("member", auth.RoleMember), h.person("admin", auth.RoleAdmin)
	h.advance(time.Minute)
	of := h.key(member, auth.NewAPIKey{Name: "of", Profiles: []string{red.ID}})
	listed := func(by auth.Principal) []auth.APIKey {
		list, err := h.Keys(t.Context(), by)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := listed(h.owner); len(got) != 4 || got[0].ID != of.ID || got[0].UserEmail != "member@example.com" || !got[0].Secret.IsZero() || !slices.Equal(got[0].Profiles, []auth.ProfileName{red}) {
		t.Errorf("the owner sees %+v", got)
	}
	if got := listed(admin); len(got) != 4 {
		t.Errorf("an admin sees %d keys", len(got))
	}
	if got := listed(member); len(got) != 2 {
		t.Errorf("a member sees %d keys", len(got))
	}
	if got := listed(h.stranger); len(got) != 1 {
		t.Errorf("a stranger sees %d keys", len(got))
	}
	h.refuses("a stranger's delete", h.DeleteKey(t.Context(), h.stranger, of.ID), errs.NotFound)
	h.refuses("a member's delete of another's", h.DeleteKey(t.Context(), member, h.owner.KeyID), errs.NotFound)
	h.refuses("nothing", h.DeleteKey(t.Context(), h.owner, nobody), errs.NotFound)
	if !h.works(of.Secret) {
		t.Error("it ended without being deleted")
	}
	if err := h.DeleteKey(t.Context(), admin, of.ID); err != nil || h.works(of.Secret) {
		t.Errorf("deleted: %v", err)
	}
	h.refuses("again", h.DeleteKey(t.Context(), admin, of.ID), errs.NotFound)
}
