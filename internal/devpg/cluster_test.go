//go:build unix

package devpg

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ownerEnv makes this test program start a cluster in the folder it names, print the server's process ID, and wait to be killed.
const ownerEnv = "DEVPG_TEST_OWNER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerEnv); dir != "" {
		cluster, err := Start(context.Background(), Config{Dir: dir})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(cluster.PID())
		<-cluster.Done()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// folder returns where a cluster may be made; for root, one that the server's account can reach, which t.TempDir is not.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "postgres")
}

func mustStart(t *testing.T, c Config) *Cluster {
	t.Helper()
	cluster, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return cluster
}

func query[T any](t *testing.T, c *Cluster, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var value T
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func waitGone(t *testing.T, pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	for alive(pid) {
		if sleep(ctx, 20*time.Millisecond) != nil {
			t.Fatalf("process %d still lives", pid)
		}
	}
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q is more than one line", err)
	}
}

func TestRestartKeepsData(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := mustStart(t, Config{Dir: dir, Database: "mine", Settings: map[string]string{"work_mem": "5MB"}})
	if got := query[string](t, first, `SELECT current_database() || ' ' || current_setting('work_mem')`); got != "mine 5MB" {
		t.Errorf("database and setting are %q", got)
	}
	execute(t, first, `CREATE TABLE kept AS SELECT 42 AS n`)
	pid := first.PID()
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("after Stop: %v", err)
	}
	waitGone(t, pid)
	if err := first.Stop(t.Context()); err != nil {
		t.Errorf("second Stop: %v", err)
	}
	began := time.Now()
	second := mustStart(t, Config{Dir: dir, Database: "mine"})
	t.Logf("restarted in %s", time.Since(began))
	if got := query[int](t, second, `SELECT n FROM kept`); got != 42 {
		t.Errorf("kept %d", got)
	}
}

func execute(t *testing.T, c *Cluster, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestRunsWithoutPrivileges(t *testing.T) {
	t.Parallel()
	cluster := mustStart(t, Config{Dir: folder(t)})
	info, err := os.Stat(filepath.Join(cluster.Dir(), "PG_VERSION"))
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid == 0 {
		t.Error("the data belongs to root, so the server ran as root")
	}
	group, err := syscall.Getpgid(cluster.PID())
	if err != nil || group != cluster.PID() {
		t.Errorf("the server's process group is %d (%v), not its own: Ctrl-C would reach it", group, err)
	}
}

func TestStopEndsConnections(t *testing.T) {
	t.Parallel()
	cluster := mustStart(t, Config{Dir: folder(t)})
	conn, err := pgx.Connect(t.Context(), cluster.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var backend int
	if err := conn.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitGone(t, backend)
}

func TestServerKilled(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := mustStart(t, Config{Dir: dir})
	execute(t, first, `CREATE TABLE kept AS SELECT 42 AS n`)
	if err := syscall.Kill(first.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	wantError(t, first.Wait(), "ended unexpectedly", "server.log")
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := mustStart(t, Config{Dir: dir})
	if got := query[int](t, second, `SELECT n FROM kept`); got != 42 {
		t.Errorf("kept %d", got)
	}
}

func TestOwnerKilled(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), ownerEnv+"="+dir)
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(line)
	}
	if _, err := Start(t.Context(), Config{Dir: dir}); err == nil {
		t.Error("started beside a living owner")
	} else {
		wantError(t, err, "another posthorn dev", strconv.Itoa(owner.Process.Pid))
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // it was killed
	if runtime.GOOS == "linux" {
		waitGone(t, pid)
	}
	mustStart(t, Config{Dir: dir})
	waitGone(t, pid)
}

func TestOrphanIsStopped(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := mustStart(t, Config{Dir: dir})
	execute(t, first, `CREATE TABLE kept AS SELECT 42 AS n`)
	first.lock.release() // as the kernel does when the owner is killed
	var said strings.Builder
	second := mustStart(t, Config{Dir: dir, Progress: &said})
	<-first.Done()
	if want := fmt.Sprintf("process %d", first.PID()); !strings.Contains(said.String(), want) {
		t.Errorf("said %q, not %q", said.String(), want)
	}
	if got := query[int](t, second, `SELECT n FROM kept`); got != 42 {
		t.Errorf("kept %d", got)
	}
}

func TestStalePidFile(t *testing.T) {
	t.Parallel()
	// A process of the server's account that is no server: PostgreSQL itself would take it for one.
	who, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	other := exec.Command("sleep", "60")
	other.SysProcAttr = who.attributes()
	other.Dir = "/"
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	dir := folder(t)
	if err := mustStart(t, Config{Dir: dir}).Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, pid := range map[string]int{"another program": other.Process.Pid, "nobody": dead.Process.Pid} {
		text := fmt.Sprintf("%d\n%s\n1\n5432\n\n127.0.0.1\n  1 1\nready   \n", pid, dir)
		if err := os.WriteFile(filepath.Join(dir, "postmaster.pid"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := who.own(filepath.Join(dir, "postmaster.pid")); err != nil {
			t.Fatal(err)
		}
		cluster, err := Start(t.Context(), Config{Dir: dir})
		if err != nil {
			t.Fatalf("pid of %s: %v", name, err)
		}
		if err := cluster.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !alive(other.Process.Pid) {
		t.Error("the other program was ended")
	}
}

func TestDamagedFolder(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		damage func(dir string) error
		says   string
	}{
		"no version":    {func(d string) error { return os.Remove(filepath.Join(d, "PG_VERSION")) }, "PG_VERSION is missing"},
		"no control":    {func(d string) error { return os.Remove(filepath.Join(d, "global/pg_control")) }, "global/pg_control is missing"},
		"no log":        {func(d string) error { return os.RemoveAll(filepath.Join(d, "pg_wal")) }, "pg_wal is missing"},
		"other version": {func(d string) error { return os.WriteFile(filepath.Join(d, "PG_VERSION"), []byte("9\n"), 0o600) }, "made by PostgreSQL 9"},
		"control file":  {func(d string) error { return os.WriteFile(filepath.Join(d, "global/pg_control"), []byte("x"), 0o600) }, "did not start"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			if err := mustStart(t, Config{Dir: dir}).Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := test.damage(dir); err != nil {
				t.Fatal(err)
			}
			_, err := Start(t.Context(), Config{Dir: dir})
			wantError(t, err, test.says, dir, "start afresh")
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			mustStart(t, Config{Dir: dir})
		})
	}
}

func TestInterruptedInit(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Config{Dir: dir}); err == nil {
		t.Fatal("started although cancelled")
	}
	if err := os.MkdirAll(filepath.Join(dir+".init", "base"), 0o700); err != nil { // what a kill -9 leaves
		t.Fatal(err)
	}
	mustStart(t, Config{Dir: dir})
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	dir := folder(t)
	_, err = Start(t.Context(), Config{Dir: dir, Port: port})
	wantError(t, err, fmt.Sprintf("port %d", port), "in use")
	// The same when the port is taken between our look and the server's.
	who, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	bin, err := FindBinaries(t.Context(), Options{NoDownload: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = launch(t.Context(), Config{Dir: dir, Port: port}, bin, dir, port, who)
	wantError(t, err, fmt.Sprintf("port %d", port), "in use")
	_, err = launch(t.Context(), Config{Dir: dir}, bin, dir, port, who)
	if err != errPortTaken { //nolint:errorlint // it is compared to itself
		t.Errorf("with a port of our choice: %v", err)
	}
}
