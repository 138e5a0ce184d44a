package http

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

// deviceForm is the page on which somebody names a device and shows who he is.
type deviceForm struct {
	Code   string
	Faults map[string]string
}

// devicePage asks for both. It looks nothing up, so that codes cannot be tried on it.
func (s *Server) devicePage(w http.ResponseWriter, r *http.Request) error {
	return s.page(w, http.StatusOK, "device", deviceForm{Code: clip(r.Form.Get("code"), 20)})
}

// findDevicePage shows the device and asks whether it may come in. The key is the proof that the form is meant; the next one has a ticket
// instead, so that no page ever holds the key.
func (s *Server) findDevicePage(w http.ResponseWriter, r *http.Request) error {
	code := clip(r.PostForm.Get("code"), 20)
	d, err := s.findDevice(r, code)
	if err == nil {
		return s.page(w, http.StatusOK, "decide", struct {
			Device auth.Device
			Ago    string
		}{d, ago(s.cfg.Now().Sub(d.AskedAt))})
	}
	faults, status, ok := s.formFaults(w, r, err, map[errs.Code]string{errs.Unauthorized: "key", errs.Forbidden: "key", errs.NotFound: "code", errs.Limited: "other"})
	if !ok {
		return err
	}
	return s.page(w, status, "device", deviceForm{Code: code, Faults: faults})
}

func (s *Server) findDevice(r *http.Request, code string) (auth.Device, error) {
	by, err := s.cfg.Keys.Authenticate(r.Context(), strings.TrimSpace(r.PostForm.Get("key")))
	if err != nil {
		return auth.Device{}, err
	}
	noteOf(r).principal = by
	return s.cfg.People.FindDevice(r.Context(), by, code)
}

// ago is a time in the last minutes, in words.
func ago(d time.Duration) string {
	switch minutes := int(d.Minutes()); minutes {
	case 0:
		return "just now"
	case 1:
		return "a minute ago"
	default:
		return fmt.Sprintf("%d minutes ago", minutes)
	}
}

// decidePage lets a device in or sends it away. The ticket is the proof that the form is meant.
func (s *Server) decidePage(w http.ResponseWriter, r *http.Request) error {
	letIn := r.PostForm.Get("decision") == "approve"
	if !letIn && r.PostForm.Get("decision") != "deny" {
		return errs.New(errs.Invalid, "Say whether to let the device in: go back and press one of the two buttons")
	}
	name, err := s.cfg.People.DecideDevice(r.Context(), r.PostForm.Get("ticket"), letIn)
	if err != nil {
		return err
	}
	return s.page(w, http.StatusOK, "decided", struct {
		Name  string
		LetIn bool
	}{name, letIn})
}
