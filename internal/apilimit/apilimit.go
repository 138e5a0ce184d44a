// Package apilimit holds the callers of the API to a number of requests a minute for each owner. It owns the table api_windows.
//
// The window slides: a request is admitted when fewer than the limit were admitted in the minute before it. Each process keeps its own
// requests exactly and decides in memory; about once a second, and sooner under load, the processes tell each other through one small
// table. Until it has heard, a process does not know what another admitted: P processes may together admit what they take between two
// exchanges more than the limit, and at the very most P times the limit within a minute. Nobody is refused who is under the limit.
package apilimit

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/errs"
)

const (
	// exchangeEvery is how often the processes tell each other; exchangeSoon is the least time between two exchanges under load.
	exchangeEvery = time.Second
	exchangeSoon  = 100 * time.Millisecond
	// hurry is the part of its limit that an owner uses here before the others are told early: 1/hurry.
	hurry = 10
	// limitFor is how long an owner's limit is believed: it follows the number of connected accounts.
	limitFor = 5 * time.Second
)

// Limits are requests a minute, by the number of the owner's connected accounts. Zero: no limit, and no headers.
type Limits struct {
	Few  int // up to 2 accounts
	Some int // 3 to 2,000
	Many int // more
}

// Contract is what the contract promises.
var Contract = Limits{Few: 60, Some: 600, Many: 1200}

// of is the limit of an owner with so many connected accounts.
func (l Limits) of(accounts int) int {
	switch {
	case accounts <= 2:
		return l.Few
	case accounts <= 2000:
		return l.Some
	default:
		return l.Many
	}
}

// Accounts counts the connected accounts of owners; one without any is missing from the answer.
type Accounts interface {
	Connected(ctx context.Context, ownerIDs []string) (map[string]int, error)
}

// Decision is what a caller is told of the limit.
type Decision struct {
	Admitted  bool
	Limit     int       // zero: there is none
	Remaining int       // requests that would be admitted now
	Reset     time.Time // when the next slot frees up
}

// Limiter decides for one process.
type Limiter struct {
	pool     *pgxpool.Pool
	accounts Accounts
	limits   Limits
	now      func() time.Time
	process  string
	wake     chan struct{}

	mu     sync.Mutex
	owners map[string]*usage
}

// New makes a Limiter. Without Run it knows only of its own process.
func New(pool *pgxpool.Pool, accounts Accounts, limits Limits, now func() time.Time) *Limiter {
	return &Limiter{pool: pool, accounts: accounts, limits: limits, now: now, process: strings.ToLower(rand.Text()), wake: make(chan struct{}, 1), owners: map[string]*usage{}}
}

// Base is what is told to those of whom nobody knows whom they act for: the least limit, of which they use nothing.
func (l *Limiter) Base() Decision {
	return Decision{Admitted: true, Limit: l.limits.Few, Remaining: l.limits.Few, Reset: l.now()}
}

// Take asks for one request of an owner. One that is refused uses nothing. It asks the database only for the owner's number of accounts,
// every few seconds at most.
func (l *Limiter) Take(ctx context.Context, ownerID string) (d Decision, err error) {
	limit, err := l.limit(ctx, ownerID)
	if err != nil || limit <= 0 {
		return Decision{Admitted: true}, err
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.owner(ownerID)
	u.expire(now)
	d = Decision{Limit: limit, Admitted: u.sum < limit}
	if d.Admitted {
		u.add(now)
	}
	d.Remaining, d.Reset = max(0, limit-u.sum), u.freeAt(now)
	if u.untold*hurry >= limit {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
	return d, nil
}

// owner is the usage of an owner; the caller holds the lock.
func (l *Limiter) owner(ownerID string) *usage {
	u := l.owners[ownerID]
	if u == nil {
		u = &usage{}
		l.owners[ownerID] = u
	}
	return u
}

// limit is the owner's limit, looked up when what is known is too old.
func (l *Limiter) limit(ctx context.Context, ownerID string) (limit int, err error) {
	if l.limits.Few == l.limits.Some && l.limits.Some == l.limits.Many {
		return l.limits.Few, nil
	}
	defer errs.Wrap(&err, "apilimit.Take")
	now := l.now()
	l.mu.Lock()
	u := l.owner(ownerID)
	limit, fresh := u.limit, !u.limitAt.IsZero() && now.Sub(u.limitAt) < limitFor
	l.mu.Unlock()
	if fresh {
		return limit, nil
	}
	counts, err := l.accounts.Connected(ctx, []string{ownerID})
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	u = l.owner(ownerID)
	u.limit, u.limitAt = l.limits.of(counts[ownerID]), now
	return u.limit, nil
}

// Run exchanges with the other processes until the context ends. failed is told of an exchange that did not succeed; the next one makes up
// for it.
func (l *Limiter) Run(ctx context.Context, failed func(error)) {
	timer := time.NewTimer(exchangeEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-l.wake:
		}
		if err := l.Exchange(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		timer.Reset(exchangeSoon) // under load no sooner than that
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(exchangeEvery - exchangeSoon)
	}
}

// Exchange tells the other processes what was admitted here for the owners that are active, and hears what they admitted for those.
func (l *Limiter) Exchange(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "apilimit.Exchange")
	now := l.now()
	told := l.prune(now)
	if len(told) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	owners := make([]string, 0, len(told))
	for _, t := range told {
		owners = append(owners, t.owner)
		if t.changed {
			batch.Queue(`insert into api_windows (process, owner_id, seconds, counts, told_at) values ($1, $2, $3, $4, $5)
				on conflict (owner_id, process) do update set seconds = excluded.seconds, counts = excluded.counts, told_at = excluded.told_at`,
				l.process, t.owner, t.seconds, t.counts, now)
		}
	}
	batch.Queue(`delete from api_windows where told_at < $1`, now.Add(-2*window))
	if err := l.pool.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	rows, err := l.pool.Query(ctx, `select owner_id, seconds, counts from api_windows where owner_id = any($1) and process <> $2 and told_at > $3`,
		owners, l.process, now.Add(-window-exchangeEvery))
	if err != nil {
		return err
	}
	elsewhere := map[string][]moment{}
	var owner string
	var seconds []int64
	var counts []int32
	if _, err := pgx.ForEachRow(rows, []any{&owner, &seconds, &counts}, func() error {
		for i, s := range seconds[:min(len(seconds), len(counts))] {
			elsewhere[owner] = append(elsewhere[owner], moment{time.Unix(s, 0), int(counts[i])})
		}
		return nil
	}); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range told {
		if u := l.owners[t.owner]; u != nil {
			u.untold -= t.untold
			slices.SortFunc(elsewhere[t.owner], func(a, b moment) int { return a.at.Compare(b.at) })
			u.hear(elsewhere[t.owner], now)
		}
	}
	return nil
}

// telling is what the others are told of an owner.
type telling struct {
	owner   string
	untold  int
	changed bool
	seconds []int64
	counts  []int32
}

// prune forgets the owners that have been silent for a whole window, and lists the others.
func (l *Limiter) prune(now time.Time) (list []telling) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for owner, u := range l.owners {
		u.expire(now)
		if u.sum == 0 && now.Sub(u.limitAt) >= limitFor {
			delete(l.owners, owner)
			continue
		}
		t := telling{owner: owner, untold: u.untold, changed: u.untold > 0}
		t.seconds, t.counts = u.seconds()
		list = append(list, t)
	}
	return list
}
