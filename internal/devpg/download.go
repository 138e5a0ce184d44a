package devpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// downloadVersion is pinned, so that two machines run the same server.
const downloadVersion = embedded.V17

// repositoryURL is where the library takes the binaries from; tests point it elsewhere. Empty means the library's own choice.
var repositoryURL = ""

// download returns the bin folder of the cached binaries, fetching them when they are not there yet.
func download(ctx context.Context, progress io.Writer) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	final := filepath.Join(cache, "postgres-"+string(downloadVersion))
	bin := filepath.Join(final, "bin")
	if _, err := majorVersion(ctx, bin); err == nil {
		return bin, nil
	}
	say(progress, "PostgreSQL is not installed: downloading version %s once, into %s ...", downloadVersion, final)
	// Fetched beside the final place and renamed there when complete, so that an interrupted download is never taken for binaries.
	temp, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return "", fmt.Errorf("make a folder for the download of PostgreSQL: %w", err)
	}
	done := make(chan error, 1)
	go func() {
		err := fetch(ctx, temp, final)
		os.RemoveAll(temp) // before the caller goes on, and perhaps ends the process
		done <- err
	}()
	select {
	case <-ctx.Done(): // the library cannot be interrupted; what it still fetches is thrown away
		return "", ctx.Err()
	case err = <-done:
	}
	if err != nil {
		return "", fmt.Errorf("PostgreSQL is not installed and could not be downloaded (%w): "+
			"install PostgreSQL %d or newer, or set DATABASE_URL to a running one", err, MinMajor)
	}
	say(progress, "PostgreSQL %s is ready", downloadVersion)
	return bin, nil
}

// fetch has the library unpack the binaries into temp, tries them, and moves them to final.
//
// The library downloads only on the way to starting a server. It is given a data folder that it takes for initialised (all it looks for is
// PG_VERSION) and that no server starts on, for it holds no configuration; so its Start always ends in an error, after the binaries
// have been unpacked and before anything runs. What counts is whether the binaries work.
func fetch(ctx context.Context, temp, final string) error {
	unpacked, data := filepath.Join(temp, "postgres"), filepath.Join(temp, "no-data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	major, _, _ := strings.Cut(string(downloadVersion), ".")
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(major+"\n"), 0o600); err != nil {
		return err
	}
	config := embedded.DefaultConfig().Version(downloadVersion).Port(0).Logger(io.Discard).
		CachePath(filepath.Join(temp, "archive")).RuntimePath(filepath.Join(temp, "run")).BinariesPath(unpacked).DataPath(data)
	if repositoryURL != "" {
		config = config.BinaryRepositoryURL(repositoryURL)
	}
	library := embedded.NewDatabase(config)
	startErr := library.Start()
	if startErr == nil {
		startErr = errors.Join(errors.New("the downloaded server started on an empty folder"), library.Stop())
	}
	if _, err := majorVersion(ctx, filepath.Join(unpacked, "bin")); err != nil {
		if _, statErr := os.Stat(filepath.Join(unpacked, "bin", "postgres")); statErr != nil {
			err = startErr // nothing was unpacked, and the library knows why
		}
		return errors.New(firstLine(err.Error()))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := openToAll(unpacked); err != nil {
		return err
	}
	err := os.Rename(unpacked, final)
	if _, other := majorVersion(ctx, filepath.Join(final, "bin")); other == nil {
		return nil // renamed, or another process was faster
	}
	return err
}

// openToAll lets the unprivileged account that runs the server for root read the binaries.
func openToAll(unpacked string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return filepath.WalkDir(unpacked, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Type()&os.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if d.IsDir() || mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// say writes one line for the person at the terminal, if there is one.
func say(w io.Writer, format string, args ...any) {
	if w != nil {
		fmt.Fprintf(w, format+"\n", args...)
	}
}
