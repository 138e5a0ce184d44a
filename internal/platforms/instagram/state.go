package instagram

import (
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/meta/containers"
)

// state is what a target remembers between two steps.
type state struct {
	containers.State
	meta.CommentState

	Media string `json:"media,omitempty"` // the published post
	URL   string `json:"url,omitempty"`   // the permalink
}

// flow is one step being taken.
type flow struct {
	*containers.Flow
	c    *platforms.Conn
	t    platforms.Task
	api  client
	opts Options
	kind string
	st   state
}

func begin(c *platforms.Conn, t platforms.Task) (*flow, error) {
	opts, err := platforms.OptionsOf[Options](platformName, t.Content)
	if err != nil {
		return nil, err
	}
	f := &flow{c: c, t: t, opts: opts, kind: kindOf(t.Content)}
	if err := t.State.Load(&f.st); err != nil {
		return nil, err
	}
	if len(t.Content.Media) == 0 {
		return nil, &platforms.Error{Kind: platforms.Rejected, Rule: platformName + "." + f.kind + ".min_items", Field: "mediaItems",
			Message: "an Instagram post needs media", Remediation: "Attach an image or a video."}
	}
	if f.api, err = newClient(c); err != nil {
		return nil, err
	}
	f.Flow = &containers.Flow{Conn: c, Task: t, Name: platformName, Title: "Instagram", Table: table, Far: search{f.api, f}, State: &f.st.State, Limits: "posts", Kind: f.kind,
		Item: f.itemForm, Whole: f.wholeForm, Save: func() any { return f.st }, Live: f.live, Remote: f.remote, Nameless: f.nameless}
	if f.kind == kindCarousel {
		f.Items = len(t.Content.Media)
	}
	if f.kind == kindStory && t.Content.Text != "" {
		f.Note = "; stories carry no caption, so the text was left out"
	}
	return f, nil
}
