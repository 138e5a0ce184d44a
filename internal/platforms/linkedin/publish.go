package linkedin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/unsure"
)

const (
	// window is how long LinkedIn surely refuses the same post again; it is about ten minutes from the first write, and a call takes its time.
	window = 8 * time.Minute
	// stale is how old the beginning of a write may be that nothing came of: the window counts from it.
	stale = time.Minute
)

// state is what a target remembers between two steps.
type state struct {
	unsure.Write
	Assets   []asset      `json:"assets,omitempty"`   // the uploads, in the order of the media
	Card     *card        `json:"card,omitempty"`     // of the first link; nil: not looked for yet
	Blind    bool         `json:"blind,omitempty"`    // the login may not ask how far an upload is
	Restarts int          `json:"restarts,omitempty"` // how often media had to be uploaded anew
	Refused  string       `json:"refused,omitempty"`  // as a duplicate of another post
	URN      string       `json:"urn,omitempty"`      // set once the post is written
	At       time.Time    `json:"at,omitzero"`        // when that was
	Comment  unsure.Write `json:"comment,omitzero"`
}

// flow is one step being taken.
type flow struct {
	c      *platforms.Conn
	t      platforms.Task
	api    client
	opts   Options
	kind   string
	author string
	st     state
}

func begin(c *platforms.Conn, t platforms.Task) (*flow, error) {
	opts, err := platforms.OptionsOf[Options](platformName, t.Content)
	if err != nil {
		return nil, err
	}
	f := &flow{c: c, t: t, opts: opts, kind: kindOf(t.Content), author: c.Account.RemoteID}
	if opts.OrganizationURN != "" {
		f.author = opts.OrganizationURN
	}
	if opts.restricted() && !f.page() {
		return nil, outsider()
	}
	f.api = client{c, f.page() && slices.Contains(c.Token.Scopes, scopePages)}
	if err := t.State.Load(&f.st); err != nil {
		return nil, err
	}
	if len(t.State.Data) == 0 {
		f.st.Assets = make([]asset, len(t.Content.Media))
	}
	if len(f.st.Assets) != len(f.files()) {
		return nil, &platforms.Error{Kind: platforms.Rejected, Rule: platformName + "." + ruleChanged, Message: "the post was changed while it was published", Remediation: "Retry the post."}
	}
	return f, nil
}

// page tells whether the author is a page, and not a member.
func (f *flow) page() bool { return strings.HasPrefix(f.author, "urn:li:organization:") }

// files are what is uploaded: the media, or the picture of the link's card.
func (f *flow) files() []platforms.Media {
	if len(f.t.Content.Media) == 0 && f.st.Card != nil && f.st.Card.Image != "" {
		return []platforms.Media{{Type: platforms.Image, URL: f.st.Card.Image}}
	}
	return f.t.Content.Media
}

// step goes on to a step after a wait.
func (f *flow) step(name string, wait time.Duration, note string) (platforms.Step, error) {
	next, err := platforms.Remember(name, f.st)
	if err != nil {
		return platforms.Step{}, err
	}
	return platforms.Step{State: next, Wait: wait, Note: note, Done: f.remote()}, nil
}

// remote is what the public sees; nil while there is nothing.
func (f *flow) remote() *platforms.Remote {
	if f.st.URN == "" {
		return nil
	}
	return &platforms.Remote{ID: f.st.URN, URL: "https://www.linkedin.com/feed/update/" + f.st.URN + "/"}
}

// next goes on to what is to be done next.
func (f *flow) next(note string) (platforms.Step, error) {
	if f.st.URN != "" {
		if f.opts.FirstComment == "" {
			return f.step("", 0, note)
		}
		f.st.Comment.Begin(f.c.Now())
		return f.step(stepCommenting, commentAfter, note)
	}
	if f.wantsCard() {
		return f.step(stepPreviewing, 0, note)
	}
	if slices.ContainsFunc(f.st.Assets, func(a asset) bool { return a.State == assetNone || a.State == assetOpen }) {
		return f.step(stepUploading, 0, note)
	}
	if slices.ContainsFunc(f.st.Assets, func(a asset) bool { return a.State == assetSent }) {
		return f.step(stepProcessing, pollFirst, note)
	}
	f.st.Begin(f.c.Now())
	return f.step(stepWriting, 0, note)
}

// write writes the post, or finds out whether an earlier call did.
func (f *flow) write(ctx context.Context) (platforms.Step, error) {
	confirming := f.t.State.Step == stepConfirming
	if !confirming && !f.t.InDoubt && f.c.Now().Sub(f.st.Began) > stale { // it waited for a limit: nothing was written since it began
		f.st.Begin(f.c.Now())
		return f.step(stepWriting, 0, "")
	}
	blind := !f.page() && !slices.Contains(f.c.Token.Scopes, scopeReadMember)
	if blind && (confirming || f.t.InDoubt) {
		return f.probe(ctx)
	}
	s, err := f.st.Take(ctx, f.c.Now(), f.t.InDoubt, unsure.Moves{
		Platform: Platform{}.Info(), Confirming: confirming, Send: f.send, Live: f.live,
		Look: func(ctx context.Context) (urn string, err error) {
			urn, err = f.look(ctx)
			blind = denied(err)
			return urn, err
		},
		Confirm: func(wait time.Duration, note string) (platforms.Step, error) {
			return f.step(stepConfirming, wait, note)
		},
	})
	if err != nil && blind && (confirming || f.t.InDoubt) {
		return f.probe(ctx)
	}
	return s, err
}

// probe is for logins that may not list their own posts. LinkedIn refuses the same text again for some minutes and names the post that is there already,
// so that a text, or an article, can be sent again within them. Of no other kind is that known; and later nobody can know.
func (f *flow) probe(ctx context.Context) (platforms.Step, error) {
	switch {
	case !f.t.InDoubt: // an earlier write stands unexplained all the same
		return platforms.Step{}, platforms.Errorf(platforms.Ambiguous, "LinkedIn does not let this login look for the post")
	case f.kind == kindText && f.c.Now().Before(f.st.Began.Add(window)):
		return f.send(ctx)
	}
	return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError, Rule: platformName + "." + platforms.Unconfirmed,
		Message:     "LinkedIn's answer was lost, and LinkedIn lets this login look neither for the post nor at it",
		Remediation: "Look at the account on LinkedIn. If the post is not there, delete it here and create it again."}
}

func denied(err error) bool {
	e := platforms.AsError(err)
	return e != nil && e.Code == codeDenied
}

// send is the one call that makes the post visible. What is sent is the same each time.
func (f *flow) send(ctx context.Context) (platforms.Step, error) {
	urn, known, err := f.api.create(ctx, f.newPost())
	if err == nil {
		return f.live(urn)
	}
	e := *platforms.AsError(err)
	switch {
	case known && !f.page() && f.kind != kindText:
		return f.nameless()
	case e.Code == codeDuplicate && (f.t.InDoubt || f.st.Tried()):
		return f.repeated(&e)
	case e.Code == codeUnready && f.late():
		e.Kind, e.Rule, e.Remediation = platforms.Rejected, platformName+"."+ruleProcessing, adviceMedia
	case slices.Contains(gone, e.Code) && len(f.st.Assets) > 0 && !f.t.InDoubt && f.st.Restarts < maxRestarts:
		return f.restart()
	}
	return platforms.Step{}, platforms.Answered(&e)
}

// nameless ends a post that LinkedIn took, but did not name, and that nobody may look for.
func (f *flow) nameless() (platforms.Step, error) {
	note := "published, under an ID that LinkedIn did not tell"
	if f.opts.FirstComment != "" {
		note += "; so its first comment was left out"
	}
	return platforms.Step{Done: &platforms.Remote{}, Note: note}, nil
}

// repeated reads a refusal as a duplicate, after an earlier write that may have happened: it is the proof that it did, if the post that it names was
// made since. An older one had the first write refused as well.
func (f *flow) repeated(e *platforms.Error) (platforms.Step, error) {
	urn, at := original(e)
	switch {
	case urn == "" && f.page():
		e.Kind, e.Reset = platforms.Ambiguous, f.c.Now().Add(unsure.SettleTime)
	case urn == "":
	case at.Before(f.st.Since()):
		f.st.Refused = e.Message
		return f.step(stepRefused, 0, "LinkedIn has an older post that is the same")
	default:
		return f.live(urn)
	}
	return platforms.Step{}, e
}

// refuse ends a post of which there is another one. It is a step of its own, which nobody sees, since now there is no doubt any more.
func (f *flow) refuse() error {
	m := table[codeDuplicate]
	return &platforms.Error{Kind: m.kind, Category: m.category, Code: codeDuplicate, Message: f.st.Refused, Remediation: m.remedy, Rule: platformName + "." + ruleOf(codeDuplicate)}
}

// live goes on once the post is there.
func (f *flow) live(urn string) (platforms.Step, error) {
	f.st = state{URN: urn, At: f.c.Now()}
	f.st.Assets = make([]asset, len(f.t.Content.Media)) // as many as there are files, see begin
	return f.next(fmt.Sprintf("published as %s", urn))
}

// newPost is what is sent.
func (f *flow) newPost() post {
	p := post{Author: f.author, Commentary: littleText(f.t.Content.Text), Visibility: "PUBLIC", State: "PUBLISHED",
		Distribution: &distribution{Feed: "MAIN_FEED", Targets: f.opts.targeting(), Channels: []string{}}}
	if p.Distribution.Targets == nil {
		p.Distribution.Targets = []targeting{}
	}
	switch f.kind {
	case kindReshare:
		p.Reshare = &reshare{Parent: parentOf(f.opts.ReshareURL)}
	case kindPoll:
		poll := &pollField{Question: f.opts.Poll.Question}
		for _, o := range f.opts.Poll.Options {
			poll.Options = append(poll.Options, pollOption{o})
		}
		poll.Settings.Duration = f.opts.Poll.lasts()
		p.Content = &content{Poll: poll}
	case kindText:
		if card := f.st.Card; card != nil && card.Title != "" {
			a := &article{Source: card.Source, Title: card.Title, Description: card.Description}
			if card.Image != "" {
				a.Thumbnail = f.st.Assets[0].URN
			}
			p.Content = &content{Article: a}
		}
	default:
		p.Content = f.media()
	}
	return p
}

// media are the uploads as a post refers to them.
func (f *flow) media() *content {
	m, urn := f.t.Content.Media[0], f.st.Assets[0].URN
	switch {
	case f.kind == kindVideo:
		return &content{Media: &medium{ID: urn, Title: m.Title}}
	case f.kind == kindDocument:
		return &content{Media: &medium{ID: urn, Title: f.opts.titleOf(m)}}
	case len(f.st.Assets) == 1:
		return &content{Media: &medium{ID: urn, Alt: m.AltText}}
	}
	images := &many{}
	for i, a := range f.st.Assets {
		images.Images = append(images.Images, medium{ID: a.URN, Alt: f.t.Content.Media[i].AltText})
	}
	return &content{Images: images}
}

// look searches the author's posts for the one at hand; empty: it is not there. Of several the earliest is it.
func (f *flow) look(ctx context.Context) (urn string, err error) {
	list, err := f.api.recent(ctx, f.author)
	if err != nil {
		return "", err
	}
	since, mine, first := f.st.Since().UnixMilli(), f.newPost(), int64(0)
	for _, p := range list {
		if p.CreatedAt >= since && same(p, mine) && (urn == "" || p.CreatedAt < first) {
			urn, first = p.ID, p.CreatedAt
		}
	}
	return urn, nil
}

// same reports whether a post that LinkedIn lists is the one that was sent. Each upload has a URN that no other post has; else it is the text, and what
// is asked or reshared.
func same(listed, sent post) bool {
	if listed.Author != sent.Author {
		return false
	}
	a, b := listed.references(), sent.references()
	if !slices.Equal(a, b) {
		return false
	}
	return len(b) > 0 && strings.HasPrefix(b[0], "upload ") || plain(listed.Commentary) == plain(sent.Commentary)
}

// references are what a post holds beside its text: its uploads, or else what can be told apart of the rest.
func (p post) references() (list []string) {
	if p.Reshare != nil {
		list = append(list, "reshare of "+p.Reshare.Parent)
	}
	c := p.Content
	switch {
	case c == nil:
	case c.Media != nil:
		list = append(list, "upload "+c.Media.ID)
	case c.Images != nil:
		for _, m := range c.Images.Images {
			list = append(list, "upload "+m.ID)
		}
	case c.Article != nil && c.Article.Thumbnail != "":
		list = append(list, "upload "+c.Article.Thumbnail)
	case c.Article != nil:
		list = append(list, "article")
	case c.Poll != nil:
		list = append(list, "poll "+plain(c.Poll.Question))
	}
	return list
}
