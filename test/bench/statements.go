package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// statements prints what took most of Postgres's time.
func (s *system) statements(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `create extension if not exists pg_stat_statements`); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, `select total_exec_time, calls, mean_exec_time, rows, (wal_bytes / greatest(calls, 1))::bigint, wal_fpi, regexp_replace(query, '\s+', ' ', 'g') from pg_stat_statements order by total_exec_time desc limit 25`)
	if err != nil {
		return err
	}
	fmt.Println("\nms in all, calls, ms each, rows, bytes of WAL each, full pages, statement")
	var all, mean float64
	var calls, n, wal, pages int64
	var text string
	_, err = pgx.ForEachRow(rows, []any{&all, &calls, &mean, &n, &wal, &pages, &text}, func() error {
		fmt.Printf("%9.0f %7d %8.3f %8d %7d %6d  %.150s\n", all, calls, mean, n, wal, pages, strings.TrimSpace(text))
		return nil
	})
	return err
}
