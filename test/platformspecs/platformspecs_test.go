package platformspecs_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"posthorn/internal/platforms/all"
	"posthorn/internal/platforms/outline"
	"posthorn/internal/platforms/platformtest"
	"posthorn/test/platformspecs"
)

// folderVariable names a folder with descriptions of the platforms' APIs, a file for each.
const folderVariable = "POSTHORN_PLATFORM_SPECS"

// checks are the parts of the suite whose requests are looked at. The others disturb more, and send nothing that these do not.
const checks = "^TestSuite/^(publishes|single_faults|deletes|limits)$"

// TestRequestsAreDescribed runs the suite of every adapter and holds each request to the platform's description.
func TestRequestsAreDescribed(t *testing.T) {
	t.Parallel()
	folder := os.Getenv(folderVariable)
	if folder == "" {
		t.Skipf("%s names no folder with descriptions of the platforms' APIs", folderVariable)
	}
	book := deviations(t)
	sent := recorded(t)
	for _, e := range all.Entries() {
		name := e.Platform.Info().Name
		t.Run(name, func(t *testing.T) {
			doc, err := platformspecs.Open(folder, name)
			if errors.Is(err, fs.ErrNotExist) {
				if book[name] != nil {
					t.Errorf("there are deviations, and no description that they deviate from")
				}
				t.Skip("there is no description of it")
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(sent[name]) == 0 {
				t.Fatal("its suite sent nothing; it has to be a test whose name begins with TestSuite")
			}
			logins, err := platformspecs.Logins(e.Platform, e.Fake)
			if err != nil {
				t.Fatal(err)
			}
			r, err := book.Examine(name, doc, append(sent[name], logins...))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Findings {
				t.Error(f)
			}
			for _, line := range r.Stale {
				t.Errorf("deviations.yaml has what no longer occurs: %s", line)
			}
			t.Logf("%d requests to %d addresses; %d differences, of which %d are not in deviations.yaml", r.Requests, r.Addresses, r.Differing, len(r.Findings))
		})
	}
}

// TestLogins: every platform can be connected to as its consent pages and its owner's credentials allow, also where there is no description.
func TestLogins(t *testing.T) {
	t.Parallel()
	for _, e := range all.Entries() {
		t.Run(e.Platform.Info().Name, func(t *testing.T) {
			t.Parallel()
			sent, err := platformspecs.Logins(e.Platform, e.Fake)
			if err != nil || len(sent) == 0 {
				t.Errorf("%d requests: %v", len(sent), err)
			}
		})
	}
}

// TestDeviationsAreOfPlatforms: the list is read also where nothing is held to it. It may speak of a platform whose adapter is yet to come.
func TestDeviationsAreOfPlatforms(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, info := range outline.All() {
		known[info.Name] = true
	}
	for _, e := range all.Entries() {
		known[e.Platform.Info().Name] = true
	}
	for name := range deviations(t) {
		if !known[name] {
			t.Errorf("deviations.yaml has %s, which is no platform", name)
		}
	}
}

func deviations(t *testing.T) platformspecs.Book {
	b, err := os.ReadFile("deviations.yaml")
	if err != nil {
		t.Fatal(err)
	}
	book, err := platformspecs.ReadBook(b)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// recorded runs the suites and gives what each platform was sent.
func recorded(t *testing.T) map[string][]platformtest.Sent {
	folder := t.TempDir()
	suites := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-run", checks, "../../internal/platforms/...")
	suites.Env = append(os.Environ(), platformtest.RecordVariable+"="+folder)
	if out, err := suites.CombinedOutput(); err != nil {
		t.Fatalf("the suites: %v\n%s", err, out)
	}
	sent := map[string][]platformtest.Sent{}
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 4<<20)
		for lines.Scan() {
			var s platformtest.Sent
			if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
				t.Fatal(err)
			}
			sent[s.Platform] = append(sent[s.Platform], s)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return sent
}
