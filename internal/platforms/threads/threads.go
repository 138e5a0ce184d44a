// Package threads publishes texts, images, videos, carousels and chains of them to Threads.
package threads

import (
	"context"
	"net/http"
	"net/url"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/meta/containers"
	"posthorn/internal/platforms/rest"
)

// platformName is the contract's.
const platformName = "threads"

// Platform is the adapter for Threads.
type Platform struct{}

var (
	_ platforms.Platform    = Platform{}
	_ platforms.Validator   = Platform{}
	_ platforms.Deleter     = Platform{}
	_ platforms.UsageReader = Platform{}
)

// Info describes Threads.
func (Platform) Info() platforms.Info {
	return platforms.Info{
		Name:     platformName,
		Title:    "Threads",
		Visible:  []string{containers.Publishing, containers.Confirming},
		Rules:    rules,
		Budgets:  budgets,
		Options:  Options{},
		Docs:     docsPosts,
		RuleDocs: ruleDocs,
	}
}

// Classify maps a failed answer of the Threads API to an error of ours.
func Classify(r rest.Response) *platforms.Error { return table.Classify(r) }

// Usage reads Meta's usage headers, which Threads does not always send.
func (Platform) Usage(h http.Header) (platforms.Usage, bool) { return meta.Usage(h, platformName) }

// Publish takes the next step. Each post of a chain is a container that answers the one before; the first makes the target a published one.
func (Platform) Publish(ctx context.Context, c *platforms.Conn, t platforms.Task) (platforms.Step, error) {
	f, err := begin(c, t)
	if err != nil {
		return platforms.Step{}, err
	}
	step, err := f.take(ctx)
	return step, meta.Spoken(err, version(c.App))
}

func (f *flow) take(ctx context.Context) (platforms.Step, error) {
	if f.t.State.Step == containers.Reading {
		return f.read(ctx)
	}
	s, known, err := f.Take(ctx)
	if !known {
		return s, platforms.Errorf(platforms.Unavailable, "this version does not know the step %q", f.t.State.Step)
	}
	return s, err
}

// version is the API's that an app speaks; Threads has had but one so far.
func version(app platforms.App) string { return meta.Version(app, "v1.0") }

// graph is where the API is. It answers at graph.threads.com, too.
const graph = "https://graph.threads.net/"

func newClient(c *platforms.Conn) client {
	return client{meta.Client{Conn: c, Base: graph + url.PathEscape(version(c.App)), Title: "Threads", Table: table, Usage: Platform{}.Usage}}
}
