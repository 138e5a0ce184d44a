package media

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// Prefix is the path under which Handler serves, and which stands between the public URL and a key.
const Prefix = "/media/"

// Handler serves kept files to the world under Prefix: GET and HEAD, with ranges. There are no lists, and what is not a kept file
// is a plain 404. What a key names never changes, so that caches may keep it for ever.
func (s *Store) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are served here", http.StatusMethodNotAllowed)
			return
		}
		key, ok := strings.CutPrefix(r.URL.Path, Prefix)
		if !ok {
			http.NotFound(w, r)
			return
		}
		file, err := s.open(r.Context(), key)
		switch {
		case errors.Is(err, ErrNoFile):
			http.NotFound(w, r)
			return
		case err != nil && !errors.Is(r.Context().Err(), context.Canceled):
			http.Error(w, "the file cannot be read now", http.StatusServiceUnavailable)
			return
		case err != nil:
			return
		}
		defer file.Close()
		h.Set("Content-Type", mimeOf(file.ContentType(), key))
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		h.Set("ETag", `"`+key+`"`)
		http.ServeContent(w, r, "", file.ModTime(), file)
	})
}
