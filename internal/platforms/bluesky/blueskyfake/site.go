package blueskyfake

import (
	"html/template"
	"net/http"
	"strings"

	"posthorn/internal/platforms/farside"
)

// page shows an account's posts, or one. Pictures lie on other hosts; Root leads up from the page to where all hosts are served side by side.
var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>@{{.Handle}} - Bluesky sandbox</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}article{border:1px solid #d4dbe2;border-radius:8px;padding:1rem;margin:1rem 0}p{white-space:pre-wrap;overflow-wrap:anywhere}img,video{max-width:100%}small{color:#42576c}</style>
<h1>@{{.Handle}}</h1>
{{range .Posts}}<article>
<p>{{.Text}}</p>
{{$root := $.Root}}{{range .Media}}{{if eq .Type "image"}}<img src="{{$root}}{{.URL}}" alt="{{.Alt}}">{{else}}<video controls src="{{$root}}{{.URL}}"></video>{{end}}
{{end}}{{with .Link}}<p><a href="{{.URL}}">{{.Title}}</a></p>
{{end}}<small><time>{{.At.Format "2006-01-02 15:04:05"}} UTC</time></small>
</article>
{{else}}<p>No posts yet.</p>
{{end}}</html>
`))

// serveSite is the public site: GET /profile/<actor> and /profile/<actor>/post/<key>.
func (f *Fake) serveSite(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	one := len(parts) == 4 && parts[2] == "post"
	if r.Method != http.MethodGet || parts[0] != "profile" || (len(parts) != 2 && !one) {
		http.Error(w, "Not Found", http.StatusNotFound)
		return
	}
	view := struct {
		Handle, Root string
		Posts        []farside.Post
	}{Root: strings.TrimSuffix(strings.Repeat("../", len(parts)), "/")}
	f.mu.Lock()
	a := f.byActor(parts[1])
	if a != nil {
		view.Handle = a.handle
		for _, x := range f.visible(a) {
			if !one || x.key == parts[3] {
				view.Posts = append(view.Posts, x.wall())
			}
		}
	}
	f.mu.Unlock()
	if a == nil || (one && len(view.Posts) == 0) {
		http.Error(w, "Post not found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'")
	_ = page.Execute(w, view)
}
