// Package bluesky publishes to Bluesky: it writes app.bsky.feed.post records into the repository that each account keeps at its own
// host (PDS), as the AT Protocol lays down.
package bluesky

import (
	"context"
	"encoding/json"
	"strings"

	"posthorn/internal/platforms"
)

// The steps of a post. Only a written record can be seen; blobs that no record names are private and soon collected.
const (
	stepPrepare = ""
	stepUpload  = "uploading"
	stepProcess = "processing" // the video service is at work
	stepWrite   = "writing"
)

// Platform is Bluesky.
type Platform struct{}

var _ platforms.Platform = Platform{}

// Info describes Bluesky.
func (Platform) Info() platforms.Info {
	return platforms.Info{
		Name:     platformName,
		Title:    "Bluesky",
		Visible:  []string{stepWrite},
		Uploads:  []string{stepUpload},
		Rules:    rules,
		Budgets:  budgets,
		Options:  Options{},
		Docs:     docs,
		RuleDocs: ruleDocs,
	}
}

// Publish takes the next step of one target: find the account's host and fix what will be written, upload each blob, write each
// record. Every step may be repeated: the record keys are chosen at the first one, and a record is written only where there is none.
func (Platform) Publish(ctx context.Context, c *platforms.Conn, t platforms.Task) (platforms.Step, error) {
	if t.State.Step == stepPrepare {
		return prepare(ctx, c, t.Content)
	}
	p, err := loadPlan(t)
	if err != nil {
		return platforms.Step{}, err
	}
	switch t.State.Step {
	case stepUpload:
		return p.upload(ctx, c)
	case stepProcess:
		return p.process(ctx, c)
	case stepWrite:
		return p.write(ctx, c, t.InDoubt)
	}
	return platforms.Step{}, platforms.Errorf(platforms.Rejected, "the stored step %q is not one of Bluesky's", t.State.Step)
}

// prepare makes the plan. It is the only step that looks at the text.
func prepare(ctx context.Context, c *platforms.Conn, content platforms.Content) (platforms.Step, error) {
	opts, problems := platforms.DecodeOptions[Options](content.Options)
	if len(problems) > 0 {
		return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Rule: platformName + "." + problems[0].Rule, Field: problems[0].Field, Message: problems[0].Message, Remediation: problems[0].Remediation}
	}
	pds, err := findPDS(ctx, c)
	if err != nil {
		return platforms.Step{}, err
	}
	p := &plan{PDS: pds, Langs: opts.langs(), Thread: len(opts.ThreadItems) > 0}
	posts := opts.posts(content)
	keys := newTIDs(c.Now(), len(posts))
	for i, post := range posts {
		text := strings.ToValidUTF8(post.Text, "\ufffd") // as JSON would make it, before offsets are counted
		p.Posts = append(p.Posts, entry{Key: keys[i], CreatedAt: createdAt(c.Now(), i), Text: text, media: post.Media})
	}
	plain, err := p.addFacets(ctx, c)
	if err != nil {
		return platforms.Step{}, err
	}
	var notes []string
	if len(plain) > 0 {
		notes = append(notes, "plain text, as nobody has that handle: @"+strings.Join(plain, ", @"))
	}
	if p.Thread && len(content.Media) > 0 {
		notes = append(notes, "the media of the post itself are not part of the thread")
	}
	return p.step(p.afterUploads(), strings.Join(notes, "; "))
}

// plan is what one post, or each post of a thread, needs to be written: chosen once, and the same at every repeat.
type plan struct {
	PDS      string   `json:"pds"`
	Langs    []string `json:"langs,omitempty"`
	Thread   bool     `json:"thread,omitempty"` // whether the posts come from the options
	Posts    []entry  `json:"posts"`
	Restarts int      `json:"restarts,omitempty"` // how often blobs had to be uploaded anew
}

// entry is one record of the plan, with what has been done for it so far.
type entry struct {
	Key       string  `json:"rkey"`
	CreatedAt string  `json:"createdAt"`
	Text      string  `json:"text"`
	Facets    []facet `json:"facets,omitempty"`
	Images    []image `json:"images,omitempty"`
	Video     *video  `json:"video,omitempty"`
	Card      *card   `json:"card,omitempty"`
	URI       string  `json:"uri,omitempty"` // set once it is written
	CID       string  `json:"cid,omitempty"`

	media []platforms.Media // from the content: addresses of media may be signed, and the state holds no secrets
}

// loadPlan reads the plan back and joins it to the media of the content.
func loadPlan(t platforms.Task) (*plan, error) {
	var p plan
	if err := json.Unmarshal(t.State.Data, &p); err != nil {
		return nil, &platforms.Error{Kind: platforms.Rejected, Message: "the stored state of this post cannot be read", Err: err}
	}
	opts, _ := platforms.DecodeOptions[Options](t.Content.Options)
	posts := opts.posts(t.Content)
	changed := platforms.Errorf(platforms.Rejected, "the post was changed after its publishing began")
	if len(p.Posts) == 0 || len(posts) != len(p.Posts) {
		return nil, changed
	}
	for i := range p.Posts {
		e := &p.Posts[i]
		e.media = posts[i].Media
		if len(e.Images) > len(e.media) || (e.Video != nil && len(e.media) == 0) {
			return nil, changed
		}
	}
	return &p, nil
}

// step saves the plan and names what comes after.
func (p *plan) step(next, note string) (platforms.Step, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Message: "the state of this post cannot be stored", Err: err}
	}
	return platforms.Step{State: platforms.State{Step: next, Data: data}, Note: note}, nil
}
