package linkedinfake

import (
	"net/http"
	"slices"
	"strings"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/page"
)

// nameOf is whom a URN names, as an address or a login has it.
func (f *Fake) nameOf(urn string) string {
	for _, p := range f.pages {
		if p.urn() == urn {
			return p.vanity
		}
	}
	for _, m := range f.members {
		if m.urn() == urn {
			return m.name
		}
	}
	return urn
}

// public is the post as the public sees it.
func (f *Fake) public(p *post) farside.Post {
	out := farside.Post{ID: p.urn, Platform: "linkedin", Account: p.author, Username: f.nameOf(p.author), Kind: "text", Text: p.text.plain, URL: "https://" + hostWeb + "/feed/update/" + p.urn + "/", At: p.at, Comments: []farside.Comment{}}
	for _, k := range p.comments {
		out.Comments = append(out.Comments, farside.Comment{ID: p.urn, Username: f.nameOf(k.actor), Text: k.text, At: k.at})
	}
	if r := p.in.Reshare; r != nil {
		out.Kind, out.Extra = "reshare", append(out.Extra, "reshares "+r.Parent)
	}
	if n := len(p.in.Distribution.Targets); n > 0 {
		out.Extra = append(out.Extra, "for some members only")
	}
	if k := p.in.Content; k != nil {
		f.show(&out, *k)
	}
	return out
}

func (f *Fake) show(out *farside.Post, k content) {
	switch {
	case k.Media != nil:
		a := f.assets[k.Media.ID]
		if a.kind == "documents" {
			out.Kind, out.Extra = "document", append(out.Extra, "document: "+k.Media.Title)
			return
		}
		out.Kind, out.Media = strings.TrimSuffix(a.kind, "s"), []farside.Media{a.shown(k.Media.Alt)}
	case k.Images != nil:
		out.Kind = "images"
		for _, m := range k.Images.Images {
			out.Media = append(out.Media, f.assets[m.ID].shown(m.Alt))
		}
	case k.Article != nil:
		out.Kind, out.Link = "article", &farside.Link{URL: k.Article.Source, Title: k.Article.Title, Description: k.Article.Description}
		if a := f.assets[k.Article.Thumbnail]; a != nil {
			out.Link.Thumb = a.shown("").URL
		}
	case k.Poll != nil:
		out.Kind = "poll"
		var options []string
		for _, o := range k.Poll.Options {
			options = append(options, o.Text)
		}
		out.Extra = append(out.Extra, "poll: "+k.Poll.Question, strings.Join(options, " / "), k.Poll.Settings.Duration)
	}
}

// servePages are the pages of posts, and those of pages.
func (f *Fake) servePages(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	found := slices.DeleteFunc(f.Posts(), func(p farside.Post) bool {
		return path != "/feed/update/"+p.ID && path != "/company/"+p.Username
	})
	if len(found) == 0 {
		page.Write(w, http.StatusNotFound, "This page doesn’t exist", nil)
		return
	}
	page.Write(w, http.StatusOK, "LinkedIn, in the sandbox", found)
}
