package posts_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
	"posthorn/internal/posts"
)

// every is a change that begins to recycle.
func every(gap int, unit string) *posts.RecyclingChange {
	return &posts.RecyclingChange{Gap: &gap, Unit: unit}
}

// recycled makes a post that is recycled and published at once.
func (w *world) recycled(t *testing.T, text, zone string, c *posts.RecyclingChange, accountIDs ...string) posts.Post {
	t.Helper()
	p := posts.NewPost{Content: text, Mode: posts.Now, Timezone: zone, Recycling: c}
	for _, id := range accountIDs {
		p.Targets = append(p.Targets, w.target(id))
	}
	created, err := w.Create(t.Context(), w.owner, p)
	if err != nil {
		t.Fatal(err)
	}
	w.finish(t, created.Post)
	return w.get(t, created.Post.ID)
}

// finish publishes all targets of a post that is due.
func (w *world) finish(t *testing.T, p posts.Post) {
	t.Helper()
	for _, target := range p.Targets {
		w.settle(t, w.claim(t, target.ID, "w1"), platforms.Step{Done: &platforms.Remote{ID: "remote of " + target.ID}}, nil)
	}
}

// copies are those of a post, oldest first.
func (w *world) copies(t *testing.T, of string) (list []posts.Post) {
	t.Helper()
	all, _, err := w.List(t.Context(), w.owner, posts.Filter{Sort: "scheduled-asc", Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(p posts.Post) bool { return p.RecycledFrom != of })
}

func (w *world) recycle(t *testing.T) int {
	t.Helper()
	made, err := w.Recycle(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestAYearOfRecycling lets the clock run through a year, an hour at a time around what is expected.
func TestAYearOfRecycling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mu.Lock()
	w.now = time.Date(2027, 1, 31, 8, 0, 0, 0, time.UTC)
	w.mu.Unlock()
	weekly := w.recycled(t, "weekly", "Europe/Berlin", &posts.RecyclingChange{Gap: ptr(1), Unit: posts.Week, ExpireCount: ptr(12), Variations: &[]string{"one", "two", "three"}}, w.account)
	monthly := w.recycled(t, "monthly", "Europe/Berlin", every(1, posts.Month), w.account, w.video)
	if r := weekly.Recycling; r.NextAt == nil || !r.NextAt.Equal(time.Date(2027, 2, 7, 8, 0, 0, 0, time.UTC)) {
		t.Fatalf("the first copy comes at %v", r.NextAt)
	}
	for end := w.clock().AddDate(1, 0, 0); w.clock().Before(end); w.advance(6 * time.Hour) {
		w.recycle(t)
	}
	got := w.copies(t, weekly.ID)
	if len(got) != 12 {
		t.Fatalf("%d weekly copies", len(got))
	}
	for i, p := range got {
		want := time.Date(2027, 2, 7+7*i, 8, 0, 0, 0, time.UTC)
		if want.After(time.Date(2027, 3, 28, 0, 0, 0, 0, time.UTC)) { // summer time: nine o'clock there is an hour earlier
			want = want.Add(-time.Hour)
		}
		if !p.ScheduledFor.Equal(want) || p.Content != []string{"one", "two", "three"}[i%3] || p.Status != posts.Scheduled || p.Recycling != nil {
			t.Errorf("copy %d: %v %q %s, want %v", i+1, p.ScheduledFor, p.Content, p.Status, want)
		}
	}
	if r := w.get(t, weekly.ID).Recycling; r.NextAt != nil || r.Count != 12 || !r.Enabled {
		t.Errorf("at its end it is %+v", r)
	}
	var days []string
	for _, p := range w.copies(t, monthly.ID) {
		days = append(days, p.ScheduledFor.Format("01-02T15"))
		if len(p.Targets) != 1 || p.Targets[0].Platform != "demo" || p.Content != "monthly" {
			t.Errorf("a copy goes to %+v", p.Targets)
		}
	}
	if want := strings.Fields("02-28T08 03-31T07 04-30T07 05-31T07 06-30T07 07-31T07 08-31T07 09-30T07 10-31T08 11-30T08 12-31T08"); !slices.Equal(days, want) {
		t.Errorf("the monthly copies came at %v, want %v", days, want)
	}
}

func TestCopiesHaveJobsAndGoWhereThePostIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.recycled(t, "hello", "", every(1, posts.Week), w.account, w.second)
	if _, err := w.pool.Exec(t.Context(), `update targets set status = 'cancelled' where post_id = $1 and platform = 'other'`, p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.pool.Exec(t.Context(), `update posts set status = 'partial' where id = $1`, p.ID); err != nil {
		t.Fatal(err)
	}
	w.advance(7 * 24 * time.Hour)
	if n := w.recycle(t); n != 1 {
		t.Fatalf("%d copies", n)
	}
	made := w.copies(t, p.ID)[0]
	if len(made.Targets) != 1 || made.Targets[0].Account.ID != w.account || made.Targets[0].Status != posts.Pending || !made.Targets[0].Open {
		t.Errorf("it goes to %+v", made.Targets)
	}
	w.finish(t, made)
	if n := w.recycle(t); n != 0 {
		t.Errorf("%d more copies at once", n)
	}
	_, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "hello", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}})
	if codeOf(err) != errs.Conflict {
		t.Errorf("the copy's content is not known as a duplicate: %v", err)
	}
}

func TestCopiesAreMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.recycled(t, "hello", "", every(1, posts.Week), w.account)
	w.advance(7 * 24 * time.Hour)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := w.Recycle(t.Context(), 100); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := len(w.copies(t, p.ID)); n != 1 {
		t.Errorf("%d copies", n)
	}
}

func TestTurnsThatPassedAreNotMadeUpFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.recycled(t, "hello", "", every(1, posts.Week), w.account)
	w.advance(24 * 24 * time.Hour) // three turns and three days
	w.recycle(t)
	made := w.copies(t, p.ID)
	if len(made) != 1 || !made[0].ScheduledFor.Equal(p.ScheduledFor.AddDate(0, 0, 21)) {
		t.Fatalf("copies: %+v", made)
	}
	if next := w.get(t, p.ID).Recycling.NextAt; !next.Equal(p.ScheduledFor.AddDate(0, 0, 28)) {
		t.Errorf("the next comes at %v", next)
	}
	// A post that comes out only after its first turn begins with the one after.
	late, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "late", Mode: posts.Now, Recycling: every(1, posts.Week), Targets: []posts.NewTarget{w.target(w.account)}})
	if err != nil {
		t.Fatal(err)
	}
	w.advance(8 * 24 * time.Hour)
	w.finish(t, late.Post)
	w.recycle(t)
	if n := len(w.copies(t, late.Post.ID)); n != 0 {
		t.Errorf("%d copies the moment it came out", n)
	}
	w.advance(6 * 24 * time.Hour)
	w.recycle(t)
	if n := len(w.copies(t, late.Post.ID)); n != 1 {
		t.Errorf("%d copies a week later", n)
	}
}

func TestRecyclingIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := []struct {
		name  string
		c     posts.RecyclingChange
		at    string // the account
		field string
	}{
		{"no gap", posts.RecyclingChange{}, w.account, "recycling.gap"},
		{"a gap of nothing", posts.RecyclingChange{Gap: ptr(-1)}, w.account, "recycling.gap"},
		{"an endless gap", posts.RecyclingChange{Gap: ptr(521)}, w.account, "recycling.gap"},
		{"another unit", posts.RecyclingChange{Gap: ptr(1), Unit: "day"}, w.account, "recycling.gapFreq"},
		{"a count below nothing", posts.RecyclingChange{Gap: ptr(1), ExpireCount: ptr(-1)}, w.account, "recycling.expireCount"},
		{"a start that is no time", posts.RecyclingChange{Gap: ptr(1), Start: "soon"}, w.account, "recycling.startDate"},
		{"an end that is no time", posts.RecyclingChange{Gap: ptr(1), ExpireDate: ptr("never")}, w.account, "recycling.expireDate"},
		{"an end before the start", posts.RecyclingChange{Gap: ptr(1), ExpireDate: ptr("2026-11-22")}, w.account, "recycling.expireDate"},
		{"one variation", posts.RecyclingChange{Gap: ptr(1), Variations: &[]string{"a"}}, w.account, "recycling.contentVariations"},
		{"an empty variation", posts.RecyclingChange{Gap: ptr(1), Variations: &[]string{"a", " "}}, w.account, "recycling.contentVariations[1]"},
		{"a variation that is too long", posts.RecyclingChange{Gap: ptr(1), Variations: &[]string{"a", strings.Repeat("x", 51)}}, w.account, "recycling.contentVariations[1]"},
		{"only platforms that are left out", posts.RecyclingChange{Gap: ptr(1)}, w.video, "recycling"},
	}
	before := w.rows(t)
	for _, tt := range tests {
		_, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "hello", Mode: posts.Now, Recycling: &tt.c, Targets: []posts.NewTarget{w.target(tt.at)}})
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != errs.Invalid || e.Field != tt.field {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if after := w.rows(t); after != before {
		t.Errorf("%d rows were left", after-before)
	}
}

func TestAnAccountRecyclesTenPosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create := func(text string, mode posts.Mode) error {
		_, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: text, Mode: mode, ScheduledFor: "2026-12-01T10:00:00Z", Recycling: every(1, posts.Week), Targets: []posts.NewTarget{w.target(w.account)}})
		return err
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	refused := 0
	for i := range 14 {
		group.Go(func() {
			err := create(strings.Repeat("x", i+1), posts.At)
			var e *errs.Error
			if errors.As(err, &e) && e.Rule == "recycling.max_active" {
				mu.Lock()
				refused++
				mu.Unlock()
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if refused != 4 {
		t.Errorf("%d of 14 were refused", refused)
	}
	if err := create("a draft", posts.AsDraft); err != nil {
		t.Errorf("a draft is not active: %v", err)
	}
}

// set changes a stored post's recycling as updating it does.
func (w *world) set(t *testing.T, id string, c *posts.RecyclingChange) posts.Recycling {
	t.Helper()
	err := postgres.InTx(t.Context(), w.pool, func(tx pgx.Tx) error { return w.SetRecycling(t.Context(), tx, id, c) })
	if err != nil {
		t.Fatal(err)
	}
	return *w.get(t, id).Recycling
}

func TestRecyclingIsChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.recycled(t, "hello", "", &posts.RecyclingChange{Gap: ptr(1), Unit: posts.Week, ExpireCount: ptr(1), ExpireDate: ptr("2027-01-01"), Variations: &[]string{"a", "b"}}, w.account)
	w.advance(7 * 24 * time.Hour)
	w.recycle(t)
	if r := w.get(t, p.ID).Recycling; r.NextAt != nil || r.Index != 1 {
		t.Errorf("after its only copy: %+v", r)
	}
	r := w.set(t, p.ID, &posts.RecyclingChange{ExpireCount: ptr(0), ExpireDate: ptr("")})
	if r.ExpireCount != 0 || r.ExpireDate != nil || r.Gap != 1 || len(r.Variations) != 2 || r.NextAt == nil || !r.NextAt.Equal(p.ScheduledFor.AddDate(0, 0, 14)) {
		t.Errorf("without limits: %+v", r)
	}
	r = w.set(t, p.ID, &posts.RecyclingChange{Variations: &[]string{}})
	if len(r.Variations) != 0 || r.Index != 0 || r.Count != 1 {
		t.Errorf("without variations: %+v", r)
	}
	r = w.set(t, p.ID, &posts.RecyclingChange{Enabled: ptr(false)})
	w.advance(30 * 24 * time.Hour)
	if n := w.recycle(t); r.NextAt != nil || n != 0 {
		t.Errorf("switched off: %+v, %d copies", r, n)
	}
	r = w.set(t, p.ID, &posts.RecyclingChange{Enabled: ptr(true), Unit: posts.Month})
	if r.NextAt == nil || !r.NextAt.After(w.clock()) || r.Unit != posts.Month {
		t.Errorf("on again: %+v", r)
	}
}
