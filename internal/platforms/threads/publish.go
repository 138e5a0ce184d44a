package threads

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/meta/containers"
)

// state is what a target remembers between two steps: the container at hand, and what is published already.
type state struct {
	containers.State

	IDs []string `json:"ids,omitempty"` // of the parts that are published, in order
	URL string   `json:"url,omitempty"` // the permalink of the first
}

// flow is one step being taken.
type flow struct {
	*containers.Flow
	t     platforms.Task
	api   client
	opts  Options
	parts []part
	part  part // the one at hand
	st    state
}

func begin(c *platforms.Conn, t platforms.Task) (*flow, error) {
	opts, err := platforms.OptionsOf[Options](platformName, t.Content)
	if err != nil {
		return nil, err
	}
	f := &flow{t: t, opts: opts, parts: opts.parts(t.Content), api: newClient(c)}
	if err := t.State.Load(&f.st); err != nil {
		return nil, err
	}
	n := len(f.st.IDs)
	if n > len(f.parts) || (n == len(f.parts) && t.State.Step != containers.Reading) {
		return nil, &platforms.Error{Kind: platforms.Rejected, Rule: platformName + "." + containers.RuleMediaChanged, Message: "the post was changed while it was published", Remediation: "Retry the post."}
	}
	if n < len(f.parts) {
		f.part = f.parts[n]
	}
	f.Flow = &containers.Flow{Conn: c, Task: t, Name: platformName, Title: "Threads", Table: table, Far: search{f.api, f}, State: &f.st.State, Limits: "posts", Kind: kindOfMedia(f.part.Media),
		Item: f.item, Whole: f.whole, Save: func() any { return f.st }, Live: f.live, Remote: f.remote, Nameless: f.nameless}
	if f.Kind == kindCarousel {
		f.Items = len(f.part.Media)
	}
	if n > 0 {
		f.Limits = "replies"
	}
	if len(f.parts) > 1 {
		f.Note = fmt.Sprintf(", part %d of %d", n+1, len(f.parts))
	}
	return f, nil
}

// live goes on once the part at hand is there: to its permalink if it is the first, else to the next part.
func (f *flow) live(id string) (platforms.Step, error) {
	f.st = state{IDs: append(f.st.IDs, id), URL: f.st.URL}
	if len(f.st.IDs) > 1 {
		return f.next("answered as " + id)
	}
	s, err := f.Step(containers.Reading, 0, "published as %s", id)
	s.Done = f.remote()
	return s, err
}

// read reads the permalink of the first part.
func (f *flow) read(ctx context.Context) (platforms.Step, error) {
	address, later, err := f.Permalink(ctx, func(ctx context.Context) (string, error) { return f.api.permalink(ctx, f.st.IDs[0]) })
	if err != nil {
		return platforms.Step{}, err
	}
	if later != nil {
		return *later, nil
	}
	f.st.URL, f.st.Looks = address, 0
	return f.next("published")
}

// next begins the next part, or ends. The state stays: it names what is to be deleted one day.
func (f *flow) next(note string) (platforms.Step, error) {
	step := containers.Creating
	if len(f.st.IDs) == len(f.parts) {
		step = ""
	}
	s, err := f.Step(step, 0, "%s", note)
	s.Done = f.remote()
	return s, err
}

// nameless ends a part that is live under an ID that Threads did not show. What hangs on it cannot be published.
func (f *flow) nameless() (platforms.Step, error) {
	if n := len(f.st.IDs); n == len(f.parts)-1 {
		f.st.State = containers.State{}
		s, err := f.Step("", 0, "published, under an ID that Threads did not show")
		s.Done = f.remote()
		return s, err
	}
	return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError,
		Message:     "the post is live, but which of the account's posts it is could not be found, so what answers it was not published",
		Remediation: "Add the missing parts in the Threads app."}
}

func (f *flow) remote() *platforms.Remote {
	if len(f.st.IDs) == 0 {
		return &platforms.Remote{}
	}
	return &platforms.Remote{ID: f.st.IDs[0], URL: f.st.URL}
}

// whole is the container that is published.
func (f *flow) whole(ctx context.Context, items []string) (form url.Values, err error) {
	switch f.Kind {
	case kindText:
		form = url.Values{"media_type": {"TEXT"}}
	case kindCarousel:
		form = url.Values{"media_type": {"CAROUSEL"}, "children": {strings.Join(items, ",")}}
	default:
		if form, err = f.medium(ctx, f.part.Media[0]); err != nil {
			return nil, err
		}
	}
	if f.part.Text != "" {
		form.Set("text", f.part.Text)
	}
	if f.part.answers >= 0 {
		form.Set("reply_to_id", f.st.IDs[f.part.answers])
	} else if f.opts.TopicTag != "" {
		form.Set("topic_tag", strings.TrimPrefix(strings.TrimSpace(f.opts.TopicTag), "#"))
	}
	return form, nil
}

// item is the container of one item of a carousel.
func (f *flow) item(ctx context.Context, i int) (url.Values, error) {
	form, err := f.medium(ctx, f.part.Media[i])
	if err != nil {
		return nil, err
	}
	form.Set("is_carousel_item", "true")
	return form, nil
}

// medium holds a fresh address of a medium, and its description.
func (f *flow) medium(ctx context.Context, m platforms.Media) (url.Values, error) {
	form, fit, field := url.Values{"media_type": {"IMAGE"}}, imageLimits.Fit(), "image_url"
	if isVideo(m) {
		form, fit, field = url.Values{"media_type": {"VIDEO"}}, videoLimits.Fit(), "video_url"
	}
	address, err := f.Conn.Media.URL(ctx, m, fit)
	if err != nil {
		return nil, err
	}
	form.Set(field, address)
	if m.AltText != "" {
		form.Set("alt_text", m.AltText)
	}
	return form, nil
}

// search is Threads as the part at hand sees it: the API, the limit that it counts against, and which of the account's posts could be it.
type search struct {
	client
	f *flow
}

var _ containers.Far = search{}

// Limit reads the account's publishing limit: of posts, or of replies.
func (a search) Limit(ctx context.Context) (containers.Quota, error) {
	return a.quota(ctx, a.f.part.answers >= 0)
}

// Matches are the IDs of the account's posts, or replies, that could be the part.
func (a search) Matches(ctx context.Context, since time.Time) ([]string, error) {
	list, err := a.recent(ctx, a.f.part.answers >= 0, since)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, p := range list {
		if !p.Timestamp.Before(since) && a.f.isOurs(p) {
			ids = append(ids, p.ID)
		}
	}
	return ids, nil
}

// isOurs reports whether a post of the account could be the part at hand.
func (f *flow) isOurs(p post) bool {
	if slices.Contains(f.st.IDs, p.ID) {
		return false
	}
	if f.part.answers >= 0 && (p.RepliedTo == nil || p.RepliedTo.ID != f.st.IDs[f.part.answers]) {
		return false
	}
	want := map[string]string{kindText: "TEXT_POST", kindImage: "IMAGE", kindVideo: "VIDEO", kindCarousel: "CAROUSEL_ALBUM"}[f.Kind]
	if p.Type != want || (f.Kind == kindCarousel && p.Children != nil && len(p.Children.Data) != len(f.part.Media)) {
		return false
	}
	return meta.SameText(p.Text, f.part.Text)
}

// Delete removes a post with all that answers it of ours, the last first, so that the post itself is there until all is done.
func (Platform) Delete(ctx context.Context, c *platforms.Conn, x platforms.Existing) error {
	if x.Remote.ID == "" {
		return &platforms.Error{Kind: platforms.Rejected, Message: "the post was published under an ID that Threads did not show", Remediation: "Delete it in the Threads app."}
	}
	ids := []string{x.Remote.ID}
	var st state
	if json.Unmarshal(x.State.Data, &st) == nil && len(st.IDs) > 0 && st.IDs[0] == x.Remote.ID {
		ids = st.IDs
	}
	for _, id := range slices.Backward(ids) {
		err := newClient(c).Client.Delete(ctx, id, meta.NotNow)
		if err != nil && !gone(platforms.AsError(err)) {
			return meta.Spoken(err, version(c.App))
		}
	}
	return nil
}

// gone reports whether a deletion was refused because there is nothing to delete.
func gone(e *platforms.Error) bool { return meta.IsMissing(e) || e.Code == codeNoMedia }
