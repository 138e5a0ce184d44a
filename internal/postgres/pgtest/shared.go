package pgtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/devpg"
)

// The shared cluster.
//
// The first test process that needs a server starts a keeper: its own executable once more, detached, which runs the server and
// nothing else. Every test process holds a shared lock on the file "users" for as long as it lives; the kernel lets go of it however the
// process ends. The keeper tries to take that lock alone: when it can, and no `go test` that started one of the processes is still
// running (it may be about to start the next package), nobody needs the server any more and it stops it. A newcomer that comes
// meanwhile waits for the lock, finds the server gone, and starts another. If the keeper is killed, the server dies with it.
const (
	usersFile   = "users"   // flock: shared by test processes, taken alone by the keeper to stop
	parentsFile = "parents" // process IDs of the `go test` commands behind them, one a line
	startFile   = "start"   // flock: one process at a time looks for a server or starts one
	stateFile   = "keeper"  // JSON of keeperState, while a keeper runs
	keeperLog   = "keeper.log"
	keeperEnv   = "POSTHORN_PGTEST_KEEPER" // set to the folder for the executable that is to be the keeper
)

// keeperState is what the keeper tells the test processes.
type keeperState struct {
	URL      string `json:"url"`
	Describe string `json:"describe"`
	Fault    string `json:"fault,omitempty"` // why there is no server; URL is empty then
}

// users is kept open, and so locked, until this process ends.
var users *os.File

// sharedCluster joins the run's server, starting it when there is none.
func sharedCluster(ctx context.Context) (address, describe string, err error) {
	bin, err := devpg.FindBinaries(ctx, devpg.Options{NoDownload: true})
	if err != nil {
		return "", "", err
	}
	dir, err := sharedDir(bin)
	if err != nil {
		return "", "", err
	}
	users, err = lockFile(filepath.Join(dir, usersFile), syscall.LOCK_SH)
	if err != nil {
		return "", "", err
	}
	start, err := lockFile(filepath.Join(dir, startFile), syscall.LOCK_EX)
	if err != nil {
		return "", "", err
	}
	defer start.Close()
	if err := addParent(ctx, dir); err != nil {
		return "", "", err
	}
	state, ok := running(ctx, dir)
	if !ok {
		state, err = startKeeper(ctx, dir, bin)
	}
	return state.URL, state.Describe, err
}

// sharedDir is where the cluster of these binaries lives.
func sharedDir(bin string) (string, error) {
	cache, err := devpg.CacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "test"+strings.ReplaceAll(bin, string(filepath.Separator), "-"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the folder for the test server: %w", err)
	}
	return dir, nil
}

func lockFile(path string, how int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock for the test server: %w", err)
	}
	for {
		err = syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("lock for the test server: %w", err)
	}
	return file, nil
}

// addParent notes the `go test` that started this process. Any other parent (a shell, a debugger) says nothing about whether more will come.
func addParent(ctx context.Context, dir string) error {
	parent := os.Getppid()
	if !isGo(ctx, parent) {
		return nil
	}
	file, err := os.OpenFile(filepath.Join(dir, parentsFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("note the test run: %w", err)
	}
	_, err = fmt.Fprintln(file, parent)
	return errors.Join(err, file.Close())
}

// isGo reports whether the process lives and is the go command.
func isGo(ctx context.Context, pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil { // no Linux, or the process has ended
		name, err = exec.CommandContext(ctx, "ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	}
	return err == nil && filepath.Base(strings.TrimSpace(string(name))) == "go"
}

// running returns the state of the keeper if its server answers.
func running(ctx context.Context, dir string) (keeperState, bool) {
	var state keeperState
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil || json.Unmarshal(text, &state) != nil || state.URL == "" {
		return keeperState{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, state.URL)
	if err != nil {
		return keeperState{}, false
	}
	return state, conn.Close(ctx) == nil
}

// startKeeper runs this executable as a keeper and returns what it reports through a pipe. The keeper has a session of its own, so that Ctrl-C on the
// test run does not reach it, and none of our output files, on whose closing `go test` waits.
func startKeeper(ctx context.Context, dir, bin string) (keeperState, error) {
	self, err := os.Executable()
	if err != nil {
		return keeperState{}, fmt.Errorf("start the test server: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, keeperLog), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return keeperState{}, fmt.Errorf("start the test server: %w", err)
	}
	defer log.Close()
	report, child, err := os.Pipe()
	if err != nil {
		return keeperState{}, fmt.Errorf("start the test server: %w", err)
	}
	defer report.Close()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), keeperEnv+"="+dir, keeperEnv+"_BINARIES="+bin)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = "/", log, log, []*os.File{child}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	child.Close()
	if err != nil {
		return keeperState{}, fmt.Errorf("start the test server: %w", err)
	}
	go func() { _ = cmd.Wait() }() // no zombie, should it end before us
	if deadline, ok := ctx.Deadline(); ok {
		_ = report.SetReadDeadline(deadline)
	}
	var state keeperState
	if err := json.NewDecoder(report).Decode(&state); err != nil {
		return keeperState{}, fmt.Errorf("start the test server: no report (%w), see %s", err, log.Name())
	}
	if state.Fault != "" {
		return keeperState{}, errors.New(state.Fault)
	}
	return state, nil
}
