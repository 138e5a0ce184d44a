//go:build unix

package devpg

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// An account is who the server runs as: PostgreSQL refuses to run as root, so root lends it the account postgres, or else nobody.
// A nil account stands for the current user.
type account struct {
	name     string
	uid, gid int
}

func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.Atoi(u.Uid)
		gid, errG := strconv.Atoi(u.Gid)
		if errU == nil && errG == nil && uid != 0 {
			return &account{name, uid, gid}, nil
		}
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is no account postgres or nobody to run it as: " +
		"use an ordinary account, or set DATABASE_URL to a running server")
}

// orOwnerOf prefers the account that an existing data folder belongs to: a checkout that is used as root now and then stays usable without.
func (a *account) orOwnerOf(dir string) *account {
	info, err := os.Stat(dir)
	if a == nil || err != nil {
		return a
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 {
		return a
	}
	return &account{fmt.Sprintf("of user %d", stat.Uid), int(stat.Uid), int(stat.Gid)}
}

// attributes are those of a child that runs as the account, in a process group of its own, so that Ctrl-C in the terminal reaches only
// us and we decide when it stops.
func (a *account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// canReach reports whether the account may pass through dir and every folder above it.
func (a *account) canReach(dir string) bool {
	if a == nil {
		return true
	}
	for {
		info, err := os.Stat(dir)
		if err != nil || !a.mayPass(info) {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
		dir = filepath.Dir(dir)
	}
}

// mayPass applies the rule of the mode bits: the owner's for the owner, else the group's for the group, else the others'.
func (a *account) mayPass(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch mode := info.Mode().Perm(); {
	case !ok:
		return mode&0o001 != 0
	case int(stat.Uid) == a.uid:
		return mode&0o100 != 0
	case int(stat.Gid) == a.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// CacheDir is the folder for what may be made again (binaries, clusters of tests), made when missing: posthorn in the user's cache folder.
// For root, whose own cache folder the server's account cannot enter, it is /var/cache/posthorn.
func CacheDir() (string, error) {
	who, err := serverAccount()
	if err != nil {
		return "", err
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	dir := filepath.Join(base, "posthorn")
	if who != nil && !(os.MkdirAll(dir, 0o755) == nil && who.canReach(dir)) {
		dir = "/var/cache/posthorn"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the cache folder: %w", err)
	}
	return dir, nil
}

// persistentDir is where clusters live that cannot live where they were asked for.
var persistentDir = "/var/lib/posthorn"

// locate returns the absolute path of the folder that the cluster asked for at dir really lives in, whether or not it exists yet. That is
// dir itself, unless the server's account cannot get there (a checkout in root's home, say): then it is a folder of its own below
// /var/lib/posthorn, and dir becomes a link to it. Whoever removes the link, perhaps with the folder around it, starts afresh.
func locate(dir string, who *account, progress io.Writer) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the folder %s: %w", dir, err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("make the folder for the database: %w", err)
	}
	if target, err := os.Readlink(dir); err == nil {
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(dir), target)
		}
		say(progress, "The database is in %s (%s is a link to it)", target, dir)
		return target, os.MkdirAll(filepath.Dir(target), 0o755)
	}
	if who.canReach(filepath.Dir(dir)) {
		return dir, nil
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return "", fmt.Errorf("the database in %s cannot be used as root, for the account %s cannot enter the folders above it: "+
			"open them (chmod o+x), or delete it to start afresh", dir, who.name)
	}
	if err := os.MkdirAll(persistentDir, 0o755); err != nil {
		return "", fmt.Errorf("make the folder for the database: %w", err)
	}
	home, err := os.MkdirTemp(persistentDir, "dev-")
	if err != nil {
		return "", fmt.Errorf("make the folder for the database: %w", err)
	}
	if err := os.Chmod(home, 0o711); err != nil {
		return "", err
	}
	target := filepath.Join(home, "postgres")
	_ = os.Remove(dir) // an empty folder would stand in the way; if it is not empty, the link says so
	if err := os.Symlink(target, dir); err != nil {
		return "", fmt.Errorf("link %s to the database: %w", dir, err)
	}
	say(progress, "The database is in %s, for the account %s that runs it cannot enter %s", target, who.name, filepath.Dir(dir))
	return target, nil
}
