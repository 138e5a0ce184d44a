package http

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
)

// linkedInMember is the identity of the member among what a login opened.
const linkedInMember = "personal"

func (s *Server) linkedInHandlers() map[string]handler {
	return map[string]handler{
		"listLinkedInOrganizations":  s.listLinkedInOrganizations,
		"selectLinkedInOrganization": s.selectLinkedInOrganization,
	}
}

// listLinkedInOrganizations tells more of the pages that a login opened. The token of the redirect is the right to.
func (s *Server) listLinkedInOrganizations(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	c, err := s.cfg.Connect.Pending(r.Context(), q.Get("tempToken"))
	if err != nil {
		return err
	}
	if c.Platform != "linkedin" {
		return errs.New(errs.NotFound, "The token is not that of a login at LinkedIn")
	}
	wanted := strings.FieldsFunc(q.Get("orgIds"), func(r rune) bool { return r == ',' || r == ' ' })
	if len(wanted) > 100 {
		return errs.Fieldf("orgIds", "%d organizations are asked for, at most 100 are told of at once", len(wanted))
	}
	out := wire.LinkedInOrganizations{Organizations: []wire.LinkedInOrganization{}}
	for _, x := range c.Identities {
		if x.Listed == nil || !slices.Contains(wanted, x.ID) {
			continue
		}
		var o wire.LinkedInOrganization
		if err := json.Unmarshal(x.Listed, &o); err != nil {
			return err
		}
		out.Organizations = append(out.Organizations, o)
	}
	w.Header().Set("Cache-Control", "no-store")
	s.write(w, r, http.StatusOK, out)
	return nil
}

// selectLinkedInOrganization connects the member, or one of the pages.
func (s *Server) selectLinkedInOrganization(w http.ResponseWriter, r *http.Request) error {
	var in wire.SelectLinkedInRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	const field = "selectedOrganization"
	identity := linkedInMember
	if in.AccountType == "organization" {
		if in.SelectedOrganization.ID == "" {
			return errs.Fieldf(field, "selectedOrganization is needed to connect an organization")
		}
		identity = in.SelectedOrganization.ID
	}
	c, err := s.cfg.Connect.Choose(r.Context(), principalOf(r), "linkedin", in.ProfileID, in.TempToken, connectTokenOf(r))
	if err != nil {
		return err
	}
	a, err := s.cfg.Connect.Finish(r.Context(), c, identity, in.RedirectURL)
	if e := errs.As(err); e != nil && e.Field == "pageId" {
		named := *e
		named.Field = field
		return &named
	}
	if err != nil {
		return err
	}
	out := wire.SelectedLinkedIn{Message: "LinkedIn account connected successfully", RedirectURL: a.To}
	out.Account.AccountID, out.Account.Platform, out.Account.Username, out.Account.DisplayName = a.Account.ID, a.Account.Platform, a.Account.Username, a.Account.DisplayName
	out.Account.ProfilePicture, out.Account.IsActive, out.Account.AccountType = a.Account.PictureURL, a.Account.Active, wire.SelectedLinkedInAccountAccountType(in.AccountType)
	if n := a.Renewal; n.Given+n.Failed > 0 {
		out.BulkRefresh = &wire.BulkRefresh{UpdatedCount: n.Given, Errors: n.Failed}
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}
