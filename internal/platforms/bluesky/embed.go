package bluesky

import (
	"context"
	"encoding/json"
	"fmt"

	"posthorn/internal/platforms"
)

// image is an uploaded picture.
type image struct {
	Blob   json.RawMessage `json:"blob"`
	Width  int             `json:"width,omitempty"`
	Height int             `json:"height,omitempty"`
}

// card is what a linked page says of itself. No server makes it: the publisher does. An empty one means that there is none.
type card struct {
	URI         string          `json:"uri,omitempty"`
	Title       string          `json:"title,omitempty"`
	Description string          `json:"description,omitempty"`
	Thumb       json.RawMessage `json:"thumb,omitempty"`
}

// aspectRatio is the shape of a picture, which the app uses to make room for it.
type aspectRatio struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

func ratio(width, height int) *aspectRatio {
	if width < 1 || height < 1 {
		return nil
	}
	return &aspectRatio{width, height}
}

type imagesEmbed struct {
	Type   string       `json:"$type"`
	Images []imageEmbed `json:"images"`
}

type imageEmbed struct {
	Image       json.RawMessage `json:"image"`
	Alt         string          `json:"alt"` // required, may be empty
	AspectRatio *aspectRatio    `json:"aspectRatio,omitempty"`
}

type videoEmbed struct {
	Type        string          `json:"$type"`
	Video       json.RawMessage `json:"video"`
	Alt         string          `json:"alt,omitempty"`
	AspectRatio *aspectRatio    `json:"aspectRatio,omitempty"`
}

type externalEmbed struct {
	Type     string   `json:"$type"`
	External external `json:"external"`
}

type external struct {
	URI         string          `json:"uri"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Thumb       json.RawMessage `json:"thumb,omitempty"`
}

// embed is what a post carries beside its text; nil when it is nothing.
func (e entry) embed() any {
	switch {
	case e.Video != nil:
		return videoEmbed{Type: "app.bsky.embed.video", Video: e.Video.Blob, Alt: e.media[0].AltText, AspectRatio: ratio(e.Video.Width, e.Video.Height)}
	case len(e.Images) > 0:
		embed := imagesEmbed{Type: "app.bsky.embed.images"}
		for i, img := range e.Images {
			embed.Images = append(embed.Images, imageEmbed{Image: img.Blob, Alt: e.media[i].AltText, AspectRatio: ratio(img.Width, img.Height)})
		}
		return embed
	case e.Card != nil && e.Card.URI != "":
		return externalEmbed{Type: "app.bsky.embed.external", External: external(*e.Card)}
	}
	return nil
}

// forgetBlobs makes the entry's media be uploaded again.
func (e *entry) forgetBlobs() { e.Images, e.Video, e.Card = nil, nil, nil }

// link is the address that the post's card shows: the first link, where there is no media.
func (e entry) link() string {
	if len(e.media) > 0 {
		return ""
	}
	for _, f := range e.Facets {
		for _, is := range f.Features {
			if is.Type == typeLink {
				return is.URI
			}
		}
	}
	return ""
}

// nextUpload is the first entry that still lacks a blob or a card; nil when all is there.
func (p *plan) nextUpload() *entry {
	for i := range p.Posts {
		e := &p.Posts[i]
		switch {
		case e.URI != "":
		case len(e.media) > 0 && isVideo(e.media[0]):
			if e.Video == nil || e.Video.Blob == nil {
				return e
			}
		case len(e.Images) < len(e.media), e.link() != "" && e.Card == nil:
			return e
		}
	}
	return nil
}

// afterUploads names the step that the plan is ready for.
func (p *plan) afterUploads() string {
	if p.nextUpload() == nil {
		return stepWrite
	}
	return stepUpload
}

// upload uploads the next blob.
func (p *plan) upload(ctx context.Context, c *platforms.Conn) (platforms.Step, error) {
	e := p.nextUpload()
	if e == nil {
		return p.step(stepWrite, "")
	}
	var note string
	switch {
	case len(e.media) == 0:
		made, err := p.makeCard(ctx, c, e.link())
		if err != nil {
			return platforms.Step{}, err
		}
		e.Card = &made
	case isVideo(e.media[0]):
		return p.uploadVideo(ctx, c, e)
	default:
		n := len(e.Images)
		img, err := p.uploadImage(ctx, c, e.media[n])
		if err != nil {
			return platforms.Step{}, p.blame(err, e, n)
		}
		e.Images = append(e.Images, img)
		note = fmt.Sprintf("image %d of %d is uploaded", n+1, len(e.media))
	}
	return p.step(p.afterUploads(), note)
}

func (p *plan) uploadImage(ctx context.Context, c *platforms.Conn, m platforms.Media) (image, error) {
	f, err := c.Media.Open(ctx, m, imageLimits.Fit())
	if err != nil {
		return image{}, err
	}
	defer f.Body.Close()
	blob, err := xrpc{c, p.PDS}.uploadBlob(ctx, f.Body, f.MIME, f.Size)
	return image{Blob: blob, Width: f.Width, Height: f.Height}, err
}

// blame names the media item that a refusal is about.
func (p *plan) blame(err error, e *entry, n int) error {
	named := *platforms.AsError(err)
	if named.Field != "" || named.Kind != platforms.Rejected {
		return &named
	}
	named.Field = fmt.Sprintf("mediaItems[%d]", n)
	for i := range p.Posts {
		if e == &p.Posts[i] && p.Thread {
			named.Field = fmt.Sprintf("platformSpecificData.threadItems[%d].%s", i, named.Field)
		}
	}
	return &named
}

// makeCard reads the linked page and uploads its picture. A page that cannot be read has no card, and a picture that cannot be had or
// is refused leaves the card without one; only a host that cannot take uploads now is an error.
func (p *plan) makeCard(ctx context.Context, c *platforms.Conn, link string) (card, error) {
	page, err := c.Media.Page(ctx, link)
	if ctx.Err() != nil {
		return card{}, cancelled(ctx)
	}
	if err != nil || page.Title == "" {
		return card{}, nil
	}
	made := card{URI: link, Title: cut(page.Title, 1000), Description: cut(page.Description, 3000)} // the page's words, not the user's
	if page.ImageURL == "" {
		return made, nil
	}
	f, err := c.Media.Open(ctx, platforms.Media{Type: platforms.Image, URL: page.ImageURL}, imageLimits.Fit())
	if ctx.Err() != nil {
		if err == nil {
			f.Body.Close()
		}
		return card{}, cancelled(ctx)
	}
	if err != nil {
		return made, nil
	}
	defer f.Body.Close()
	made.Thumb, err = xrpc{c, p.PDS}.uploadBlob(ctx, f.Body, f.MIME, f.Size)
	if err != nil && platforms.AsError(err).Kind != platforms.Rejected {
		return card{}, err
	}
	return made, nil
}

func cancelled(ctx context.Context) error {
	return &platforms.Error{Kind: platforms.Unavailable, Message: "the step was cut short", Err: context.Cause(ctx)}
}
