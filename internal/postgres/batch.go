package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// rollbackTimeout bounds undoing what failed; a connection that does not answer by then is thrown away.
const rollbackTimeout = 5 * time.Second

// InBatch is InTx for a transaction of few round trips: what each fill queues goes out at once, the first with the begin. A fill is called when the
// batch before it has been answered, anew for each try. Its error, like one of a callback or of Postgres, rolls back.
//
// Each statement keeps its first plan, so it must be one that the values do not change. Otherwise Postgres plans statements that take lists anew each
// time, which can cost more than running them.
func InBatch(ctx context.Context, pool *pgxpool.Pool, fills ...func(*pgx.Batch) error) error {
	return again(ctx, func() error {
		return pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
			err := sendAll(ctx, c, fills)
			if err == nil {
				_, err = c.Exec(ctx, "commit")
			}
			if err != nil && c.Conn().PgConn().TxStatus() != 'I' && !c.Conn().IsClosed() {
				undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
				defer cancel()
				_, _ = c.Exec(undo, "rollback") // the pool throws away what is still in a transaction
			}
			return err
		})
	})
}

func sendAll(ctx context.Context, c *pgxpool.Conn, fills []func(*pgx.Batch) error) error {
	for i, fill := range fills {
		batch := &pgx.Batch{}
		if i == 0 {
			batch.Queue("begin")
			batch.Queue("set local plan_cache_mode = force_generic_plan")
		}
		if err := fill(batch); err != nil {
			return err
		}
		if err := c.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
	}
	return nil
}
