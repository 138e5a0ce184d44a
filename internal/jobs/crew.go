package jobs

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"posthorn/internal/platforms"
)

// A worker process shows that it lives in two ways: an advisory lock that Postgres drops the moment its connection dies, and a beat in
// its row of the table workers. A killed process is noticed by the first, a stopped or cut-off one by the second.
const (
	beatEvery = 500 * time.Millisecond
	// goneAfter is how old the beat of a worker whose lock is free must be. It leaves a live one whose connection broke, as in a
	// restart of the database, the time to come back.
	goneAfter = 3 * time.Second
	// silentAfter is how old the beat of a worker that still holds its lock must be: it is stopped, or cut off.
	silentAfter = 10 * time.Second
	// trustFor is how long after its last beat a worker acts on its claims. It must be less than silentAfter, by more than a request
	// takes to leave the machine.
	trustFor = 7 * time.Second
)

// Crew is this process as a member of all workers of one database.
type Crew struct {
	id      string
	lockKey int64
	pool    *pgxpool.Pool
	log     zerolog.Logger
	// handBack frees what a lost worker had claimed.
	handBack func(ctx context.Context, worker string) (int64, error)

	mu       sync.Mutex
	epoch    int       // rises when others have counted us as lost
	lastBeat time.Time // when the last beat that arrived was sent, by the monotonic clock
}

// NewCrew makes a member with a fresh identity. It joins with Run.
func NewCrew(pool *pgxpool.Pool, log zerolog.Logger, handBack func(context.Context, string) (int64, error)) *Crew {
	var b [8]byte
	rand.Read(b[:]) // never fails, says crypto/rand
	host, _ := os.Hostname()
	return &Crew{id: fmt.Sprintf("%.40s-%d-%s", host, os.Getpid(), hex.EncodeToString(b[:4])), lockKey: int64(binary.BigEndian.Uint64(b[:])), pool: pool, log: log, handBack: handBack}
}

// ID names this worker in claims and to River.
func (c *Crew) ID() string { return c.id }

// Lease is the right to act on claims made now: it ends when this process has lost touch, since others then take its claims over.
type Lease struct {
	crew  *Crew
	epoch int
}

// Lease begins with the present standing of the process.
func (c *Crew) Lease() Lease {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Lease{c, c.epoch}
}

// Check is nil while the lease holds. It is asked right before every request to a platform, so that a process that was stopped and
// wakes up sends nothing that another has already taken over.
func (l Lease) Check() error {
	l.crew.mu.Lock()
	defer l.crew.mu.Unlock()
	if l.epoch != l.crew.epoch || time.Since(l.crew.lastBeat) > trustFor {
		return &platforms.Error{Kind: platforms.Unavailable, Category: platforms.SystemError, Message: "this worker lost touch with the database; another one goes on"}
	}
	return nil
}

// Run keeps this worker's lock and beat, and hands back what lost workers had claimed, until the context ends; then it leaves. joined is
// called once, when the worker has joined for the first time.
func (c *Crew) Run(ctx context.Context, joined func()) {
	for ctx.Err() == nil {
		if err := c.member(ctx, joined); err != nil && ctx.Err() == nil {
			c.log.Error().Err(err).Msg("lost touch with the database")
			wait(ctx, time.Second)
		}
		joined = func() {}
	}
}

// member holds the lock on one connection for as long as that lives.
func (c *Crew) member(ctx context.Context, joined func()) error {
	conn, err := pgx.ConnectConfig(ctx, c.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() {
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		conn.Close(bye)
	}()
	var locked bool
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock($1)`, c.lockKey).Scan(&locked); err != nil {
		return err
	}
	if !locked {
		return fmt.Errorf("the lock of this worker is still held by its last connection")
	}
	if err := c.enrol(ctx, conn); err != nil {
		return err
	}
	joined()
	for {
		if !wait(ctx, beatEvery) {
			return c.leave(context.WithoutCancel(ctx), conn)
		}
		if err := c.beat(ctx, conn); err != nil {
			return err
		}
		if err := c.bury(ctx, conn); err != nil {
			return err
		}
	}
}

// enrol writes the worker's row. If it is gone, others have counted this worker as lost in the meantime.
func (c *Crew) enrol(ctx context.Context, conn *pgx.Conn) error {
	sent := time.Now()
	host, _ := os.Hostname()
	var fresh bool
	err := conn.QueryRow(ctx, `
		insert into workers (id, lock_key, host, pid, started_at, beat_at) values ($1, $2, $3, $4, now(), now())
		on conflict (id) do update set beat_at = now() returning started_at = beat_at`, c.id, c.lockKey, host, os.Getpid()).Scan(&fresh)
	if err != nil {
		return err
	}
	c.mark(sent, fresh)
	return nil
}

func (c *Crew) beat(ctx context.Context, conn *pgx.Conn) error {
	sent := time.Now()
	ctx, cancel := context.WithTimeout(ctx, silentAfter)
	defer cancel()
	tag, err := conn.Exec(ctx, `update workers set beat_at = now() where id = $1`, c.id)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		c.log.Warn().Msg("this worker was silent for too long and has been counted as lost; it joins again")
		return c.enrol(ctx, conn)
	}
	c.mark(sent, false)
	return nil
}

func (c *Crew) mark(sent time.Time, newEpoch bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastBeat = sent
	if newEpoch {
		c.epoch++
	}
}

// bury hands back what lost workers had claimed. Several may bury the same one: every part of it may be done twice, and the row goes last.
func (c *Crew) bury(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `
		select id from workers where id <> $1 and (beat_at < now() - $2::interval or (beat_at < now() - $3::interval and pg_try_advisory_xact_lock(lock_key)))`,
		c.id, silentAfter, goneAfter)
	if err != nil {
		return err
	}
	lost, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, worker := range lost {
		targets, err := c.handBack(ctx, worker)
		if err != nil {
			return err
		}
		jobs, err := conn.Exec(ctx, `
			update river_job set state = 'available', scheduled_at = now(), attempt = greatest(attempt - 1, 0)
			where state = 'running' and attempted_by[array_upper(attempted_by, 1)] = $1`, worker)
		if err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, `delete from workers where id = $1`, worker); err != nil {
			return err
		}
		c.log.Warn().Str("lost", worker).Int64("targets", targets).Int64("jobs", jobs.RowsAffected()).Msg("a worker was lost; its work goes on here")
	}
	return nil
}

// leave is for a worker that has ended its work: nothing is left to hand back.
func (c *Crew) leave(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := conn.Exec(ctx, `delete from workers where id = $1`, c.id)
	return err
}

// Alive counts the workers that have beaten lately.
func Alive(ctx context.Context, pool *pgxpool.Pool) (n int, err error) {
	err = pool.QueryRow(ctx, `select count(*) from workers where beat_at > now() - $1::interval`, silentAfter).Scan(&n)
	return n, err
}

// wait reports false when the context ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
