//go:build unix

package devpg

import (
	"archive/zip"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeBinaries makes a folder with an initdb and a postgres that says it has that version.
func fakeBinaries(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range map[string]string{"initdb": "exit 1", "postgres": `echo "postgres (PostgreSQL) ` + version + `"`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// isolate sets PATH and the usual folders for one test; such tests are not parallel.
func isolate(t *testing.T, path string, usual ...string) {
	t.Helper()
	t.Setenv("PATH", path)
	old := usualFolders
	usualFolders = usual
	t.Cleanup(func() { usualFolders = old })
}

func TestFindBinaries(t *testing.T) {
	v13, v14, v15, v18 := fakeBinaries(t, "13.9"), fakeBinaries(t, "14.2"), fakeBinaries(t, "15.18 (Debian)"), fakeBinaries(t, "18rc1")
	linked := t.TempDir()
	if err := os.Symlink(filepath.Join(v15, "postgres"), filepath.Join(linked, "postgres")); err != nil {
		t.Fatal(err)
	}
	onlyServer := fakeBinaries(t, "16.1")
	if err := os.Remove(filepath.Join(onlyServer, "initdb")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		path   string
		usual  []string
		prefer int
		want   string
	}{
		{"PATH comes first", v14, []string{v18}, 0, v14},
		{"the newest of the usual ones", "", []string{v14, v18, v15}, 0, v18},
		{"the preferred version", v14, []string{v18, v15}, 15, v15},
		{"the preferred version is missing", v14, []string{v18}, 17, v14},
		{"too old on PATH", v13, []string{v15}, 0, v15},
		{"no initdb on PATH", onlyServer, []string{v15}, 0, v15},
		{"a link on PATH", linked, nil, 0, v15},
		{"nothing", v13, []string{"/does/not/exist"}, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolate(t, test.path, test.usual...)
			got, err := FindBinaries(t.Context(), Options{Prefer: test.prefer, NoDownload: true})
			if got != test.want || (err != nil) != (test.want == "") {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestDownload(t *testing.T) {
	cache := folder(t)
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache) // where there is no XDG_CACHE_HOME
	isolate(t, os.Getenv("PATH"))
	t.Setenv("PATH", "/usr/bin:/bin") // the fakes need a shell
	archive, err := os.ReadFile("testdata/binaries.txz")
	if err != nil {
		t.Fatal(err)
	}
	requests, fail := 0, true
	repository := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests++; fail || strings.HasSuffix(r.URL.Path, ".sha256") {
			http.NotFound(w, r)
			return
		}
		z := zip.NewWriter(w)
		f, err := z.Create("postgres-linux.txz")
		if err == nil {
			_, err = f.Write(archive)
		}
		if err != nil || z.Close() != nil {
			t.Error("the archive could not be served")
		}
	}))
	defer repository.Close()
	repositoryURL = repository.URL
	defer func() { repositoryURL = "" }()

	_, err = FindBinaries(t.Context(), Options{})
	wantError(t, err, "install PostgreSQL 14 or newer, or set DATABASE_URL")
	fail = false
	var said strings.Builder
	bin, err := FindBinaries(t.Context(), Options{Progress: &said})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(bin, cache) || !strings.Contains(said.String(), "downloading") {
		t.Errorf("binaries in %s, and this was said: %q", bin, said.String())
	}
	before := requests
	if again, err := FindBinaries(t.Context(), Options{}); again != bin || err != nil || requests != before {
		t.Errorf("the second time: %q, %v, %d more requests", again, err, requests-before)
	}
	left, err := filepath.Glob(filepath.Join(cache, "*", "download-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
