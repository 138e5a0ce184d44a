package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is one line of `go test -json`, as `go doc test2json` and `go help buildjson` describe it.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build events
	Test        string
	Elapsed     float64 // seconds
	Output      string
	FailedBuild string // of a package's failure: the ImportPath whose build failed
}

// run is what has been seen of the whole stream.
type run struct {
	out      io.Writer
	packages map[string]*pkg
	builds   map[string]*strings.Builder // what the compiler said, by ImportPath
	broken   map[string]bool             // builds whose words no package has reported yet
	skips    []string

	passed, failed, skipped int
}

// pkg is a package whose tests are running.
type pkg struct {
	tests  map[string]*test
	order  []string        // of the tests' starts
	output strings.Builder // of the package itself, outside of any test
	failed int
}

type test struct {
	output strings.Builder
	result string // "pass", "fail" or "skip"; empty while it runs
	parent bool   // it has subtests, which are counted in its place
}

// report prints the run that in describes to out, and says whether all went well. Its error is one of reading, or that the stream stopped too early.
func report(in io.Reader, out io.Writer) (ok bool, err error) {
	r := &run{out: out, packages: map[string]*pkg{}, builds: map[string]*strings.Builder{}, broken: map[string]bool{}}
	seen := 0
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if strings.TrimSpace(line) != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
				fmt.Fprintln(out, strings.TrimRight(line, "\n")) // the go command's own words
			} else {
				seen++
				r.take(e)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, fmt.Errorf("reading the test events: %w", err)
		}
	}
	unfinished := r.finish()
	switch {
	case seen == 0:
		return false, errors.New("no test has run")
	case len(unfinished) > 0:
		return false, fmt.Errorf("the tests were cut off; no result from %s", strings.Join(unfinished, ", "))
	}
	return r.failed == 0, nil
}

func (r *run) take(e event) {
	switch e.Action {
	case "build-output":
		b := r.builds[e.ImportPath]
		if b == nil {
			b = &strings.Builder{}
			r.builds[e.ImportPath] = b
		}
		b.WriteString(e.Output)
		return
	case "build-fail":
		r.broken[e.ImportPath] = true
		return
	}
	p := r.packages[e.Package]
	if p == nil {
		p = &pkg{tests: map[string]*test{}}
		r.packages[e.Package] = p
	}
	if e.Test == "" {
		r.takePackage(p, e)
		return
	}
	t := p.test(e.Test)
	switch e.Action {
	case "output":
		if !isFrame(e.Output) {
			t.output.WriteString(e.Output)
		}
	case "pass", "fail", "skip":
		t.result = e.Action
	}
}

// takePackage takes an event that concerns the package as a whole. When that ends, all is said about it and forgotten.
func (r *run) takePackage(p *pkg, e event) {
	if e.Action == "output" {
		p.output.WriteString(e.Output)
		return
	}
	if e.Action != "pass" && e.Action != "fail" && e.Action != "skip" {
		return
	}
	delete(r.packages, e.Package)
	before := r.passed + r.skipped
	r.count(e.Package, p)
	switch {
	case e.Action == "fail":
		fmt.Fprintf(r.out, "FAIL  %s  %.1fs\n", e.Package, e.Elapsed)
		if p.failed == 0 { // the build, or something outside of the tests
			r.failed++
			r.say(r.buildWords(e.FailedBuild) + p.output.String())
		}
	case e.Action == "skip" || len(p.order) == 0:
		fmt.Fprintf(r.out, " --   %s  no tests\n", e.Package)
	default:
		fmt.Fprintf(r.out, " ok   %s  %.1fs  %d tests\n", e.Package, e.Elapsed, r.passed+r.skipped-before)
	}
}

// count adds up the tests of a package that has ended, and prints those that failed.
func (r *run) count(name string, p *pkg) {
	crashed := false
	for _, id := range p.order {
		t := p.tests[id]
		switch t.result {
		case "pass":
			if !t.parent {
				r.passed++
			}
		case "skip":
			r.skipped++
			r.skips = append(r.skips, fmt.Sprintf("%s %s: %s", name, id, reason(t.output.String())))
		default: // failed, or ended by a crash or a time-out before it had a result
			p.failed++
			if !t.parent || !p.anyFailedBelow(id) {
				r.failed++
			}
			fmt.Fprintf(r.out, "\nFAIL  %s %s\n", name, id)
			r.say(t.output.String())
			if t.result == "" {
				r.say("(it never ended)\n")
				crashed = true
			}
		}
	}
	if crashed {
		r.say(p.output.String())
	}
}

func (p *pkg) test(id string) *test {
	if t := p.tests[id]; t != nil {
		return t
	}
	t := &test{}
	p.tests[id] = t
	p.order = append(p.order, id)
	for i := strings.LastIndexByte(id, '/'); i >= 0; i = strings.LastIndexByte(id[:i], '/') {
		if parent := p.tests[id[:i]]; parent != nil { // a test's own name may hold slashes; its parent has begun before it
			parent.parent = true
			break
		}
	}
	return t
}

func (p *pkg) anyFailedBelow(id string) bool {
	for other, t := range p.tests {
		if strings.HasPrefix(other, id+"/") && t.result != "pass" && t.result != "skip" {
			return true
		}
	}
	return false
}

// buildWords are what the compiler said about a build, at the first package that failed for it.
func (r *run) buildWords(id string) string {
	if b := r.builds[id]; b != nil && r.broken[id] {
		delete(r.broken, id)
		return b.String()
	}
	return ""
}

// finish prints the skips and the numbers, and returns the packages that never ended.
func (r *run) finish() (unfinished []string) {
	for id := range r.broken { // no package has said that it failed for this
		r.failed++
		fmt.Fprintf(r.out, "FAIL  %s  [build]\n", id)
		r.say(r.buildWords(id))
	}
	for name, p := range r.packages {
		unfinished = append(unfinished, name)
		r.count(name, p)
	}
	slices.Sort(unfinished)
	if len(r.skips) > 0 {
		fmt.Fprintln(r.out, "\nskipped:")
		for _, s := range r.skips {
			fmt.Fprintln(r.out, "  "+s)
		}
	}
	fmt.Fprintf(r.out, "\n%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	return unfinished
}

// say prints words that are not the report's own, indented.
func (r *run) say(words string) {
	for line := range strings.Lines(words) {
		fmt.Fprint(r.out, "      ", line)
	}
	if words != "" && !strings.HasSuffix(words, "\n") {
		fmt.Fprintln(r.out)
	}
}

// isFrame tells the lines that only say that a test runs or waits.
func isFrame(line string) bool {
	for _, frame := range []string{"=== RUN ", "=== PAUSE ", "=== CONT ", "=== NAME "} {
		if strings.HasPrefix(line, frame) {
			return true
		}
	}
	return false
}

// reason is what a skipped test said, without the line that says that it was skipped.
func reason(output string) string {
	var said []string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "--- SKIP") {
			said = append(said, line)
		}
	}
	if len(said) == 0 {
		return "it gives no reason"
	}
	return strings.Join(said, " ")
}
