// Package containers publishes as Instagram and Threads want it: a container is made of the media, is waited for, and is published. Nobody sees a
// container, and it dies after a day; publishing one takes no idempotency key, so that a publish whose answer was lost is looked for before it is
// repeated, and then with the same container always.
package containers

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

// The steps of a target.
const (
	Creating   = "creating"         // make a container, again or for the first time; the same as ""
	Items      = "creating items"   // make the containers of a carousel's items, one a step
	ItemsWait  = "processing items" // until all of them are finished
	Assembling = "assembling"       // make the carousel's own container
	Processing = "processing"       // until the container is finished
	Publishing = "publishing"       // publish the container; visible
	Confirming = "confirming"       // an earlier publish has an unknown outcome: look, and only then publish; visible
	Finding    = "finding"          // it is live and its ID is not known yet
)

// Status is what a container says of itself.
type Status struct {
	Code string
	// Fault and Text say why one of code Failed is of no use: a key of the table of errors, and Meta's own words.
	Fault, Text string
}

// The values of Status.Code.
const (
	InProgress = "IN_PROGRESS"
	Finished   = "FINISHED"
	Failed     = "ERROR"
	Expired    = "EXPIRED"
	Published  = "PUBLISHED"
)

// Quota is the account's publishing limit.
type Quota struct {
	Used  int
	Total int // zero: not told
}

// Far is what a platform does with containers.
type Far interface {
	// Create makes a container. It may be repeated.
	Create(ctx context.Context, form url.Values) (string, error)
	// Status reads a container. Its error is of a code that meta.IsMissing knows while it is not found.
	Status(ctx context.Context, id string) (Status, error)
	// Publish publishes a container and returns the ID of the post. It is Ambiguous whenever the post may have gone live.
	Publish(ctx context.Context, id string) (string, error)
	// Limit reads how many posts the account published in its window, and how many it may.
	Limit(ctx context.Context) (Quota, error)
	// Matches are the IDs of the account's posts since a time that could be this one.
	Matches(ctx context.Context, since time.Time) ([]string, error)
}

// State is what is remembered between two steps.
type State struct {
	Items     []string  `json:"items,omitempty"`     // containers of a carousel's items, in order; "" is one to be made
	Ready     int       `json:"ready,omitempty"`     // so many of Items, from the front, are finished
	Container string    `json:"container,omitempty"` // the one that is published
	CreatedAt time.Time `json:"createdAt,omitzero"`  // of Container, or of the last of Items while there is none
	Polls     int       `json:"polls,omitempty"`     // how often it was found in progress
	Missing   int       `json:"missing,omitempty"`   // how often in a row it was not found
	Tries     int       `json:"tries,omitempty"`     // containers that came to nothing
	Fault     *Fault    `json:"fault,omitempty"`     // why the last of them did

	FirstTry  time.Time `json:"firstTry,omitzero"`   // just before Container was first published; zero: never
	LastTry   time.Time `json:"lastTry,omitzero"`    // just before the latest publish
	Publishes int       `json:"publishes,omitempty"` // publishes so far, the one at hand included
	Quota     *int      `json:"quota,omitempty"`     // posts in the account's 24 hours before the first; nil: unknown
	Blocks    int       `json:"blocks,omitempty"`    // publishes answered with "action blocked"
	BlockedAt time.Time `json:"blockedAt,omitzero"`  // the latest of those
	GaveUpAt  time.Time `json:"gaveUpAt,omitzero"`   // when publishing was tried too often

	Looks int `json:"looks,omitempty"` // searches for the post; the adapter counts its reads of the permalink here
}

// Fault is why a container came to nothing.
type Fault struct {
	Code string    `json:"code"`           // a key of the error table, or a subcode that it does not know
	Text string    `json:"text,omitempty"` // Meta's own words, redacted
	At   time.Time `json:"at"`
}

// Flow is one step being taken.
type Flow struct {
	Conn   *platforms.Conn
	Task   platforms.Task
	Name   string // of the platform, the contract's
	Title  string // for people
	Table  *meta.Table
	Far    Far
	State  *State
	Limits string // what the account's publishing limit counts: "posts", "replies"

	Kind  string // of what is published: "photo"
	Items int    // of a carousel; zero: it is none
	Item  func(ctx context.Context, i int) (url.Values, error)
	Whole func(ctx context.Context, items []string) (url.Values, error)
	Note  string // what the timeline says of the container beside its ID

	// Save is the adapter's state, State included.
	Save func() any
	// Live takes over once the post is there.
	Live func(id string) (platforms.Step, error)
	// Remote names what is published already, while the ID of the post at hand is looked for.
	Remote func() *platforms.Remote
	// Nameless ends a post that is live under an ID that cannot be found.
	Nameless func() (platforms.Step, error)
}

// Take takes the step that the task is at; false when it is none of this package's.
func (f *Flow) Take(ctx context.Context) (platforms.Step, bool, error) {
	var s platforms.Step
	var err error
	switch f.Task.State.Step {
	case "", Creating:
		s, err = f.create(ctx)
	case Items:
		s, err = f.createItem(ctx)
	case ItemsWait:
		s, err = f.processItems(ctx)
	case Assembling:
		s, err = f.assemble(ctx)
	case Processing:
		s, err = f.process(ctx)
	case Publishing:
		s, err = f.publish(ctx)
	case Confirming:
		s, err = f.look(ctx)
	case Finding:
		s, err = f.find(ctx)
	default:
		return s, false, nil
	}
	return s, true, err
}

// Step goes on to a step after a wait.
func (f *Flow) Step(name string, wait time.Duration, note string, args ...any) (platforms.Step, error) {
	next, err := platforms.Remember(name, f.Save())
	if err != nil {
		return platforms.Step{}, err
	}
	return platforms.Step{State: next, Wait: wait, Note: fmt.Sprintf(note, args...)}, nil
}

// The rules of what only the steps find.
const (
	RulePublishingLimit = "publishing_limit"
	RuleNotPublished    = "not_published"
	RuleMediaChanged    = "media_changed"
)

// RuleDocs describe those rules, with the pages that state them.
func RuleDocs(title, limit, publish string) []platforms.RuleDoc {
	return []platforms.RuleDoc{
		{Name: RulePublishingLimit, Failure: true, Title: "The account's publishing limit is used up", Meaning: title + " lets an account publish only so many posts through its API in any 24 hours.",
			Remedy: "Nothing: it is published when the limit frees. Space the account's posts out to avoid the wait.", Source: limit},
		{Name: RuleNotPublished, Failure: true, Title: title + " would not publish the finished media", Meaning: "The media were processed, and " + title + " failed at every try to publish them. Nothing was published.",
			Remedy: "Retry the post later.", Source: publish},
		{Name: RuleMediaChanged, Failure: true, Title: "The media changed while the post was published", Meaning: "The post was edited between two steps of publishing it, and has another number of media now.",
			Remedy: "Retry the post.", Source: publish},
	}
}
