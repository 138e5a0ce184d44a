package facebook

import (
	"fmt"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

// state is what a target remembers between two steps.
type state struct {
	meta.CommentState

	Photos   []photo `json:"photos,omitempty"`
	Scrapes  int     `json:"scrapes,omitempty"`  // how often the linked page could not be read
	Restarts int     `json:"restarts,omitempty"` // how often something had to be uploaded anew

	Video   string `json:"video,omitempty"`
	Session string `json:"session,omitempty"` // of an upload in pieces
	Address string `json:"address,omitempty"` // of one in three phases
	Size    int64  `json:"size,omitempty"`
	Offset  int64  `json:"offset,omitempty"` // so much Facebook has
	End     int64  `json:"end,omitempty"`    // of the piece that it wants next
	Polls   int    `json:"polls,omitempty"`

	Post  string `json:"post,omitempty"`  // unpublished or published
	URL   string `json:"url,omitempty"`   // its permalink
	Reads int    `json:"reads,omitempty"` // of the permalink

	FirstTry time.Time `json:"firstTry,omitzero"` // just before a video or a story was first published
	LastTry  time.Time `json:"lastTry,omitzero"`  // before its latest publish that may be under way yet, or at the look that followed
	Writes   int       `json:"writes,omitempty"`  // whose answers were lost

	Fault *fault `json:"fault,omitempty"` // why nothing is published
}

// photo is an uploaded photo.
type photo struct {
	ID string    `json:"id,omitempty"` // empty: it is to be uploaded
	At time.Time `json:"at,omitzero"`
}

// fault is a final refusal.
type fault struct {
	Code, Message, Remedy, Rule string
	Kind                        platforms.Kind
	Category                    platforms.Category
	At                          time.Time
}

// flow is one step being taken.
type flow struct {
	c    *platforms.Conn
	t    platforms.Task
	api  client
	opts Options
	set  Settings
	kind string
	st   state
}

func begin(c *platforms.Conn, t platforms.Task) (*flow, error) {
	opts, err := platforms.OptionsOf[Options](platformName, t.Content)
	if err != nil {
		return nil, err
	}
	f := &flow{c: c, t: t, api: newClient(c), opts: opts, set: opts.settings(), kind: kindOf(t.Content)}
	if err := t.State.Load(&f.st); err != nil {
		return nil, err
	}
	return f, nil
}

// step goes on to a step after a wait.
func (f *flow) step(name string, wait time.Duration, note string, args ...any) (platforms.Step, error) {
	next, err := platforms.Remember(name, f.st)
	if err != nil {
		return platforms.Step{}, err
	}
	return platforms.Step{State: next, Wait: wait, Note: fmt.Sprintf(note, args...)}, nil
}

// shown is step for what is there.
func (f *flow) shown(name string, wait time.Duration, note string, args ...any) (platforms.Step, error) {
	s, err := f.step(name, wait, note, args...)
	s.Done = f.remote()
	return s, err
}

// remote names the post.
func (f *flow) remote() *platforms.Remote {
	address := f.st.URL
	if address == "" {
		address = "https://www.facebook.com/" + f.st.Post
	}
	return &platforms.Remote{ID: f.st.Post, URL: address}
}

// first chooses the road, and holds pageId against the account, which no rule could.
func (f *flow) first() (platforms.Step, error) {
	if id := f.opts.PageID; id != "" && id != f.c.Account.RemoteID {
		return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Rule: platformName + "." + rulePageOther, Field: "platformSpecificData.pageId",
			Message: "pageId names another Page than the account's", Remediation: "Connect that Page, and publish to its account."}
	}
	switch {
	case f.kind == kindText:
		return f.step(stepCreating, 0, "")
	case f.isVideo():
		return f.step(stepStarting, 0, "")
	}
	f.st.Photos = make([]photo, len(f.t.Content.Media))
	if f.kind == kindCarousel { // its pictures are fetched by their addresses
		f.st.Photos = nil
		return f.step(stepCreating, 0, "")
	}
	if f.kind == kindStory && f.t.Content.Text != "" {
		return f.step(stepPhotos, 0, "stories carry no text, so it is left out")
	}
	return f.step(stepPhotos, 0, "")
}

func (f *flow) isVideo() bool {
	media := f.t.Content.Media
	return len(media) > 0 && media[0].Type == platforms.Video
}

// changed is the error of a post that is no longer the one whose publishing began.
func changed() error {
	return &platforms.Error{Kind: platforms.Rejected, Rule: platformName + "." + ruleChanged, Message: "the post was changed while it was published", Remediation: "Retry the post."}
}

// freshFault is how long a final refusal ends the target. A retry by the user comes later, and starts over.
const freshFault = 2 * time.Minute

// refuse ends a target of which nothing is visible. A step of its own comes first and clears the doubt, so that it ends as failed and not as
// unconfirmed.
func (f *flow) refuse(e *platforms.Error) (platforms.Step, error) {
	f.st.Fault = &fault{Code: e.Code, Message: e.Message, Remedy: e.Remediation, Rule: e.Rule, Kind: e.Kind, Category: e.Category, At: f.c.Now()}
	return f.step(stepRefused, 0, "Facebook has not published it")
}

func (f *flow) refused() (platforms.Step, error) {
	why := f.st.Fault
	if why == nil || f.c.Now().After(why.At.Add(freshFault)) {
		f.st = state{}
		return f.first()
	}
	return platforms.Step{}, &platforms.Error{Kind: why.Kind, Code: why.Code, Message: why.Message, Remediation: why.Remedy, Rule: why.Rule, Category: why.Category}
}

// isFinal reports whether an error is one that the same call would get again.
func isFinal(e *platforms.Error) bool {
	return e.Kind == platforms.Rejected || e.Kind == platforms.Duplicate
}
