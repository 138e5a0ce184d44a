package youtube

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"posthorn/internal/platforms"
)

const (
	// clockSlack is how far our clock and YouTube's may be apart.
	clockSlack = 5 * time.Minute
	// lookAgain is how long after a look at the channel that did not show the video the next one comes; it doubles.
	lookAgain = 2 * time.Minute
	// maxLooks bounds them. After the last one the video is not there.
	maxLooks = 4
	// maxPages bounds one look; a page has 50 uploads.
	maxPages = 4
	// reviewWait is the pace of looking at what only a person can tell apart.
	reviewWait = 10 * time.Minute
)

// state is what a target remembers between two steps.
type state struct {
	Session   string    `json:"session,omitempty"` // the upload's address, sealed
	Slug      string    `json:"slug,omitempty"`    // the name that the file goes by
	Size      int64     `json:"size,omitempty"`
	MIME      string    `json:"mime,omitempty"`
	Sent      int64     `json:"sent,omitempty"`   // that YouTube is known to have
	Ending    bool      `json:"ending,omitempty"` // its last piece may have been sent
	Began     time.Time `json:"began,omitzero"`
	Restarts  int       `json:"restarts,omitempty"`
	GaveUp    time.Time `json:"gaveUp,omitzero"`
	Looks     int       `json:"looks,omitempty"` // at the channel, for a video whose upload is gone
	Short     bool      `json:"short,omitempty"`
	Privacy   string    `json:"privacy,omitempty"`   // that was asked for
	PublishAt time.Time `json:"publishAt,omitzero"`  // when it is to come about, at YouTube
	ID        string    `json:"id,omitempty"`        // of the video
	Uploaded  time.Time `json:"uploaded,omitzero"`   // when it became one
	Ready     bool      `json:"ready,omitempty"`     // it is processed
	Live      time.Time `json:"live,omitzero"`       // when it was seen to show as it should
	Thumbnail bool      `json:"thumbnail,omitempty"` // is set, or cannot be
	Tracks    int       `json:"tracks,omitempty"`    // of captions that are done
	Listed    bool      `json:"listed,omitempty"`
	Commented bool      `json:"commented,omitempty"`
	Checked   bool      `json:"checked,omitempty"`
	Look      bool      `json:"look,omitempty"`   // an earlier write was not seen: look once more before the next
	Writes    int       `json:"writes,omitempty"` // of the thing at hand whose answers were lost
	Faults    []string  `json:"faults,omitempty"` // what could not be done beside the video
}

// flow is one step being taken.
type flow struct {
	c     *platforms.Conn
	t     platforms.Task
	api   client
	opts  Options
	piece int64
	st    state
}

func (p Platform) begin(c *platforms.Conn, t platforms.Task) (*flow, error) {
	opts, err := platforms.OptionsOf[Options](platformName, t.Content)
	if err != nil {
		return nil, err
	}
	f := &flow{c: c, t: t, api: client{c}, opts: opts, piece: usualPiece}
	if p.Piece > 0 {
		f.piece = max(grain, p.Piece/grain*grain)
	}
	if err := t.State.Load(&f.st); err != nil {
		return nil, err
	}
	if len(t.Content.Media) == 0 && f.st.ID == "" {
		return nil, &platforms.Error{Kind: platforms.Rejected, Rule: platformName + "." + ruleChanged, Message: "the post has lost its video", Remediation: "Retry the post."}
	}
	return f, nil
}

func (f *flow) video() platforms.Media { return f.t.Content.Media[0] }

// step goes on to a step after a wait.
func (f *flow) step(name string, wait time.Duration, note string, args ...any) (platforms.Step, error) {
	next, err := platforms.Remember(name, f.st)
	if err != nil {
		return platforms.Step{}, err
	}
	return platforms.Step{State: next, Wait: wait, Note: fmt.Sprintf(note, args...), Done: f.remote()}, nil
}

// remote is what the public sees; nil while there is nothing.
func (f *flow) remote() *platforms.Remote {
	if f.st.Live.IsZero() {
		return nil
	}
	address := "https://www.youtube.com/watch?v="
	if f.st.Short {
		address = "https://www.youtube.com/shorts/"
	}
	return &platforms.Remote{ID: f.st.ID, URL: address + f.st.ID}
}

// confirm looks for a video whose upload YouTube does not know any more. It is sent anew only when it stayed out of the channel's list for a while: an
// upload that is gone takes no further byte, so nothing can be under way.
func (f *flow) confirm(ctx context.Context) (platforms.Step, error) {
	ids, err := f.matches(ctx)
	switch {
	case err != nil:
		return platforms.Step{}, platforms.Doubtful(err, f.t.InDoubt)
	case len(ids) == 1:
		return f.uploaded(ids[0])
	case len(ids) > 1:
		e := platforms.Errorf(platforms.Ambiguous, "several videos of the channel could be this one")
		e.Reset, e.Remediation = f.c.Now().Add(reviewWait), "Look at the channel in YouTube Studio before publishing this again."
		return platforms.Step{}, e
	}
	if f.st.Looks++; f.st.Looks >= maxLooks {
		return f.restart()
	}
	return f.step(stepConfirming, lookAgain<<(f.st.Looks-1), "the channel does not show the video; looking once more before it is sent again")
}

// matches are the IDs of the channel's videos that could be this one. The name of the file tells surely; where YouTube does not show it, it is what the
// page says, and the size.
func (f *flow) matches(ctx context.Context) ([]string, error) {
	list, err := f.recent(ctx)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var ids, sure []string
	for chunk := range slices.Chunk(list, 50) {
		found, err := f.api.videos(ctx, "snippet,status,fileDetails", chunk...)
		if err != nil {
			return nil, err
		}
		for _, v := range found {
			switch {
			case strings.TrimSuffix(v.File.Name, extension(v.File.Name)) == f.st.Slug:
				sure = append(sure, v.ID)
			case f.isOurs(v):
				ids = append(ids, v.ID)
			}
		}
	}
	if len(sure) > 0 {
		return sure, nil
	}
	return ids, nil
}

func extension(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[i:]
	}
	return ""
}

// recent are the channel's uploads since the upload began.
func (f *flow) recent(ctx context.Context) (ids []string, err error) {
	channel, err := f.api.mine(ctx, "contentDetails")
	if err != nil {
		return nil, err
	}
	if channel == nil || channel.Content.Lists.Uploads == "" {
		return nil, platforms.Errorf(platforms.Unavailable, "YouTube does not show the channel's uploads")
	}
	since := f.st.Began.Add(-clockSlack)
	page := ""
	for range maxPages {
		list, next, err := f.api.entries(ctx, channel.Content.Lists.Uploads, "", page)
		if err != nil {
			return nil, err
		}
		older := false
		for _, e := range list {
			if older = e.Snippet.PublishedAt.Before(since); !older {
				ids = append(ids, e.Content.VideoID)
			}
		}
		if page = next; page == "" || older {
			break
		}
	}
	return ids, nil
}

// isOurs reports whether a video could be this one by what is known of it. One that goes by the name of another upload of this server is not.
func (f *flow) isOurs(v video) bool {
	if strings.HasPrefix(v.File.Name, "posthorn-") || v.File.Size != "" && v.File.Size != fmt.Sprint(f.st.Size) {
		return false
	}
	return folded(v.text("title")) == folded(titleOf(f.t.Content, f.opts)) && folded(v.text("description")) == folded(f.t.Content.Text)
}

// folded makes texts comparable: composed letters and single spaces.
func folded(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }

// uploaded goes on once the file is a video.
func (f *flow) uploaded(id string) (platforms.Step, error) {
	f.st.ID, f.st.Uploaded, f.st.Session, f.st.Looks = id, f.c.Now(), "", 0
	return f.step(stepProcessing, firstPoll, "uploaded as %s", id)
}
