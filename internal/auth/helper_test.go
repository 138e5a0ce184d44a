package auth_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
)

// house is a service with two owners and a clock that stands still until it is moved.
type house struct {
	*auth.Service
	t               *testing.T
	owner, stranger auth.Principal

	mu  sync.Mutex
	now time.Time
}

// The profiles of owner that its profiles' keeper knows.
var (
	red  = auth.ProfileName{ID: "0000000000000000000000aa", Name: "Red", Color: "#f00"}
	blue = auth.ProfileName{ID: "0000000000000000000000bb", Name: "Blue", Color: "#00f"}
)

// NameProfiles is the part of the profiles' keeper that is needed here.
func (h *house) NameProfiles(_ context.Context, by auth.Principal, profileIDs []string) (list []auth.ProfileName, err error) {
	for _, p := range []auth.ProfileName{red, blue} {
		if by.OwnerID == h.owner.OwnerID && by.Reaches(p.ID) && slices.Contains(profileIDs, p.ID) {
			list = append(list, p)
		}
	}
	return list, nil
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)}
	h.Service = &auth.Service{Pool: pgtest.New(t), Profiles: h, Now: h.clock}
	err := postgres.InTx(t.Context(), h.Pool, func(tx pgx.Tx) error {
		for name, who := range map[string]*auth.Principal{"Acme": &h.owner, "Stranger": &h.stranger} {
			ownerID, _, err := h.EnsureOwner(t.Context(), tx, name)
			if err != nil {
				return err
			}
			*who = auth.Root(ownerID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []*auth.Principal{&h.owner, &h.stranger} {
		*who = h.principal(h.key(*who, auth.NewAPIKey{Name: "root"}))
	}
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// key makes a key.
func (h *house) key(by auth.Principal, n auth.NewAPIKey) auth.APIKey {
	h.t.Helper()
	k, err := h.CreateKey(h.t.Context(), by, n)
	if err != nil {
		h.t.Fatal(err)
	}
	return k
}

// principal is who stands behind a key.
func (h *house) principal(k auth.APIKey) auth.Principal {
	h.t.Helper()
	p, err := h.Authenticate(h.t.Context(), k.Secret.Reveal())
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// person invites somebody and takes him in.
func (h *house) person(name string, role auth.Role, profiles ...string) auth.Principal {
	h.t.Helper()
	i, err := h.Invite(h.t.Context(), h.owner, auth.NewInvite{Role: role, Profiles: profiles})
	if err != nil {
		h.t.Fatal(err)
	}
	_, k, err := h.Join(h.t.Context(), auth.Joining{Token: i.Token, Name: name, Email: name + "@example.com"})
	if err != nil {
		h.t.Fatal(err)
	}
	return h.principal(k)
}

// refuses holds an error to a code.
func (h *house) refuses(what string, err error, code errs.Code) {
	h.t.Helper()
	if errs.CodeOf(err) != code {
		h.t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// works reports whether a key is accepted.
func (h *house) works(key platforms.Secret) bool {
	_, err := h.Authenticate(h.t.Context(), key.Reveal())
	return err == nil
}

// nobody is an ID of nothing.
var nobody = id.New(time.Unix(0, 0))

// atOnce runs fn n times at the same time.
func atOnce(n int, fn func(i int)) {
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-begin
			fn(i)
		})
	}
	close(begin)
	wg.Wait()
}
