package http

import (
	"encoding/json"
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"posthorn/internal/logs"
)

// aboutRequest tells all that is done for a request whom it is done for, so that what it leads to can be found in the log by its ID.
func aboutRequest(r *http.Request) *http.Request {
	n := noteOf(r)
	return r.WithContext(logs.With(r.Context(), logs.About{OwnerID: n.principal.OwnerID, UserID: n.principal.UserID, KeyID: n.principal.KeyID, RequestID: n.requestID}))
}

// record writes the request into its owner's log. Neither body is kept, nor the query: they may hold what only the caller should have.
func (s *Server) record(w middleware.WrapResponseWriter, r *http.Request, n *note, took time.Duration) {
	if s.cfg.Record == nil || n.principal.OwnerID == "" {
		return
	}
	now := s.cfg.Now()
	route := chi.RouteContext(r.Context()).RoutePattern()
	e := logs.Entry{At: now, Status: logs.Success, StatusCode: w.Status(), Method: clip(r.Method, 20), Path: clip(r.URL.Path, 500), Duration: took,
		Endpoint: clip(r.Method, 20) + " " + route, IPAddress: address(r), UserAgent: clip(r.UserAgent(), 300),
		About: logs.About{Type: logs.APIRequest, Action: n.operation, OwnerID: n.principal.OwnerID, UserID: n.principal.UserID, KeyID: n.principal.KeyID, RequestID: n.requestID}}
	if e.Action == "" {
		e.Action = "api.request"
	}
	if e.StatusCode >= http.StatusBadRequest {
		e.Status = logs.Failed
		if n.err != nil {
			e.ErrorCode, e.ErrorMessage = n.told.Code, clip(n.told.Error, 1000)
			e.Metadata, _ = json.Marshal(map[string]string{"param": n.told.Param, "rule": n.told.Rule}) // texts always encode
		}
	}
	s.cfg.Record.Add(e)
}

// address is the address of the peer, which behind a proxy is the proxy: what callers say of themselves is not believed.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}
