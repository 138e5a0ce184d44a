// Package platformtest holds every adapter to the same promises, against its fake and with the table that production uses: each kind of
// post ends in one visible post; whatever answer is lost and wherever a worker is killed, never two, and never a false status; state
// survives a restart; no secret shows.
package platformtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/rest"
)

// Suite is one adapter with its far side.
type Suite struct {
	Platform platforms.Platform
	Fake     func(farside.Options) farside.Server
	// Samples are posts of every kind that the rules know; files gives addresses of media that exist.
	Samples func(files *Files) []Sample
	// Classify is the adapter's own error table; each file of its testdata/errors is held to it.
	Classify rest.Classifier
	// Change, where there is one, changes the registration through which the adapter talks.
	Change func(*platforms.App)
	// Skip names checks that do not apply, each with the reason.
	Skip map[string]string

	recorder *recorder
}

// Sample is one post to publish.
type Sample struct {
	Name     string
	Account  int // index into the fake's accounts
	Content  platforms.Content
	Posts    int // how many posts the public sees when it is done; zero is one, a thread has more
	Comments int // how many comments under the first of them
	// Unaddressed says that the platform never tells the post's address, as of one that only its author sees.
	Unaddressed bool
}

func (s Sample) posts() int { return max(1, s.Posts) }

// Run holds the adapter to everything.
func Run(t *testing.T, s Suite) {
	files := newFiles(t)
	s.recorder = newRecorder(t, s.Platform.Info().Name)
	samples := s.Samples(files)
	check := func(name string, fn func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			if reason := s.Skip[name]; reason != "" {
				t.Skip(reason)
			}
			t.Parallel()
			fn(t)
		})
	}
	check("info", func(t *testing.T) { s.info(t, samples) })
	check("publishes", func(t *testing.T) { s.publishes(t, files, samples) })
	check("single faults", func(t *testing.T) { s.singles(t, files, samples) })
	check("pairs of faults", func(t *testing.T) { s.pairs(t, files, samples) })
	check("bursts of faults", func(t *testing.T) { s.bursts(t, files, samples) })
	check("cancelled", func(t *testing.T) { s.cancelled(t, files, samples) })
	check("deletes", func(t *testing.T) { s.deletes(t, files, samples) })
	check("errors", func(t *testing.T) { s.errors(t) })
	check("limits", func(t *testing.T) { s.limits(t, files, samples) })
}

// info checks that the data an adapter gives of itself is complete, and that the samples cover every kind.
func (s Suite) info(t *testing.T, samples []Sample) {
	info := s.Platform.Info()
	if info.Name == "" || info.Title == "" || info.Docs == "" || info.Options == nil || len(info.Visible) == 0 {
		t.Errorf("Info is incomplete: %+v", info)
	}
	if info.Rules.Source == "" || info.Rules.KindOf == nil || len(info.Rules.Kinds) == 0 {
		t.Errorf("Rules are incomplete")
	}
	for _, b := range info.Budgets {
		if b.Source == "" || (b.Scope != "account" && b.Scope != "app") {
			t.Errorf("budget %+v has no source or scope", b)
		}
	}
	covered := map[string]bool{}
	for _, sample := range samples {
		if problems := platforms.Check(s.Platform, sample.Content); len(problems) > 0 {
			t.Errorf("sample %s breaks the rules: %+v", sample.Name, problems)
		}
		if kind, ok := info.Rules.Kind(sample.Content); ok {
			covered[kind.Name] = true
		}
	}
	for _, k := range info.Rules.Kinds {
		if !covered[k.Name] {
			t.Errorf("no sample is a %s", k.Name)
		}
	}
}

// publishes is the undisturbed road: one visible post with an ID and a permalink, in a bounded number of calls and of time.
func (s Suite) publishes(t *testing.T, files *Files, samples []Sample) {
	for _, sample := range samples {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, s, files, sample)
			o := w.drive(t, nil)
			if o.status != published {
				t.Fatalf("ended as %s: %v", o.status, o.last)
			}
			w.judge(t, o, "undisturbed")
			if o.remote.ID == "" || strings.HasPrefix(o.remote.URL, "https://") == sample.Unaddressed {
				t.Errorf("remote is %+v, want an ID and a permalink (or none: %t)", o.remote, sample.Unaddressed)
			}
			if got := w.visible(); len(got) != sample.posts() || (!sample.Unaddressed && got[len(got)-1].ID != o.remote.ID) {
				t.Errorf("the public sees %s, want %d posts, the first of them %s", describe(got), sample.posts(), o.remote.ID)
			}
			if o.requests > 80 {
				t.Errorf("it took %d requests", o.requests)
			}
		})
	}
}

// singles disturbs each request once, in every way.
func (s Suite) singles(t *testing.T, files *Files, samples []Sample) {
	for _, sample := range samples {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			n := s.count(t, files, sample)
			runs := 0
			for i := range n + 3 {
				for _, f := range allFaults {
					w := newWorld(t, s, files, sample)
					o := w.drive(t, plan{i: f})
					w.judge(t, o, fmt.Sprintf("request %d: %s", i, f))
					if f.passing() && o.status != published {
						t.Errorf("request %d: %s: ended as %s, want published: %v", i, f, o.status, o.last)
					}
					runs++
				}
			}
			t.Logf("%d requests, %d disturbed runs", n, runs)
		})
	}
}

// pairs disturbs every two requests, or with the race detector a sample of them.
func (s Suite) pairs(t *testing.T, files *Files, samples []Sample) {
	for _, sample := range samples {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			n := s.count(t, files, sample) + 4
			runs := 0
			for i := range n {
				for j := i + 1; j < n; j++ {
					if (3*i+j)%sampled != 0 {
						continue
					}
					for _, f := range pairFaults {
						for _, g := range pairFaults {
							w := newWorld(t, s, files, sample)
							o := w.drive(t, plan{i: f, j: g})
							w.judge(t, o, fmt.Sprintf("request %d: %s, %d: %s", i, f, j, g))
							if o.status != published {
								t.Errorf("request %d: %s, %d: %s: ended as %s: %v", i, f, j, g, o.status, o.last)
							}
							runs++
						}
					}
				}
				if testing.Short() {
					break
				}
			}
			t.Logf("%d requests, %d pairs", n, runs)
		})
	}
}

// bursts disturbs many requests in a row, up to all that follow: then the target may end as failed, but never falsely.
func (s Suite) bursts(t *testing.T, files *Files, samples []Sample) {
	for _, sample := range samples {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			n := s.count(t, files, sample)
			for i := range n {
				for _, f := range pairFaults {
					for _, length := range []int{3, 6, 1000} {
						if f.kills() && length > 6 {
							continue // a worker that dies with every request gets nowhere; the operator sees that
						}
						p := plan{}
						for k := range length {
							p[i+k] = f
						}
						w := newWorld(t, s, files, sample)
						o := w.drive(t, p)
						w.judge(t, o, fmt.Sprintf("%d requests from %d: %s", length, i, f))
					}
				}
			}
		})
	}
}

// count is how many requests the undisturbed road takes.
func (s Suite) count(t *testing.T, files *Files, sample Sample) int {
	o := newWorld(t, s, files, sample).drive(t, nil)
	if o.status != published {
		t.Fatalf("undisturbed it ended as %s: %v", o.status, o.last)
	}
	return o.requests
}

// cancelled checks that a cancelled context ends every step without a further request.
func (s Suite) cancelled(t *testing.T, files *Files, samples []Sample) {
	for _, sample := range samples {
		w := newWorld(t, s, files, sample)
		w.cancelEachStepFirst = true
		if o := w.drive(t, nil); o.status != published {
			t.Errorf("%s: ended as %s: %v", sample.Name, o.status, o.last)
		}
	}
}

// errors holds the adapter's table to what the platform's documentation shows.
func (s Suite) errors(t *testing.T) {
	paths, err := filepath.Glob("testdata/errors/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("testdata/errors holds no answers (%v)", err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Status int             `json:"status"`
			Body   json.RawMessage `json:"body"`
			At     string          `json:"at"` // "publish" and "write" are calls whose repeat could do harm
			Kind   platforms.Kind  `json:"kind"`
		}
		if err := json.Unmarshal(b, &file); err != nil || file.Kind == "" {
			t.Errorf("%s: %v, kind %q", path, err, file.Kind)
			continue
		}
		c := &platforms.Conn{Now: time.Now, HTTP: &http.Client{Transport: always{file.Status, file.Body}}}
		_, err = rest.Do(context.Background(), c, rest.Request{Method: "POST", URL: "https://platform.example/call", Write: file.At == "publish" || file.At == "write"}, nil, s.Classify)
		got := platforms.AsError(err)
		if got == nil || got.Kind != file.Kind {
			t.Errorf("%s: classified as %v, want kind %s", path, got, file.Kind)
			continue
		}
		if got.Message == "" || got.Code == "" {
			t.Errorf("%s: the error has no message or code: %+v", path, got)
		}
	}
}

// limits checks the longest text and the greatest number of media that the rules allow against the fake, and that one more is refused
// before anything is sent.
func (s Suite) limits(t *testing.T, files *Files, samples []Sample) {
	rules := s.Platform.Info().Rules
	tried := map[string]bool{}
	for _, sample := range samples {
		kind, _ := rules.Kind(sample.Content)
		if tried[kind.Name] || sample.posts() > 1 {
			continue
		}
		tried[kind.Name] = true
		if most := rules.TextLimitOf(kind).Max; sample.Content.Text != "" && most > 0 {
			long := sample
			long.Content.Text = textOf(most)
			w := newWorld(t, s, files, long)
			if o := w.drive(t, nil); o.status != published {
				t.Errorf("%s with a text at the limit of %d ended as %s: %v", sample.Name, most, o.status, o.last)
			}
			long.Content.Text = textOf(most + 1)
			if len(platforms.Check(s.Platform, long.Content)) == 0 {
				t.Errorf("%s with a text past the limit of %d was not refused", sample.Name, most)
			}
		}
		if n := kind.MaxMedia; n > 1 && sample.Content.Media[0].Type == platforms.Image {
			many := sample
			many.Content.Media = nil
			for i := range n {
				many.Content.Media = append(many.Content.Media, files.Image(i))
			}
			w := newWorld(t, s, files, many)
			if o := w.drive(t, nil); o.status != published {
				t.Errorf("%s with %d images ended as %s: %v", sample.Name, n, o.status, o.last)
			}
			many.Content.Media = append(many.Content.Media, files.Image(n))
			if len(platforms.Check(s.Platform, many.Content)) == 0 {
				t.Errorf("%s with %d images was not refused", sample.Name, n+1)
			}
		}
	}
}

func textOf(n int) string {
	const words = "plain words to fill a text up to its limit "
	return strings.Repeat(words, n/len(words)+1)[:n-1] + "."
}
