package http

import (
	"net/http"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/platforms"
)

// peopleHandlers keep users, invitations and API keys.
func (s *Server) peopleHandlers() map[string]handler {
	return map[string]handler{
		"verifyCredential":  s.verifyCredential,
		"listUsers":         s.listUsers,
		"getUser":           s.getUser,
		"removeUser":        s.removeUser,
		"createInviteToken": s.createInvite,
		"acceptInvite":      s.acceptInvite,
		"listApiKeys":       s.listKeys,
		"createApiKey":      s.createKey,
		"deleteApiKey":      s.deleteKey,
		"startDeviceLogin":  s.startDevice,
		"pollDeviceLogin":   s.pollDevice,
	}
}

// The contract's words for what a key or an invitation reaches, and for what a key may do.
const (
	scopeFull     = "full"
	scopeAll      = "all"
	scopeProfiles = "profiles"
	readWrite     = "read-write"
	readOnly      = "read"
)

// verifyCredential says who the key stands for.
func (s *Server) verifyCredential(w http.ResponseWriter, r *http.Request) error {
	by := principalOf(r)
	u, err := s.cfg.People.User(r.Context(), by, by.UserID)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.Credential{Valid: true, UserID: u.ID, Name: known(u.Name), Email: known(u.Email), AuthType: "api_key"})
	return nil
}

// known is a text where there is one.
func known(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func (s *Server) listUsers(w http.ResponseWriter, r *http.Request) error {
	by := principalOf(r)
	list, err := s.cfg.People.Users(r.Context(), by)
	if err != nil {
		return err
	}
	out := wire.UserList{CurrentUserID: by.UserID, Users: make([]wire.User, 0, len(list))}
	for _, u := range list {
		out.Users = append(out.Users, user(u))
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func user(u auth.User) wire.User {
	access := u.Profiles
	if access == nil {
		access = []string{scopeAll}
	}
	return wire.User{ID: u.ID, Name: u.Name, Email: u.Email, Role: string(u.Role), IsRoot: u.Root(), ProfileAccess: access,
		CreatedAt: wire.At(&u.CreatedAt), LastLoginAt: wire.At(u.LastLoginAt)}
}

func (s *Server) getUser(w http.ResponseWriter, r *http.Request) error {
	u, err := s.cfg.People.User(r.Context(), principalOf(r), pathParam(r, "userId"))
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.UserReply{User: user(u)})
	return nil
}

func (s *Server) removeUser(w http.ResponseWriter, r *http.Request) error {
	if err := s.cfg.People.RemoveUser(r.Context(), principalOf(r), pathParam(r, "userId")); err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.Message{Message: "User removed successfully"})
	return nil
}

func (s *Server) createInvite(w http.ResponseWriter, r *http.Request) error {
	var in wire.CreateInviteRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	profiles, err := scopedTo(in.Scope, in.ProfileIds)
	if err != nil {
		return err
	}
	role, err := invitedRole(in)
	if err != nil {
		return err
	}
	i, err := s.cfg.People.Invite(r.Context(), principalOf(r), auth.NewInvite{Role: role, Profiles: profiles})
	if err != nil {
		return err
	}
	token := i.Token.Reveal()
	s.write(w, r, http.StatusCreated, wire.InviteToken{Token: token, Scope: in.Scope, InvitedProfileIds: list(i.Profiles),
		ExpiresAt: wire.At(&i.ExpiresAt), InviteURL: s.cfg.PublicURL + invitePath + token})
	return nil
}

// invitedRole is the role of an invitation, which older clients tell by a flag.
func invitedRole(in wire.CreateInviteRequest) (auth.Role, error) {
	role := auth.Role(in.Role)
	switch {
	case in.ReadOnly && (role == auth.RoleAdmin || role == auth.RoleBillingAdmin):
		return "", errs.Fieldf("readOnly", "readOnly stands for the role viewer and does not go with the role %s", role)
	case in.ReadOnly:
		return auth.RoleViewer, nil
	case role == "":
		return auth.RoleMember, nil
	}
	return role, nil
}

// scopedTo is what a scope comes down to: the profiles of a request, or nil for all. A list that the scope does not ask for is refused, as
// whoever sends it expects to be held to it.
func scopedTo(scope string, profiles []string) ([]string, error) {
	switch {
	case scope == scopeProfiles && len(profiles) == 0:
		return nil, &errs.Error{Code: errs.Invalid, Wire: codeMissing, Field: "profileIds", Message: "profileIds is required with the scope profiles: it names at least one"}
	case scope == scopeProfiles:
		return profiles, nil
	case len(profiles) > 0:
		return nil, errs.Fieldf("profileIds", "profileIds goes with the scope profiles alone; send that scope, or no profileIds")
	}
	return nil, nil
}

func (s *Server) acceptInvite(w http.ResponseWriter, r *http.Request) error {
	var in wire.AcceptInviteRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	u, k, err := s.cfg.People.Join(r.Context(), auth.Joining{Token: platforms.NewSecret(in.Token), Name: in.Name, Email: in.Email})
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusCreated, wire.AcceptedInvite{User: user(u), APIKey: apiKey(k)})
	return nil
}

func (s *Server) listKeys(w http.ResponseWriter, r *http.Request) error {
	keys, err := s.cfg.People.Keys(r.Context(), principalOf(r))
	if err != nil {
		return err
	}
	out := wire.APIKeyList{APIKeys: make([]wire.APIKey, 0, len(keys))}
	for _, k := range keys {
		out.APIKeys = append(out.APIKeys, apiKey(k))
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

// apiKey renders a key, with its secret where it was made just now.
func apiKey(k auth.APIKey) wire.APIKey {
	out := wire.APIKey{ID: k.ID, Name: k.Name, KeyPreview: k.Preview, Key: k.Secret.Reveal(), CreatedAt: wire.At(&k.CreatedAt), Scope: scopeFull, Permission: readWrite,
		DisabledResourceGroups: make([]string, 0, len(k.Disabled)), CreatedBy: wire.KeyCreator{ID: k.UserID, Email: k.UserEmail}}
	if k.ExpiresAt != nil {
		out.ExpiresAt = &wire.Timestamp{Time: *k.ExpiresAt}
	}
	if k.ReadOnly {
		out.Permission = readOnly
	}
	for _, g := range k.Disabled {
		out.DisabledResourceGroups = append(out.DisabledResourceGroups, string(g))
	}
	if k.Scoped {
		profiles := make([]wire.KeyProfile, 0, len(k.Profiles))
		for _, p := range k.Profiles {
			profiles = append(profiles, wire.KeyProfile{ID: p.ID, Name: p.Name, Color: p.Color})
		}
		out.Scope, out.ProfileIds = scopeProfiles, &profiles
	}
	return out
}

func (s *Server) createKey(w http.ResponseWriter, r *http.Request) error {
	var in wire.CreateAPIKeyRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	profiles, err := scopedTo(in.Scope, in.ProfileIds)
	if err != nil {
		return err
	}
	n := auth.NewAPIKey{Name: in.Name, Days: in.ExpiresIn, Profiles: profiles, ReadOnly: in.Permission == readOnly}
	for _, g := range in.DisabledResourceGroups {
		n.Disabled = append(n.Disabled, auth.Group(g))
	}
	k, err := s.cfg.People.CreateKey(r.Context(), principalOf(r), n)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusCreated, wire.CreatedAPIKey{Message: "API key created successfully", APIKey: apiKey(k)})
	return nil
}

func (s *Server) deleteKey(w http.ResponseWriter, r *http.Request) error {
	if err := s.cfg.People.DeleteKey(r.Context(), principalOf(r), pathParam(r, "keyId")); err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.Message{Message: "API key deleted successfully"})
	return nil
}
