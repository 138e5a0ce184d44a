package instagram

import (
	"encoding/json"
	"fmt"
	"time"

	"posthorn/internal/platforms"
)

// state is what a target remembers between two steps.
type state struct {
	Items     []string  `json:"items,omitempty"`     // containers of a carousel's items, in order; "" is one to be made
	Ready     int       `json:"ready,omitempty"`     // so many of Items, from the front, are finished
	Container string    `json:"container,omitempty"` // the one that is published
	CreatedAt time.Time `json:"createdAt,omitzero"`  // of Container, or of the last of Items while there is none
	Polls     int       `json:"polls,omitempty"`     // how often it was found in progress
	Missing   int       `json:"missing,omitempty"`   // how often in a row it was not found
	Tries     int       `json:"tries,omitempty"`     // containers that came to nothing
	Fault     *fault    `json:"fault,omitempty"`     // why the last of them did

	FirstTry  time.Time `json:"firstTry,omitzero"`   // just before Container was first published; zero: never
	LastTry   time.Time `json:"lastTry,omitzero"`    // just before the latest publish
	Publishes int       `json:"publishes,omitempty"` // publishes so far, the one at hand included
	Quota     *int      `json:"quota,omitempty"`     // posts in the account's 24 hours before the first; nil: unknown
	Blocks    int       `json:"blocks,omitempty"`    // publishes answered with "action blocked"
	BlockedAt time.Time `json:"blockedAt,omitzero"`  // the latest of those
	GaveUpAt  time.Time `json:"gaveUpAt,omitzero"`   // when publishing was tried too often

	Media        string    `json:"media,omitempty"`        // the published post
	Looks        int       `json:"looks,omitempty"`        // reads of the permalink, or searches for the post
	URL          string    `json:"url,omitempty"`          // the permalink
	CommentAt    time.Time `json:"commentAt,omitzero"`     // just before the first comment was sent
	CommentTries int       `json:"commentTries,omitempty"` // how often it was sent
}

// fault is why a container came to nothing.
type fault struct {
	Code string    `json:"code"`           // a key of the error table, or a subcode that it does not know
	Text string    `json:"text,omitempty"` // Instagram's own words, redacted
	At   time.Time `json:"at"`
}

// flow is one step being taken.
type flow struct {
	c    *platforms.Conn
	t    platforms.Task
	api  client
	opts Options
	kind string
	st   state
}

func begin(c *platforms.Conn, t platforms.Task) (*flow, error) {
	opts, problems := platforms.DecodeOptions[Options](t.Content.Options)
	if len(problems) > 0 {
		p := problems[0]
		return nil, &platforms.Error{Kind: platforms.Rejected, Rule: platformName + "." + p.Rule, Field: p.Field, Message: p.Message, Remediation: p.Remediation}
	}
	f := &flow{c: c, t: t, opts: opts, kind: kindOf(t.Content)}
	if len(t.State.Data) > 0 {
		if err := json.Unmarshal(t.State.Data, &f.st); err != nil {
			return nil, &platforms.Error{Kind: platforms.Unavailable, Message: "the saved state of this post cannot be read", Err: err}
		}
	}
	if len(t.Content.Media) == 0 {
		return nil, &platforms.Error{Kind: platforms.Rejected, Rule: platformName + "." + f.kind + ".min_items", Field: "mediaItems",
			Message: "an Instagram post needs media", Remediation: "Attach an image or a video."}
	}
	var err error
	f.api, err = newClient(c)
	return f, err
}

// step goes on to a step after a wait.
func (f *flow) step(name string, wait time.Duration, note string, args ...any) (platforms.Step, error) {
	data, err := json.Marshal(f.st)
	if err != nil {
		return platforms.Step{}, &platforms.Error{Kind: platforms.Unavailable, Message: "the state of this post cannot be saved", Err: err}
	}
	return platforms.Step{State: platforms.State{Step: name, Data: data}, Wait: wait, Note: fmt.Sprintf(note, args...)}, nil
}
