package usage

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

// maxSpan is the longest time of a report, in days; the contract's.
const maxSpan = 366

// Report tells what an owner used in a time. A principal that reaches some profiles only gets their share, as does who asks for one profile
// or account.
func (s *Service) Report(ctx context.Context, by auth.Principal, q Query) (r Report, err error) {
	defer errs.Wrap(&err, "usage.Report(%s)", by.OwnerID)
	if q.Granularity == "" {
		q.Granularity = ByDay
	}
	r = Report{Granularity: q.Granularity, GroupBy: q.GroupBy, Restricted: by.Scoped(), Tariff: s.Tariff, Buckets: []Bucket{}, Groups: []Group{}}
	if r.From, r.To, r.IsCycle, err = s.resolve(q); err != nil {
		return Report{}, err
	}
	share, err := s.share(ctx, by, q)
	if err != nil {
		return Report{}, err
	}
	monthStart, _ := Cycle(r.From) // bands fill up from the first of the month
	sums, err := s.sums(ctx, by.OwnerID, monthStart, r.To.Add(day), share)
	if err != nil {
		return Report{}, err
	}
	r.fill(sums)
	return r, nil
}

// resolve turns the contract's ranges into a first and a last day.
func (s *Service) resolve(q Query) (from, to time.Time, cycle bool, err error) {
	to = s.today()
	start, _ := Cycle(to)
	switch q.Range {
	case "", "cycle":
		return start, to, true, nil
	case "prev-cycle":
		return start.AddDate(0, -1, 0), start.Add(-day), true, nil
	case "7d":
		return to.Add(-6 * day), to, false, nil
	case "14d":
		return to.Add(-13 * day), to, false, nil
	case "30d":
		return to.Add(-29 * day), to, false, nil
	case "3mo":
		return to.AddDate(0, -3, 1), to, false, nil
	case "12mo":
		return to.AddDate(-1, 0, 1), to, false, nil
	case "custom":
		from, to, err = custom(q, to)
		return from, to, false, err
	default:
		return from, to, false, errs.Fieldf("range", "range is not known")
	}
}

func custom(q Query, today time.Time) (from, to time.Time, err error) {
	for _, bound := range []struct {
		name, text string
		into       *time.Time
	}{{"from", q.From, &from}, {"to", q.To, &to}} {
		if bound.text == "" {
			return from, to, &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Field: bound.name, Message: bound.name + " is required when range is custom"}
		}
		d, err := time.Parse(time.DateOnly, bound.text)
		if err != nil {
			var instant error
			if d, instant = time.Parse(time.RFC3339, bound.text); instant != nil {
				return from, to, errs.Fieldf(bound.name, "%s is not a date; use YYYY-MM-DD", bound.name)
			}
			d = d.UTC().Truncate(day)
		}
		*bound.into = d
	}
	switch {
	case to.Before(from):
		return from, to, errs.Fieldf("to", "to must not lie before from")
	case to.Sub(from) >= maxSpan*day:
		return from, to, errs.Fieldf("to", "from and to may span at most %d days", maxSpan)
	case to.After(today):
		to = today // what is to come has no usage yet
	}
	return from, to, nil
}

// share is the part of an owner's usage that is told. Empty fields leave nothing out.
type share struct {
	profiles           []string // nil: all
	profileID, account string
	groupBy            string
}

func (s *Service) share(ctx context.Context, by auth.Principal, q Query) (share, error) {
	out := share{profiles: by.Profiles, profileID: q.ProfileID, account: q.AccountID, groupBy: q.GroupBy}
	switch {
	case q.ProfileID != "" && q.AccountID != "":
		return out, errs.Fieldf("accountId", "profileId and accountId exclude each other")
	case q.ProfileID != "" && q.GroupBy == "account":
		return out, errs.Fieldf("groupBy", "groupBy must be profile together with profileId")
	case q.AccountID != "" && q.GroupBy == "profile":
		return out, errs.Fieldf("groupBy", "groupBy must be account together with accountId")
	case q.ProfileID != "":
		list, _, err := s.Accounts.Profiles(ctx, by, accounts.ProfileFilter{})
		if err != nil {
			return out, err
		}
		if !slices.ContainsFunc(list, func(p accounts.Profile) bool { return p.ID == q.ProfileID }) {
			return out, &errs.Error{Code: errs.NotFound, Wire: "profile_not_found", Field: "profileId", Message: "Profile not found"}
		}
	case q.AccountID != "":
		found, err := s.Accounts.Lookup(ctx, by, []string{q.AccountID})
		if err != nil {
			return out, err
		}
		if len(found) == 0 {
			return out, &errs.Error{Code: errs.NotFound, Wire: "account_not_found", Field: "accountId", Message: "Account not found"}
		}
	}
	return out, nil
}

// holds reports whether a cell is part of the share.
func (s share) holds(c cell) bool {
	return (s.profiles == nil || slices.Contains(s.profiles, c.ProfileID)) && (s.profileID == "" || s.profileID == c.ProfileID) && (s.account == "" || s.account == c.AccountID)
}

func (s share) key(c cell) string {
	switch s.groupBy {
	case "profile":
		return c.ProfileID
	case "account":
		return c.AccountID
	default:
		return ""
	}
}

// sum is one day of one group: accounts connected in all, those of the share, and what the share published.
type sum struct {
	Day                time.Time
	Key                string
	All, Shared, Posts int
}

// sums adds up the days in [from, to): those that are closed from usage_days, the others computed.
func (s *Service) sums(ctx context.Context, ownerID string, from, to time.Time, sh share) ([]sum, error) {
	open := from // the first day that is not written down
	var until time.Time
	err := s.Pool.QueryRow(ctx, `select until from usage_rolled where owner_id = $1`, ownerID).Scan(&until)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	if err == nil && !until.Before(from) {
		open = until.UTC().Add(day)
	}
	rows, err := s.Pool.Query(ctx, `
		select day, key, count(*) filter (where connected)::int, count(*) filter (where connected and shared)::int, coalesce(sum(posts) filter (where shared), 0)::int
		from (
			select day, connected, posts, case $4 when 'profile' then profile_id when 'account' then account_id else '' end as key,
				($5::text[] is null or profile_id = any($5)) and ($6 = '' or profile_id = $6) and ($7 = '' or account_id = $7) as shared
			from usage_days where owner_id = $1 and day >= $2::date and day < least($3::date, $8::date)
		) cells group by day, key order by day, key`, ownerID, from, to, sh.groupBy, sh.profiles, sh.profileID, sh.account, open)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sum])
	if err != nil || !open.Before(to) {
		return list, err
	}
	cells, err := s.compute(ctx, ownerID, open, to)
	if err != nil {
		return nil, err
	}
	at := map[sum]int{} // by day and key
	for _, c := range cells {
		k := sum{Day: c.Day, Key: sh.key(c)}
		i, ok := at[k]
		if !ok {
			i = len(list)
			at[k], list = i, append(list, k)
		}
		if c.Connected {
			list[i].All++
		}
		if !sh.holds(c) {
			continue
		}
		list[i].Posts += c.Posts
		if c.Connected {
			list[i].Shared++
		}
	}
	return list, nil
}

// fill makes the buckets, the groups and their costs. A month's cost follows from its account-days, so a day costs what its account-days add
// to the month's; the share pays by its part of them.
func (r *Report) fill(sums []sum) {
	byDay := map[time.Time][]sum{}
	first := r.From
	for _, u := range sums {
		d := u.Day.UTC()
		byDay[d] = append(byDay[d], u)
		if d.Before(first) {
			first = d
		}
	}
	groups := map[string]*groupSum{}
	used, month := 0, time.Time{}       // account-days of all in the month so far
	run, told := new(big.Rat), int64(0) // the share's cost in the month so far, exact and as told
	for d := first; !d.After(r.To); d = d.Add(day) {
		if start, _ := Cycle(d); !start.Equal(month) {
			month, used, run, told = start, 0, new(big.Rat), 0
		}
		var all, shared, published int
		for _, u := range byDay[d] {
			all, shared, published = all+u.All, shared+u.Shared, published+u.Posts
		}
		each := r.eachOf(used, all, daysIn(d))
		used += all
		if d.Before(r.From) {
			continue
		}
		run.Add(run, times(each, shared))
		b := Bucket{Date: d, Accounts: shared, AccountDays: shared, Posts: published, Cents: cents(run) - told}
		told += b.Cents
		r.add(b)
		for _, u := range byDay[d] {
			if u.Shared > 0 || u.Posts > 0 {
				groupOf(groups, u.Key).add(u, each)
			}
		}
	}
	if r.GroupBy != "" {
		r.Groups = shares(groups)
	}
}

// eachOf is what each account of a day costs: the day's addition to the month, divided evenly.
func (r *Report) eachOf(before, all, daysInMonth int) *big.Rat {
	if r.Tariff == nil || all == 0 {
		return new(big.Rat)
	}
	added := new(big.Rat).Sub(r.Tariff.cost(before+all, daysInMonth), r.Tariff.cost(before, daysInMonth))
	return added.Mul(added, big.NewRat(1, int64(all)))
}

func times(each *big.Rat, n int) *big.Rat { return new(big.Rat).Mul(each, big.NewRat(int64(n), 1)) }

// add puts a day into its bucket and the total.
func (r *Report) add(b Bucket) {
	r.Total.plus(b)
	switch r.Granularity {
	case ByDay:
		r.Buckets = append(r.Buckets, b)
	case ByMonth:
		start, _ := Cycle(b.Date)
		if n := len(r.Buckets); n == 0 || !r.Buckets[n-1].Date.Equal(start) {
			r.Buckets = append(r.Buckets, Bucket{Date: start})
		}
		r.Buckets[len(r.Buckets)-1].plus(b)
	case InTotal:
	}
}

func (b *Bucket) plus(more Bucket) {
	b.Accounts = max(b.Accounts, more.Accounts)
	b.AccountDays += more.AccountDays
	b.Posts += more.Posts
	b.Cents += more.Cents
}

// groupSum is a group with its exact cost.
type groupSum struct {
	Group
	exact *big.Rat
}

func groupOf(groups map[string]*groupSum, key string) *groupSum {
	if groups[key] == nil {
		groups[key] = &groupSum{Group: Group{Key: key}, exact: new(big.Rat)}
	}
	return groups[key]
}

func (g *groupSum) add(u sum, each *big.Rat) {
	g.plus(Bucket{Accounts: u.Shared, AccountDays: u.Shared, Posts: u.Posts})
	g.exact.Add(g.exact, times(each, u.Shared))
}

// shares lists the groups, the dearest first.
func shares(groups map[string]*groupSum) []Group {
	list := make([]Group, 0, len(groups))
	for _, g := range groups {
		g.Cents = cents(g.exact)
		list = append(list, g.Group)
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Cents != list[j].Cents {
			return list[i].Cents > list[j].Cents
		}
		return list[i].Key < list[j].Key
	})
	return list
}
