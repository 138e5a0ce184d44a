package pgtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"posthorn/internal/devpg"
)

const (
	keeperPoll = 50 * time.Millisecond
	cleanFile  = "clean" // is there while the cluster rests after an orderly stop
)

// An executable that was started to be the keeper is one from here on: no test runs, nothing needs to be called.
func init() {
	dir := os.Getenv(keeperEnv)
	if dir == "" {
		return
	}
	os.Exit(keep(dir, os.Getenv(keeperEnv+"_BINARIES"), os.NewFile(3, "report")))
}

// keep runs the server in dir until nobody needs it, and returns the exit code.
func keep(dir, bin string, report *os.File) int {
	ctx := context.Background()
	cluster, err := startServer(ctx, dir, bin)
	state := keeperState{}
	if err != nil {
		state.Fault = err.Error()
	} else {
		state.URL = cluster.URL("")
		state.Describe = fmt.Sprintf("private server on the binaries in %s, port %d", bin, cluster.Port())
		err = writeState(dir, state)
	}
	_ = json.NewEncoder(report).Encode(state) // if nobody reads, nobody needs us, which the lock tells
	report.Close()
	if cluster == nil {
		return 1
	}
	if err == nil {
		err = watch(ctx, dir, cluster)
	}
	// The lock that watch took is still held: newcomers wait until we are gone.
	err = errors.Join(err, os.RemoveAll(filepath.Join(dir, stateFile)), stopServer(ctx, dir, cluster))
	if err != nil {
		fmt.Fprintln(os.Stderr, err) // the keeper's log
		return 1
	}
	return 0
}

// startServer starts the cluster of the run before if that ended in order, else a new one: with fsync off a killed one may be damaged.
func startServer(ctx context.Context, dir, bin string) (*devpg.Cluster, error) {
	data, clean := filepath.Join(dir, "data"), filepath.Join(dir, cleanFile)
	config := devpg.Config{
		Dir: data, Binaries: bin, Log: filepath.Join(dir, "server.log"), Progress: os.Stderr,
		Settings: map[string]string{
			"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
			"max_connections": "300", "shared_buffers": "64MB", "autovacuum_naptime": "5min",
		},
	}
	if os.Remove(clean) == nil {
		cluster, err := devpg.Start(ctx, config)
		if err == nil {
			if err = dropLeftovers(ctx, cluster); err == nil {
				return cluster, nil
			}
			err = errors.Join(err, cluster.Stop(ctx))
		}
		fmt.Fprintln(os.Stderr, "the cluster of the run before is unusable, making a new one:", err)
	}
	if err := removeData(data); err != nil {
		return nil, err
	}
	return devpg.Start(ctx, config)
}

func dropLeftovers(ctx context.Context, cluster *devpg.Cluster) error {
	s, err := newServer("", cluster.URL(""))
	if err != nil {
		return err
	}
	return s.dropLeftovers(ctx)
}

// removeData also ends the server of a killed keeper, should one remain, by letting devpg find it before its folder goes.
func removeData(data string) error {
	if err := devpg.Free(context.Background(), data); err != nil {
		return err
	}
	return os.RemoveAll(data)
}

func stopServer(ctx context.Context, dir string, cluster *devpg.Cluster) error {
	if err := cluster.Stop(ctx); err != nil {
		return err
	}
	if err := cluster.Wait(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, cleanFile), nil, 0o600)
}

func writeState(dir string, state keeperState) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, stateFile), text, 0o600)
}

// watch returns when nobody needs the server any more, holding the users' lock, or when the server has died.
func watch(ctx context.Context, dir string, cluster *devpg.Cluster) error {
	file, err := os.OpenFile(filepath.Join(dir, usersFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(keeperPoll)
	defer ticker.Stop()
	for {
		select {
		case <-cluster.Done():
			return cluster.Wait()
		case <-ticker.C:
		}
		if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
			continue
		}
		if !runsOn(ctx, dir) {
			return os.RemoveAll(filepath.Join(dir, parentsFile))
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_UN); err != nil {
			return err
		}
	}
}

// runsOn reports whether a `go test` that used the server is still at work.
func runsOn(ctx context.Context, dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, parentsFile))
	if err != nil {
		return false
	}
	for scanner := bufio.NewScanner(bytes.NewReader(text)); scanner.Scan(); {
		if pid, err := strconv.Atoi(strings.TrimSpace(scanner.Text())); err == nil && isGo(ctx, pid) {
			return true
		}
	}
	return false
}
