// Package page shows posts as plainly as can be, for the sites of fakes.
package page

import (
	"html/template"
	"net/http"

	"posthorn/internal/platforms/farside"
)

// pageTemplate shows posts as plainly as can be. Media are addressed by host and path, as they stand behind a platform gateway.
var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title>
<style>body{font:16px system-ui,sans-serif;max-width:34em;margin:2em auto;padding:0 1em}
img,video{max-width:100%;display:block;margin:.5em 0}p{white-space:pre-wrap;overflow-wrap:anywhere}</style>
<h1>{{.Title}}</h1>
{{range .Posts}}<article><h2>@{{.Username}}</h2>
{{range .Media}}{{if eq .Type "video"}}<video src="{{.URL}}" controls></video>{{else}}<img src="{{.URL}}" alt="{{.Alt}}">{{end}}
{{end}}<p>{{.Text}}</p><p><time>{{.At.UTC.Format "2 January 2006, 15:04 UTC"}}</time>{{range .Extra}} · {{.}}{{end}}</p>
{{range .Comments}}<p><b>@{{.Username}}</b> {{.Text}}</p>
{{end}}</article>
{{end}}</html>
`))

// Write writes an HTML page of posts.
func Write(w http.ResponseWriter, status int, title string, posts []farside.Post) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'")
	w.WriteHeader(status)
	_ = pageTemplate.Execute(w, struct { // the browser may be gone
		Title string
		Posts []farside.Post
	}{title, posts})
}
