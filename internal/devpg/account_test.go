//go:build unix

package devpg

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Not parallel: it changes where clusters without a reachable folder go.
func TestUnreachableFolder(t *testing.T) {
	who, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	home := folder(t)
	old := persistentDir
	persistentDir = home
	defer func() { persistentDir = old }()

	closed := filepath.Join(t.TempDir(), "checkout")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	dir := filepath.Join(closed, ".posthorn", "postgres")
	first := mustStart(t, Config{Dir: dir, Progress: &said})
	execute(t, first, `CREATE TABLE kept AS SELECT 42 AS n`)
	if who == nil { // an ordinary account reaches what it owns
		if first.Dir() != dir {
			t.Errorf("the cluster is in %s", first.Dir())
		}
		return
	}
	if !strings.HasPrefix(first.Dir(), home) || !strings.Contains(said.String(), first.Dir()) {
		t.Errorf("the cluster is in %s, and this was said: %q", first.Dir(), said.String())
	}
	if err := first.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	second := mustStart(t, Config{Dir: dir})
	if got := query[int](t, second, `SELECT n FROM kept`); got != 42 {
		t.Errorf("kept %d", got)
	}
	if err := second.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(closed, ".posthorn")); err != nil {
		t.Fatal(err)
	}
	third := mustStart(t, Config{Dir: dir})
	if third.Dir() == first.Dir() {
		t.Error("removing the folder did not start afresh")
	}
}

func TestFolderKeepsItsOwner(t *testing.T) {
	t.Parallel()
	who, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t)
	if err := mustStart(t, Config{Dir: dir}).Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	owner := os.Geteuid()
	if who != nil { // as root: a folder of an ordinary user
		owner = 54321
		for _, at := range []string{dir, filepath.Join(dir, "..")} {
			if err := ownTree(at, &account{"other", owner, owner}); err != nil {
				t.Fatal(err)
			}
		}
	}
	cluster := mustStart(t, Config{Dir: dir})
	info, err := os.Stat(filepath.Join(cluster.Dir(), "postmaster.pid")) // written by the server
	if err != nil {
		t.Fatal(err)
	}
	if got := int(info.Sys().(*syscall.Stat_t).Uid); got != owner {
		t.Errorf("the server runs as %d, but the folder belongs to %d", got, owner)
	}
}
