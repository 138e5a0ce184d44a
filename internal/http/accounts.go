package http

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"posthorn/internal/accounts"
	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/platforms"
)

func (s *Server) accountHandlers() map[string]handler {
	return map[string]handler{
		"listAccounts":              s.listAccounts,
		"updateAccount":             s.updateAccount,
		"moveAccountToProfile":      s.moveAccount,
		"deleteAccount":             s.deleteAccount,
		"connectBlueskyCredentials": s.connectBluesky,
	}
}

func (s *Server) listAccounts(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if q.Has("page") != q.Has("limit") {
		missing := "limit"
		if q.Has("limit") {
			missing = "page"
		}
		return &errs.Error{Code: errs.Invalid, Wire: codeMissing, Field: missing, Message: "page and limit go together: send both, or neither for all accounts"}
	}
	f := accounts.Filter{ProfileID: idFilter(q.Get("profileId")), Platform: q.Get("platform"), Status: q.Get("status")}
	if err := s.knownPlatform(f.Platform); err != nil {
		return err
	}
	page := number(q, "page", 1)
	if q.Has("limit") {
		f.Limit = number(q, "limit", 0)
		f.Offset = (page - 1) * f.Limit
	}
	list, total, err := s.cfg.Accounts.List(r.Context(), principalOf(r), f)
	if err != nil {
		return err
	}
	// This server has no analytics routes, and says so here, where clients look before they ask for them.
	out := wire.AccountList{Accounts: make([]wire.Account, 0, len(list)), HasAnalyticsAccess: false}
	for _, a := range list {
		out.Accounts = append(out.Accounts, account(a))
	}
	if f.Limit > 0 {
		out.Pagination = pagination(page, f.Limit, total)
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func account(a accounts.Account) wire.Account {
	out := wire.Account{
		ID: a.ID, Platform: a.Platform, ProfileID: wire.ProfileRef{ID: a.ProfileID, Name: a.ProfileName, Slug: slug(a.ProfileName)},
		Username: a.Username, DisplayName: a.DisplayName, ProfileURL: a.ProfileURL, IsActive: a.Active, NeedsReconnection: a.NeedsReconnection,
		Enabled: true, Metadata: json.RawMessage("{}"), CreatedAt: wire.At(&a.CreatedAt), UpdatedAt: wire.At(&a.UpdatedAt),
	}
	if data := object(a.Data); data != nil {
		out.Metadata = data
	}
	if a.PictureURL != "" {
		out.ProfilePicture = &a.PictureURL
	}
	return out
}

func (s *Server) updateAccount(w http.ResponseWriter, r *http.Request) error {
	var in wire.UpdateAccountRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	c := accounts.Change{Username: in.Username, DisplayName: in.DisplayName}
	if in.XCapabilities != (wire.XCapabilities{}) {
		c.XCapabilities = &accounts.XChange{Analytics: in.XCapabilities.Analytics, Inbox: in.XCapabilities.Inbox}
	}
	a, err := s.cfg.Accounts.Update(r.Context(), principalOf(r), pathParam(r, "accountId"), c)
	if err != nil {
		return err
	}
	out := wire.UpdatedAccount{Message: "Account updated successfully", Username: a.Username, DisplayName: a.DisplayName}
	if x := a.XCapabilities; c.XCapabilities != nil && x != nil {
		out.XCapabilities = wire.XCapabilities{Analytics: &x.Analytics, Inbox: &x.Inbox}
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func (s *Server) moveAccount(w http.ResponseWriter, r *http.Request) error {
	var in wire.MoveAccountRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := s.cfg.Accounts.Move(r.Context(), principalOf(r), pathParam(r, "accountId"), in.ProfileID); err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.MovedAccount{Message: "Account moved successfully", ProfileID: in.ProfileID})
	return nil
}

// deleteAccount disconnects: the account's row and history stay.
func (s *Server) deleteAccount(w http.ResponseWriter, r *http.Request) error {
	if err := s.cfg.Accounts.Disconnect(r.Context(), principalOf(r), pathParam(r, "accountId")); err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.Message{Message: "Account disconnected successfully"})
	return nil
}

// ownProfiles refuses profile IDs that the caller does not reach, as if they did not exist.
func (s *Server) ownProfiles(r *http.Request, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	list, _, err := s.cfg.Accounts.Profiles(r.Context(), principalOf(r), accounts.ProfileFilter{})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(list, func(p accounts.Profile) bool { return p.ID == id }) {
			return &errs.Error{Code: errs.NotFound, Wire: "profile_not_found", Field: "profileIds", Message: fmt.Sprintf("profile %q was not found", clip(id, 40))}
		}
	}
	return nil
}

// ownAccounts is ownProfiles for accounts.
func (s *Server) ownAccounts(r *http.Request, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	list, _, err := s.cfg.Accounts.List(r.Context(), principalOf(r), accounts.Filter{})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(list, func(a accounts.Account) bool { return a.ID == id }) {
			return &errs.Error{Code: errs.NotFound, Wire: "account_not_found", Field: "accountIds", Message: fmt.Sprintf("account %q was not found", clip(id, 40))}
		}
	}
	return nil
}

// slug is a profile's name for use in addresses: lower case, words joined by hyphens.
func slug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	return strings.Join(words, "-")
}

func (s *Server) connectBluesky(w http.ResponseWriter, r *http.Request) error {
	var in wire.ConnectBlueskyRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	profile, err := profileOf(in.ProfileID, in.State, principalOf(r).UserID)
	if err != nil {
		return err
	}
	return s.connectCredentials(w, r, "bluesky", profile, map[string]platforms.Secret{
		"identifier":  platforms.NewSecret(strings.TrimSpace(in.Identifier)),
		"appPassword": platforms.NewSecret(strings.TrimSpace(in.AppPassword)),
	})
}

// profileOf is the profile that an account is to be connected to: it is named, or stands behind the user in the state.
func profileOf(profileID, state, userID string) (string, error) {
	if profileID != "" {
		return profileID, nil
	}
	if state == "" {
		return "", &errs.Error{Code: errs.Invalid, Wire: codeMissing, Field: "profileId", Message: "profileId is required: it names the profile that gets the account"}
	}
	user, profile, ok := strings.Cut(state, "-")
	if !ok || profile == "" {
		return "", errs.Fieldf("state", "state must be the user's ID, a hyphen and the profile's ID; or send profileId")
	}
	if user != userID {
		return "", errs.Fieldf("state", "state names another user than the one this API key belongs to")
	}
	return profile, nil
}

// connectCredentials connects an account of any platform that takes credentials.
func (s *Server) connectCredentials(w http.ResponseWriter, r *http.Request, platform, profileID string, fields map[string]platforms.Secret) error {
	a, err := s.cfg.Accounts.ConnectCredentials(r.Context(), principalOf(r), profileID, platform, fields)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.ConnectedAccount{Message: "Account connected successfully", Account: account(a)})
	return nil
}
