package queues_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/queues"
)

var now = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// noPosts is a domain of posts without any.
type noPosts struct{}

func (noPosts) TakenSlots(context.Context, string, time.Time) ([]time.Time, error) { return nil, nil }

func (noPosts) Reshuffle(context.Context, pgx.Tx, string, iter.Seq[time.Time]) (int, error) {
	return 0, nil
}

func newService(t *testing.T) (s *queues.Service, owner auth.Principal, profile string) {
	t.Helper()
	pool := pgtest.New(t)
	clock := func() time.Time { return now }
	people, profiles := &auth.Service{Pool: pool, Now: clock}, &accounts.Service{Pool: pool, Now: clock}
	err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		id, _, err := people.EnsureOwner(t.Context(), tx, "owner")
		if err != nil {
			return err
		}
		owner = auth.Root(id)
		profile, err = profiles.EnsureDefaultProfile(t.Context(), tx, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return &queues.Service{Pool: pool, Profiles: profiles, Posts: noPosts{}, Now: clock}, owner, profile
}

func settings(profile, name string) queues.Settings {
	return queues.Settings{ProfileID: profile, Name: name, Timezone: "UTC", Slots: every("09:00"), Active: true}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	s, owner, profile := newService(t)
	for name, tt := range map[string]struct {
		change func(*queues.Settings)
		field  string
	}{
		"no name":        {func(in *queues.Settings) { in.Name = " " }, "name"},
		"a long name":    {func(in *queues.Settings) { in.Name = strings.Repeat("ä", 101) }, "name"},
		"no zone":        {func(in *queues.Settings) { in.Timezone = "" }, "timezone"},
		"no such zone":   {func(in *queues.Settings) { in.Timezone = "Mars/Olympus" }, "timezone"},
		"no slots":       {func(in *queues.Settings) { in.Slots = nil }, "slots"},
		"too many slots": {func(in *queues.Settings) { in.Slots = make([]queues.Slot, 201) }, "slots"},
		"no such day":    {func(in *queues.Settings) { in.Slots[3].DayOfWeek = 7 }, "slots[3].dayOfWeek"},
		"a negative day": {func(in *queues.Settings) { in.Slots[3].DayOfWeek = -1 }, "slots[3].dayOfWeek"},
		"a short time":   {func(in *queues.Settings) { in.Slots[2].Time = "9:00" }, "slots[2].time"},
		"midnight as 24": {func(in *queues.Settings) { in.Slots[2].Time = "24:00" }, "slots[2].time"},
		"no such minute": {func(in *queues.Settings) { in.Slots[2].Time = "10:60" }, "slots[2].time"},
		"seconds":        {func(in *queues.Settings) { in.Slots[2].Time = "10:00:00" }, "slots[2].time"},
		"no time":        {func(in *queues.Settings) { in.Slots[2].Time = "" }, "slots[2].time"},
	} {
		in := settings(profile, "queue")
		tt.change(&in)
		_, err := s.Create(t.Context(), owner, in)
		var e *errs.Error
		if errs.CodeOf(err) != errs.Invalid || !errors.As(err, &e) || e.Field != tt.field {
			t.Errorf("%s: %v, want an invalid-error that blames %s", name, err, tt.field)
		}
	}
	if list, err := s.List(t.Context(), owner, profile); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// TestQueuesOfManyHands lets several make and change the queues of one profile at once: it always has one default queue.
func TestQueuesOfManyHands(t *testing.T) {
	t.Parallel()
	s, owner, profile := newService(t)
	var made sync.Map
	var hands sync.WaitGroup
	for range 8 {
		hands.Go(func() {
			done, err := s.Update(t.Context(), owner, queues.Change{Settings: settings(profile, "")}) // the default one, whoever makes it
			if err != nil {
				t.Error(err)
			}
			if done.Made {
				made.Store(done.Queue.ID, true)
			}
			q, err := s.Create(t.Context(), owner, settings(profile, "another"))
			if err != nil {
				t.Error(err)
			}
			if _, err := s.Update(t.Context(), owner, queues.Change{Settings: settings(profile, ""), QueueID: q.ID, SetAsDefault: true}); err != nil {
				t.Error(err)
			}
		})
	}
	hands.Wait()
	list, err := s.List(t.Context(), owner, profile)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	made.Range(func(_, _ any) bool { n++; return true })
	if n != 1 || len(list) != 9 {
		t.Errorf("%d were made as the default one, of %d in all", n, len(list))
	}
	defaults := 0
	for _, q := range list {
		if q.IsDefault {
			defaults++
		}
	}
	if defaults != 1 || !list[0].IsDefault {
		t.Errorf("%d queues are the default one", defaults)
	}
}

func TestAProfileHasSoManyQueues(t *testing.T) {
	t.Parallel()
	s, owner, profile := newService(t)
	for i := range 51 {
		_, err := s.Create(t.Context(), owner, settings(profile, "queue"))
		if (err != nil) != (i == 50) || err != nil && errs.CodeOf(err) != errs.Invalid {
			t.Fatalf("number %d: %v", i, err)
		}
	}
}
