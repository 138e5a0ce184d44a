// Package instagram publishes photos, carousels, reels and stories to Instagram professional accounts, through either of the two
// logins that Meta offers.
package instagram

import (
	"context"
	"errors"

	"posthorn/internal/platforms"
)

// The steps of a target. A container is an unpublished medium at Instagram; nobody sees it, and it dies after a day.
const (
	stepCreating   = "creating"         // make a container, again or for the first time; the same as ""
	stepItems      = "creating items"   // make the containers of a carousel's items, one a step
	stepItemsWait  = "processing items" // until all of them are finished
	stepAssembling = "assembling"       // make the carousel's own container
	stepProcessing = "processing"       // until the container is finished
	stepPublishing = "publishing"       // publish the container; visible
	stepConfirming = "confirming"       // an earlier publish has an unknown outcome: look, and only then publish; visible
	stepFinding    = "finding"          // it is live and its ID is not known yet
	stepReading    = "reading"          // the permalink
	stepClosing    = "closing comments" // turn comments off
	stepCommenting = "commenting"       // the first comment; visible
)

// Platform is the adapter for Instagram.
type Platform struct{}

var (
	_ platforms.Platform    = Platform{}
	_ platforms.Validator   = Platform{}
	_ platforms.UsageReader = Platform{}
)

// Info describes Instagram.
func (Platform) Info() platforms.Info {
	return platforms.Info{
		Name:     platformName,
		Title:    "Instagram",
		Visible:  []string{stepPublishing, stepConfirming, stepCommenting},
		Rules:    rules,
		Budgets:  budgets,
		Options:  Options{},
		Docs:     docsGuide,
		RuleDocs: ruleDocs,
	}
}

// Publish takes the next step: containers are made and waited for, one is published, and the follow-ups come after.
func (Platform) Publish(ctx context.Context, c *platforms.Conn, t platforms.Task) (platforms.Step, error) {
	f, err := begin(c, t)
	if err != nil {
		return platforms.Step{}, err
	}
	step, err := f.take(ctx)
	return step, spoken(err, c)
}

// spoken notes the version of the API in the errors that it gave.
func spoken(err error, c *platforms.Conn) error {
	var e *platforms.Error
	if errors.As(err, &e) && (e.Endpoint != "" || e.Code != "") {
		e.APIVersion = version(c.App)
	}
	return err
}

func (f *flow) take(ctx context.Context) (platforms.Step, error) {
	switch f.t.State.Step {
	case "", stepCreating:
		return f.create(ctx)
	case stepItems:
		return f.createItem(ctx)
	case stepItemsWait:
		return f.processItems(ctx)
	case stepAssembling:
		return f.assemble(ctx)
	case stepProcessing:
		return f.process(ctx)
	case stepPublishing:
		return f.publish(ctx)
	case stepConfirming:
		return f.look(ctx)
	case stepFinding:
		return f.find(ctx)
	case stepReading:
		return f.read(ctx)
	case stepClosing:
		return f.closeComments(ctx)
	case stepCommenting:
		return f.comment(ctx)
	}
	return platforms.Step{}, platforms.Errorf(platforms.Unavailable, "this version does not know the step %q", f.t.State.Step)
}
