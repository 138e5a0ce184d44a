// Package platforms is the contract between the publishing engine and the adapters: what a platform is asked, what it answers,
// and the words both use. It imports nothing of ours.
package platforms

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// A Platform publishes to one network. Values hold no state and may be shared by all goroutines.
// What else a platform can do is found by type assertion: see capabilities.go.
type Platform interface {
	Info() Info
	// Publish takes the next step of one target and says what comes after. It makes as few remote calls as a step needs, saves
	// nothing itself, and never waits: waiting is Step.Wait.
	//
	// It is called again with the same Task when its answer was lost (the process died, the database was away), with
	// Task.InDoubt set if the step is one of Info.Visible. A step that is not visible may simply be repeated.
	// Errors are *Error values; anything else counts as Unknown.
	Publish(ctx context.Context, c *Conn, t Task) (Step, error)
}

// Info is what the core and the API need to know of a platform. It is data and the same for every call.
type Info struct {
	Name    string   // the contract's value, also folder and path part: "instagram"
	Title   string   // for people: "Instagram"
	Visible []string // the steps whose effect the public can see; "" is the first step
	Uploads []string // the steps that send files: they are long, and take slots of their own
	// Underway are the steps at which the platform has all of the post and will show it by itself. Whatever goes wrong with us there leaves the target
	// unconfirmed and never failed; only Rejected and Duplicate, the platform's word on the post itself, settle it.
	Underway []string
	Rules    Rules    // what a post may hold
	Budgets  []Budget // the platform's rate limits
	Options  any      // a zero value of the typed per-target options, for the schema in the API's description
	Docs     string   // link to the platform's own documentation
	// RuleDocs describe every rule that the platform's posts can break beside those that follow from Rules: what Validate finds, and what
	// the platform's own codes mean.
	RuleDocs []RuleDoc
}

// IsVisible reports whether the public may see the effect of a step.
func (i Info) IsVisible(step string) bool { return slices.Contains(i.Visible, step) }

// IsUnderway reports whether the post may become visible at a step without our doing.
func (i Info) IsUnderway(step string) bool { return slices.Contains(i.Underway, step) }

// Uploading reports whether a step sends files.
func (i Info) Uploading(step string) bool { return slices.Contains(i.Uploads, step) }

// A Budget is a rate limit that a platform declares.
type Budget struct {
	Name   string        `json:"name"`            // "calls", "posts"
	Scope  string        `json:"scope"`           // "account" or "app"
	Limit  int           `json:"limit,omitempty"` // zero: the platform tells the limit with each answer
	Window time.Duration `json:"-"`
	Source string        `json:"source"` // link to the page that states it
	// EveryCall says that each request spends one of it. What a Spender says comes on top.
	EveryCall bool `json:"-"`
	// PerPost is about how much one post spends, for forecasts; zero: not known.
	PerPost int `json:"-"`
	// Refund says that the platform counts what was published, so that what a Spender's request took is given back when it was refused.
	Refund bool `json:"-"`
}

// Per is the budget's window in words: "an hour", "15 minutes".
func (b Budget) Per() string {
	switch {
	case b.Window == time.Hour:
		return "an hour"
	case b.Window%time.Hour == 0:
		return fmt.Sprintf("%d hours", b.Window/time.Hour)
	case b.Window%time.Minute == 0:
		return fmt.Sprintf("%d minutes", b.Window/time.Minute)
	default:
		return b.Window.String()
	}
}

// A Task is one step to take for one target.
type Task struct {
	ID      string  // of the target: the idempotency key, where a platform takes one
	Content Content // overrides merged in, rules already checked
	State   State   // what the last step returned; zero at first
	// InDoubt says that an earlier call with this State never reported back, or reported that it could not know: look before you act.
	InDoubt bool
	// Published is what the step that made the post visible returned; nil before that. A step with it set is a follow-up (a first
	// comment, the next post of a thread), and its failure does not make the post a failed one.
	Published *Remote
}

// State is what an adapter remembers between two steps. It is saved before anything else is done.
type State struct {
	Step string          `json:"step"`           // "uploading", "processing": shown to users, switched on by the adapter
	Data json.RawMessage `json:"data,omitempty"` // the adapter's own; small, and free of secrets but those that Conn.Sealer has sealed
}

// A Step is the outcome of Publish.
type Step struct {
	State State         // saved before anything else is done; State.Step "" together with Done ends the target
	Wait  time.Duration // until the next call; zero: at once
	Done  *Remote       // the post is visible. State.Step may still name what follows; Done may come again with more known (a permalink)
	Note  string        // one line for the post's timeline: "container 1789 is being processed"
}

// Remote names a published post at its platform.
type Remote struct {
	ID  string `json:"id"`  // the platform's own ID
	URL string `json:"url"` // the public address; empty while the platform has not given one
}

// Conn is one account, ready to talk: the adapter's only way out.
type Conn struct {
	// HTTP reaches the platform under its real host names. It carries no credential: the adapter adds the token as its platform
	// wants it. It does not follow redirects.
	HTTP    *http.Client
	App     App
	Account Account
	Token   Token
	Media   MediaSource
	Sealer  Sealer // set while a post is published
	Now     func() time.Time
}

// Redact blanks every secret of the connection in what is about to be kept or shown.
func (c *Conn) Redact(b []byte) []byte {
	for _, s := range []Secret{c.Token.Access, c.Token.Refresh, c.App.Secret} {
		if len(s.value) >= 8 { // shorter ones would blank innocent text, and no platform issues them
			b = bytes.ReplaceAll(b, []byte(s.value), []byte(redacted))
		}
	}
	return b
}

// App is the operator's registration with a platform.
type App struct {
	ID      string
	Secret  Secret
	Version string // the API version to speak; empty takes the adapter's pinned one
	// Pull lets the platform read videos from this server, whose address the operator has verified there, where it also takes them in pieces.
	Pull bool
}

// Account is one connected identity: a page, a channel, a handle.
type Account struct {
	ID          string // ours
	RemoteID    string // the platform's
	Username    string
	DisplayName string
	PictureURL  string
	ProfileURL  string
	GrantedBy   string          // the platform's ID of the person who agreed to it, who may be another one than the account; empty: not known
	Data        json.RawMessage // the adapter's own: which login, which host; free of secrets
}

// Token is what an account's platform lets us in with.
type Token struct {
	Access    Secret
	Refresh   Secret    // empty where the platform has none
	ExpiresAt time.Time // of Access; zero: unknown or never
	Scopes    []string
}
