package instagramfake

import (
	"net/http"
	"strings"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/page"
)

// serveWeb is the two sites: the authorize pages, and at Instagram's the posts' permalinks and the accounts' profiles.
func (f *Fake) serveWeb(w http.ResponseWriter, r *http.Request, host string) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case host == hostWeb && strings.Join(parts, "/") == "oauth/authorize":
		f.serveAuthorize(w, r, hostInstagram)
		return
	case host == hostDialog && len(parts) == 3 && version.MatchString(parts[0]) && parts[1] == "dialog" && parts[2] == "oauth":
		f.serveAuthorize(w, r, hostFacebook)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		page.Write(w, http.StatusMethodNotAllowed, "This page can only be read", nil)
		return
	}
	var found []farside.Post
	if host == hostWeb {
		address := "https://" + hostWeb + "/" + strings.Join(parts, "/") + "/"
		for _, p := range f.Posts() {
			if p.URL == address || (p.Username == parts[0] && len(parts) == 1) {
				found = append(found, p)
			}
		}
	}
	if len(found) == 0 {
		page.Write(w, http.StatusNotFound, "Sorry, this page isn't available", nil)
		return
	}
	page.Write(w, http.StatusOK, "Instagram, in the sandbox", found)
}
