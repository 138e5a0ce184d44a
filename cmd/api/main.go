// Command api serves Posthorn's HTTP API. Any number of them run on one database.
package main

import (
	"context"
	"os"

	"posthorn/internal/app"
	"posthorn/internal/config"
)

func main() { os.Exit(app.Main("posthorn api", run)) }

func run(ctx context.Context, c *config.Config) error {
	a, err := app.Open(ctx, c, app.NewLogger(os.Stderr, c.LogLevel), "posthorn api", app.APIConns)
	if err != nil {
		return err
	}
	defer a.Close()
	l, err := app.Listen(c.Addr, "POSTHORN_ADDR")
	if err != nil {
		return err
	}
	a.Log.Info().Str("addr", l.Addr().String()).Msg("the API listens")
	return a.RunAPI(ctx, l)
}
