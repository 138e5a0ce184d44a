package instagramfake

import (
	"net/http"
	"slices"
	"strings"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

var _ farside.Sharer = (*Fake)(nil)

// Owns implements [farside.Sharer]: Facebook's own far side answers at the hosts of Facebook Login, too. A login is Instagram's if it asks for one of its
// permissions, and a call if it brings a token or a code that was given here, or if it is an app's about somebody who logged in here.
func (f *Fake) Owns(r *http.Request) bool {
	switch farside.HostOf(r) {
	case hostDialog:
		return strings.Contains(r.URL.Query().Get("scope"), "instagram_")
	case hostUpload:
		return strings.HasPrefix(r.URL.Path, "/ig-api-upload/")
	case hostFacebook:
		p := graph.Peek(r)
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, value := range []string{graph.TokenOf(r, p), p["fb_exchange_token"], p["input_token"]} {
			if f.tokens[value] != nil {
				return true
			}
		}
		if strings.Contains(graph.TokenOf(r, p), "|") {
			for part := range strings.SplitSeq(r.URL.Path, "/") {
				if slices.ContainsFunc(f.accounts, func(a *account) bool { return a.host == hostFacebook && a.scopedID == part }) {
					return true
				}
			}
		}
		return f.codes[strings.TrimSuffix(p["code"], "#_")] != nil
	}
	return true
}
