package http

import (
	"net/http"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/platforms"
)

// pendingData is what a page of the caller's own chooses from. The platform's tokens stay here: the token of the redirect stands for them.
func (s *Server) pendingData(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	c, err := s.cfg.Connect.Pending(r.Context(), token)
	if err != nil {
		return err
	}
	out := wire.PendingData{Platform: c.Platform, ProfileID: c.ProfileID, TempToken: token, ExpiresIn: int(c.ExpiresAt.Sub(s.cfg.Now()).Seconds()), SelectionType: wire.PendingDataSelectionType(c.Pending)}
	if p := c.Person; p != nil {
		out.UserProfile = wire.PendingPerson{ID: p.ID, Username: p.Username, DisplayName: p.DisplayName, PictureURL: p.PictureURL}
	}
	list := map[string]**wire.PendingList{"organizations": &out.Organizations, "pages": &out.Pages, "boards": &out.Boards, "locations": &out.Locations, "profiles": &out.Profiles}[c.Pending]
	if list == nil {
		return errs.New(errs.Internal, "%s lists %q, which the contract does not know", c.Platform, c.Pending)
	}
	all := pendingList(c.Identities)
	*list = &all
	w.Header().Set("Cache-Control", "no-store")
	s.write(w, r, http.StatusOK, out)
	return nil
}

// pendingList are the identities that the contract lists.
func pendingList(all []platforms.Identity) wire.PendingList {
	list := wire.PendingList{}
	for _, x := range all {
		if x.Listed != nil {
			list = append(list, x.Listed)
		}
	}
	return list
}
