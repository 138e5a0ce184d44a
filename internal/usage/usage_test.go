package usage

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/posts"
)

// world is a meter over the real tables, with rows of accounts and targets as others write them.
type world struct {
	*Service
	t        *testing.T
	pool     *pgxpool.Pool
	owner    auth.Principal
	now      time.Time
	profiles [2]string
}

func on(month time.Month, d, hour int) time.Time {
	return time.Date(2026, month, d, hour, 0, 0, 0, time.UTC)
}

func newWorld(t *testing.T, tariff *Tariff) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t), now: on(1, 1, 0)}
	clock := func() time.Time { return w.now }
	a := &accounts.Service{Pool: w.pool, Now: clock}
	w.Service = &Service{Pool: w.pool, Posts: &posts.Service{Pool: w.pool, Now: clock}, Accounts: a, Tariff: tariff, Now: clock}
	ownerID := id.New(w.now)
	w.owner = auth.Root(ownerID)
	w.exec(`insert into owners (id, name, created_at) values ($1, 'o', $2)`, ownerID, w.now)
	for i := range w.profiles {
		w.profiles[i] = id.New(w.now)
		w.exec(`insert into profiles (id, owner_id, name, created_at) values ($1, $2, $1, $3)`, w.profiles[i], ownerID, w.now)
	}
	return w
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) connect(profile int, at time.Time) string {
	w.t.Helper()
	account := id.New(at)
	w.exec(`insert into accounts (id, owner_id, profile_id, platform, remote_id, username, created_at, updated_at) values ($1, $2, $3, 'bluesky', $1, 'u', $4, $4)`,
		account, w.owner.OwnerID, w.profiles[profile], at)
	return account
}

func (w *world) setActive(account string, active bool, at time.Time) {
	w.t.Helper()
	w.exec(`update accounts set active = $2, updated_at = $3 where id = $1`, account, active, at)
}

func (w *world) publish(account string, at time.Time) (post string) {
	w.t.Helper()
	post = id.New(at)
	w.exec(`insert into posts (id, owner_id, status, created_at, updated_at) values ($1, $2, 'published', $3, $3)`, post, w.owner.OwnerID, at)
	w.exec(`insert into targets (id, owner_id, post_id, position, platform, account_id, status, open, next_at, published_at, created_at, updated_at)
		values ($1, $2, $3, 0, 'bluesky', $4, 'published', false, $5, $5, $5, $5)`, id.New(at), w.owner.OwnerID, post, account, at)
	return post
}

func (w *world) report(q Query) Report {
	w.t.Helper()
	r, err := w.Report(w.t.Context(), w.owner, q)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// days are a report's accounts and posts by day.
func days(r Report) map[string][2]int {
	out := map[string][2]int{}
	for _, b := range r.Buckets {
		if b.Accounts > 0 || b.Posts > 0 {
			out[b.Date.Format("01-02")] = [2]int{b.Accounts, b.Posts}
		}
	}
	return out
}

// TestEveryDayIsExact follows accounts that come and go, and posts at the edges of days, before and after the days are closed.
func TestEveryDayIsExact(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.connect(0, on(1, 10, 23))     // late on the 10th
	b := w.connect(1, on(1, 11, 9))      // comes and goes
	w.setActive(b, false, on(1, 11, 10)) // within an hour: still a day
	w.setActive(b, true, on(1, 13, 0))
	w.setActive(b, false, on(1, 14, 0)) // at midnight: not on the 14th
	w.setActive(a, false, on(1, 15, 12))
	w.exec(`update accounts set needs_reconnection = true, updated_at = $1`, on(1, 15, 13)) // changes nothing
	w.publish(a, on(1, 10, 23).Add(59*time.Minute+59*time.Second))
	w.publish(a, on(1, 11, 0))
	gone := w.publish(b, on(1, 13, 12))
	w.publish(b, on(1, 13, 13))
	w.exec(`delete from posts where id = $1`, gone)
	w.exec(`update targets set published_at = null, status = 'cancelled' where published_at = $1`, on(1, 11, 0))
	want := map[string][2]int{"01-10": {1, 1}, "01-11": {2, 1}, "01-12": {1, 0}, "01-13": {2, 2}, "01-14": {1, 0}, "01-15": {1, 0}}
	w.now = on(1, 16, 12)
	if got := days(w.report(Query{})); !reflect.DeepEqual(got, want) {
		t.Errorf("computed: %v, want %v", got, want)
	}
	for range 2 { // twice is once
		if err := w.Roll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var rows int
	if err := w.pool.QueryRow(t.Context(), `select count(*) from usage_days`).Scan(&rows); err != nil || rows != 8 {
		t.Errorf("%d rows are written down, %v", rows, err)
	}
	r := w.report(Query{})
	if got := days(r); !reflect.DeepEqual(got, want) {
		t.Errorf("closed: %v, want %v", got, want)
	}
	if r.Total != (Bucket{Accounts: 2, AccountDays: 8, Posts: 4}) || len(r.Buckets) != 16 || !r.IsCycle {
		t.Errorf("the total is %+v of %d days", r.Total, len(r.Buckets))
	}
	w.now = on(1, 17, 0).Add(14 * time.Minute) // the 16th may still get posts
	if err := w.Roll(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.publish(a, on(1, 16, 23))
	if r := w.report(Query{Range: "custom", From: "2026-01-16", To: "2026-02-10"}); r.Total.Posts != 1 || !r.To.Equal(on(1, 17, 0)) {
		t.Errorf("the late post: %+v", r)
	}
	w.exec(`delete from targets`)
	w.exec(`delete from accounts where id = $1`, b) // history outlives what it is about
	if r := w.report(Query{GroupBy: "account"}); r.Total.Posts != 5 || len(r.Groups) != 2 {
		t.Errorf("after the account is gone: %+v", r)
	}
}

func TestCostByDayAndShare(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mustTariff(t, `{"currency":"EUR","tiers":[{"upTo":1,"pricePerUnit":"0"},{"upTo":2,"pricePerUnit":"10"},{"upTo":3,"pricePerUnit":"5"},{"pricePerUnit":"1"}]}`))
	var all []string
	for i := range 4 {
		all = append(all, w.connect(i%2, on(3, 1, 0)))
	}
	w.now = on(3, 31, 23)
	r := w.report(Query{GroupBy: "account"})
	if r.Total.Cents != 1600 || r.Total.AccountDays != 4*31 || len(r.Groups) != 4 {
		t.Errorf("four accounts all month: %+v", r.Total)
	}
	sum := int64(0)
	for _, b := range r.Buckets {
		sum += b.Cents
	}
	if sum != 1600 {
		t.Errorf("the days sum up to %d", sum)
	}
	if one := w.report(Query{ProfileID: w.profiles[0]}); one.Total.Cents != 800 || one.Total.Accounts != 2 {
		t.Errorf("half of them: %+v", one.Total)
	}
	if one := w.report(Query{AccountID: all[0], Granularity: InTotal}); one.Total.Cents != 400 || len(one.Buckets) != 0 {
		t.Errorf("one of them: %+v", one.Total)
	}
	scoped := w.owner
	scoped.Profiles = []string{w.profiles[1]}
	if got, err := w.Report(t.Context(), scoped, Query{GroupBy: "profile"}); err != nil || got.Total.Cents != 800 || len(got.Groups) != 1 || !got.Restricted {
		t.Errorf("a principal of one profile: %+v, %v", got.Total, err)
	}
	if _, err := w.Report(t.Context(), scoped, Query{ProfileID: w.profiles[0]}); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("and the other: %v", err)
	}
	w.now = on(4, 10, 12)
	months := w.report(Query{Range: "custom", From: "2026-03-01", To: "2026-04-30", Granularity: ByMonth})
	// In April so far 40 account-days: 30 are free, 10 at 10.00/30.
	if len(months.Buckets) != 2 || months.Buckets[0].Cents != 1600 || months.Buckets[1].AccountDays != 40 || months.Buckets[1].Cents != 333 || months.Total.Cents != 1933 {
		t.Errorf("by the month: %+v", months.Buckets)
	}
	// A window within a month costs what its days add to that month.
	if part := w.report(Query{Range: "custom", From: "2026-04-08", To: "2026-04-10"}); part.Total.Cents != 333 || part.Buckets[0].Cents != 67 {
		t.Errorf("three days: %+v", part.Buckets)
	}
}

func TestBadQueries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	account := w.connect(0, w.now)
	for _, q := range []Query{
		{Range: "custom"}, {Range: "custom", From: "2026-01-01"}, {Range: "custom", From: "x", To: "2026-01-01"}, {Range: "custom", From: "2026-01-02", To: "2026-01-01"},
		{Range: "custom", From: "2025-01-01", To: "2026-01-02"}, {Range: "soon"}, {ProfileID: w.profiles[0], AccountID: account}, {ProfileID: w.profiles[0], GroupBy: "account"},
		{AccountID: account, GroupBy: "profile"},
	} {
		if _, err := w.Report(t.Context(), w.owner, q); errs.CodeOf(err) != errs.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
	for _, q := range []Query{{ProfileID: id.New(w.now)}, {AccountID: id.New(w.now)}} {
		if _, err := w.Report(t.Context(), w.owner, q); errs.CodeOf(err) != errs.NotFound {
			t.Errorf("%+v: %v", q, err)
		}
	}
	for name, want := range map[string]int{"7d": 7, "14d": 14, "30d": 30, "3mo": 92, "12mo": 365, "prev-cycle": 31} {
		if r := w.report(Query{Range: name}); len(r.Buckets) != want {
			t.Errorf("%s has %d days, want %d", name, len(r.Buckets), want)
		}
	}
	if r, err := w.Report(context.Background(), w.owner, Query{Range: "custom", From: "2027-01-01", To: "2027-01-31"}); err != nil || len(r.Buckets) != 0 {
		t.Errorf("the future: %+v, %v", r, err)
	}
}
