// Command rulelist writes the list of rules of all adapters to a file, as Markdown.
package main

import (
	"fmt"
	"os"

	"posthorn/internal/platforms/all"
	"posthorn/internal/rules"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rulelist:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: rulelist FILE")
	}
	book, err := rules.New(all.Registry())
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], book.Markdown(), 0o644) //nolint:gosec // documentation is for everybody to read
}
