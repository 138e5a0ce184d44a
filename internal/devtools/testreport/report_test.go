package main

import (
	"fmt"
	"strings"
	"testing"
)

// stream writes events as the go command does: package, test, action, output.
func stream(events ...[4]string) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "{\"Package\":%q,\"Test\":%q,\"Action\":%q,\"Output\":%q}\n", e[0], e[1], e[2], e[3])
	}
	return b.String()
}

func TestReport(t *testing.T) {
	t.Parallel()
	const brokenBuild = `{"ImportPath":"m/b [m/b.test]","Action":"build-output","Output":"b.go:2:23: undefined: x\n"}
{"ImportPath":"m/b [m/b.test]","Action":"build-fail"}
`
	tests := []struct {
		name, in string
		ok       bool
		err      string
		want     []string
		not      []string
	}{
		{
			name: "passes and skips",
			in: stream([4]string{"m/a", "", "start"}, [4]string{"m/a", "TestA", "run"}, [4]string{"m/a", "TestA", "output", "quiet\n"}, [4]string{"m/a", "TestA/x", "run"},
				[4]string{"m/a", "TestA/x", "pass"}, [4]string{"m/a", "TestA", "pass"}, [4]string{"m/a", "TestB", "run"},
				[4]string{"m/a", "TestB", "output", "    b_test.go:7: needs a fast disk\n"}, [4]string{"m/a", "TestB", "output", "--- SKIP: TestB (0.00s)\n"},
				[4]string{"m/a", "TestB", "skip"}, [4]string{"m/a", "", "pass"}, [4]string{"m/none", "", "start"}, [4]string{"m/none", "", "skip"}),
			ok:   true,
			want: []string{"m/a TestB: b_test.go:7: needs a fast disk\n", "m/none  no tests", "1 passed, 0 failed, 1 skipped"},
			not:  []string{"quiet", "FAIL"},
		},
		{
			name: "a subtest whose own name holds slashes",
			in: stream([4]string{"m/a", "TestA", "run"}, [4]string{"m/a", "TestA/http://x/y", "run"}, [4]string{"m/a", "TestA/http://x/y", "pass"},
				[4]string{"m/a", "TestA", "pass"}, [4]string{"m/a", "", "pass"}),
			ok:   true,
			want: []string{"1 passed, 0 failed"},
			not:  []string{"FAIL"},
		},
		{
			name: "a failing subtest counts once, with its words",
			in: stream([4]string{"m/a", "TestA", "run"}, [4]string{"m/a", "TestA/x", "run"}, [4]string{"m/a", "TestA/x", "output", "=== RUN   TestA/x\n"},
				[4]string{"m/a", "TestA/x", "output", "x is wrong\n"}, [4]string{"m/a", "TestA/x", "fail"}, [4]string{"m/a", "TestA", "fail"}, [4]string{"m/a", "", "fail"}),
			want: []string{"FAIL  m/a TestA/x\n", "x is wrong", "0 passed, 1 failed, 0 skipped"},
			not:  []string{"=== RUN"},
		},
		{
			name: "a crash fails the tests that had no result",
			in: stream([4]string{"m/a", "TestA", "run"}, [4]string{"m/a", "TestB", "run"}, [4]string{"m/a", "TestB", "output", "panic: out\n"},
				[4]string{"m/a", "TestB", "fail"}, [4]string{"m/a", "", "output", "exit status 2\n"}, [4]string{"m/a", "", "fail"}),
			want: []string{"m/a TestA\n", "(it never ended)", "panic: out", "exit status 2", "0 passed, 2 failed"},
		},
		{
			name: "a package that fails outside of its tests",
			in:   stream([4]string{"m/a", "", "output", "no database\n"}, [4]string{"m/a", "", "fail"}),
			want: []string{"FAIL  m/a", "no database", "0 passed, 1 failed"},
		},
		{
			name: "a build that fails",
			in:   brokenBuild + `{"Package":"m/b","Action":"fail","FailedBuild":"m/b [m/b.test]"}` + "\n",
			want: []string{"FAIL  m/b", "undefined: x", "0 passed, 1 failed"},
		},
		{
			name: "a build that fails and no package says so",
			in:   brokenBuild,
			want: []string{"FAIL  m/b [m/b.test]", "undefined: x", "0 passed, 1 failed"},
		},
		{name: "nothing ran", in: "go: cannot find main module\n", err: "no test has run", want: []string{"cannot find main module"}},
		{
			name: "cut off",
			in:   stream([4]string{"m/a", "", "start"}, [4]string{"m/a", "TestA", "run"}, [4]string{"m/a", "TestA", "pass"}),
			err:  "no result from m/a",
			want: []string{"1 passed, 0 failed"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			ok, err := report(strings.NewReader(tt.in), &out)
			if ok != tt.ok {
				t.Errorf("ok = %v, want %v", ok, tt.ok)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error = %v, want %q", err, tt.err)
			}
			for _, w := range tt.want {
				if !strings.Contains(out.String(), w) {
					t.Errorf("the report lacks %q:\n%s", w, &out)
				}
			}
			for _, w := range tt.not {
				if strings.Contains(out.String(), w) {
					t.Errorf("the report should not hold %q:\n%s", w, &out)
				}
			}
		})
	}
}
