// Package dev runs everything in one process for a newcomer: an embedded Postgres, the sandbox of every platform, the API and a worker,
// with an owner, a profile and accounts to try them on.
package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"posthorn/internal/app"
	"posthorn/internal/config"
	"posthorn/internal/devpg"
	"posthorn/internal/platforms/all"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/postgres"
	"posthorn/internal/sandbox"
)

// conns is how many connections the one process may open: those of an API and a worker.
const conns = 32

// Run starts everything, says on out what there is and how to begin, and works until the context ends. Then it stops everything that it
// started. Its errors are one sentence on what to do.
func Run(ctx context.Context, c *config.Config, log zerolog.Logger, out io.Writer) (err error) {
	if err := os.MkdirAll(c.DataDir, 0o755); err != nil { // Postgres, under an account of its own, must be able to enter
		return fmt.Errorf("cannot make the data folder: %w; set POSTHORN_DATA_DIR to a folder that can be written", err)
	}
	if c.Keys == nil {
		if c.Keys, err = masterKeys(c.DataDir); err != nil {
			return err
		}
	}
	api, err := app.Listen(c.Addr, "POSTHORN_ADDR")
	if err != nil {
		return err
	}
	defer api.Close()
	fakes := all.Fakes(farside.Options{Now: time.Now, Fetch: &http.Client{Timeout: 20 * time.Second}, Generous: true})
	box, err := openSandbox(c, fakes)
	if err != nil {
		return err
	}
	if box != nil {
		defer box.close()
	}
	cluster, err := openDatabase(ctx, c, out)
	if err != nil {
		return err
	}
	if cluster != nil {
		defer func() { err = errors.Join(err, stopDatabase(ctx, cluster)) }()
	}
	return serve(ctx, c, log, out, api, box, fakes, cluster)
}

// openDatabase starts the private cluster, unless a database is named.
func openDatabase(ctx context.Context, c *config.Config, out io.Writer) (*devpg.Cluster, error) {
	if c.DatabaseURL != "" {
		return nil, nil
	}
	dir, err := filepath.Abs(filepath.Join(c.DataDir, "postgres"))
	if err != nil {
		return nil, err
	}
	cluster, err := devpg.Start(ctx, devpg.Config{Dir: dir, Progress: out})
	if err != nil {
		return nil, err
	}
	c.DatabaseURL = cluster.URL("posthorn")
	return cluster, nil
}

func stopDatabase(ctx context.Context, cluster *devpg.Cluster) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return cluster.Stop(ctx)
}

// serve migrates, seeds, and runs the API and the worker.
func serve(ctx context.Context, c *config.Config, log zerolog.Logger, out io.Writer, api net.Listener, box *sandboxServer, fakes map[string]farside.Server, cluster *devpg.Cluster) error {
	if err := migrate(ctx, c); err != nil {
		return err
	}
	a, err := app.Open(ctx, c, log, "posthorn dev", conns)
	if err != nil {
		return err
	}
	defer a.Close()
	seeded, err := seed(ctx, a, fakes, log)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if cluster != nil {
		go func() {
			select {
			case <-cluster.Done():
				stop(errors.New("the embedded Postgres stopped; its log is in " + filepath.Join(cluster.Dir(), "server.log")))
			case <-ctx.Done():
			}
		}()
	}
	ended := make(chan error, 2)
	working := make(chan struct{})
	go func() { ended <- a.RunAPI(ctx, api) }()
	go func() { ended <- a.RunWorker(ctx, func() { close(working) }) }()
	select {
	case <-working:
		greet(out, c, box, seeded)
	case <-ctx.Done():
	}
	first := <-ended
	cause := context.Cause(ctx)
	stop(nil)
	err = errors.Join(first, <-ended)
	if err == nil && cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

func migrate(ctx context.Context, c *config.Config) error {
	pool, err := postgres.Open(ctx, c.DatabaseURL, postgres.WithApplicationName("posthorn migrate"))
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = postgres.Migrate(ctx, pool)
	return err
}

// sandboxServer is the sandbox, listening.
type sandboxServer struct {
	*sandbox.Sandbox
	url  string
	srv  *http.Server
	hint atomic.Pointer[string] // the first command, once there is one
}

// openSandbox serves the fakes and makes them the gateway, unless the calls go elsewhere already.
func openSandbox(c *config.Config, fakes map[string]farside.Server) (*sandboxServer, error) {
	if c.Gateway != nil {
		return nil, nil
	}
	l, err := app.Listen(c.SandboxAddr, "POSTHORN_SANDBOX_ADDR")
	if err != nil {
		return nil, err
	}
	base := &url.URL{Scheme: "http", Host: reachable(l.Addr())}
	c.Gateway = base
	s := &sandboxServer{url: base.String()}
	s.Sandbox = sandbox.New(sandbox.Options{Fakes: fakes, Titles: all.Titles(), Now: time.Now, Hint: s.firstCommand})
	s.srv = &http.Server{Handler: s.Sandbox, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.srv.Serve(l) }() // ends with close
	go s.Prepare(path.Base(samplePhoto))
	return s, nil
}

// firstCommand is what the sandbox's page shows while nothing is published.
func (s *sandboxServer) firstCommand() string {
	if command := s.hint.Load(); command != nil {
		return *command
	}
	return ""
}

func (s *sandboxServer) close() {
	s.Sandbox.Close()
	_ = s.srv.Close()
}

// reachable turns the address of a listener into one that can be called.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
