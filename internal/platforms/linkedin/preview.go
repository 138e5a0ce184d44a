package linkedin

import (
	"context"
	"strings"

	"posthorn/internal/platforms"
)

// card is what a linked page says of itself: LinkedIn's API reads no pages, so that the publisher brings it. One without a title is none.
type card struct {
	Source      string `json:"source,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Image       string `json:"image,omitempty"` // its address
}

// wantsCard tells whether a card of the first link is still to be looked for.
func (f *flow) wantsCard() bool {
	return f.kind == kindText && f.st.Card == nil && !f.opts.DisableLinkPreview && firstLink(f.t.Content.Text) != ""
}

// preview reads the page of the first link. A page that says nothing makes no card, and the link stands in the text all the same.
func (f *flow) preview(ctx context.Context) (platforms.Step, error) {
	link := firstLink(f.t.Content.Text)
	f.st.Card = &card{}
	page, err := f.c.Media.Page(ctx, link)
	if ctx.Err() != nil {
		return platforms.Step{}, &platforms.Error{Kind: platforms.Unavailable, Message: "the linked page could not be read", Err: err}
	}
	if title := clip(page.Title, maxTitle); err == nil && title != "" {
		f.st.Card = &card{Source: link, Title: title, Description: clip(page.Description, maxAbout), Image: page.ImageURL}
		f.st.Assets = make([]asset, len(f.files()))
		return f.next("the link has a card")
	}
	return f.next("the linked page says nothing of itself")
}

// clip is a text of one line and of so many characters.
func clip(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
