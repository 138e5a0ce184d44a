package http

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/rs/zerolog"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
)

// A note gathers what the log line of a request says, and what its handler needs to know of it.
type note struct {
	requestID  string
	fromCaller bool   // the caller chose the request ID
	onceID     string // names what an Idempotency-Key has done once; empty without one
	principal  auth.Principal
	operation  string
	quiet      bool
	err        error
	told       wire.Error // what the caller was told of err
}

type noteKey struct{}

// noteOf is the note of a request that went through observe.
func noteOf(r *http.Request) *note {
	n, ok := r.Context().Value(noteKey{}).(*note)
	if !ok {
		return &note{}
	}
	return n
}

const requestIDHeader = "X-Request-Id"

// observe names every request, recovers from panics and writes one log line when it has been answered.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.cfg.Now()
		n := &note{requestID: r.Header.Get(requestIDHeader)}
		if n.fromCaller = validRequestID(n.requestID); !n.fromCaller {
			n.requestID = strings.ToLower(rand.Text())
		}
		w.Header().Set(requestIDHeader, n.requestID)
		s.baseLimit(w.Header())
		r = r.WithContext(context.WithValue(r.Context(), noteKey{}, n))
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			s.recovered(ww, r, recover())
			took := s.cfg.Now().Sub(start)
			s.logRequest(ww, r, n, took.Milliseconds())
			s.record(ww, r, n, took)
		}()
		next.ServeHTTP(ww, r)
	})
}

// recovered turns a panic into an internal error. An answer that is under way cannot be taken back: the connection is cut instead.
func (s *Server) recovered(w middleware.WrapResponseWriter, r *http.Request, panicked any) {
	if panicked == nil {
		return
	}
	if panicked == http.ErrAbortHandler {
		panic(panicked)
	}
	err := fmt.Errorf("panic: %v\n%s", panicked, debug.Stack())
	if w.Status() != 0 {
		s.cfg.Log.Error().Err(err).Str("request_id", noteOf(r).requestID).Msg("panic after the answer had begun")
		panic(http.ErrAbortHandler)
	}
	s.fail(w, r, &errs.Error{Code: errs.Internal, Err: err})
}

func (s *Server) logRequest(w middleware.WrapResponseWriter, r *http.Request, n *note, ms int64) {
	level := zerolog.InfoLevel
	switch {
	case w.Status() >= 500 && n.err != nil: // without an error it tells of somebody else's, a webhook's endpoint for instance
		level = zerolog.ErrorLevel
	case n.quiet:
		level = zerolog.DebugLevel
	}
	line := s.cfg.Log.WithLevel(level).Str("method", clip(r.Method, 20)).Int("status", w.Status()).Int64("ms", ms).Str("request_id", n.requestID)
	if pattern := chi.RouteContext(r.Context()).RoutePattern(); pattern != "" {
		line = line.Str("route", pattern)
	}
	if n.principal.OwnerID != "" {
		line = line.Str("owner", n.principal.OwnerID).Str("key", n.principal.KeyID)
	}
	if n.err != nil && w.Status() >= 500 {
		line = line.Err(n.err)
	}
	line.Msg("request")
}

// validRequestID reports whether a caller's request ID can be taken over.
func validRequestID(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("._:-", rune(c)) {
			return false
		}
	}
	return true
}

// authenticate finds who asks and notes it.
func (s *Server) authenticate(r *http.Request, connectToken bool) error {
	if token := connectTokenOf(r); connectToken && token != "" {
		p, err := s.cfg.Connect.As(r.Context(), token)
		noteOf(r).principal = p
		return err
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	key = strings.TrimSpace(key)
	if !strings.EqualFold(scheme, "Bearer") || key == "" {
		return errs.New(errs.Unauthorized, "Send an API key: Authorization: Bearer sk_...")
	}
	p, err := s.cfg.Keys.Authenticate(r.Context(), key)
	if err != nil {
		return err
	}
	noteOf(r).principal = p
	return nil
}

// principalOf is whom a request acts for.
func principalOf(r *http.Request) auth.Principal { return noteOf(r).principal }
