package http

import (
	"context"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/connect"
	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/platforms"
)

// Connecter connects accounts through consent pages; connect.Service fits it.
type Connecter interface {
	Start(ctx context.Context, by auth.Principal, w connect.Wish) (authURL, state string, err error)
	Callback(ctx context.Context, r connect.Return) (connect.Arrival, error)
	Complete(ctx context.Context, by auth.Principal, r connect.Return, profileID string) (accounts.Account, error)
	Open(ctx context.Context, token, browser string) (connect.Choice, error)
	Choose(ctx context.Context, by auth.Principal, platform, profileID, token, connectToken string) (connect.Choice, error)
	Pending(ctx context.Context, token string) (connect.Choice, error)
	Finish(ctx context.Context, c connect.Choice, identityID, redirectURL string) (connect.Arrival, error)
	As(ctx context.Context, connectToken string) (auth.Principal, error)
	Deauthorize(ctx context.Context, app string, form url.Values) error
	DeleteData(ctx context.Context, app string, form url.Values) (address, code string, err error)
	Deletion(ctx context.Context, code string) (accounts int, at time.Time, err error)
}

// connectTokenHeader stands for an API key where somebody chooses from what a login opened.
const connectTokenHeader = "X-Connect-Token"

// connectTokenOf is the connect token that a request came with; empty where it came with an API key.
func connectTokenOf(r *http.Request) string {
	if r.Header.Get("Authorization") != "" {
		return ""
	}
	return r.Header.Get(connectTokenHeader)
}

// browserCookie tells the browser that came back from a consent page from others that have the address of its choice.
const browserCookie = "posthorn_connect"

func (s *Server) connectHandlers() map[string]handler {
	return map[string]handler{
		"getConnectUrl":          s.startConnect,
		"handleOAuthCallback":    s.completeConnect,
		"getPendingOAuthData":    s.pendingData,
		"listFacebookPages":      s.listFacebookPages,
		"selectFacebookPage":     s.selectFacebookPage,
		"listInstagramPages":     s.listInstagramPages,
		"selectInstagramAccount": s.selectInstagramAccount,
	}
}

func (s *Server) startConnect(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	address, state, err := s.cfg.Connect.Start(r.Context(), principalOf(r), connect.Wish{Platform: pathParam(r, "platform"), ProfileID: q.Get("profileId"), RedirectURL: q.Get("redirect_url"),
		Headless: q.Get("headless") == "true", Method: q.Get("loginMethod")})
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	s.write(w, r, http.StatusOK, wire.ConnectStart{AuthURL: address, State: state})
	return nil
}

func (s *Server) completeConnect(w http.ResponseWriter, r *http.Request) error {
	var in wire.CompleteConnectRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	a, err := s.cfg.Connect.Complete(r.Context(), principalOf(r), connect.Return{Platform: pathParam(r, "platform"), State: in.State, Code: in.Code}, in.ProfileID)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.ConnectedAccount{Message: "Account connected successfully", Account: account(a)})
	return nil
}

func (s *Server) listInstagramPages(w http.ResponseWriter, r *http.Request) error {
	pages, err := listed[wire.InstagramPage](s, w, r, "instagram")
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.InstagramPages{Pages: pages})
	return nil
}

func (s *Server) listFacebookPages(w http.ResponseWriter, r *http.Request) error {
	pages, err := listed[wire.FacebookPage](s, w, r, "facebook")
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.FacebookPages{Pages: pages})
	return nil
}

// listed is what a login opened, as the contract lists it for a platform.
func listed[T any](s *Server, w http.ResponseWriter, r *http.Request, platform string) ([]T, error) {
	q := r.URL.Query()
	c, err := s.cfg.Connect.Choose(r.Context(), principalOf(r), platform, q.Get("profileId"), q.Get("tempToken"), connectTokenOf(r))
	if err != nil {
		return nil, err
	}
	list := make([]T, len(c.Identities))
	for i, x := range c.Identities {
		if err := json.Unmarshal(x.Listed, &list[i]); err != nil {
			return nil, err
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	return list, nil
}

func (s *Server) selectInstagramAccount(w http.ResponseWriter, r *http.Request) error {
	var in wire.SelectInstagramRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	return s.selected(w, r, "instagram", in.ProfileID, in.TempToken, in.PageID, in.RedirectURL)
}

func (s *Server) selectFacebookPage(w http.ResponseWriter, r *http.Request) error {
	var in wire.SelectFacebookRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	return s.selected(w, r, "facebook", in.ProfileID, in.TempToken, in.PageID, in.RedirectURL)
}

// selected connects what was chosen from what a login opened.
func (s *Server) selected(w http.ResponseWriter, r *http.Request, platform, profileID, token, identityID, redirectURL string) error {
	c, err := s.cfg.Connect.Choose(r.Context(), principalOf(r), platform, profileID, token, connectTokenOf(r))
	if err != nil {
		return err
	}
	a, err := s.cfg.Connect.Finish(r.Context(), c, identityID, redirectURL)
	if err != nil {
		return err
	}
	out := wire.SelectedAccount{Message: "Account connected successfully", RedirectURL: a.To}
	out.Account.AccountID, out.Account.Platform, out.Account.Username, out.Account.DisplayName = a.Account.ID, a.Account.Platform, a.Account.Username, a.Account.DisplayName
	out.Account.ProfilePicture, out.Account.IsActive = a.Account.PictureURL, a.Account.Active
	s.write(w, r, http.StatusOK, out)
	return nil
}

// callbackPage takes a user who comes back from a platform's consent page.
func (s *Server) callbackPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	description := q.Get("error_description")
	if description == "" {
		description = q.Get("error_reason")
	}
	a, err := s.cfg.Connect.Callback(r.Context(), connect.Return{Platform: pathParam(r, "platform"), State: q.Get("state"), Code: q.Get("code"), Error: clip(q.Get("error"), 100), Description: clip(description, 300)})
	if err != nil {
		return err
	}
	if a.Browser != "" {
		http.SetCookie(w, &http.Cookie{Name: browserCookie, Value: a.Browser, Path: connect.ChoicePath, MaxAge: int(time.Hour.Seconds()), HttpOnly: true,
			SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.cfg.PublicURL, "https:")})
	}
	return s.arrive(w, a, pathParam(r, "platform"))
}

// browserOf is the value of the browser's cookie.
func browserOf(r *http.Request) string {
	c, err := r.Cookie(browserCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// deauthorized takes a platform's word that a user has left the operator's app.
func (s *Server) deauthorized(w http.ResponseWriter, r *http.Request) error {
	if err := s.cfg.Connect.Deauthorize(r.Context(), pathParam(r, "app"), r.PostForm); err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.Success{Success: true})
	return nil
}

// deleteData takes a platform's word that a user wants what is kept of them deleted.
func (s *Server) deleteData(w http.ResponseWriter, r *http.Request) error {
	address, code, err := s.cfg.Connect.DeleteData(r.Context(), pathParam(r, "app"), r.PostForm)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, struct { // as the platform wants it
		URL  string `json:"url"`
		Code string `json:"confirmation_code"`
	}{address, code})
	return nil
}

// deletionPage tells such a user what was deleted.
func (s *Server) deletionPage(w http.ResponseWriter, r *http.Request) error {
	n, at, err := s.cfg.Connect.Deletion(r.Context(), pathParam(r, "code"))
	if err != nil {
		return err
	}
	return s.page(w, http.StatusOK, "deleted", struct {
		Accounts int
		At       time.Time
	}{n, at})
}

// arrive sends the browser on, or shows how it came out.
func (s *Server) arrive(w http.ResponseWriter, a connect.Arrival, platform string) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	switch {
	case a.To != "":
		w.Header().Set("Location", a.To)
		s.send(w, http.StatusSeeOther, "text/plain; charset=utf-8", []byte("Going on to "+a.To+"\n"))
		return nil
	case a.Fault != nil:
		title := ""
		if p, ok := s.cfg.Platforms.Get(platform); ok { // anybody can call a platform anything in an address
			title = p.Info().Title
		}
		return s.page(w, http.StatusBadRequest, "unconnected", struct {
			*connect.Fault
			Platform string
		}{a.Fault, title})
	}
	return s.page(w, http.StatusOK, "connected", s.shown(a))
}

// arrived is what a page shows of an account that was connected.
type arrived struct {
	Username, Name, Platform string
	Face                     face
	To                       template.URL
}

func (s *Server) shown(a connect.Arrival) arrived {
	name := a.Account.DisplayName
	if name == "" {
		name = a.Account.Username
	}
	return arrived{Username: a.Account.Username, Name: name, Platform: s.titleOf(a.Account.Platform), Face: s.face(name, a.Account.PictureURL),
		To: template.URL(a.To)} //nolint:gosec // it was held against the schemes that browsers run
}

// option is one of what a page lets its user choose from.
type option struct {
	platforms.Identity
	Face face
}

func (s *Server) optionsOf(c connect.Choice) []option {
	list := make([]option, len(c.Identities))
	for i, x := range c.Identities {
		name := x.Account.DisplayName
		if name == "" {
			name = x.Name
		}
		list[i] = option{x, s.face(name, x.Account.PictureURL)}
	}
	return list
}

// choosePage lets a user choose. The token in its address and the browser's cookie are the right to.
func (s *Server) choosePage(w http.ResponseWriter, r *http.Request) error {
	token := r.Form.Get("token")
	c, err := s.cfg.Connect.Open(r.Context(), token, browserOf(r))
	if err != nil {
		return err
	}
	return s.page(w, http.StatusOK, "choose", struct {
		Token, Noun, Platform string
		Options               []option
	}{token, c.Noun, s.titleOf(c.Platform), s.optionsOf(c)})
}

// chosenPage connects what the user chose. Token and cookie are the proof that the form is meant.
func (s *Server) chosenPage(w http.ResponseWriter, r *http.Request) error {
	c, err := s.cfg.Connect.Open(r.Context(), r.PostForm.Get("token"), browserOf(r))
	if err != nil {
		return err
	}
	a, err := s.cfg.Connect.Finish(r.Context(), c, r.PostForm.Get("identity"), "")
	if err == nil && a.To != "" { // a browser may follow no redirect from a form to another server
		return s.page(w, http.StatusOK, "onward", s.shown(a))
	}
	if errs.CodeOf(err) == errs.NotFound && errs.As(err).Field != "" {
		return &errs.Error{Code: errs.Invalid, Message: "Go back and choose one of the list"}
	}
	if err != nil {
		return err
	}
	return s.arrive(w, a, c.Platform)
}
