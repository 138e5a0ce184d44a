//go:build unix

package devpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var errPortTaken = errors.New("port taken")

// defaults keep the server private and quiet; a Config may override all but the first three.
var defaults = map[string]string{"log_checkpoints": "off", "timezone": "UTC", "log_timezone": "UTC", "log_line_prefix": "%m [%p] "}

func arguments(dir string, port int, settings map[string]string) []string {
	// No Unix socket: its path is limited to some hundred bytes, and nobody needs it.
	args := []string{"-D", dir, "-p", strconv.Itoa(port), "-k", "", "-c", "listen_addresses=127.0.0.1", "-c", "logging_collector=off"}
	all := maps.Clone(defaults)
	maps.Copy(all, settings)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "-c", name+"="+all[name])
	}
	return args
}

// launch starts the server on a prepared folder and returns when it accepts connections. It tries again for a while when processes of a server
// that was killed still hold its shared memory, for they go by themselves.
func launch(ctx context.Context, c Config, bin, dir string, port int, who *account) (*Cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	for {
		cluster, fault, err := launchOnce(ctx, c, bin, dir, port, who)
		switch {
		case err == nil:
			return cluster, nil
		case fault == "":
			return nil, err
		case strings.Contains(fault, "could not bind") || strings.Contains(fault, "could not create any TCP/IP sockets"):
			if c.Port == 0 {
				return nil, errPortTaken
			}
			return nil, portError(port)
		case strings.Contains(fault, "pre-existing shared memory block"):
			if sleep(ctx, 100*time.Millisecond) == nil {
				continue
			}
		}
		return nil, err
	}
}

// launchOnce also returns what the server said about why it ended, if it did.
func launchOnce(ctx context.Context, c Config, bin, dir string, port int, who *account) (*Cluster, string, error) {
	cluster := &Cluster{dir: dir, port: port, log: c.Log, database: c.Database, done: make(chan struct{})}
	if cluster.log == "" {
		cluster.log = filepath.Join(dir, "server.log")
	}
	if cluster.database == "" {
		cluster.database = "posthorn"
	}
	log, err := logFile(cluster.log)
	if err != nil {
		return nil, "", err
	}
	defer log.Close() // the child has its own copy
	before, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, "", fmt.Errorf("read the database's log: %w", err)
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), arguments(dir, port, c.Settings)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", log, log
	cmd.SysProcAttr = who.attributes()
	cluster.cmd = cmd
	started := make(chan error, 1)
	go func() {
		err := runTiedThen(cmd, func(err error) { started <- err })
		cluster.exit = err
		close(cluster.done)
	}()
	if err := <-started; err != nil {
		return nil, "", fmt.Errorf("start the database server: %w", err)
	}
	err = cluster.awaitReady(ctx)
	if err == nil {
		return cluster, "", nil
	}
	select {
	case <-cluster.done:
	default: // the context ended
		return nil, "", errors.Join(err, cluster.end(context.WithoutCancel(ctx)))
	}
	fault := logSince(cluster.log, before)
	return nil, fault, fmt.Errorf("the database server did not start (%s): see %s; if the database is damaged, delete the folder %s to start afresh",
		lastFault(fault), cluster.log, dir)
}

// awaitReady watches postmaster.pid, where the server writes its state.
func (c *Cluster) awaitReady(ctx context.Context) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-c.done:
			return errors.New("the database server ended")
		case <-ctx.Done():
			return fmt.Errorf("the database server was not ready in time (see %s): %w", c.log, ctx.Err())
		case <-ticker.C:
			if state := readPidFile(c.dir); state.pid == c.PID() && state.ready {
				return nil
			}
		}
	}
}

type pidFile struct {
	pid   int
	ready bool
}

// readPidFile reads postmaster.pid: the process ID in its first line, the state in its eighth; zero when there is none. The format is that of
// https://www.postgresql.org/docs/current/storage-file-layout.html and src/include/utils/pidfile.h.
func readPidFile(dir string) pidFile {
	text, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		return pidFile{}
	}
	lines := strings.Split(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil {
		return pidFile{}
	}
	return pidFile{pid: pid, ready: len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"}
}

// stopOrphan ends the server of an owner that is gone, if one still runs on the folder; the caller holds the folder's lock. When the number in
// postmaster.pid now belongs to some other program, the file goes, for the server would refuse to start. A number that belongs to nobody
// is left to the server, which makes sure that no process of the old one remains.
func stopOrphan(ctx context.Context, dir string, progress io.Writer) error {
	pid := readPidFile(dir).pid
	if pid <= 0 || !alive(pid) {
		return nil
	}
	if !serves(ctx, pid, dir) {
		if err := os.Remove(filepath.Join(dir, "postmaster.pid")); err != nil {
			return fmt.Errorf("remove a stale postmaster.pid: %w", err)
		}
		return nil
	}
	say(progress, "Stopping the database server (process %d) that an earlier run left behind", pid)
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, fastWait}, {syscall.SIGQUIT, quitWait}, {syscall.SIGKILL, quitWait}} {
		_ = syscall.Kill(pid, step.signal)
		bounded, cancel := context.WithTimeout(ctx, step.wait)
		for alive(pid) && sleep(bounded, pollEvery) == nil {
		}
		cancel()
		if !alive(pid) {
			return nil
		}
	}
	return fmt.Errorf("a database server (process %d) runs in %s and does not stop: end it, then try again", pid, dir)
}

// alive reports whether a process has that number; one that we may not signal counts.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// serves reports whether the process is a PostgreSQL server on the folder, by its command line: we always pass the folder's whole path.
func serves(ctx context.Context, pid int, dir string) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil { // no Linux, or the process has just ended
		line, err = exec.CommandContext(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	}
	text := strings.ReplaceAll(string(line), "\x00", " ") + " "
	return err == nil && strings.Contains(text, "postgres") && strings.Contains(text, " "+dir+" ")
}

func logSince(path string, offset int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	text, _ := io.ReadAll(io.NewSectionReader(file, offset, 64<<10)) // what could be read is good enough to show
	return string(text)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// runTied runs a command that does not outlive this process.
func runTied(cmd *exec.Cmd) error { return runTiedThen(cmd, func(error) {}) }

// runTiedThen calls started with the outcome of starting, and returns when the command has ended. The system ties the child to the thread that
// started it, so this goroutine keeps its thread until then.
func runTiedThen(cmd *exec.Cmd, started func(error)) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	tie(cmd.SysProcAttr)
	err := cmd.Start()
	started(err)
	if err != nil {
		return err
	}
	return cmd.Wait()
}

// Free ends a server that an earlier run left behind on the data folder; it returns an error when a living process owns it, and nil when there
// is nothing to do. It is for callers that are about to remove the folder.
func Free(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if target, err := filepath.EvalSymlinks(dir); err == nil {
		dir = target
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return err
	}
	defer lock.release()
	return stopOrphan(ctx, dir, nil)
}
