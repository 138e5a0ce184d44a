package devpg

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// MinMajor is the oldest major version of PostgreSQL that the project works with.
const MinMajor = 14

// Options say where binaries may be taken from. The zero value looks everywhere and downloads silently.
type Options struct {
	Prefer     int       // this major version before others (that of an existing data folder); 0 for none
	NoDownload bool      // fail instead of downloading
	Progress   io.Writer // one line before a download and one after; nil for none
}

// usualFolders are the places where packages put the server's binaries without adding them to PATH.
var usualFolders = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/usr/local/pgsql/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// FindBinaries returns a folder that holds initdb and postgres of version 14 or newer, as an absolute path: from PATH, else from the usual
// folders (newest version first), else from an earlier download, else downloaded into the user's cache folder. A preferred version
// comes before all others that are installed.
func FindBinaries(ctx context.Context, o Options) (string, error) {
	found := installed(ctx)
	if i := slices.IndexFunc(found, func(b binaries) bool { return b.major == o.Prefer }); i >= 0 {
		return found[i].dir, nil
	}
	if len(found) > 0 {
		return found[0].dir, nil
	}
	if o.NoDownload {
		return "", fmt.Errorf("no PostgreSQL %d or newer is installed", MinMajor)
	}
	return download(ctx, o.Progress)
}

type binaries struct {
	dir   string
	major int
}

// installed lists what is on this machine: PATH first, then the usual folders with the newest version first.
func installed(ctx context.Context) []binaries {
	var found []binaries
	if path, err := exec.LookPath("postgres"); err == nil {
		if abs, err := filepath.Abs(path); err == nil {
			found = appendUsable(ctx, found, filepath.Dir(abs))
		}
	}
	var rest []binaries
	for _, pattern := range usualFolders {
		dirs, _ := filepath.Glob(pattern) // the only error is a malformed pattern
		for _, dir := range dirs {
			rest = appendUsable(ctx, rest, dir)
		}
	}
	slices.SortStableFunc(rest, func(a, b binaries) int { return cmp.Compare(b.major, a.major) })
	return append(found, rest...)
}

func appendUsable(ctx context.Context, list []binaries, dir string) []binaries {
	// Where postgres on PATH is a link into a folder of its own, initdb is beside the link's target.
	for _, candidate := range []string{dir, resolved(filepath.Join(dir, "postgres"))} {
		if major, err := majorVersion(ctx, candidate); err == nil && major >= MinMajor {
			return append(list, binaries{candidate, major})
		}
	}
	return list
}

// resolved is the folder that holds the file a link points to.
func resolved(file string) string {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return filepath.Dir(file)
	}
	return filepath.Dir(target)
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// majorVersion asks the binaries in dir for their major version; an error means that they are missing or do not run here.
func majorVersion(ctx context.Context, dir string) (int, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("run %s: %w", filepath.Join(dir, "postgres"), err)
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return 0, fmt.Errorf("%s does not tell its version", filepath.Join(dir, "postgres"))
	}
	return strconv.Atoi(string(match[1]))
}
