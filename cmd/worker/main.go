// Command worker publishes what is due. Any number of them run on one database.
package main

import (
	"context"
	"os"

	"posthorn/internal/app"
	"posthorn/internal/config"
)

func main() { os.Exit(app.Main("posthorn worker", run)) }

func run(ctx context.Context, c *config.Config) error {
	a, err := app.Open(ctx, c, app.NewLogger(os.Stderr, c.LogLevel), "posthorn worker", app.WorkerConns)
	if err != nil {
		return err
	}
	defer a.Close()
	return a.RunWorker(ctx, func() { a.Log.Info().Msg("the worker is running") })
}
