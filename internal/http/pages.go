package http

import (
	"bytes"
	"embed"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"posthorn/internal/auth"
	"posthorn/internal/connect"
	"posthorn/internal/errs"
)

// The pages are for people who have no other program to talk to this server with. They are whole in themselves: no script, nothing
// from elsewhere.
//
//go:embed pages
var pageFiles embed.FS

// The addresses of the pages.
const (
	invitePath   = "/invite/"
	devicePath   = "/device"
	decisionPath = devicePath + "/decision"
	// Those that platforms call; the name of the operator's app follows.
	deauthorizePath = "/connect/deauthorize/"
	deleteDataPath  = "/connect/delete-data/"
)

func instant(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// roleInWords is a role with what it means.
func roleInWords(role auth.Role) string {
	switch role {
	case auth.RoleAdmin:
		return "an admin, who also invites and removes people"
	case auth.RoleBillingAdmin:
		return "a billing admin, who sees everything and changes nothing but billing"
	case auth.RoleViewer:
		return "a viewer, who sees everything and changes nothing"
	default:
		return "a member"
	}
}

// routePages registers the pages.
func (s *Server) routePages() {
	for _, p := range []struct {
		method, path string
		handle       handler
	}{
		{http.MethodGet, invitePath + "{token}", s.invitePage},
		{http.MethodHead, invitePath + "{token}", s.invitePage},
		{http.MethodPost, invitePath + "{token}", s.joinPage},
		{http.MethodGet, devicePath, s.devicePage},
		{http.MethodHead, devicePath, s.devicePage},
		{http.MethodPost, devicePath, s.findDevicePage},
		{http.MethodPost, decisionPath, s.decidePage},
		{http.MethodGet, connect.CallbackPath + "{platform}", s.callbackPage},
		{http.MethodGet, connect.ChoicePath, s.choosePage},
		{http.MethodPost, connect.ChoicePath, s.chosenPage},
		{http.MethodGet, picturePath, s.picture},
		{http.MethodGet, connect.DeletionPath + "{code}", s.deletionPage},
		{http.MethodPost, deauthorizePath + "{app}", s.deauthorized},
		{http.MethodPost, deleteDataPath + "{app}", s.deleteData},
	} {
		s.router.Method(p.method, p.path, s.answerPage(p.handle))
	}
}

// maxForm is the most bytes of a form.
const maxForm = 64 << 10

// answerPage runs what makes a page, and makes one of its error.
func (s *Server) answerPage(handle handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			s.failPage(w, r, errs.New(errs.Invalid, "The form could not be read; go back and send it again"))
			return
		}
		if err := handle(w, r); err != nil {
			s.failPage(w, r, err)
		}
	}
}

// page writes a page. What it shows may be secret, and so is the address of some: nobody keeps it, and no other server learns of it.
func (s *Server) page(w http.ResponseWriter, status int, name string, data any) error {
	var b bytes.Buffer
	if err := s.look.templates.ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", s.look.policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	s.send(w, status, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// failPage shows an error.
func (s *Server) failPage(w http.ResponseWriter, r *http.Request, err error) {
	e, status := s.pageError(w, r, err)
	if err := s.page(w, status, "fault", struct{ Title, Message string }{kinds[e.Code].phrase, e.Message}); err != nil {
		s.fail(w, r, err)
	}
}

// pageError notes an error for the log, and says how a page shows it: as one of ours, with a message, and a status.
func (s *Server) pageError(w http.ResponseWriter, r *http.Request, err error) (e *errs.Error, status int) {
	noteOf(r).err = err
	shown := *s.ours(err)
	if shown.Message == "" {
		shown.Message = kinds[shown.Code].phrase
	}
	if shown.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(shown.RetryAfter.Seconds()))))
	}
	return &shown, kinds[shown.Code].status
}

// formFaults are what is wrong with the fields of a form that is shown again, by their names; "other" is for what no field is to blame for.
// Errors that trying again would not help are not among them: they get a page of their own.
func (s *Server) formFaults(w http.ResponseWriter, r *http.Request, err error, blamed map[errs.Code]string) (faults map[string]string, status int, ok bool) {
	code := errs.CodeOf(err)
	field, ok := blamed[code]
	if !ok {
		return nil, 0, false
	}
	e, status := s.pageError(w, r, err)
	if e.Field != "" {
		field = e.Field
	}
	return map[string]string{field: e.Message}, status, true
}
