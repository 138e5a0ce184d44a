package http

import (
	"net/http"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// inviteForm is the page on which somebody accepts an invitation.
type inviteForm struct {
	Invite      auth.Invite
	Name, Email string
	Form        platforms.Secret // told again when the form is sent; see auth.Joining
	Faults      map[string]string
}

// invitePage shows an invitation. It changes nothing: programs that preview links open it too.
func (s *Server) invitePage(w http.ResponseWriter, r *http.Request) error {
	i, err := s.cfg.People.OpenInvite(r.Context(), pathParam(r, "token"))
	if err != nil {
		return err
	}
	return s.page(w, http.StatusOK, "invite", inviteForm{Invite: i, Form: auth.NewForm()})
}

// joinPage accepts an invitation and shows the new person's key. The token in the address is what proves that the form is meant: who can
// make a browser send it holds the invitation already.
func (s *Server) joinPage(w http.ResponseWriter, r *http.Request) error {
	token := pathParam(r, "token")
	j := auth.Joining{Token: platforms.NewSecret(token), Name: r.PostForm.Get("name"), Email: r.PostForm.Get("email"), Form: platforms.NewSecret(r.PostForm.Get("form"))}
	u, k, err := s.cfg.People.Join(r.Context(), j)
	if err == nil {
		return s.page(w, http.StatusCreated, "joined", struct{ Name, Key, PublicURL string }{u.Name, k.Secret.Reveal(), s.cfg.PublicURL})
	}
	faults, status, ok := s.formFaults(w, r, err, map[errs.Code]string{errs.Invalid: "other", errs.Conflict: "other"})
	if !ok {
		return err
	}
	i, err := s.cfg.People.OpenInvite(r.Context(), token)
	if err != nil {
		return err
	}
	return s.page(w, status, "invite", inviteForm{Invite: i, Name: j.Name, Email: j.Email, Form: j.Form, Faults: faults})
}
