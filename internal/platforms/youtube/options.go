package youtube

import (
	"cmp"
	"strings"
	"time"

	"posthorn/internal/platforms"
)

// Options are what a target may say for YouTube alone [platformSpecificData]. The content is the video's description, its tags are the post's, and its
// thumbnail is that of the media item.
type Options struct {
	Title                  string    `json:"title,omitempty"`                  // at most 100 characters; empty: the post's title, else the first line of its content
	Visibility             string    `json:"visibility,omitempty"`             // "public", "unlisted" or "private"; empty: public, or private until publishAt
	PublishAt              string    `json:"publishAt,omitempty"`              // when YouTube itself makes the video public, as 2026-12-01T09:00:00Z; it is uploaded before
	MadeForKids            bool      `json:"madeForKids,omitempty"`            // the law of some countries wants it told; such a video has no comments
	ContainsSyntheticMedia bool      `json:"containsSyntheticMedia,omitempty"` // made or changed by AI, and could be taken for real
	CategoryID             string    `json:"categoryId,omitempty"`             // YouTube's number of a category; empty: 22, people and blogs
	PlaylistID             string    `json:"playlistId,omitempty"`             // a playlist of the channel to put the video into
	FirstComment           string    `json:"firstComment,omitempty"`           // by the channel, at most 10,000 characters
	NotifySubscribers      *bool     `json:"notifySubscribers,omitempty"`      // missing: true
	Captions               []Caption `json:"captions,omitempty"`               // at most 10 tracks
}

// Caption is a track of captions.
type Caption struct {
	Language string `json:"language"`       // as "en" or "pt-BR"
	Name     string `json:"name,omitempty"` // shown beside the language, at most 150 characters
	Content  string `json:"content"`        // the track itself, as SubRip (.srt) or WebVTT (.vtt)
}

const (
	public   = "public"
	unlisted = "unlisted"
	private  = "private"

	usualCategory = "22"
)

func (o Options) category() string { return cmp.Or(o.CategoryID, usualCategory) }

// at is when YouTube is to make the video public; zero: at once.
func (o Options) at() time.Time {
	t, err := time.Parse(time.RFC3339, o.PublishAt)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// privacy is what the video is to be in the end.
func (o Options) privacy() string { return cmp.Or(o.Visibility, public) }

// titleOf is the video's title. One that is taken from the text is cut to what YouTube takes.
func titleOf(c platforms.Content, o Options) string {
	if given := strings.TrimSpace(cmp.Or(o.Title, c.Title)); given != "" {
		return given
	}
	candidates := strings.Split(c.Text, "\n")
	for _, m := range c.Media {
		candidates = append(candidates, m.Title)
	}
	for _, line := range candidates {
		if line = strings.TrimSpace(strings.NewReplacer("<", "", ">", "").Replace(line)); line == "" {
			continue
		}
		if r := []rune(line); len(r) > maxTitle {
			return strings.TrimSpace(string(r[:maxTitle-1])) + "…"
		}
		return line
	}
	return ""
}

// shortSeconds is how long a Short may be. https://support.google.com/youtube/answer/15424877
const shortSeconds = 180

// isShort reports whether YouTube makes the video a Short by itself: it is not wider than high, and short.
func isShort(m platforms.Media) bool {
	return m.Width > 0 && m.Height >= m.Width && m.Duration > 0 && m.Duration <= shortSeconds*time.Second
}
