package http

import (
	"net/http"

	"posthorn/internal/accounts"
	"posthorn/internal/http/wire"
)

// groupHandlers keep account groups.
func (s *Server) groupHandlers() map[string]handler {
	return map[string]handler{
		"listAccountGroups":  s.listGroups,
		"createAccountGroup": s.createGroup,
		"updateAccountGroup": s.updateGroup,
		"deleteAccountGroup": s.deleteGroup,
	}
}

func (s *Server) listGroups(w http.ResponseWriter, r *http.Request) error {
	groups, err := s.cfg.Accounts.Groups(r.Context(), principalOf(r))
	if err != nil {
		return err
	}
	out := wire.AccountGroupList{Groups: make([]wire.AccountGroup, 0, len(groups))}
	for _, g := range groups {
		out.Groups = append(out.Groups, group(g))
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func group(g accounts.Group) wire.AccountGroup {
	return wire.AccountGroup{ID: g.ID, Name: g.Name, AccountIds: g.AccountIDs, CreatedBy: g.CreatedBy}
}

func (s *Server) createGroup(w http.ResponseWriter, r *http.Request) error {
	var in wire.CreateAccountGroupRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	g, err := s.cfg.Accounts.CreateGroup(r.Context(), principalOf(r), in.Name, in.AccountIds)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusCreated, wire.ChangedAccountGroup{Message: "Account group created successfully", Group: group(g)})
	return nil
}

func (s *Server) updateGroup(w http.ResponseWriter, r *http.Request) error {
	var in wire.UpdateAccountGroupRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	g, err := s.cfg.Accounts.UpdateGroup(r.Context(), principalOf(r), pathParam(r, "groupId"), accounts.GroupChange{Name: in.Name, AccountIDs: in.AccountIds})
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.ChangedAccountGroup{Message: "Account group updated successfully", Group: group(g)})
	return nil
}

func (s *Server) deleteGroup(w http.ResponseWriter, r *http.Request) error {
	if err := s.cfg.Accounts.DeleteGroup(r.Context(), principalOf(r), pathParam(r, "groupId")); err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.Message{Message: "Account group deleted successfully"})
	return nil
}
