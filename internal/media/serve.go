package media

import (
	"context"
	"errors"
	"net/http"
	"path"
	"strings"
)

// Prefix is the path under which Handler serves, and which stands between the public URL and a key.
const Prefix = "/media/"

// Handler serves kept files to the world under Prefix: GET and HEAD, with ranges, also to scripts of other sites. There are no lists, and
// what is not a kept file is a plain 404. What a key names never changes, so that caches may keep it for as long as it is there.
func (u *Uploads) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Access-Control-Allow-Origin", "*")
		key, ok := strings.CutPrefix(r.URL.Path, Prefix)
		if !ok {
			http.NotFound(w, r)
			return
		}
		k, err := u.find(r.Context(), key)
		if err != nil {
			unserved(w, r, err)
			return
		}
		file, err := u.open(r.Context(), k)
		if err != nil {
			unserved(w, r, err)
			return
		}
		defer file.Close()
		mime := k.mime
		if mime == "" {
			mime = mimeOf(file.ContentType(), key)
		}
		h.Set("Content-Type", mime)
		h.Set("Cache-Control", "public, max-age=86400, immutable")
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("ETag", `"`+path.Base(k.object)+`"`)
		http.ServeContent(w, r, "", file.ModTime(), file)
	})
}

func unserved(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, ErrNoFile):
		http.NotFound(w, r)
	case !errors.Is(r.Context().Err(), context.Canceled): // else nobody waits for it
		w.Header().Set("Retry-After", "5")
		http.Error(w, "the file cannot be read now", http.StatusServiceUnavailable)
	}
}
