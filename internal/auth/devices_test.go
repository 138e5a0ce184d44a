package auth_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

func (h *house) startDevice(name string) auth.DeviceLogin {
	h.t.Helper()
	d, err := h.StartDevice(h.t.Context(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

// poll asks for a device, five seconds after the last time.
func (h *house) poll(d auth.DeviceLogin) (auth.DeviceState, platforms.Secret, error) {
	h.t.Helper()
	h.advance(auth.DeviceInterval)
	return h.PollDevice(h.t.Context(), d.DeviceCode.Reveal())
}

// decide lets a person decide on a device.
func (h *house) decide(by auth.Principal, d auth.DeviceLogin, letIn bool) {
	h.t.Helper()
	found, err := h.FindDevice(h.t.Context(), by, d.UserCode)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.DecideDevice(h.t.Context(), found.Ticket.Reveal(), letIn); err != nil {
		h.t.Fatal(err)
	}
}

func TestDeviceIsLetIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d := h.startDevice("  Anna's laptop\x00\u202e ")
	if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(d.UserCode) || !d.ExpiresAt.Equal(h.clock().Add(10*time.Minute)) {
		t.Errorf("%+v", d)
	}
	if state, key, err := h.poll(d); state != auth.DevicePending || !key.IsZero() || err != nil {
		t.Errorf("%s, %v", state, err)
	}
	_, _, err := h.PollDevice(t.Context(), d.DeviceCode.Reveal())
	h.refuses("at once again", err, errs.Limited)
	found, err := h.FindDevice(t.Context(), h.owner, strings.ToLower(strings.ReplaceAll(d.UserCode, "-", " ")))
	if err != nil || found.Name != "Anna's laptop" || found.UserCode != d.UserCode {
		t.Fatalf("%+v, %v", found, err)
	}
	if state, _, err := h.poll(d); state != auth.DevicePending || err != nil {
		t.Errorf("before the decision: %s, %v", state, err)
	}
	if name, err := h.DecideDevice(t.Context(), found.Ticket.Reveal(), true); name != "Anna's laptop" || err != nil {
		t.Errorf("%s, %v", name, err)
	}
	_, err = h.DecideDevice(t.Context(), found.Ticket.Reveal(), false)
	h.refuses("a second decision", err, errs.Gone)
	state, key, err := h.poll(d)
	if state != auth.DeviceAuthorized || err != nil || !h.works(key) {
		t.Fatalf("%s, %v", state, err)
	}
	list, err := h.Keys(t.Context(), h.owner)
	if err != nil || len(list) != 2 || !slices.ContainsFunc(list, func(k auth.APIKey) bool { return k.Name == "Anna's laptop" && k.UserID == h.owner.UserID }) {
		t.Errorf("%+v, %v", list, err)
	}
	_, _, err = h.poll(d)
	h.refuses("asking for it again", err, errs.Gone)
	if err := h.DeleteKey(t.Context(), h.owner, h.owner.KeyID); err != nil || !h.works(key) {
		t.Errorf("the device's key ends with the one that let it in: %v", err)
	}
}

func TestDeviceIsNotLetIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	denied := h.startDevice("")
	h.decide(h.owner, denied, false)
	for range 2 {
		if state, key, err := h.poll(denied); state != auth.DeviceDenied || !key.IsZero() || err != nil {
			t.Errorf("%s, %v", state, err)
		}
	}
	_, err := h.FindDevice(t.Context(), h.owner, denied.UserCode)
	h.refuses("one that is decided", err, errs.NotFound)

	old := h.startDevice("old")
	found, err := h.FindDevice(t.Context(), h.owner, old.UserCode)
	if err != nil {
		t.Fatal(err)
	}
	h.advance(10 * time.Minute)
	_, _, err = h.poll(old)
	h.refuses("an expired one", err, errs.Gone)
	_, err = h.DecideDevice(t.Context(), found.Ticket.Reveal(), true)
	h.refuses("a decision that comes late", err, errs.Gone)
	h.startDevice("tidies up")
	_, _, err = h.poll(old)
	h.refuses("one that is no more", err, errs.Gone)
	for _, code := range []string{"", "dev_", auth.NewKey()} {
		_, _, err = h.PollDevice(t.Context(), code)
		h.refuses("a code that is none", err, errs.Unauthorized)
	}
	_, err = h.DecideDevice(t.Context(), auth.NewKey(), true)
	h.refuses("a ticket that is none", err, errs.Gone)
}

// TestWhoLetsDevicesIn is about the rights of the key that does, between its decision and the device's next question too.
func TestWhoLetsDevicesIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d := h.startDevice("d")
	for what, n := range map[string]auth.NewAPIKey{"reads": {Name: "k", ReadOnly: true}, "one profile": {Name: "k", Profiles: []string{red.ID}}, "a group": {Name: "k", Disabled: []auth.Group{auth.Ads}}} {
		_, err := h.FindDevice(t.Context(), h.principal(h.key(h.owner, n)), d.UserCode)
		h.refuses(what, err, errs.Forbidden)
	}
	k := h.key(h.owner, auth.NewAPIKey{Name: "k"})
	h.decide(h.principal(k), d, true)
	if err := h.DeleteKey(t.Context(), h.owner, k.ID); err != nil {
		t.Fatal(err)
	}
	_, _, err := h.poll(d)
	h.refuses("let in with a key that was deleted since", err, errs.Gone)

	d = h.startDevice("d")
	short := h.key(h.person("scoped", auth.RoleMember, red.ID), auth.NewAPIKey{Name: "k", Days: 1})
	h.decide(h.principal(short), d, true)
	_, key, err := h.poll(d)
	if err != nil {
		t.Fatal(err)
	}
	if p := h.principal(auth.APIKey{Secret: key}); p.Reaches(blue.ID) || !p.Reaches(red.ID) {
		t.Errorf("it stands for %+v", p)
	}
	h.advance(24 * time.Hour)
	if h.works(key) {
		t.Error("it outlives the key that let it in")
	}

	d = h.startDevice("d")
	member := h.person("member", auth.RoleMember)
	h.decide(member, d, true)
	if err := h.RemoveUser(t.Context(), h.owner, member.UserID); err != nil {
		t.Fatal(err)
	}
	_, _, err = h.poll(d)
	h.refuses("let in by somebody who was removed since", err, errs.Gone)
}

// TestLastFinderDecides has two people look at one device: the right to decide goes to the second.
func TestLastFinderDecides(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d := h.startDevice("d")
	first, err := h.FindDevice(t.Context(), h.stranger, d.UserCode)
	if err != nil {
		t.Fatal(err)
	}
	h.decide(h.owner, d, true)
	_, err = h.DecideDevice(t.Context(), first.Ticket.Reveal(), true)
	h.refuses("the first", err, errs.Gone)
	_, key, err := h.poll(d)
	if p := h.principal(auth.APIKey{Secret: key}); err != nil || p.OwnerID != h.owner.OwnerID {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestOnePollGetsTheKey has a device ask many times at once.
func TestOnePollGetsTheKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d := h.startDevice("d")
	h.decide(h.owner, d, true)
	var mu sync.Mutex
	got := 0
	atOnce(10, func(int) {
		_, key, err := h.PollDevice(t.Context(), d.DeviceCode.Reveal())
		mu.Lock()
		defer mu.Unlock()
		switch code := errs.CodeOf(err); {
		case err == nil && !key.IsZero():
			got++
		case code != errs.Limited && code != errs.Gone:
			t.Errorf("%v", err)
		}
	})
	if list, err := h.Keys(t.Context(), h.owner); got != 1 || len(list) != 2 || err != nil {
		t.Errorf("%d got a key, and there are %d, %v", got, len(list), err)
	}
}

func TestCodesCannotBeTried(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d := h.startDevice("d")
	var mu sync.Mutex
	codes := map[errs.Code]int{}
	atOnce(25, func(int) {
		_, err := h.FindDevice(t.Context(), h.owner, "BBBB-BBBB")
		mu.Lock()
		defer mu.Unlock()
		codes[errs.CodeOf(err)]++
	})
	if codes[errs.NotFound] != 20 || codes[errs.Limited] != 5 {
		t.Errorf("%v", codes)
	}
	_, err := h.FindDevice(t.Context(), h.owner, d.UserCode)
	h.refuses("the right one after too many", err, errs.Limited)
	if _, err := h.FindDevice(t.Context(), h.stranger, d.UserCode); err != nil {
		t.Errorf("another owner: %v", err)
	}
	h.advance(10 * time.Minute)
	_, err = h.FindDevice(t.Context(), h.owner, "")
	h.refuses("later", err, errs.NotFound)
}

func TestTooManyDevices(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d := h.startDevice("d")
	if _, err := h.Pool.Exec(t.Context(), `
		insert into device_logins (id, hash, user_code, name, state, created_at, expires_at)
		select 'd' || n, sha256(n::text::bytea), 'code ' || n, 'd', 'pending', $1, $2 from generate_series(1, 999) n`, h.clock(), h.clock().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	_, err := h.StartDevice(t.Context(), "one too many")
	h.refuses("one too many", err, errs.Limited)
	h.advance(time.Minute)
	h.startDevice("when others have expired")
	if state, _, err := h.poll(d); state != auth.DevicePending || err != nil {
		t.Errorf("%s, %v", state, err)
	}
	var stored string
	if err := h.Pool.QueryRow(t.Context(), `select string_agg(d::text, ' ') from device_logins d`).Scan(&stored); err != nil || strings.Contains(stored, d.DeviceCode.Reveal()[4:20]) {
		t.Errorf("the device's code can be read in the table: %s, %v", stored, err)
	}
}
