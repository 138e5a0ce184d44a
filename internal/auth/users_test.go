package auth_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/postgres"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	member, scoped := h.person("member", auth.RoleMember), h.person("scoped", auth.RoleMember, red.ID)
	other := h.person("other", auth.RoleMember, blue.ID)
	seen := func(by auth.Principal) (ids []string) {
		list, err := h.Users(t.Context(), by)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range list {
			ids = append(ids, u.ID)
		}
		return ids
	}
	if got := seen(h.owner); !slices.Equal(got, []string{h.owner.UserID, member.UserID, scoped.UserID, other.UserID}) && len(got) != 4 || got[0] != h.owner.UserID {
		t.Errorf("the owner sees %v", got)
	}
	if got := seen(scoped); len(got) != 3 || slices.Contains(got, other.UserID) {
		t.Errorf("somebody with one profile sees %v", got)
	}
	if got := seen(h.stranger); len(got) != 1 {
		t.Errorf("a stranger sees %v", got)
	}
	u, err := h.User(t.Context(), h.owner, scoped.UserID)
	if err != nil || u.Name != "scoped" || u.Email != "scoped@example.com" || u.Root() || !slices.Equal(u.Profiles, []string{red.ID}) {
		t.Errorf("%+v, %v", u, err)
	}
	for what, by := range map[string]auth.Principal{"a stranger": h.stranger, "somebody with another profile": other} {
		_, err := h.User(t.Context(), by, scoped.UserID)
		h.refuses(what, err, errs.NotFound)
	}
	_, err = h.User(t.Context(), h.owner, "not an ID")
	h.refuses("no ID", err, errs.NotFound)
}

func TestRemoveUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	member, admin := h.person("member", auth.RoleMember), h.person("admin", auth.RoleAdmin)
	extra := h.key(member, auth.NewAPIKey{Name: "extra"})
	invite, err := h.Invite(t.Context(), admin, auth.NewInvite{Role: auth.RoleMember})
	if err != nil {
		t.Fatal(err)
	}
	h.refuses("a member", h.RemoveUser(t.Context(), member, admin.UserID), errs.Forbidden)
	h.refuses("a stranger", h.RemoveUser(t.Context(), h.stranger, member.UserID), errs.NotFound)
	h.refuses("the root user", h.RemoveUser(t.Context(), admin, h.owner.UserID), errs.Forbidden)
	h.refuses("nobody", h.RemoveUser(t.Context(), admin, nobody), errs.NotFound)
	if err := h.RemoveUser(t.Context(), admin, member.UserID); err != nil {
		t.Fatal(err)
	}
	if h.works(extra.Secret) {
		t.Error("a removed person's key works")
	}
	h.refuses("again", h.RemoveUser(t.Context(), admin, member.UserID), errs.NotFound)
	_, err = h.CreateKey(t.Context(), member, auth.NewAPIKey{Name: "late"})
	h.refuses("a key for somebody removed", err, errs.Unauthorized)
	if err := h.RemoveUser(t.Context(), h.owner, admin.UserID); err != nil {
		t.Fatal(err)
	}
	_, err = h.OpenInvite(t.Context(), invite.Token.Reveal())
	h.refuses("an invitation of somebody removed", err, errs.NotFound)
	_, err = h.Invite(t.Context(), admin, auth.NewInvite{Role: auth.RoleMember})
	h.refuses("an invitation by somebody removed", err, errs.Unauthorized)
}

// TestRemoveWhileMakingKeys removes somebody who is making keys: no key survives, and nothing breaks.
func TestRemoveWhileMakingKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	member := h.person("member", auth.RoleMember)
	atOnce(9, func(i int) {
		if i == 4 {
			if err := h.RemoveUser(t.Context(), h.owner, member.UserID); err != nil {
				t.Error(err)
			}
			return
		}
		if _, err := h.CreateKey(t.Context(), member, auth.NewAPIKey{Name: "k"}); err != nil && errs.CodeOf(err) != errs.Unauthorized {
			t.Error(err)
		}
	})
	list, err := h.Keys(t.Context(), h.owner)
	if err != nil || slices.ContainsFunc(list, func(k auth.APIKey) bool { return k.UserID == member.UserID }) {
		t.Errorf("%v, %v", list, err)
	}
}

func TestLastLogin(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	k := h.key(h.owner, auth.NewAPIKey{Name: "k"})
	stamp := func() time.Time {
		u, err := h.User(t.Context(), h.owner, h.owner.UserID)
		if err != nil || u.LastLoginAt == nil {
			t.Fatalf("%+v, %v", u, err)
		}
		return u.LastLoginAt.UTC()
	}
	first := stamp()
	var writes atomic.Int64
	version := func() (v string) {
		if err := h.Pool.QueryRow(t.Context(), `select xmin::text from users where id = $1`, h.owner.UserID).Scan(&v); err != nil {
			t.Error(err)
		}
		return v
	}
	before := version()
	h.advance(time.Hour)
	for range 3 {
		h.principal(k)
	}
	if got := stamp(); !got.Equal(first) || version() != before {
		t.Errorf("stamped at %v within the hour", got)
	}
	h.advance(time.Second)
	atOnce(8, func(int) {
		if h.works(k.Secret) {
			writes.Add(1)
		}
	})
	if got := stamp(); !got.Equal(h.clock()) || writes.Load() != 8 {
		t.Errorf("stamped at %v, and %d of 8 got in", got, writes.Load())
	}
	// Somebody who is being changed is not waited for.
	h.advance(2 * time.Hour)
	err := postgres.InTx(t.Context(), h.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `select 1 from users where id = $1 for update`, h.owner.UserID); err != nil {
			return err
		}
		h.principal(k)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSetEmail(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.person("taken", auth.RoleMember)
	set := func(email string) error {
		return postgres.InTx(t.Context(), h.Pool, func(tx pgx.Tx) error { return h.SetEmail(t.Context(), tx, h.owner.OwnerID, email) })
	}
	if err := set(" Anna@example.com "); err != nil {
		t.Fatal(err)
	}
	if u, err := h.User(t.Context(), h.owner, h.owner.UserID); err != nil || u.Email != "Anna@example.com" {
		t.Errorf("%+v, %v", u, err)
	}
	h.refuses("no address", set("anna"), errs.Invalid)
	h.refuses("another's address", set("TAKEN@example.com"), errs.Conflict)
}
