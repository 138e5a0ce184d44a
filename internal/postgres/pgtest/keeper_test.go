package pgtest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
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

	"posthorn/internal/devpg"
	"posthorn/internal/postgres/pgtest"
)

const userEnv = "PGTEST_TEST_USER"

// TestAsUser is what the processes of the other tests here run: it takes a database, says which, and keeps it until its input ends. In an ordinary
// run it does the same without waiting.
func TestAsUser(t *testing.T) {
	if os.Getenv(userEnv) == "" {
		t.Parallel()
	}
	address := pgtest.NewURL(t)
	if os.Getenv(userEnv) == "" {
		databases(t, address)
		return
	}
	fmt.Println("\nDATABASE " + address)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// A user is another test process.
type user struct {
	cmd     *exec.Cmd
	input   io.Closer
	address string
}

func startUser(t *testing.T, cache string) *user {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAsUser$")
	cmd.Env = append(os.Environ(), userEnv+"=1", "TEST_DATABASE_URL=", "XDG_CACHE_HOME="+cache, "HOME="+cache)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for scanner := bufio.NewScanner(output); scanner.Scan(); {
		if address, ok := strings.CutPrefix(scanner.Text(), "DATABASE "); ok {
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return &user{cmd, input, address}
		}
	}
	t.Fatal("the other process got no database")
	return nil
}

func (u *user) kill() {
	_ = u.cmd.Process.Kill()
	_ = u.cmd.Wait()
}

// cacheFolder is an empty cache folder that the server's account can enter.
func cacheFolder(t *testing.T) string {
	t.Helper()
	if _, err := devpg.FindBinaries(t.Context(), devpg.Options{NoDownload: true}); err != nil {
		t.Skipf("the shared server of tests is not tried here: %v", err)
	}
	dir, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: the keeper still tidies up in the folder when the server has ended, so removing it may take more than one try.
	t.Cleanup(func() {
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			err := os.RemoveAll(dir)
			if err == nil {
				return
			}
			if time.Now().After(end) {
				t.Errorf("the cache folder stays behind: %v", err)
				return
			}
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// serverPID reads the process ID of the server below a cache folder; 0 when none runs.
func serverPID(t *testing.T, cache string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(cache, "posthorn", "test*", "data", "postmaster.pid"))
	if runtime.GOOS == "darwin" {
		found, err = filepath.Glob(filepath.Join(cache, "Library", "Caches", "posthorn", "test*", "data", "postmaster.pid"))
	}
	if err != nil || len(found) == 0 {
		return 0
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		return 0
	}
	return pid
}

func waitGone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); syscall.Kill(pid, 0) == nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d still lives", pid)
		}
	}
}

func databases(t *testing.T, address string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_database WHERE starts_with(datname, 'posthorn_test_')`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestServerIsSharedAndEndsWithItsUsers(t *testing.T) {
	t.Parallel()
	cache := cacheFolder(t)
	first, second := startUser(t, cache), startUser(t, cache)
	if one, two := hostOf(t, first.address), hostOf(t, second.address); one != two {
		t.Errorf("two servers: %s and %s", one, two)
	}
	pid := serverPID(t, cache)
	if pid == 0 {
		t.Fatal("no server runs")
	}
	first.kill()
	if n := databases(t, second.address); n != 2 {
		t.Errorf("%d databases, not those of the killed and the living process", n)
	}
	second.kill() // as a crash or Ctrl-C ends it: nothing is cleaned up
	waitGone(t, pid)

	third := startUser(t, cache)
	if n := databases(t, third.address); n != 1 {
		t.Errorf("%d databases: those of killed processes are still there", n)
	}
	pid = serverPID(t, cache)
	third.input.Close()
	if err := third.cmd.Wait(); err != nil {
		t.Errorf("an orderly end: %v", err)
	}
	waitGone(t, pid)
}

func TestServerEndsWithItsKeeper(t *testing.T) {
	t.Parallel()
	cache := cacheFolder(t)
	first := startUser(t, cache)
	pid := serverPID(t, cache)
	keeper, err := exec.Command("ps", "-o", "ppid=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	keeperPID, err := strconv.Atoi(strings.TrimSpace(string(keeper)))
	if err != nil || keeperPID <= 1 || keeperPID == os.Getpid() {
		t.Fatalf("the server's parent is %q, no keeper", keeper)
	}
	if err := syscall.Kill(keeperPID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" {
		waitGone(t, pid)
	}
	second := startUser(t, cache) // with the first still holding on to the dead one
	if hostOf(t, second.address) == hostOf(t, first.address) {
		t.Error("the dead server was used")
	}
	pid = serverPID(t, cache)
	first.kill()
	second.kill()
	waitGone(t, pid)
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s:%d", config.Host, config.Port)
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	line, err := pgtest.Describe()
	if err != nil || line == "" || strings.Contains(line, "\n") {
		t.Errorf("%q, %v", line, err)
	}
}

func TestDatabaseIsDroppedAfterwards(t *testing.T) {
	t.Parallel()
	var address string
	t.Run("user", func(t *testing.T) { address = pgtest.NewURL(t) })
	if _, err := pgx.Connect(context.Background(), address); err == nil {
		t.Error("the database of a test that ended is still there")
	}
}
