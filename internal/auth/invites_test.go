package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

func (h *house) invite(role auth.Role, profiles ...string) auth.Invite {
	h.t.Helper()
	i, err := h.Invite(h.t.Context(), h.owner, auth.NewInvite{Role: role, Profiles: profiles})
	if err != nil {
		h.t.Fatal(err)
	}
	return i
}

func TestInvite(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	i := h.invite(auth.RoleViewer, red.ID, red.ID)
	if !i.ExpiresAt.Equal(h.clock().Add(7*24*time.Hour)) || len(i.Profiles) != 1 || i.Role != auth.RoleViewer {
		t.Errorf("%+v", i)
	}
	open, err := h.OpenInvite(t.Context(), i.Token.Reveal())
	if err != nil || open.OwnerName != "Acme" || open.Role != auth.RoleViewer || len(open.Profiles) != 1 {
		t.Errorf("%+v, %v", open, err)
	}
	var stored string
	if err := h.Pool.QueryRow(t.Context(), `select string_agg(i::text, ' ') from invites i`).Scan(&stored); err != nil || strings.Contains(stored, i.Token.Reveal()[4:20]) {
		t.Errorf("the token can be read in the table: %s, %v", stored, err)
	}
	member, scopedAdmin := h.person("member", auth.RoleMember), h.person("scoped", auth.RoleAdmin, red.ID)
	for _, tt := range []struct {
		what string
		by   auth.Principal
		n    auth.NewInvite
		code errs.Code
	}{
		{"a member", member, auth.NewInvite{Role: auth.RoleViewer}, errs.Forbidden},
		{"another owner", h.owner, auth.NewInvite{Role: auth.RoleOwner}, errs.Invalid},
		{"no role", h.owner, auth.NewInvite{}, errs.Invalid},
		{"an unknown profile", h.owner, auth.NewInvite{Role: auth.RoleMember, Profiles: []string{nobody}}, errs.Invalid},
		{"to all by somebody who has one", scopedAdmin, auth.NewInvite{Role: auth.RoleMember}, errs.Forbidden},
		{"to what the admin does not reach", scopedAdmin, auth.NewInvite{Role: auth.RoleMember, Profiles: []string{blue.ID}}, errs.Invalid},
		{"to what the admin reaches", scopedAdmin, auth.NewInvite{Role: auth.RoleMember, Profiles: []string{red.ID}}, ""},
	} {
		_, err := h.Invite(t.Context(), tt.by, tt.n)
		h.refuses(tt.what, err, tt.code)
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	i := h.invite(auth.RoleViewer, red.ID)
	join := func(token platforms.Secret, name, email string) (auth.User, auth.APIKey, error) {
		return h.Join(t.Context(), auth.Joining{Token: token, Name: name, Email: email})
	}
	_, _, err := join(i.Token, "", "v@example.com")
	h.refuses("no name", err, errs.Invalid)
	for _, email := range []string{"", "v", "V <v@example.com>", "v@\x00.com", strings.Repeat("v", 250) + "@example.com", "a@b, c@d"} {
		if _, _, err := join(i.Token, "V", email); errs.CodeOf(err) != errs.Invalid {
			t.Errorf("%q: %v", email, err)
		}
	}
	u, k, err := join(i.Token, " Vera ", " vera@example.com ")
	if err != nil || u.Name != "Vera" || u.Email != "vera@example.com" || u.Role != auth.RoleViewer || u.Root() || len(u.Profiles) != 1 || !k.ReadOnly || k.UserEmail != u.Email {
		t.Fatalf("%+v, %+v, %v", u, k, err)
	}
	if p := h.principal(k); p.UserID != u.ID || p.OwnerID != h.owner.OwnerID || !p.Scoped() || p.Reaches(blue.ID) {
		t.Errorf("it stands for %+v", p)
	}
	_, _, err = join(i.Token, "Vera", "again@example.com")
	h.refuses("a second time", err, errs.Gone)
	next := h.invite(auth.RoleMember)
	_, _, err = join(next.Token, "Vera", "VERA@example.com")
	h.refuses("the same address", err, errs.Conflict)
	if _, _, err = join(next.Token, "Vera", "vera2@example.com"); err != nil {
		t.Errorf("after a refusal the invitation is lost: %v", err)
	}
	late := h.invite(auth.RoleMember)
	h.advance(7 * 24 * time.Hour)
	_, _, err = join(late.Token, "Late", "late@example.com")
	h.refuses("an expired one", err, errs.Gone)
	for _, token := range []string{"", "inv_", auth.NewKey(), "inv_" + auth.NewKey()[3:], late.Token.Reveal() + "0"} {
		_, _, err = join(platforms.NewSecret(token), "X", "x@example.com")
		h.refuses(token, err, errs.NotFound)
	}
	h.advance(31 * 24 * time.Hour)
	h.invite(auth.RoleMember) // tidies up
	_, _, err = join(late.Token, "Late", "late@example.com")
	h.refuses("one that ended long ago", err, errs.NotFound)
}

// TestOneJoins has many accept one invitation at the same instant.
func TestOneJoins(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	i := h.invite(auth.RoleMember)
	var mu sync.Mutex
	joined := 0
	atOnce(12, func(n int) {
		_, k, err := h.Join(t.Context(), auth.Joining{Token: i.Token, Name: "N", Email: string(rune('a'+n)) + "@example.com"})
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil && h.works(k.Secret):
			joined++
		case errs.CodeOf(err) != errs.Gone:
			t.Errorf("%v", err)
		}
	})
	if list, err := h.Users(t.Context(), h.owner); joined != 1 || len(list) != 2 || err != nil {
		t.Errorf("%d joined, and there are %d people, %v", joined, len(list), err)
	}
}

// TestFormSentTwice has a browser send the same form several times, as at a double click: every answer shows the same key.
func TestFormSentTwice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	j := auth.Joining{Token: h.invite(auth.RoleMember).Token, Name: "Anna", Email: "anna@example.com", Form: auth.NewForm()}
	var mu sync.Mutex
	keys := map[string]bool{}
	atOnce(6, func(int) {
		u, k, err := h.Join(t.Context(), j)
		mu.Lock()
		defer mu.Unlock()
		if keys[k.Secret.Reveal()] = true; err != nil || u.Name != "Anna" || !h.works(k.Secret) {
			t.Errorf("%+v, %v", u, err)
		}
	})
	if list, err := h.Users(t.Context(), h.owner); len(keys) != 1 || len(list) != 2 || err != nil {
		t.Errorf("%d keys and %d people, %v", len(keys), len(list), err)
	}
	other := j
	other.Form = auth.NewForm()
	_, _, err := h.Join(t.Context(), other)
	h.refuses("another form", err, errs.Gone)
	other.Form = platforms.NewSecret("guessable")
	_, _, err = h.Join(t.Context(), other)
	h.refuses("a form that is none", err, errs.Gone)
	h.advance(10 * time.Minute)
	_, _, err = h.Join(t.Context(), j)
	h.refuses("the same form much later", err, errs.Gone)
}
