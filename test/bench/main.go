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
	flag.StringVar(&o.only, "only", "", "measure nothing but this: api, create or engine")
	flag.BoolVar(&o.statements, "statements", false, "show which statements took Postgres's time (pg_stat_statements)")
	flag.Parse()
	do := func(ctx context.Context) error { return run(ctx, o) }
	if process := role(); process != nil {
		do = process
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
	build := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), "posthorn/test/bench")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w: %s", err, out)
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
	if o.only == "" || o.only == "engine" {
		if err := s.engine(ctx, dir, cluster.PID(), o.due); err != nil {
			return err
		}
	}
	if o.only == "engine" {
		return nil
	}
	least, err := s.ceiling(ctx, dir, o)
	if err != nil {
		return err
	}
	api, err := s.start(ctx, dir, "api")
	if err != nil {
		return err
	}
	defer api.stop()
	fmt.Printf("memory of the api: %d MB idle\n", memory(api.cmd.Process.Pid))
	if err := s.report(ctx, o, least, api.cmd.Process.Pid, cluster.PID()); err != nil {
		return err
	}
	fmt.Printf("memory of the api after that: %d MB\n", memory(api.cmd.Process.Pid))
	return nil
}

// clientCounts are how many clients send at once.
var clientCounts = []int{1, 8, 32}

// ceiling is how many posts a second can be created at best, by the number of clients.
func (s *system) ceiling(ctx context.Context, dir string, o options) (least map[int]figures, err error) {
	server, err := s.start(ctx, dir, "bare")
	if err != nil {
		return nil, err
	}
	defer server.stop()
	least = map[int]figures{}
	for _, clients := range clientCounts {
		if least[clients], err = s.load(ctx, measure{"bare", s.create}, clients, o.each); err != nil {
			return nil, fmt.Errorf("the bare handler: %w", err)
		}
	}
	return least, nil
}

// report measures everything and prints a table.
func (s *system) report(ctx context.Context, o options, least map[int]figures, api, postgres int) error {
	deep := max(1, min(10_000, o.posts/10))
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
	if o.only == "create" {
		measures = measures[:1]
	}
	fmt.Printf("\nOne owner with %d posts of 3 targets; each figure over %v; client and server share this machine.\n\n", o.posts, o.each)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "request\tclients\ta second\tp50\tp99\tCPU api\tCPU Postgres\t")
	made := map[int]figures{}
	for i, m := range measures {
		for _, clients := range clientCounts {
			ours, pg := cpuOf(api), cpuOf(postgres)
			got, err := s.load(ctx, m, clients, o.each)
			ours, pg = cpuOf(api)-ours, cpuOf(postgres)-pg
			if i == 0 {
				made[clients] = got
			}
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			fmt.Fprintf(table, "%s\t%d\t%.0f\t%v\t%v\t%v\t%v\t\n", m.name, clients, got.rate, rounded(got.p50), rounded(got.p99), rounded(ours/time.Duration(got.n)), rounded(pg/time.Duration(got.n)))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Println("\nCreating, against a handler that writes the same rows in one round trip and checks nothing:")
	for _, clients := range clientCounts {
		fmt.Printf("  %d clients: %.0f a second of %.0f, ratio %.2f; p99 is %.1f times p50\n", clients, made[clients].rate, least[clients].rate, made[clients].rate/least[clients].rate,
			float64(made[clients].p99)/float64(made[clients].p50))
	}
	return nil
}

func rounded(d time.Duration) string {
	return strings.TrimSpace(d.Round(10 * time.Microsecond).String())
}
