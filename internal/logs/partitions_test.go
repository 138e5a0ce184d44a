package logs

import (
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"posthorn/internal/postgres/pgtest"
)

func TestPartitions(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	now := testNow
	s := &Service{Pool: pool, Now: func() time.Time { return now }}
	w := NewWriter(pool, zerolog.Nop())
	defer w.Close()
	write := func(at time.Time) {
		w.Add(entry(at, at.Format(time.DateOnly)))
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	where := func(at time.Time) (table string) {
		if err := pool.QueryRow(t.Context(), `select tableoid::regclass::text from logs where response_body = $1`, at.Format(time.DateOnly)).Scan(&table); err != nil {
			return ""
		}
		return table
	}
	write(now) // no worker has run yet
	if got := where(now); got != "logs_default" {
		t.Errorf("without a partition it is in %q", got)
	}
	var tidying sync.WaitGroup
	for range 4 { // one works, the others see that it does
		tidying.Go(func() {
			if err := s.Tidy(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	tidying.Wait()
	if err := s.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := where(now); got != "logs_20260115" {
		t.Errorf("afterwards it is in %q", got)
	}
	write(now.AddDate(0, 0, 3))
	write(now.AddDate(0, 0, 4))
	if got, later := where(now.AddDate(0, 0, 3)), where(now.AddDate(0, 0, 4)); got != "logs_20260118" || later != "logs_default" {
		t.Errorf("the days to come are in %q and %q", got, later)
	}
	write(now.AddDate(0, 0, -91)) // long over, and without a partition
	now = now.AddDate(0, 0, 2)
	if err := s.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := where(now.AddDate(0, 0, 2)); got != "logs_20260119" {
		t.Errorf("two days later the fourth day is in %q", got)
	}
	if got := where(testNow.AddDate(0, 0, -91)); got != "" {
		t.Errorf("what is over is still in %q", got)
	}
	now = testNow.AddDate(0, 0, 90)
	if err := s.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := where(testNow); got != "logs_20260115" {
		t.Errorf("after 90 days it is in %q", got)
	}
	now = testNow.AddDate(0, 0, 91)
	if err := s.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := where(testNow); got != "" {
		t.Errorf("after 91 days it is still in %q", got)
	}
	var left int
	if err := pool.QueryRow(t.Context(), `select count(*) from pg_class where relname = 'logs_20260115'`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d partitions of the old day are left, %v", left, err)
	}
}
