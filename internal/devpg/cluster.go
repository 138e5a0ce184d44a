//go:build unix

// Package devpg runs a private PostgreSQL server as a child of this process, straight from the server's own binaries: for development and
// for tests, so that neither needs a database to be set up.
//
// The server listens on 127.0.0.1 only and trusts whoever connects there; it is not for production.
package devpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// User is the superuser of every cluster; it has no password.
const User = "posthorn"

const (
	startWait   = 60 * time.Second // a server that recovers after a crash may need a while
	fastWait    = 10 * time.Second // for an orderly shutdown, which writes everything out
	quitWait    = 5 * time.Second  // for an immediate one, which does not
	pollEvery   = 15 * time.Millisecond
	portTries   = 3
	logMaxBytes = 8 << 20
)

// A Config says which cluster to start.
type Config struct {
	Dir      string            // data folder, made when missing; kept between runs
	Port     int               // on 127.0.0.1; 0 for a free one
	Database string            // made when missing; "posthorn" unless said
	Log      string            // file for the server's log; server.log in the data folder unless said
	Settings map[string]string // added to the server's configuration, as in postgresql.conf
	Binaries string            // folder of initdb and postgres; FindBinaries looks for one unless said
	Progress io.Writer         // lines for the person at the terminal; nil for none
}

// A Cluster is a running server. Its methods may be called from several goroutines.
type Cluster struct {
	dir, log string
	port     int
	database string
	cmd      *exec.Cmd
	lock     *folderLock
	done     chan struct{}
	exit     error // how the process ended; to be read after done
	stop     sync.Once
	stopErr  error
}

// Start makes the cluster in c.Dir if there is none, starts it, and returns when it accepts connections and has the database. As root it runs
// the server as the account that the folder belongs to, or for a new one as postgres, or else nobody. A server left behind on the same folder by a run that was killed is stopped
// first; one that belongs to a process that lives is an error, as are a port in use and a damaged folder, each in one sentence that says
// what to do. The context bounds starting only: end the cluster with Stop. On Linux it ends by itself when this process dies.
func Start(ctx context.Context, c Config) (*Cluster, error) {
	who, err := serverAccount()
	if err != nil {
		return nil, err
	}
	who = who.orOwnerOf(c.Dir)
	dir, err := locate(c.Dir, who, c.Progress)
	if err != nil {
		return nil, err
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	cluster, err := start(ctx, c, dir, who, lock)
	if err != nil {
		lock.release()
		return nil, err
	}
	return cluster, nil
}

func start(ctx context.Context, c Config, dir string, who *account, lock *folderLock) (*Cluster, error) {
	bin := c.Binaries
	if bin == "" {
		var err error
		bin, err = FindBinaries(ctx, Options{Prefer: dataVersion(dir), Progress: c.Progress})
		if err != nil {
			return nil, err
		}
	}
	if err := stopOrphan(ctx, dir, c.Progress); err != nil {
		return nil, err
	}
	if err := prepare(ctx, bin, dir, who); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		port, err := choosePort(c.Port)
		if err != nil {
			return nil, err
		}
		cluster, err := launch(ctx, c, bin, dir, port, who)
		if errors.Is(err, errPortTaken) && c.Port == 0 && try < portTries {
			continue // somebody took the free port between our look and the server's
		}
		if err != nil {
			return nil, err
		}
		cluster.lock = lock
		if err := cluster.createDatabase(ctx); err != nil {
			return nil, errors.Join(err, cluster.Stop(context.WithoutCancel(ctx)))
		}
		return cluster, nil
	}
}

// choosePort returns a free port on 127.0.0.1, or the wanted one if it is free.
func choosePort(wanted int) (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(wanted)))
	if err != nil && wanted != 0 && errors.Is(err, syscall.EADDRINUSE) {
		return 0, portError(wanted)
	}
	if err != nil {
		return 0, fmt.Errorf("find a port for the database: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func portError(port int) error {
	return fmt.Errorf("port %d of 127.0.0.1 is in use by another program: stop that program, or choose another port for the database", port)
}

// createDatabase makes the cluster's database when it is missing.
func (c *Cluster) createDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect to the new database server: %w", err)
	}
	defer conn.Close(ctx)
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, c.database).Scan(&exists); err != nil {
		return fmt.Errorf("look for database %s: %w", c.database, err)
	}
	if exists {
		return nil
	}
	if _, err := conn.Exec(ctx, `CREATE DATABASE `+pgx.Identifier{c.database}.Sanitize()); err != nil {
		return fmt.Errorf("make database %s: %w", c.database, err)
	}
	return nil
}

// URL is the address of a database in the cluster; an empty name stands for the one in the Config.
func (c *Cluster) URL(database string) string {
	if database == "" {
		database = c.database
	}
	u := url.URL{
		Scheme: "postgres", User: url.User(User), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)),
		Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Dir is the folder that the data is really in, an absolute path.
func (c *Cluster) Dir() string { return c.dir }

// Port is the port on 127.0.0.1 that the server listens on.
func (c *Cluster) Port() int { return c.port }

// PID is the process ID of the server.
func (c *Cluster) PID() int { return c.cmd.Process.Pid }

// Done is closed when the server has ended, by Stop or by itself.
func (c *Cluster) Done() <-chan struct{} { return c.done }

// Wait returns when the server has ended: nil after an orderly shutdown, else an error that names its log.
func (c *Cluster) Wait() error {
	<-c.done
	if c.exit == nil {
		return nil
	}
	return fmt.Errorf("the database server ended unexpectedly (%w): see %s", c.exit, c.log)
}

// Stop ends the server and returns when its processes are gone: orderly at first, and at once when that takes ten seconds or the context ends.
// It may be called more than once. The error says that the server did not obey and had to be killed; it is gone all the same.
func (c *Cluster) Stop(ctx context.Context) error {
	c.stop.Do(func() {
		c.stopErr = c.end(ctx)
		c.lock.release()
	})
	return c.stopErr
}

func (c *Cluster) end(ctx context.Context) error {
	fast, cancel := context.WithTimeout(ctx, fastWait)
	defer cancel()
	c.signal(syscall.SIGINT) // fast shutdown: rolls back, disconnects, writes a checkpoint
	select {
	case <-c.done:
		return nil
	case <-fast.Done():
	}
	c.signal(syscall.SIGQUIT) // immediate shutdown: the next start recovers
	timer := time.NewTimer(quitWait)
	defer timer.Stop()
	select {
	case <-c.done:
		return nil
	case <-timer.C:
		c.signal(syscall.SIGKILL) // its children notice, and end
		<-c.done
		return fmt.Errorf("the database server did not stop and was killed: see %s", c.log)
	}
}

// signal sends to the server unless it has ended: after that its number may belong to another process.
func (c *Cluster) signal(s os.Signal) { _ = c.cmd.Process.Signal(s) }

// logFile opens the server's log for appending, or anew when it has grown large.
func logFile(path string) (*os.File, error) {
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND | syscall.O_NOFOLLOW
	if info, err := os.Stat(path); err == nil && info.Size() > logMaxBytes {
		flags |= os.O_TRUNC
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the database's log: %w", err)
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the database's log: %w", err)
	}
	return f, nil
}
