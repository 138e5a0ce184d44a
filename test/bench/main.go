// Command bench measures the API of one machine: how fast posts are created and listed, and how that changes as the table grows. It starts
// a database of its own and the real api program, sends from a process of its own to loopback only, and ends by itself.
package main

import (
	"context"
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
	posts := flag.Int("posts", 1_000_000, "how many posts one owner has when the lists are measured")
	each := flag.Duration("for", 5*time.Second, "how long each figure is measured")
	flag.Parse()
	if err := app.UntilStopped(func(ctx context.Context) error { return run(ctx, *posts, *each) }); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measure is one thing to try, at several numbers of clients.
type measure struct {
	name    string
	request func(n int64) call
}

func run(ctx context.Context, posts int, each time.Duration) (err error) {
	dir, err := os.MkdirTemp("", "posthorn-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // Postgres, under an account of its own, must be able to enter
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), "posthorn/cmd/api")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the api: %w: %s", err, out)
	}
	cluster, err := devpg.Start(ctx, devpg.Config{Dir: filepath.Join(dir, "postgres"), Progress: os.Stdout,
		Settings: map[string]string{"shared_buffers": "1GB", "max_wal_size": "4GB", "fsync": "on", "synchronous_commit": "on"}})
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
	if err := s.fill(ctx, posts); err != nil {
		return err
	}
	api, err := s.start(ctx, dir)
	if err != nil {
		return err
	}
	defer api.stop()
	return s.report(ctx, posts, each)
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
