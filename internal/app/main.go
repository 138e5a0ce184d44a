package app

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"posthorn/internal/config"
)

// Main reads the settings, runs a process until it is told to stop, and gives its exit code. A second signal ends it at once.
func Main(name string, run func(context.Context, *config.Config) error) int {
	c, err := config.Load(os.Getenv, false)
	if err == nil {
		err = UntilStopped(func(ctx context.Context) error { return run(ctx, c) })
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

// UntilStopped runs with a context that ends with the first SIGINT or SIGTERM.
func UntilStopped(run func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the next signal finds the default: it ends the process
	return run(ctx)
}
