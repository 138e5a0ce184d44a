package blueskyfake

import (
	"posthorn/internal/platforms/farside"
)

// Posts are the posts that the read service shows, newest first.
func (f *Fake) Posts() []farside.Post {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []farside.Post{}
	for _, r := range f.visible(nil) {
		out = append(out, r.wall())
	}
	return out
}

// wall is a post as the sandbox shows it.
func (r *record) wall() farside.Post {
	a, embed := r.owner, r.value["embed"]
	p := farside.Post{
		ID: r.uri(), Platform: "bluesky", Account: a.did, Username: a.handle, Kind: "text", Text: r.text(),
		Media: []farside.Media{}, URL: r.permalink(), At: r.at, Comments: []farside.Comment{}, ReplyTo: r.parent(),
	}
	for _, x := range pictures(embed) {
		p.Media = append(p.Media, farside.Media{Type: "image", URL: wallPath(a, x.cid), Alt: x.alt, MIME: x.mime})
		p.Kind = "photo"
	}
	if len(p.Media) > 1 {
		p.Kind = "carousel"
	}
	if quoted := r.quoted(); quoted != "" {
		p.Extra = append(p.Extra, "quotes "+quoted)
		if media := inside(embed, "media"); media != nil {
			embed = media
		}
	}
	if ref, ok := blobRefOf(inside(embed, "video")); ok {
		p.Kind = "video"
		p.Media = append(p.Media, farside.Media{Type: "video", Alt: stringIn(embed, "alt"), MIME: ref.mime,
			URL: "/" + pdsHost + "/xrpc/com.atproto.sync.getBlob?did=" + a.did + "&cid=" + ref.cid})
	}
	if uri := stringIn(embed, "external", "uri"); uri != "" {
		p.Link = &farside.Link{URL: uri, Title: stringIn(embed, "external", "title"), Description: stringIn(embed, "external", "description")}
		if ref, ok := blobRefOf(inside(embed, "external", "thumb")); ok {
			p.Link.Thumb = wallPath(a, ref.cid)
		}
	}
	return p
}

func (r *record) permalink() string {
	return "https://" + siteHost + "/profile/" + r.owner.handle + "/post/" + r.key
}

// wallPath is where a picture is, below the platform's hosts.
func wallPath(a *account, cid string) string { return "/" + cdnHost + "/img/" + a.did + "/" + cid }
