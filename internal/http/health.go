package http

import (
	"context"
	"errors"
	"net/http"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
)

// readyTimeout is how long the checks may take; whoever asks wants to know now.
const readyTimeout = 3 * time.Second

func (s *Server) serverHandlers() map[string]handler {
	return map[string]handler{
		"listPlatforms":  s.listPlatforms,
		"getHealth":      s.alive,
		"getHealthz":     s.alive,
		"getReadyz":      s.ready,
		"getOpenAPIYAML": s.openAPIYAML,
		"getOpenAPIJSON": s.openAPIJSON,
	}
}

func (s *Server) alive(w http.ResponseWriter, r *http.Request) error {
	s.write(w, r, http.StatusOK, wire.Alive{Status: "ok"})
	return nil
}

// ready tells of each check whether it passed.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	out, status := wire.Readiness{Status: "ready", Checks: map[string]wire.Check{}}, http.StatusOK
	for name, err := range s.cfg.Health.Check(ctx) {
		check := wire.Check{Ok: err == nil}
		if err != nil {
			out.Status, status = "not ready", http.StatusServiceUnavailable
			check.Error = "failed"
			if e := (*errs.Error)(nil); errors.As(err, &e) && e.Message != "" {
				check.Error = e.Message
			}
			noteOf(r).err = errors.Join(noteOf(r).err, err)
		}
		out.Checks[name] = check
	}
	s.write(w, r, status, out)
	return nil
}

func (s *Server) openAPIYAML(w http.ResponseWriter, _ *http.Request) error {
	s.send(w, http.StatusOK, "application/yaml", s.description.YAML)
	return nil
}

func (s *Server) openAPIJSON(w http.ResponseWriter, _ *http.Request) error {
	s.send(w, http.StatusOK, jsonType, s.description.JSON)
	return nil
}
