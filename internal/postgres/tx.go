package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const txTries = 5

// InTx runs fn in a transaction: it commits when fn returns nil and rolls back when fn returns an error or panics. A transaction that lost
// against another one (serialisation failure or deadlock) is run again, up to five times in all, so fn must have no effect outside of it.
func InTx(ctx context.Context, pool *pgxpool.Pool, fn func(pgx.Tx) error) error {
	return again(ctx, func() error { return pgx.BeginFunc(ctx, pool, fn) })
}

// again runs a transaction until it has not lost against another one, or has lost too often.
func again(ctx context.Context, transaction func() error) error {
	for try := 1; ; try++ {
		err := transaction()
		if err == nil || try == txTries || !lostRace(err) {
			return err
		}
		// A random wait, growing with each try, so that the two do not meet again.
		timer := time.NewTimer(rand.N(time.Duration(try) * 10 * time.Millisecond))
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}

// lostRace reports whether Postgres rolled the transaction back in favour of another, so that the same again may well succeed.
func lostRace(err error) bool {
	pgErr := (*pgconn.PgError)(nil)
	return errors.As(err, &pgErr) && (pgErr.Code == codeSerializationFailure || pgErr.Code == codeDeadlock)
}
