package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"posthorn/internal/accounts"
	"posthorn/internal/app"
	"posthorn/internal/auth"
	"posthorn/internal/config"
	"posthorn/internal/connect"
	"posthorn/internal/dev"
	"posthorn/internal/postgres"
	"posthorn/internal/tokens"
	"posthorn/internal/webhooks"
)

// match finds a command of one or two words at the head of args.
func match(name string, args []string) (rest []string, ok bool) {
	words := strings.Fields(name)
	if len(args) < len(words) {
		return nil, false
	}
	for i, w := range words {
		if args[i] != w {
			return nil, false
		}
	}
	return args[len(words):], true
}

func printHelp(out io.Writer) {
	fmt.Fprint(out, "Posthorn publishes to social networks through one API.\n\nCommands\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(table, "  posthorn %s %s\t%s\n", c.name, c.usage, c.help)
	}
	table.Flush()
	fmt.Fprint(out, "\nSettings, read from the environment\n")
	for _, v := range config.Variables() {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", v.Name, v.Default, v.Meaning)
	}
	table.Flush()
}

// parse reads a command's flags; what is left over is a mistake.
func parse(name string, args []string, out io.Writer, define func(*flag.FlagSet)) error {
	flags := flag.NewFlagSet("posthorn "+name, flag.ContinueOnError)
	flags.SetOutput(out)
	define(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("posthorn %s takes no argument %q", name, flags.Arg(0))
	}
	return nil
}

func runDev(ctx context.Context, args []string, out io.Writer) error {
	if err := parse("dev", args, out, func(*flag.FlagSet) {}); err != nil {
		return err
	}
	c, err := config.Load(os.Getenv, true)
	if err != nil {
		return err
	}
	log := app.NewLogger(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: "15:04:05.000", NoColor: os.Getenv("NO_COLOR") != ""}, c.LogLevel)
	return dev.Run(ctx, c, log, out)
}

func runMigrate(ctx context.Context, args []string, out io.Writer) error {
	if err := parse("migrate", args, out, func(*flag.FlagSet) {}); err != nil {
		return err
	}
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		return fmt.Errorf("DATABASE_URL is missing: set it to the Postgres to migrate")
	}
	pool, err := postgres.Open(ctx, url, postgres.WithApplicationName("posthorn migrate"))
	if err != nil {
		return err
	}
	defer pool.Close()
	applied, err := postgres.Migrate(ctx, pool)
	for _, name := range applied {
		fmt.Fprintln(out, "applied", name)
	}
	if err == nil && len(applied) == 0 {
		fmt.Fprintln(out, "the schema is up to date")
	}
	return err
}

func runCreateKey(ctx context.Context, args []string, out io.Writer) error {
	var owner, email string
	var n auth.NewAPIKey
	if err := parse("keys create", args, out, func(f *flag.FlagSet) {
		f.StringVar(&owner, "owner", "Owner", "name of the owner whom the key stands for")
		f.StringVar(&email, "email", "", "e-mail address of the owner's first user, whose key it is; empty leaves it as it is")
		f.StringVar(&n.Name, "name", "key", "name of the key, to tell it from others")
		f.BoolVar(&n.ReadOnly, "read-only", false, "make a key that only reads")
		f.IntVar(&n.Days, "days", 0, "days until the key expires; 0 for never")
	}); err != nil {
		return err
	}
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		return fmt.Errorf("DATABASE_URL is missing: set it to Posthorn's Postgres")
	}
	pool, err := openDatabase(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	keys, people := &auth.Service{Pool: pool, Now: time.Now}, &accounts.Service{Pool: pool, Now: time.Now}
	var ownerID string
	err = postgres.InTx(ctx, pool, func(tx pgx.Tx) (err error) {
		if ownerID, _, err = keys.EnsureOwner(ctx, tx, owner); err != nil {
			return err
		}
		if email != "" {
			if err := keys.SetEmail(ctx, tx, ownerID, email); err != nil {
				return err
			}
		}
		_, err = people.EnsureDefaultProfile(ctx, tx, ownerID)
		return err
	})
	if err != nil {
		return err
	}
	key, err := keys.CreateKey(ctx, auth.Root(ownerID), n)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, key.Secret.Reveal())
	return nil
}

// openDatabase opens one that has this program's schema.
func openDatabase(ctx context.Context, url string) (*pgxpool.Pool, error) {
	pool, err := postgres.Open(ctx, url, postgres.WithApplicationName("posthorn keys"))
	if err != nil {
		return nil, err
	}
	if err := postgres.CheckSchema(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// sealedColumns are where all packages keep sealed values.
func sealedColumns() []tokens.Column {
	return slices.Concat(tokens.Columns(), accounts.SealedColumns(), webhooks.SealedColumns(), connect.SealedColumns())
}

func runRotateKeys(ctx context.Context, args []string, out io.Writer) error {
	if err := parse("keys rotate", args, out, func(*flag.FlagSet) {}); err != nil {
		return err
	}
	url, setting := os.Getenv("DATABASE_URL"), os.Getenv("POSTHORN_MASTER_KEYS")
	if url == "" || setting == "" {
		return fmt.Errorf("DATABASE_URL and POSTHORN_MASTER_KEYS must be set as they are for the programs, with the new key in front of the old ones")
	}
	keys, err := tokens.ParseKeys(setting)
	if err != nil {
		return fmt.Errorf("POSTHORN_MASTER_KEYS: %w", err)
	}
	pool, err := openDatabase(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	var sum tokens.Resealed
	for _, c := range sealedColumns() {
		r, err := keys.Reseal(ctx, pool, c)
		if err != nil {
			return err
		}
		sum.Changed, sum.Already, sum.Lost = sum.Changed+r.Changed, sum.Already+r.Already, sum.Lost+r.Lost
	}
	fmt.Fprintf(out, "sealed %d values anew with the key %s; %d were already\n", sum.Changed, keys.First(), sum.Already)
	if sum.Lost > 0 {
		return fmt.Errorf("%d values cannot be opened with any of these keys and were left alone: the key that sealed them is missing, or they are damaged", sum.Lost)
	}
	fmt.Fprintln(out, "the other keys can be taken out of POSTHORN_MASTER_KEYS, once every api and worker runs with this key in front")
	return nil
}

func runMasterKey(_ context.Context, args []string, out io.Writer) error {
	id := "k1"
	if err := parse("keys master", args, out, func(f *flag.FlagSet) { f.StringVar(&id, "id", id, "the key's ID, without colon or comma") }); err != nil {
		return err
	}
	setting := tokens.NewKey(id)
	if _, err := tokens.ParseKeys(setting); err != nil {
		return err
	}
	fmt.Fprintln(out, setting)
	return nil
}
