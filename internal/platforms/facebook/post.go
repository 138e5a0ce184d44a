package facebook

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"posthorn/internal/platforms"
)

const (
	// photoLife is how long an uploaded photo that no post shows is relied on: Facebook deletes it after about a day.
	photoLife = 20 * time.Hour
	// maxScrapes bounds the tries to have a linked page read.
	maxScrapes = 3
	scrapeWait = 30 * time.Second
	// maxRestarts bounds how often something is uploaded anew.
	maxRestarts = 3
)

// uploadPhoto sends the next photo, and goes on once all are there.
func (f *flow) uploadPhoto(ctx context.Context) (platforms.Step, error) {
	media := f.t.Content.Media
	if len(f.st.Photos) != len(media) || f.isVideo() {
		return platforms.Step{}, changed()
	}
	for i := range f.st.Photos {
		p := &f.st.Photos[i]
		if p.ID != "" && f.c.Now().Before(p.At.Add(photoLife)) {
			continue
		}
		src, err := f.c.Media.Open(ctx, media[i], image.Fit())
		if err != nil {
			return platforms.Step{}, err
		}
		defer src.Body.Close()
		p.At = f.c.Now()
		if p.ID, err = f.api.uploadPhoto(ctx, src, media[i].AltText); err != nil {
			return platforms.Step{}, err
		}
		return f.step(stepPhotos, 0, "photo %d of %d is uploaded", i+1, len(media))
	}
	if f.kind == kindStory {
		f.st.FirstTry = f.c.Now()
		f.st.LastTry = f.st.FirstTry
		return f.step(stepPublishing, 0, "")
	}
	return f.step(stepCreating, 0, "")
}

// stale reports whether a photo may be gone.
func (f *flow) stale() bool {
	for _, p := range f.st.Photos {
		if p.ID == "" || !f.c.Now().Before(p.At.Add(photoLife)) {
			return true
		}
	}
	return false
}

// create makes the post, unpublished. One whose answer was lost is seen by nobody; its photos cannot be in another one, and lead to it.
func (f *flow) create(ctx context.Context) (platforms.Step, error) {
	if f.stale() {
		return f.step(stepPhotos, 0, "an uploaded photo is about to expire and is uploaded again")
	}
	form, err := f.form(ctx)
	if err != nil {
		return platforms.Step{}, err
	}
	id, err := f.api.create(ctx, form)
	if err != nil {
		if id, err = f.uncreated(ctx, platforms.AsError(err)); err != nil || id == "" {
			return f.recreate(err)
		}
	}
	f.st.Post = id
	if f.set.Draft {
		return f.shown("", 0, "the draft %s is made", id)
	}
	return f.step(stepPublishing, 0, "the unpublished post %s is made", id)
}

// uncreated is the post that photos are in already, if that is why another was refused. Empty without an error: what was prepared is of no use any
// more, or the linked page is to be read again.
func (f *flow) uncreated(ctx context.Context, e *platforms.Error) (string, error) {
	switch {
	case isCode(e, codeUsedPhotos) && len(f.st.Photos) > 0:
		id, err := f.api.usedBy(ctx, f.st.Photos[0].ID)
		if err != nil || id != "" {
			return id, err
		}
		if f.st.Restarts >= maxRestarts {
			return "", e
		}
		f.st.Restarts++
		clear(f.st.Photos)
		return "", nil
	case isCode(e, codeUnscraped):
		if f.st.Scrapes++; f.st.Scrapes < maxScrapes {
			return "", nil
		}
		e.Kind = platforms.Rejected
	}
	return "", e
}

// recreate tries again after what uncreated found.
func (f *flow) recreate(err error) (platforms.Step, error) {
	switch {
	case err != nil:
		return platforms.Step{}, err
	case f.stale():
		return f.step(stepPhotos, 0, "Facebook has used up the uploaded photos, which are uploaded again")
	}
	return f.step(stepCreating, scrapeWait<<(f.st.Scrapes-1), "Facebook could not read the linked page; trying again")
}

// form is the post. An empty text is left out: Facebook takes one for an empty post.
func (f *flow) form(ctx context.Context) (url.Values, error) {
	form := url.Values{"published": {"false"}}
	if f.set.Draft {
		form.Set("unpublished_content_type", "DRAFT")
	}
	if f.t.Content.Text != "" {
		form.Set("message", f.t.Content.Text)
	}
	f.target(form)
	switch f.kind {
	case kindPhotos:
		attached := make([]map[string]string, len(f.st.Photos))
		for i, p := range f.st.Photos {
			attached[i] = map[string]string{"media_fbid": p.ID}
		}
		form.Set("attached_media", encoded(attached))
	case kindCarousel:
		return form, f.setCards(ctx, form)
	case kindText:
		if id := f.set.TextFormatPresetID; id != "" { // a background and a card exclude each other
			form.Set("text_format_preset_id", id)
		} else if link := linkOf(f.t.Content.Text); link != "" {
			form.Set("link", link)
		}
	}
	return form, nil
}

// target says in which countries the post is shown.
func (f *flow) target(form url.Values) {
	if g := f.opts.GeoRestriction; g != nil {
		form.Set("targeting", encoded(map[string]any{"geo_locations": map[string]any{"countries": g.Countries}}))
	}
}

// setCards makes the post a carousel of links. Facebook fetches the pictures itself.
func (f *flow) setCards(ctx context.Context, form url.Values) error {
	media, cards := f.t.Content.Media, f.set.CarouselCards
	if len(media) != len(cards) {
		return changed()
	}
	type child struct {
		Card
		Picture string `json:"picture"`
	}
	children := make([]child, len(cards))
	for i, m := range media {
		address, err := f.c.Media.URL(ctx, m, image.Fit())
		if err != nil {
			return err
		}
		children[i] = child{cards[i], address}
	}
	form.Set("child_attachments", encoded(children))
	link, end := cards[0].Link, "false"
	if f.set.CarouselLink != "" {
		link, end = f.set.CarouselLink, "true"
	}
	form.Set("link", link)
	form.Set("multi_share_end_card", end)
	form.Set("multi_share_optimized", "false") // the cards keep their order
	return nil
}

// encoded is a value as the Graph API takes it within a form.
func encoded(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // texts always encode
		panic("facebook: " + err.Error())
	}
	return string(b)
}

// show makes the post visible, by a switch that may be thrown as often as one likes.
func (f *flow) show(ctx context.Context) (platforms.Step, error) {
	err := f.api.show(ctx, f.st.Post)
	if err == nil {
		return f.live("published as %s", f.st.Post)
	}
	e := platforms.AsError(err)
	if !isFinal(e) || (!f.t.InDoubt && e.Kind != platforms.Duplicate) {
		return platforms.Step{}, platforms.Answered(e)
	}
	p, lookErr := f.api.post(ctx, f.st.Post) // the post that a duplicate repeats may be this one
	switch {
	case lookErr != nil:
		return platforms.Step{}, platforms.Doubtful(lookErr, f.t.InDoubt)
	case p.Published:
		return f.live("published as %s", f.st.Post)
	}
	return f.refuse(e)
}

// live goes on once the post is there.
func (f *flow) live(note string, args ...any) (platforms.Step, error) {
	f.st.Reads = 0
	return f.shown(stepReading, 0, note, args...)
}
