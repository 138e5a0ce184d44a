package tiktok

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"posthorn/internal/platforms"
)

const (
	// maxProcessing is how long TikTok's answer is waited for. It takes minutes as a rule.
	maxProcessing = 6 * time.Hour
	// maxResolving is how long the address of a post is waited for that is out. TikTok tells it when it has looked at the post.
	maxResolving = 24 * time.Hour
	// maxRestarts bounds how often a post is begun anew.
	maxRestarts = 3
	// forgotten is how long TikTok must not have known of a post, and not have shown it, before a retry begins it anew.
	forgotten = 24 * time.Hour
	// clockSlack is how far our clock and TikTok's may be apart.
	clockSlack = time.Minute
)

// state is what a target remembers between two steps. The address to send a video to is good for an hour, for this one video, and sealed.
type state struct {
	PublishID string    `json:"publishId,omitempty"`
	Gate      string    `json:"gate,omitempty"` // opens the media that TikTok reads; see platforms.Gate
	Upload    string    `json:"upload,omitempty"`
	Size      int64     `json:"size,omitempty"`
	Piece     int64     `json:"piece,omitempty"`
	Pieces    int       `json:"pieces,omitempty"`
	Sent      int       `json:"sent,omitempty"`   // pieces that TikTok has
	Began     time.Time `json:"began,omitzero"`   // just before TikTok was told
	Risked    bool      `json:"risked,omitempty"` // the last piece was sent once, and its answer lost
	Since     time.Time `json:"since,omitzero"`   // when the waiting at hand began
	Looks     int       `json:"looks,omitempty"`  // since then
	Username  string    `json:"username,omitempty"`
	Out       bool      `json:"out,omitempty"` // it is published, or in the creator's inbox
	PostID    string    `json:"postId,omitempty"`
	Refused   string    `json:"refused,omitempty"` // why TikTok did not publish it
	Restarts  int       `json:"restarts,omitempty"`
}

// flow is one step being taken.
type flow struct {
	c      *platforms.Conn
	t      platforms.Task
	api    client
	opts   Options
	photos bool
	st     state
}

func begin(c *platforms.Conn, t platforms.Task) (*flow, error) {
	opts, err := platforms.OptionsOf[Options](platformName, t.Content)
	if err != nil {
		return nil, err
	}
	if len(t.Content.Media) == 0 {
		return nil, &platforms.Error{Kind: platforms.Rejected, Field: "mediaItems", Message: "a post on TikTok has a video or photos, and this has none", Remediation: "Attach media."}
	}
	f := &flow{c: c, t: t, api: client{c}, opts: opts, photos: kindOf(t.Content) == kindImages}
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
	return platforms.Step{State: next, Wait: wait, Note: fmt.Sprintf(note, args...), Done: f.remote()}, nil
}

// remote is what is out; nil while nothing is. Until TikTok tells the post's ID, and for a post that not everybody sees, it is known by what TikTok
// calls its publishing.
func (f *flow) remote() *platforms.Remote {
	switch {
	case !f.st.Out:
		return nil
	case f.st.PostID == "":
		return &platforms.Remote{ID: f.st.PublishID}
	}
	kind := "video"
	if f.photos {
		kind = "photo"
	}
	return &platforms.Remote{ID: f.st.PostID, URL: "https://www.tiktok.com/@" + url.PathEscape(f.st.Username) + "/" + kind + "/" + url.PathEscape(f.st.PostID)}
}

// start asks what the creator may do, and tells TikTok of the post. Nothing can be seen of it yet, so that the step may be repeated: what TikTok was told
// before stays without media, and ends by itself.
func (f *flow) start(ctx context.Context) (platforms.Step, error) {
	f.st = state{Restarts: f.st.Restarts, Username: f.c.Account.Username}
	var may creator
	if !f.opts.Draft {
		var err error
		if may, err = f.api.creator(ctx); err != nil {
			return platforms.Step{}, err
		}
		if err := f.offered(may); err != nil {
			return platforms.Step{}, err
		}
		if may.Username != "" {
			f.st.Username = may.Username
		}
	}
	f.st.Began = f.c.Now()
	switch {
	case f.photos:
		return f.startPhotos(ctx, may)
	case f.c.App.Pull:
		return f.startReading(ctx, may)
	}
	return f.startSending(ctx, may)
}

// offered holds the post to what TikTok lets the creator do now.
func (f *flow) offered(may creator) error {
	if slices.Contains(may.Privacy, string(f.opts.PrivacyLevel)) {
		return nil
	}
	row := table[codePrivacy]
	return &platforms.Error{Kind: row.kind, Category: row.category, Code: codePrivacy, Rule: platformName + ".error." + codePrivacy, Field: "platformSpecificData.privacyLevel",
		Message: fmt.Sprintf("TikTok does not offer this creator the privacy level %s now, but %s", f.opts.PrivacyLevel, strings.Join(may.Privacy, ", ")), Remediation: row.remedy}
}

func is(b bool) *bool { return &b }

// info is what is said of the post. What the creator has switched off stays so, whatever the post asks for.
func (f *flow) info(may creator) postInfo {
	o := f.opts
	branded, organic := o.disclosures()
	p := postInfo{Privacy: string(o.PrivacyLevel), NoComment: is(!allowed(o.AllowComment) || may.NoComment), Branded: &branded, Organic: &organic}
	if f.photos {
		p.Title, p.Description, p.Music = titleOf(f.t.Content.Text), o.Description, is(o.AutoAddMusic)
		if p.Description == "" && p.Title != f.t.Content.Text {
			p.Description = f.t.Content.Text
		}
		return p
	}
	cover := defaultCover
	if o.VideoCoverTimestampMs != nil {
		cover = *o.VideoCoverTimestampMs
	}
	p.Title, p.CoverAt, p.AI = f.t.Content.Text, &cover, o.VideoMadeWithAI
	p.NoDuet, p.NoStitch = is(!allowed(o.AllowDuet) || may.NoDuet), is(!allowed(o.AllowStitch) || may.NoStitch)
	return p
}

// titleOf is as much of a text as a photo post's title takes: whole words, counted in UTF-16.
func titleOf(text string) string {
	if platforms.UTF16Units.Of(text) <= maxTitle {
		return text
	}
	n, end := 0, 0
	for i, r := range text {
		if n += utf16.RuneLen(r); n > maxTitle-1 { // one for the sign that says that there is more
			break
		}
		end = i + len(string(r))
	}
	if space := strings.LastIndexAny(text[:end], " \t\n"); space > 0 {
		end = space
	}
	return strings.TrimSpace(text[:end]) + "…"
}

// startPhotos tells TikTok of a photo post. It reads the photos from this server, once the state that names the gate is stored.
func (f *flow) startPhotos(ctx context.Context, may creator) (platforms.Step, error) {
	f.st.Gate = rand.Text()
	cover := f.opts.PhotoCoverIndex
	from := source{Source: byReading, Cover: &cover}
	for _, m := range f.t.Content.Media {
		address, err := f.c.GatedURL(ctx, m, imageLimits.Fit(), platforms.Gate{TargetID: f.t.ID, Key: f.st.Gate})
		if err != nil {
			return platforms.Step{}, err
		}
		from.Photos = append(from.Photos, address)
	}
	body := struct {
		Info   postInfo `json:"post_info"`
		Source source   `json:"source_info"`
		Mode   string   `json:"post_mode"`
		Type   string   `json:"media_type"`
		AI     bool     `json:"is_aigc,omitempty"` // of a photo post it stands here
	}{Info: f.info(may), Source: from, Mode: "DIRECT_POST", Type: "PHOTO", AI: f.opts.VideoMadeWithAI}
	if f.opts.Draft {
		body.Mode, body.AI = "MEDIA_UPLOAD", false
		body.Info = postInfo{Title: body.Info.Title, Description: body.Info.Description}
	}
	return f.reading(post[begun](ctx, f.api, pathPhotos, nil, body))
}

// startReading tells TikTok of a video that it reads from this server.
func (f *flow) startReading(ctx context.Context, may creator) (platforms.Step, error) {
	f.st.Gate = rand.Text()
	address, err := f.c.GatedURL(ctx, f.t.Content.Media[0], videoLimits.Fit(), platforms.Gate{TargetID: f.t.ID, Key: f.st.Gate})
	if err != nil {
		return platforms.Step{}, err
	}
	return f.reading(f.tellOfVideo(ctx, may, source{Source: byReading, Video: address}))
}

func (f *flow) reading(b begun, err error) (platforms.Step, error) {
	if err == nil {
		err = f.name(b)
	}
	if err != nil {
		return platforms.Step{}, err
	}
	return f.wait(stepProcessing, "TikTok may read the media: "+b.ID)
}

// tellOfVideo begins a video, or a draft of one, of which TikTok keeps nothing but the video.
func (f *flow) tellOfVideo(ctx context.Context, may creator, from source) (begun, error) {
	if f.opts.Draft {
		return post[begun](ctx, f.api, pathDraft, nil, map[string]any{"source_info": from})
	}
	return post[begun](ctx, f.api, pathVideo, nil, map[string]any{"post_info": f.info(may), "source_info": from})
}

func (f *flow) name(b begun) error {
	if b.ID == "" {
		return platforms.Errorf(platforms.Unavailable, "TikTok's answer does not name the post")
	}
	f.st.PublishID = b.ID
	return nil
}

// restart begins the post anew, once nothing can come of what TikTok was told before.
func (f *flow) restart(wait time.Duration, why string) (platforms.Step, error) {
	if f.st.Restarts >= maxRestarts {
		f.st.Refused = codeGaveUp
		return f.step(stepRefused, 0, "%s; giving up", why)
	}
	f.st = state{Restarts: f.st.Restarts + 1}
	return f.step("", wait, "%s; beginning anew", why)
}
