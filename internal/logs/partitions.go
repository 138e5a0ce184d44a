package logs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/errs"
	"posthorn/internal/postgres"
)

// MaxDays is the longest time that entries are kept, and that a reader can look back.
const MaxDays = 90

const (
	// daysAhead is how many days the partitions are made in advance, so that a few days without a worker cost nothing.
	daysAhead = 3
	// tidyLock is the key of the advisory lock that lets one process at a time tend the partitions; the digits have no meaning.
	tidyLock = 7_406_115_231
	// lockWait bounds how long a partition's making or dropping waits for readers and writers, who in turn wait for it.
	lockWait = "2s"

	partitionPrefix = "logs_"
	partitionDate   = "20060102"
)

// errBusy says that another process tends the partitions.
var errBusy = errors.New("another process tends the partitions of the log")

// Service reads the log and tends its partitions.
type Service struct {
	Pool     *pgxpool.Pool
	Accounts Accounts
	Now      func() time.Time
	Days     int // entries are kept; zero: MaxDays
}

// Tidy makes the partitions of the days to come and drops those whose time is over. It may be called by many processes and as often as
// one likes; an error leaves for the next call what was not done.
func (s *Service) Tidy(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "logs.Tidy")
	today := s.Now().UTC().Truncate(24 * time.Hour)
	have, err := s.partitions(ctx)
	if err != nil {
		return err
	}
	for i := range daysAhead + 1 {
		day := today.AddDate(0, 0, i)
		if have[day] {
			continue
		}
		if err := s.alone(ctx, func(tx pgx.Tx) error { return makePartition(ctx, tx, day) }); err != nil {
			return ignoreBusy(err)
		}
	}
	oldest := s.oldest(today)
	for day := range have {
		if day.Before(oldest) {
			if err := s.alone(ctx, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, `drop table if exists `+partition(day))
				return err
			}); err != nil {
				return ignoreBusy(err)
			}
		}
	}
	return ignoreBusy(s.alone(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `delete from logs_default where at < $1`, oldest)
		return err
	}))
}

// oldest is the first day whose entries are kept.
func (s *Service) oldest(today time.Time) time.Time {
	days := s.Days
	if days <= 0 || days > MaxDays {
		days = MaxDays
	}
	return today.AddDate(0, 0, -days)
}

// partitions are the days that have one.
func (s *Service) partitions(ctx context.Context) (map[time.Time]bool, error) {
	rows, err := s.Pool.Query(ctx, `select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'logs'::regclass`)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	have := map[time.Time]bool{}
	for _, name := range names {
		if day, err := time.Parse(partitionDate, strings.TrimPrefix(name, partitionPrefix)); err == nil {
			have[day] = true
		}
	}
	return have, err
}

func partition(day time.Time) string { return partitionPrefix + day.Format(partitionDate) }

// makePartition moves what the default partition holds of a day into one of its own, and makes that a part of the log. Entries that are
// written meanwhile wait.
func makePartition(ctx context.Context, tx pgx.Tx, day time.Time) error {
	name, from, to := partition(day), day.Format(time.DateOnly), day.AddDate(0, 0, 1).Format(time.DateOnly)
	var made bool // by another process, since the caller looked
	if err := tx.QueryRow(ctx, `select to_regclass($1) is not null`, name).Scan(&made); err != nil || made {
		return err
	}
	for _, statement := range []string{
		`lock table logs_default in access exclusive mode`,
		fmt.Sprintf(`create table %s (like logs including all)`, name),
		fmt.Sprintf(`with moved as (delete from logs_default where at >= '%s 00:00:00+00' and at < '%s 00:00:00+00' returning *) insert into %s select * from moved`, from, to, name),
		fmt.Sprintf(`alter table logs attach partition %s for values from ('%s 00:00:00+00') to ('%s 00:00:00+00')`, name, from, to),
	} {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// alone runs fn while no other process tends the partitions, and gives up early where it would have to wait for others.
func (s *Service) alone(ctx context.Context, fn func(pgx.Tx) error) error {
	return postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		var locked bool
		if err := tx.QueryRow(ctx, `select pg_try_advisory_xact_lock($1)`, int64(tidyLock)).Scan(&locked); err != nil {
			return err
		}
		if !locked {
			return errBusy
		}
		if _, err := tx.Exec(ctx, `set local lock_timeout = '`+lockWait+`'`); err != nil {
			return err
		}
		return fn(tx)
	})
}

func ignoreBusy(err error) error {
	if errors.Is(err, errBusy) {
		return nil
	}
	return err
}
