// Package usage meters by the day what an owner has: accounts connected and posts published, and what a tariff charges for it. It owns the
// tables account_spans, usage_days and usage_rolled.
//
// Closed days are written down once, in usage_days; the days since are computed from the spans and from the posts. Both come from the same
// function, so that a day does not change when it is closed.
package usage

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/posts"
)

const day = 24 * time.Hour

// Posts counts what was published.
type Posts interface {
	PublishedPerDay(ctx context.Context, ownerID string, from, to time.Time) ([]posts.PublishedDay, error)
}

// Accounts tells which profiles and accounts a principal reaches.
type Accounts interface {
	Lookup(ctx context.Context, by auth.Principal, ids []string) (map[string]accounts.Account, error)
	Profiles(ctx context.Context, by auth.Principal, f accounts.ProfileFilter) ([]accounts.Profile, int, error)
}

// Service is the meter.
type Service struct {
	Pool     *pgxpool.Pool
	Posts    Posts
	Accounts Accounts
	Tariff   *Tariff // nil: nothing is charged
	Now      func() time.Time
}

// Granularity is how the days of a report are put together.
type Granularity string

// The granularities of the contract.
const (
	ByDay   Granularity = "day"
	ByMonth Granularity = "month"
	InTotal Granularity = "total"
)

// Query asks for a report.
type Query struct {
	Range       string // of the contract: cycle, prev-cycle, 7d, 14d, 30d, 3mo, 12mo, custom
	From, To    string // dates, for custom; both are included
	Granularity Granularity
	GroupBy     string // "profile", "account" or empty
	ProfileID   string // only its share
	AccountID   string // only its share
}

// Bucket is a day, a month or a whole.
type Bucket struct {
	Date        time.Time
	Accounts    int // connected at some time of the day; of a longer time that of its fullest day
	AccountDays int // the sum over the days
	Posts       int // targets published
	Cents       int64
}

// Group is the share of one profile or account.
type Group struct {
	Key string
	Bucket
}

// Report is what was used in a time, and what it costs.
type Report struct {
	Granularity Granularity
	From, To    time.Time // the first and the last day
	IsCycle     bool      // the time is a billing period
	Buckets     []Bucket  // empty for InTotal
	Total       Bucket
	GroupBy     string
	Groups      []Group
	Restricted  bool // it tells the share of what the principal reaches
	Tariff      *Tariff
}

// Cycle is the billing period that holds an instant: a calendar month, UTC. end is the first instant after it.
func Cycle(now time.Time) (start, end time.Time) {
	now = now.UTC()
	start = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	return start, start.AddDate(0, 1, 0)
}

// daysIn is how many days the month of a day has.
func daysIn(d time.Time) int {
	start, end := Cycle(d)
	return int(end.Sub(start) / day)
}

func (s *Service) today() time.Time { return s.Now().UTC().Truncate(day) }
