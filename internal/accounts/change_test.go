package accounts_test

import (
	"sync"
	"testing"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// some is the owner as seen through a key of some profiles.
func (w world) some(profiles ...string) auth.Principal {
	by := w.owner
	by.Profiles = profiles
	return by
}

func ptr[T any](v T) *T { return &v }

func TestAdaptersSeeThePlatformsNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.connect(t.Context(), "", "anna", "right")
	if err != nil {
		t.Fatal(err)
	}
	if a, err = w.Update(t.Context(), w.owner, a.ID, accounts.Change{Username: ptr("ours"), DisplayName: ptr("Our Anna")}); err != nil || a.Username != "ours" || a.DisplayName != "Our Anna" {
		t.Fatalf("renamed %+v, %v", a, err)
	}
	session, err := w.Dial(t.Context(), a.ID, func() error { return nil })
	if err != nil || session.Conn.Account.Username != "anna" || session.Conn.Account.DisplayName != "" || session.Conn.App.ID != "app of anna" {
		t.Errorf("the adapter sees %+v, %v", session.Conn.Account, err)
	}
	if a, err = w.connect(t.Context(), "", "berta", "right"); err != nil || a.Username != "ours" || a.RemoteUsername != "berta" {
		t.Errorf("connected again under another name: %+v, %v", a, err)
	}
	if a, err = w.Update(t.Context(), w.owner, a.ID, accounts.Change{Username: ptr(" ")}); err != nil || a.Username != "berta" || a.DisplayName != "Our Anna" {
		t.Errorf("one name taken back: %+v, %v", a, err)
	}
}

func TestDisconnectAndConnectAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.connect(t.Context(), "", "anna", "right")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Disconnect(t.Context(), w.stranger, a.ID); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("a stranger: %v", err)
	}
	if err := w.Disconnect(t.Context(), w.owner, a.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Disconnect(t.Context(), w.owner, a.ID); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("again: %v", err)
	}
	_, err = w.Dial(t.Context(), a.ID, func() error { return nil })
	if e := platforms.AsError(err); e.Kind != platforms.Unauthorized || e.Rule != "account.disconnected" {
		t.Errorf("dialled while disconnected: %v", err)
	}
	if err := w.NeedsReconnection(t.Context(), a.ID); err != nil { // the worker's answer to that
		t.Fatal(err)
	}
	if a, err := w.Get(t.Context(), w.owner, a.ID); err != nil || a.NeedsReconnection || a.Active {
		t.Errorf("it is %+v, %v; its platform has said nothing", a, err)
	}
	b, err := w.connect(t.Context(), "", "anna", "right")
	if err != nil || b.ID != a.ID || !b.Active {
		t.Errorf("connected again: %+v, %v", b, err)
	}
	if _, err := w.Dial(t.Context(), a.ID, func() error { return nil }); err != nil {
		t.Errorf("dialled then: %v", err)
	}
}

func TestScopedPrincipalsAndAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.connect(t.Context(), "", "anna", "right")
	if err != nil {
		t.Fatal(err)
	}
	other, err := w.CreateProfile(t.Context(), w.owner, accounts.NewProfile{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	by := w.some(other.ID)
	if _, err := w.ConnectCredentials(t.Context(), by, other.ID, "demo", map[string]platforms.Secret{"password": platforms.NewSecret("right")}); errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("an account of another profile was taken out of it: %v", err)
	}
	if a, err := w.Get(t.Context(), w.owner, a.ID); err != nil || a.ProfileID == other.ID || a.Username != "anna" {
		t.Errorf("it is %+v, %v", a, err)
	}
	if err := w.Move(t.Context(), by, a.ID, other.ID); errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("moved into reach: %v", err)
	}
	if err := w.Move(t.Context(), w.some(other.ID, a.ProfileID), a.ID, other.ID); err != nil {
		t.Errorf("moved within reach: %v", err)
	}
	if _, err := w.ConnectCredentials(t.Context(), by, other.ID, "demo", map[string]platforms.Secret{"password": platforms.NewSecret("right")}); err != nil {
		t.Errorf("connected again within reach: %v", err)
	}
	for _, id := range []string{"", "x\x00", "nonsense", other.ID} {
		if _, err := w.Health(t.Context(), w.owner, id); errs.CodeOf(err) != errs.NotFound {
			t.Errorf("health of %q: %v", id, err)
		}
	}
}

// TestDeleteProfileWhileAccountsCome connects accounts into a profile while it is deleted: each either came in time, and the profile
// stays, or is refused because the profile is gone.
func TestDeleteProfileWhileAccountsCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		p, err := w.CreateProfile(t.Context(), w.owner, accounts.NewProfile{Name: "Doomed"})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var deleted, connected error
		wg.Go(func() { deleted = w.DeleteProfile(t.Context(), w.owner, p.ID) })
		wg.Go(func() { _, connected = w.connect(t.Context(), p.ID, "anna", "right") })
		wg.Wait()
		switch {
		case deleted == nil && errs.CodeOf(connected) == errs.NotFound:
		case errs.CodeOf(deleted) == errs.Invalid && connected == nil:
			list, _, err := w.List(t.Context(), w.owner, accounts.Filter{ProfileID: p.ID})
			if err != nil || len(list) != 1 {
				t.Fatalf("the profile has %v, %v", list, err)
			}
			if err := w.Disconnect(t.Context(), w.owner, list[0].ID); err != nil {
				t.Fatal(err)
			}
			if err := w.DeleteProfile(t.Context(), w.owner, p.ID); err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("deleted: %v, connected: %v", deleted, connected)
		}
	}
}
