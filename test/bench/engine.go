package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// due inserts posts of one target each at the accounts of instant, straight in the tables, as the API would have stored them; spread over a time
// that begins at first. name tells the posts of one measurement from others.
func (s *system) due(ctx context.Context, pool *pgxpool.Pool, name string, n int, first time.Time, over time.Duration) error {
	mark := fmt.Sprintf("%08x", time.Now().Unix())
	for _, q := range []string{
		`insert into posts (id, owner_id, user_id, content, scheduled_for, status, created_at, updated_at, platforms)
			select $6 || lpad(to_hex(i), 16, '0'), $1, $1, $2 || ' ' || i, $4::timestamptz + i * $5::float8 / $3 * interval '1 second', 'scheduled', now(), now(), '{instant}' from generate_series(1, $3::int) i`,
		`insert into targets (id, owner_id, post_id, position, platform, account_id, status, open, next_at, created_at, updated_at)
			select id, owner_id, id, 0, 'instant', ($2::text[])[1 + abs(hashtext(id)) % cardinality($2::text[])], 'pending', true, scheduled_for, now(), now() from posts where id like $1 || '%' and status = 'scheduled'`,
	} {
		args := []any{s.owner, name, n, first, over.Seconds(), mark}
		if strings.HasPrefix(q, "insert into targets") {
			args = []any{mark, s.instants}
		}
		if _, err := pool.Exec(ctx, q, args...); err != nil {
			return fmt.Errorf("making posts that fall due: %w", err)
		}
	}
	_, err := pool.Exec(ctx, `analyze posts, targets`)
	return err
}

// startWorker runs a worker and waits until it has joined.
func (s *system) startWorker(ctx context.Context, pool *pgxpool.Pool, dir string) (*process, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "bench"))
	cmd.Env = append(append(os.Environ(), s.env...), "POSTHORN_BENCH_ROLE=worker")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd}
	for range 200 {
		var n int
		if err := pool.QueryRow(ctx, `select count(*) from workers where beat_at > now() - interval '2 seconds'`).Scan(&n); err != nil {
			return nil, err
		}
		if n > 0 {
			return p, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, fmt.Errorf("the worker did not start: %w", p.stop())
}

// engine measures how fast what is due is published.
func (s *system) engine(ctx context.Context, dir string, postgres, due int) error {
	pool, err := pgxpool.New(ctx, s.database)
	if err != nil {
		return err
	}
	defer pool.Close()
	noop, err := riverRate(ctx, pool, due)
	if err != nil {
		return err
	}
	worker, err := s.startWorker(ctx, pool, dir)
	if err != nil {
		return err
	}
	defer worker.stop()
	idle := memory(worker.cmd.Process.Pid)
	fmt.Printf("\nA worker of two cores, with a platform that answers at once and takes one step; it shares them with Postgres and the platform.\n\n")
	if err := s.punctuality(ctx, pool, "idle, one a second", 20, 20*time.Second); err != nil {
		return err
	}
	if err := s.punctuality(ctx, pool, "10,000 due a minute", 5000, 30*time.Second); err != nil {
		return err
	}
	return s.burst(ctx, pool, worker, postgres, due, noop, idle)
}

// burst measures many that are due at the same instant.
func (s *system) burst(ctx context.Context, pool *pgxpool.Pool, worker *process, postgres, due int, noop float64, idle int) error {
	s.far.reset()
	at := time.Now().Add(time.Duration(due)*60*time.Microsecond + 3*time.Second)
	if err := s.due(ctx, pool, "burst", due, at, 0); err != nil {
		return err
	}
	if left := time.Until(at); left < 0 {
		return fmt.Errorf("the posts were made %v after they were due", -left)
	}
	time.Sleep(time.Until(at))
	cpu, pg := cpuOf(worker.cmd.Process.Pid), cpuOf(postgres)
	if err := s.arrived(ctx, due, at.Add(10*time.Minute)); err != nil {
		return err
	}
	end := time.Now()
	for open := 1; open > 0; { // the last answers are still to be stored
		if err := pool.QueryRow(ctx, `select count(*) from (select 1 from targets where open and platform = 'instant' limit 1) o`).Scan(&open); err != nil {
			return err
		}
	}
	stored := time.Since(at)
	cpu, pg = cpuOf(worker.cmd.Process.Pid)-cpu, cpuOf(postgres)-pg
	_, twice := s.far.count()
	first := s.far.first().Sub(at)
	rate := float64(due) / stored.Seconds()
	fmt.Printf("%d targets due at the same instant: the first request after %v, the last after %v, all stored after %v; %d sent twice\n", due, first.Round(time.Millisecond),
		end.Sub(at).Round(time.Millisecond), stored.Round(time.Millisecond), twice)
	fmt.Printf("  %.0f targets a second; River's jobs that do nothing, on the same database: %.0f a second, ratio %.2f\n", rate, noop, rate/noop)
	fmt.Printf("  CPU per published target: worker %v, Postgres %v\n", (cpu / time.Duration(due)).Round(time.Microsecond), (pg / time.Duration(due)).Round(time.Microsecond))
	fmt.Printf("  memory of the worker: %d MB idle, %d MB under this load\n", idle, memory(worker.cmd.Process.Pid))
	return nil
}

// punctuality measures how late the first request of each target is.
func (s *system) punctuality(ctx context.Context, pool *pgxpool.Pool, name string, n int, over time.Duration) error {
	s.far.reset()
	first := time.Now().Add(3 * time.Second)
	if err := s.due(ctx, pool, name, n, first, over); err != nil {
		return err
	}
	if err := s.arrived(ctx, n, first.Add(over+time.Minute)); err != nil {
		return err
	}
	rows, err := pool.Query(ctx, `select id, scheduled_for from posts where content like $1 || ' %'`, name)
	if err != nil {
		return err
	}
	var late []time.Duration
	var id string
	var due time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &due}, func() error {
		late = append(late, s.far.at(id).Sub(due))
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(late)
	fmt.Printf("due to first request, %s: p50 %v, p99 %v, most %v\n", name, rounded(late[len(late)/2]), rounded(late[len(late)*99/100]), rounded(late[len(late)-1]))
	return nil
}

// arrived waits until so many have arrived.
func (s *system) arrived(ctx context.Context, n int, until time.Time) error {
	for {
		all, _ := s.far.count()
		if all >= n {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d of %d targets were published", all, n)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (f *farSide) at(id string) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.arrivals[id]
}

func (f *farSide) first() (first time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, at := range f.arrivals {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// nothing is River's job that does nothing.
type nothing struct{}

func (nothing) Kind() string { return "bench_nothing" }

type idler struct {
	river.WorkerDefaults[nothing]
	done *atomic.Int64
}

func (i idler) Work(context.Context, *river.Job[nothing]) error {
	i.done.Add(1)
	return nil
}

// riverRate is how many jobs that do nothing River works in a second, tuned as its own notes advise.
func riverRate(ctx context.Context, pool *pgxpool.Pool, n int) (float64, error) {
	workers := river.NewWorkers()
	var done atomic.Int64
	if err := river.AddWorkerSafely(workers, idler{done: &done}); err != nil {
		return 0, err
	}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Queues: map[string]river.QueueConfig{"bench": {MaxWorkers: 500}}, Workers: workers, Logger: slog.New(slog.DiscardHandler),
		FetchCooldown: 20 * time.Millisecond, FetchPollInterval: 100 * time.Millisecond})
	if err != nil {
		return 0, err
	}
	list := make([]river.InsertManyParams, min(n, 5000))
	for i := range list {
		list[i] = river.InsertManyParams{Args: nothing{}, InsertOpts: &river.InsertOpts{Queue: "bench"}}
	}
	all := 0
	for all < n {
		if _, err := client.InsertManyFast(ctx, list); err != nil {
			return 0, err
		}
		all += len(list)
	}
	begun := time.Now()
	if err := client.Start(ctx); err != nil {
		return 0, err
	}
	for done.Load() < int64(all) && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	took := time.Since(begun)
	if err := client.Stop(ctx); err != nil {
		return 0, err
	}
	_, err = pool.Exec(ctx, `delete from river_job where kind = 'bench_nothing'`)
	return float64(all) / took.Seconds(), err
}

// cpuOf is the processor time that a process and its children have used, as Linux tells it; zero elsewhere.
func cpuOf(pid int) (used time.Duration) {
	const tick = 10 * time.Millisecond
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, found := strings.Cut(string(raw), ") ")
		fields := strings.Fields(rest)
		if !found || len(fields) < 16 {
			continue
		}
		own, parent := filepath.Base(filepath.Dir(path)) == strconv.Itoa(pid), fields[1] == strconv.Itoa(pid)
		if !own && !parent {
			continue
		}
		for _, i := range []int{11, 12, 13, 14} { // its own time, and that of children that have ended
			if i > 12 && !own {
				break
			}
			n, _ := strconv.Atoi(fields[i])
			used += time.Duration(n) * tick
		}
	}
	return used
}

// memory is what a process holds, in MB, as Linux tells it; zero elsewhere.
func memory(pid int) int {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(raw)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			kb, _ := strconv.Atoi(fields[1])
			return kb / 1024
		}
	}
	return 0
}
