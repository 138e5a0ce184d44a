// Command posthorn is for people: it tries everything on this machine, migrates the database, and makes keys.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"posthorn/internal/app"
)

// command is one of posthorn's subcommands.
type command struct {
	name, usage, help string
	run               func(ctx context.Context, args []string, out io.Writer) error
}

func commands() []command {
	return []command{
		{"dev", "", "Run everything on this machine: an embedded Postgres, the sandbox platforms, API and worker.", runDev},
		{"migrate", "", "Bring the database of DATABASE_URL to this program's schema.", runMigrate},
		{"keys create", "[-owner NAME] [-email ADDRESS] [-name NAME] [-read-only] [-days N]", "Make an API key, and its owner when there is none of that name.", runCreateKey},
		{"listen", "[-forward URL] [-events NAMES] [-secret SECRET] [-cursor CURSOR]", "Show events as they happen, of the server at POSTHORN_URL with POSTHORN_API_KEY, and pass them on to a program on this machine.", runListen},
		{"keys rotate", "", "Seal every stored token and secret anew with the first of POSTHORN_MASTER_KEYS, while the programs go on.", runRotateKeys},
		{"keys master", "[-id ID]", "Print a fresh master key for POSTHORN_MASTER_KEYS.", runMasterKey},
	}
}

func main() {
	if err := app.UntilStopped(func(ctx context.Context) error { return run(ctx, os.Args[1:], os.Stdout) }); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(os.Stderr, "posthorn: %v\n", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		printHelp(out)
		return nil
	}
	for _, c := range commands() {
		if rest, ok := match(c.name, args); ok {
			return c.run(ctx, rest, out)
		}
	}
	return fmt.Errorf("there is no command %q; posthorn help lists them", args[0])
}
