// Command testreport reads `go test -json` on its input and prints what a person wants to know: a line per package, each failure in full,
// each skipped test with its reason, and the numbers at the end. It fails when a test, a package or a build did, and when there was nothing to report.
package main

import (
	"fmt"
	"os"
)

func main() {
	ok, err := report(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}
