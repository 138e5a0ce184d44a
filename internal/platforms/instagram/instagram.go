// Package instagram publishes photos, carousels, reels and stories to Instagram professional accounts, through either of the two
// logins that Meta offers.
package instagram

import (
	"context"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/meta/containers"
	"posthorn/internal/platforms/rest"
)

// The steps that follow on those of the container.
const (
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
		Visible:  []string{containers.Publishing, containers.Confirming, stepCommenting},
		Rules:    rules,
		Budgets:  budgets,
		Options:  Options{},
		Docs:     docsGuide,
		RuleDocs: ruleDocs,
	}
}

// Classify maps a failed answer of the Graph API to an error of ours.
func Classify(r rest.Response) *platforms.Error { return table.Classify(r) }

// Publish takes the next step: containers are made and waited for, one is published, and the follow-ups come after.
func (Platform) Publish(ctx context.Context, c *platforms.Conn, t platforms.Task) (platforms.Step, error) {
	f, err := begin(c, t)
	if err != nil {
		return platforms.Step{}, err
	}
	step, err := f.take(ctx)
	return step, meta.Spoken(err, version(c.App))
}

func (f *flow) take(ctx context.Context) (platforms.Step, error) {
	switch f.t.State.Step {
	case "", containers.Creating:
		if err := f.mayHave(); err != nil {
			return platforms.Step{}, err
		}
	case containers.Reading:
		return f.read(ctx)
	case stepClosing:
		return f.closeComments(ctx)
	case stepCommenting:
		return f.comment(ctx)
	}
	s, known, err := f.Take(ctx)
	if !known {
		return s, platforms.Errorf(platforms.Unavailable, "this version does not know the step %q", f.t.State.Step)
	}
	return s, err
}

// mayHave refuses the options that the account's login does not have.
func (f *flow) mayHave() error {
	option := f.opts.facebookOnly()
	if option == "" || f.api.data.LoginMethod == loginFacebook {
		return nil
	}
	return &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Rule: platformName + "." + ruleFacebookLogin,
		Field: "platformSpecificData." + option, Message: option + " works only for accounts that were connected by Facebook Login",
		Remediation: "Remove " + option + ", or connect the account with loginMethod facebook_login."}
}
