package facebookfake

import (
	"bytes"
	"image"
	_ "image/gif" // what photos may be
	_ "image/jpeg"
	_ "image/png"
	"time"

	"posthorn/internal/platforms/farside/graph"
)

// bigPhoto is what Facebook is sure to take; the page says 10 MB.
const bigPhoto = 4 << 20

// photo is an uploaded photo. One that no post shows is gone after a day.
type photo struct {
	id      string
	page    *fanPage
	asset   *graph.Asset
	alt     string
	caption string
	at      time.Time
	post    *post // that it is in
	deleted bool
}

func (p *photo) lives(now time.Time) bool {
	return !p.deleted && (p.post != nil || now.Sub(p.at) < graph.Day)
}

func (p *photo) link() string {
	return "https://" + hostWeb + "/photo.php?fbid=" + p.id
}

// imageType is the type of a picture that Facebook takes. BMP and TIFF are known by their first bytes.
func imageType(data []byte) (string, bool) {
	if _, format, err := image.DecodeConfig(bytes.NewReader(data)); err == nil {
		return "image/" + format, true
	}
	for _, magic := range []string{"BM", "II*\x00", "MM\x00*"} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return map[string]string{"BM": "image/bmp", "II*\x00": "image/tiff", "MM\x00*": "image/tiff"}[magic], true
		}
	}
	return "", false
}

// createPhoto is POST /{page-id}/photos, by file or by address.
func (f *Fake) createPhoto(c *call) (any, *graph.Failure) {
	data := c.file
	link, given := c.Params["url"]
	switch {
	case c.tooLarge:
		return nil, failPhoto
	case data == nil && !given:
		return nil, &graph.Failure{Code: 324, Message: "(#324) Requires upload file"}
	case data == nil:
		var err error
		if data, _, err = f.fetch.Download(c.Context(), link, maxPhoto); err != nil {
			return nil, failFile
		}
	}
	mime, ok := imageType(data)
	switch {
	case !ok:
		return nil, failFile
	case len(data) > bigPhoto:
		return nil, failPhoto
	}
	show, fail := c.Flag("published")
	if fail != nil {
		return nil, fail
	}
	if fail := f.asked(c.page, c.Params["caption"]); fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	ph := &photo{id: f.nextID(), page: c.page, asset: f.assets.Keep(data, mime, nil), alt: c.Params["alt_text_custom"], caption: c.Params["caption"], at: c.now}
	f.photos[ph.id] = ph
	if show != nil && !*show {
		return map[string]any{"id": ph.id}, nil
	}
	ph.post = &post{page: c.page, app: c.t.app, kind: kindPhotos, message: ph.caption, photos: []*photo{ph}, made: c.now, shown: c.now}
	f.keep(ph.post)
	return f.die(c.page, ph.caption, false, map[string]any{"id": ph.id, "post_id": ph.post.id})
}

// photoView is a photo as reads see it.
type photoView struct{ *photo }

func (photoView) NodeType() string { return "Photo" }

func (v photoView) Field(name string, _ []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "name":
		return orNil(v.caption), true, nil
	case "alt_text_custom":
		return orNil(v.alt), true, nil
	case "created_time":
		return v.at.UTC().Format(graphTime), true, nil
	case "link":
		return v.link(), true, nil
	case "page_story_id":
		if v.post == nil || v.post.kind == kindStory {
			return nil, true, nil
		}
		return v.post.id, true, nil
	case "images":
		return []any{map[string]any{"source": "https://" + hostCDN + v.asset.Path()}}, true, nil
	}
	return nil, false, nil
}

// readPhoto is GET /{photo-id}.
func (f *Fake) readPhoto(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id,created_time")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return graph.Selected(c.photo.id, photoView{c.photo}, fields)
}

// deletePhoto is DELETE /{photo-id}. A post of several photos stays.
func (f *Fake) deletePhoto(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.photo.deleted = true
	if p := c.photo.post; p != nil && len(p.photos) == 1 {
		p.deleted = true
	}
	return done(), nil
}
