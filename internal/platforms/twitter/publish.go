package twitter

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/unsure"
)

// state is what a target remembers between two steps.
type state struct {
	unsure.Write        // of the part at hand
	Parts        []sent `json:"parts"`
	Restarts     int    `json:"restarts,omitempty"` // how often media had to be uploaded anew
}

// sent is what has been done for one post.
type sent struct {
	Media []file `json:"media,omitempty"`
	ID    string `json:"id,omitempty"` // set once it is written
}

// flow is one step being taken.
type flow struct {
	c     *platforms.Conn
	t     platforms.Task
	api   client
	opts  Options
	parts []platforms.Part
	st    state
}

func begin(c *platforms.Conn, t platforms.Task) (*flow, error) {
	opts, err := platforms.OptionsOf[Options](platformName, t.Content)
	if err != nil {
		return nil, err
	}
	f := &flow{c: c, t: t, api: client{c}, opts: opts, parts: opts.parts(t.Content)}
	if err := t.State.Load(&f.st); err != nil {
		return nil, err
	}
	if len(t.State.Data) == 0 {
		for _, p := range f.parts {
			f.st.Parts = append(f.st.Parts, sent{Media: make([]file, len(p.Media))})
		}
	}
	fits := len(f.st.Parts) == len(f.parts)
	for i := range f.parts {
		fits = fits && len(f.st.Parts[i].Media) == len(f.parts[i].Media)
	}
	if !fits {
		return nil, &platforms.Error{Kind: platforms.Rejected, Rule: platformName + "." + ruleChanged, Message: "the post was changed while it was published", Remediation: "Retry the post."}
	}
	return f, nil
}

// step goes on to a step after a wait.
func (f *flow) step(name string, wait time.Duration, note string, args ...any) (platforms.Step, error) {
	next, err := platforms.Remember(name, f.st)
	if err != nil {
		return platforms.Step{}, err
	}
	return platforms.Step{State: next, Wait: wait, Note: fmt.Sprintf(note, args...), Done: f.remote()}, nil
}

// at is the post to be written next; -1 when all are.
func (f *flow) at() int {
	return slices.IndexFunc(f.st.Parts, func(s sent) bool { return s.ID == "" })
}

// next goes on to what is to be done next. All media of a thread come first, so that it does not stop in its middle for one of them.
func (f *flow) next(note string) (platforms.Step, error) {
	for i := range f.st.Parts {
		for k := range f.st.Parts[i].Media {
			switch m := &f.st.Parts[i].Media[k]; {
			case f.st.Parts[i].ID != "":
			case m.State == fileSent:
				return f.step(stepProcessing, m.wait(), "%s", note)
			case m.State != fileDone:
				return f.step(stepUploading, 0, "%s", note)
			}
		}
	}
	if f.at() < 0 {
		return f.step("", 0, "%s", note)
	}
	f.st.Begin(f.c.Now())
	return f.step(stepWriting, 0, "%s", note)
}

// write writes the post at hand, or finds out whether an earlier call did.
func (f *flow) write(ctx context.Context) (platforms.Step, error) {
	if f.at() < 0 {
		return f.next("")
	}
	confirming := f.t.State.Step == stepConfirming
	if i, k := f.stale(); i >= 0 && !confirming && !f.t.InDoubt {
		f.st.Parts[i].Media[k] = file{}
		return f.next("the uploaded media is about to expire and is uploaded again")
	}
	return f.st.Take(ctx, f.c.Now(), f.t.InDoubt, unsure.Moves{Platform: Platform{}.Info(), Confirming: confirming, Look: f.look, Send: f.send, Live: f.live,
		Confirm: func(wait time.Duration, note string) (platforms.Step, error) {
			return f.step(stepConfirming, wait, "%s", note)
		}})
}

// send is the one call that makes a post visible.
func (f *flow) send(ctx context.Context) (platforms.Step, error) {
	i := f.at()
	id, err := f.api.create(ctx, f.newPost(i))
	if err == nil {
		return f.live(id)
	}
	e := *platforms.AsError(err)
	switch {
	case e.Code == codeMediaIDs && f.st.Restarts < maxRestarts:
		f.st.Restarts++
		f.st.Parts[i].Media = make([]file, len(f.parts[i].Media))
		return f.next("X does not know the uploaded media any more, which is uploaded again")
	case e.Code == codeDuplicate && f.st.Tried(): // an earlier write may be what it repeats
		if found, lookErr := f.look(ctx); lookErr == nil && found != "" {
			return f.live(found)
		}
		e.Kind, e.Reset = platforms.Ambiguous, f.c.Now().Add(unsure.SettleTime)
	}
	return platforms.Step{}, platforms.Answered(&e)
}

// live goes on once a post is there.
func (f *flow) live(id string) (platforms.Step, error) {
	i := f.at()
	f.st.Parts[i].ID = id
	note := "published as " + id
	if len(f.parts) > 1 {
		note = fmt.Sprintf("post %d of %d of the thread is %s", i+1, len(f.parts), id)
	}
	return f.next(note)
}

// remote is what the public sees; nil while there is nothing.
func (f *flow) remote() *platforms.Remote {
	if len(f.st.Parts) == 0 || f.st.Parts[0].ID == "" {
		return nil
	}
	id, who := f.st.Parts[0].ID, f.c.Account.Username
	if who == "" {
		who = "i/web"
	}
	return &platforms.Remote{ID: id, URL: "https://x.com/" + (&url.URL{Path: who}).EscapedPath() + "/status/" + id}
}

// parent is the post that a part answers; empty: none.
func (f *flow) parent(i int) string {
	if i > 0 {
		return f.st.Parts[i-1].ID
	}
	return idOf(f.opts.ReplyToTweetID)
}

// newPost is what is sent for a part. What goes for the whole thread is said of its first post.
func (f *flow) newPost(i int) newPost {
	p := newPost{Text: f.parts[i].Text, AI: f.opts.MadeWithAI, Paid: f.opts.PaidPartnership}
	if ids := f.mediaOf(i, func(m file) string { return m.ID }); len(ids) > 0 {
		p.Media = &newMedia{IDs: ids}
	}
	if to := f.parent(i); to != "" {
		p.Reply = &newReply{To: to}
	}
	if i > 0 {
		return p
	}
	p.Who, p.Quote = f.opts.ReplySettings, idOf(f.opts.QuoteTweetID)
	if poll := f.opts.Poll; poll != nil {
		p.Poll = &newPoll{Options: poll.Options, Minutes: poll.DurationMinutes}
	}
	return p
}

func (f *flow) mediaOf(i int, of func(file) string) (list []string) {
	for _, m := range f.st.Parts[i].Media {
		list = append(list, of(m))
	}
	return list
}

// look searches the account's posts for the one at hand; empty: it is not there. Of several the earliest is it.
func (f *flow) look(ctx context.Context) (id string, err error) {
	since := f.st.Since()
	list, err := f.api.recent(ctx, since)
	if err != nil {
		return "", err
	}
	var first time.Time
	for _, p := range list {
		if !p.CreatedAt.Before(since.Truncate(time.Second)) && f.isOurs(p) && (id == "" || p.CreatedAt.Before(first)) {
			id, first = p.ID, p.CreatedAt
		}
	}
	return id, nil
}

// isOurs reports whether a post of the account is the one at hand. Uploaded media has keys that no other post has; else it is the post that is
// answered, and the text.
func (f *flow) isOurs(p post) bool {
	i := f.at()
	if slices.ContainsFunc(f.st.Parts, func(s sent) bool { return s.ID == p.ID }) {
		return false
	}
	to := ""
	for _, r := range p.References {
		if r.Type == "replied_to" {
			to = r.ID
		}
	}
	if to != f.parent(i) {
		return false
	}
	if keys := f.mediaOf(i, func(m file) string { return m.Key }); len(keys) > 0 && !slices.Contains(keys, "") {
		return slices.Equal(keys, p.Attachments.MediaKeys)
	}
	hasPoll := i == 0 && f.opts.Poll != nil
	return hasPoll == (len(p.Attachments.PollIDs) > 0) && len(p.Attachments.MediaKeys) == len(f.parts[i].Media) && folded(p.plain()) == folded(f.parts[i].Text)
}

// plain is the post's text as it was sent: with the addresses that X shortened, without those that it added for media, and unescaped.
func (p post) plain() string {
	text := p.Text
	if p.Note.Text != "" {
		text = p.Note.Text
	}
	for _, u := range p.Entities.URLs {
		to := u.Expanded
		if strings.Contains(to, "/photo/") || strings.Contains(to, "/video/") {
			to = ""
		} else if u.Unwound != "" {
			to = u.Unwound
		}
		text = strings.Replace(text, u.URL, to, 1)
	}
	return html.UnescapeString(text)
}

// folded makes texts comparable: composed letters, single spaces, and addresses without what people leave out.
func folded(s string) string {
	fields := strings.Fields(norm.NFC.String(s))
	for i, word := range fields {
		word = strings.TrimPrefix(strings.TrimPrefix(word, "https://"), "http://")
		fields[i] = strings.TrimSuffix(word, "/")
	}
	return strings.Join(fields, " ")
}

// remove deletes a post and the rest of its thread.
func remove(ctx context.Context, a client, x platforms.Existing) error {
	ids := []string{x.Remote.ID}
	var st state
	if json.Unmarshal(x.State.Data, &st) == nil && len(st.Parts) > 0 && st.Parts[0].ID == x.Remote.ID {
		for _, p := range st.Parts[1:] {
			if p.ID != "" {
				ids = append(ids, p.ID)
			}
		}
	}
	for _, id := range slices.Backward(ids) {
		if err := a.delete(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
