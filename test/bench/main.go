// Command bench measures the API of one machine: how fast posts are created and listed, and how that changes as the table grows. It starts
// a database of its own and the real api program, sends from a process of its own to loopback only, and ends by itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"posthorn/internal/app"
	"posthorn/internal/devpg"
)

func main() {
	var o options
	flag.IntVar(&o.posts, "posts", 1_000_000, "how many posts one owner has when the lists are measured")
	flag.IntVar(&o.due, "due", 100_000, "how many targets are due at the same instant")
	flag.DurationVar(&o.each, "for", 5*time.Second, "how long each figure is measured")
	flag.StringVar(&o.only, "only", "", "measure nothing but the api or the engine")
	flag.BoolVar(&o.statements, "statements", false, "show which statements took Postgres's time (pg_stat_statements)")
	flag.Parse()
	do := func(ctx context.Context) error { return run(ctx, o) }
	if os.Getenv("POSTHORN_BENCH_ROLE") == "worker" { // this program again, as the process that is measured
		do = runWorker
	}
	if err := app.UntilStopped(do); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	posts, due int
	each       time.Duration
	only       string
	statements bool
}

// measure is one thing to try, at several numbers of clients.
type measure struct {
	name    string
	request func(n int64) call
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "posthorn-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // Postgres, under an account of its own, must be able to enter
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), "posthorn/cmd/api", "posthorn/test/bench")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the programs: %w: %s", err, out)
	}
	settings := map[string]string{"shared_buffers": "1GB", "max_wal_size": "4GB", "fsync": "on", "synchronous_commit": "on"}
	if o.statements {
		settings["shared_preload_libraries"], settings["pg_stat_statements.track"] = "pg_stat_statements", "all"
	}
	cluster, err := devpg.Start(ctx, devpg.Config{Dir: filepath.Join(dir, "postgres"), Progress: os.Stdout, Settings: settings})
	if err != nil {
		return err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if e := cluster.Stop(stop); err == nil {
			err = e
		}
	}()
	s, err := prepare(ctx, dir, cluster.URL("posthorn"))
	if err != nil {
		return err
	}
	defer s.far.server.Close()
	if err := s.fill(ctx, o.posts); err != nil {
		return err
	}
	if o.statements {
		defer func() { err = errors.Join(err, s.statements(context.WithoutCancel(ctx))) }()
	}
	if o.only != "api" {
		if err := s.engine(ctx, dir, cluster.PID(), o.due); err != nil {
			return err
		}
	}
	if o.only == "engine" {
		return nil
	}
	api, err := s.start(ctx, dir)
	if err != nil {
		return err
	}
	defer api.stop()
	return s.report(ctx, o.posts, o.each)
}

// report measures everything and prints a table.
func (s *system) report(ctx context.Context, posts int, each time.Duration) error {
	deep := max(1, min(10_000, posts/10))
	measures := []measure{
		{"POST /v1/posts, 3 targets, scheduled", s.create},
		{"GET /v1/posts, page 1", func(int64) call { return call{method: "GET", path: "/v1/posts?limit=10"} }},
		{fmt.Sprintf("GET /v1/posts, page %d", deep), func(int64) call {
			return call{method: "GET", path: fmt.Sprintf("/v1/posts?limit=10&page=%d", deep)}
		}},
		{"GET /v1/posts, page 1, of one status", func(int64) call { return call{method: "GET", path: "/v1/posts?limit=10&status=scheduled"} }},
		{"GET /v1/posts, page 1, of one platform", func(int64) call { return call{method: "GET", path: "/v1/posts?limit=10&platform=bluesky"} }},
		{"GET /v1/posts/{postId}", func(int64) call { return call{method: "GET", path: "/v1/posts/" + s.onePost} }},
	}
	fmt.Printf("\nOne owner with %d posts of 3 targets; each figure over %v; client and server share this machine.\n\n", posts, each)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "request\tclients\ta second\tp50\tp99\t")
	for _, m := range measures {
		for _, clients := range []int{1, 8, 32} {
			got, err := s.load(ctx, m, clients, each)
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			fmt.Fprintf(table, "%s\t%d\t%.0f\t%v\t%v\t\n", m.name, clients, got.rate, rounded(got.p50), rounded(got.p99))
		}
	}
	return table.Flush()
}

func rounded(d time.Duration) string {
	return strings.TrimSpace(d.Round(10 * time.Microsecond).String())
}
