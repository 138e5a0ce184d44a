//go:build unix

package devpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// A folderLock marks a data folder as taken by this process. The kernel lets go of it when the process ends, however it ends, so a lock that
// can be had means that no owner lives, whatever pid files say.
type folderLock struct{ file *os.File }

func lockFolder(dir string) (*folderLock, error) {
	file, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("the database in %s belongs to another account (first used as root?): use that account, or delete it to start afresh", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the database's folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock the database's folder: %w", err)
		}
		owner, _ := io.ReadAll(io.LimitReader(file, 20))
		return nil, fmt.Errorf("another posthorn dev is running with the database in %s (process %s): stop it first",
			dir, strings.TrimSpace(string(owner)))
	}
	if err := errors.Join(file.Truncate(0), writeAt(file, fmt.Sprintf("%d\n", os.Getpid()))); err != nil {
		file.Close()
		return nil, fmt.Errorf("write the lock of the database's folder: %w", err)
	}
	return &folderLock{file}, nil
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

// release unlocks before it closes: a child that another goroutine is just forking holds the same open file until its exec, and the lock
// with it.
func (l *folderLock) release() {
	_ = syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN)
	_ = l.file.Close()
}

// dataVersion is the major version that made the data folder; 0 when there is none.
func dataVersion(dir string) int {
	text, err := os.ReadFile(filepath.Join(dir, "PG_VERSION"))
	if err != nil {
		return 0
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return major
}

// prepare leaves an initialised data folder at dir that the binaries can run, or says what to do about the one that is there.
func prepare(ctx context.Context, bin, dir string, who *account) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(entries) == 0) {
		return initialise(ctx, bin, dir, who)
	}
	if err != nil {
		return fmt.Errorf("read the database's folder: %w", err)
	}
	for _, part := range []string{"PG_VERSION", "global/pg_control", "base", "pg_wal", "postgresql.conf"} {
		if _, err := os.Stat(filepath.Join(dir, part)); err != nil {
			return fmt.Errorf("the database in %s is damaged (%s is missing): delete that folder to start afresh", dir, part)
		}
	}
	have, err := majorVersion(ctx, bin)
	if err != nil {
		return err
	}
	if made := dataVersion(dir); made != have {
		return fmt.Errorf("the database in %s was made by PostgreSQL %d and cannot be read by version %d in %s: "+
			"install version %[2]d, or delete that folder to start afresh", dir, made, have, bin)
	}
	return ownTree(dir, who)
}

// ownTree gives the data folder to the account when it belongs to another one, which is root then: a copy that root made.
func ownTree(dir string, who *account) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); who == nil || !ok || int(stat.Uid) == who.uid {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, who.uid, who.gid)
	})
}

// initialise runs initdb beside the final place and renames the result, so that an interrupted run leaves no half-made folder behind.
func initialise(ctx context.Context, bin, dir string, who *account) error {
	temp := dir + ".init"
	if err := os.RemoveAll(temp); err != nil {
		return fmt.Errorf("clear the way for a new database: %w", err)
	}
	if err := errors.Join(os.Mkdir(temp, 0o700), who.own(temp)); err != nil {
		return fmt.Errorf("make the database's folder: %w", err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"),
		"-D", temp, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	cmd.SysProcAttr = who.attributes()
	cmd.Dir = "/" // the current folder may be closed to the account
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err := runTied(cmd)
	if ctx.Err() != nil {
		_ = os.RemoveAll(temp)
		return ctx.Err()
	}
	if err != nil {
		_ = os.RemoveAll(temp)
		return fmt.Errorf("make a new database in %s: %w: %s", dir, err, lastFault(output.String()))
	}
	_ = os.Remove(dir) // empty, or not there
	if err := os.Rename(temp, dir); err != nil {
		return fmt.Errorf("put the new database in place: %w", err)
	}
	return nil
}

// lastFault picks the line that says why from the output of one of PostgreSQL's programs.
func lastFault(output string) string {
	last := ""
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		for _, mark := range []string{"FATAL:", "PANIC:", "error:"} {
			if _, fault, found := strings.Cut(line, mark); found {
				return strings.TrimSpace(fault)
			}
		}
		last = line
	}
	return last
}
