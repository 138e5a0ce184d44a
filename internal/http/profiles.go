package http

import (
	"encoding/json"
	"net/http"

	"posthorn/internal/accounts"
	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
)

// profileHandlers keep profiles.
func (s *Server) profileHandlers() map[string]handler {
	return map[string]handler{
		"listProfiles":  s.listProfiles,
		"createProfile": s.createProfile,
		"getProfile":    s.getProfile,
		"updateProfile": s.updateProfile,
		"deleteProfile": s.deleteProfile,
	}
}

// profilesAtOnce is the most profiles of one answer to a caller who pages.
const profilesAtOnce = 1000

func (s *Server) listProfiles(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := accounts.ProfileFilter{Name: q.Get("name")}
	paged := q.Has("limit") || q.Has("skip")
	if paged {
		f.Limit, f.Skip = number(q, "limit", profilesAtOnce), number(q, "skip", 0)
	}
	list, total, err := s.cfg.Accounts.Profiles(r.Context(), principalOf(r), f)
	if err != nil {
		return err
	}
	out := wire.ProfileList{Profiles: make([]wire.Profile, 0, len(list))}
	for _, p := range list {
		shown := profile(p)
		if q.Get("includeOverLimit") == "true" {
			shown.IsOverLimit = new(bool) // there is no limit
		}
		out.Profiles = append(out.Profiles, shown)
	}
	if paged {
		out.Total, out.Skip, out.Limit = &total, &f.Skip, &f.Limit
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func profile(p accounts.Profile) wire.Profile {
	return wire.Profile{ID: p.ID, UserID: p.OwnerID, Name: p.Name, Description: p.Description, Color: p.Color, IsDefault: p.IsDefault, CreatedAt: wire.At(&p.CreatedAt)}
}

func (s *Server) createProfile(w http.ResponseWriter, r *http.Request) error {
	var in wire.CreateProfileRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	p, err := s.cfg.Accounts.CreateProfile(r.Context(), principalOf(r), accounts.NewProfile{Name: in.Name, Description: in.Description, Color: in.Color})
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusCreated, wire.ChangedProfile{Message: "Profile created successfully", Profile: profile(p)})
	return nil
}

func (s *Server) getProfile(w http.ResponseWriter, r *http.Request) error {
	p, err := s.cfg.Accounts.Profile(r.Context(), principalOf(r), pathParam(r, "profileId"))
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.ProfileReply{Profile: profile(p)})
	return nil
}

func (s *Server) updateProfile(w http.ResponseWriter, r *http.Request) error {
	var in wire.UpdateProfileRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	c := accounts.ProfileChange{Name: in.Name, Color: in.Color, IsDefault: in.IsDefault}
	if in.Description != nil { // null clears it, and decodes into the empty text
		c.Description = new(string)
		if err := json.Unmarshal(in.Description, c.Description); err != nil {
			return &errs.Error{Code: errs.Invalid, Field: "description", Message: "description cannot be read", Err: err}
		}
	}
	p, err := s.cfg.Accounts.UpdateProfile(r.Context(), principalOf(r), pathParam(r, "profileId"), c)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.ChangedProfile{Message: "Profile updated successfully", Profile: profile(p)})
	return nil
}

func (s *Server) deleteProfile(w http.ResponseWriter, r *http.Request) error {
	if err := s.cfg.Accounts.DeleteProfile(r.Context(), principalOf(r), pathParam(r, "profileId")); err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.Message{Message: "Profile deleted successfully"})
	return nil
}
