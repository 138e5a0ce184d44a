package http

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/idempotency"
)

const (
	idempotencyHeader = "Idempotency-Key"
	replayedHeader    = "Idempotent-Replayed"
	// runningRetryAfter is when a caller may look again for the answer to a request of his that is still running.
	runningRetryAfter = 2 * time.Second
)

// Idempotency has a request that its caller names done once. *idempotency.Store says how.
type Idempotency interface {
	Do(ctx context.Context, r idempotency.Request, work func() (a idempotency.Answer, lasts bool, err error)) (a idempotency.Answer, replayed bool, lost, err error)
}

// once runs an operation that openapi.yaml declares idempotent. With an Idempotency-Key its answer is stored before it is sent, and is sent
// to whoever repeats the request. A repeated request is authenticated and validated as any other, so it gets nothing that its key may not see.
func (s *Server) once(op operation, w http.ResponseWriter, r *http.Request) error {
	if _, sent := r.Header[idempotencyHeader]; !sent {
		return op.handle(w, r)
	}
	request, err := idempotencyRequest(r)
	if err != nil {
		return err
	}
	n := noteOf(r)
	n.onceID = request.ID()
	kept := &keptAnswer{header: w.Header()}
	answer, replayed, lost, err := s.cfg.Idempotency.Do(r.Context(), request, func() (idempotency.Answer, bool, error) {
		if err := op.handle(kept, r); err != nil {
			return idempotency.Answer{}, false, err
		}
		// With an error noted, the answer was given for want of a better one: a repeated request may learn more.
		return idempotency.Answer{Status: kept.status, Body: kept.body.Bytes()}, n.err == nil, nil
	})
	switch {
	case errors.Is(err, idempotency.ErrReused):
		return statusf(http.StatusUnprocessableEntity, "idempotency_key_reused", "This %s was sent before with another body; use a new key for a new request", idempotencyHeader)
	case errors.Is(err, idempotency.ErrRunning):
		return &errs.Error{Code: errs.Conflict, Wire: "idempotency_conflict", Field: idempotencyHeader, Rule: "idempotency.in_flight", RetryAfter: runningRetryAfter,
			Message: "The first request with this " + idempotencyHeader + " is still running; send it again a little later to get its answer"}
	case err != nil:
		return err
	}
	if lost != nil {
		s.cfg.Log.Error().Err(lost).Str("request_id", n.requestID).Msg("the answer to an idempotent request was not stored")
	}
	if replayed {
		w.Header().Set(replayedHeader, "true")
	}
	s.send(w, answer.Status, jsonType, answer.Body)
	return nil
}

// idempotencyRequest reads what names a request. The two prefixes under which a route is served are the same path.
func idempotencyRequest(r *http.Request) (idempotency.Request, error) {
	if len(r.Header[idempotencyHeader]) > 1 {
		return idempotency.Request{}, errs.Fieldf(idempotencyHeader, "%s was sent more than once", idempotencyHeader)
	}
	key := strings.TrimSpace(r.Header.Get(idempotencyHeader))
	if key == "" || len(key) > 255 || strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' }) {
		return idempotency.Request{}, errs.Fieldf(idempotencyHeader, "%s must be 1 to 255 printable ASCII characters", idempotencyHeader)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return idempotency.Request{}, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return idempotency.Request{KeyID: principalOf(r).KeyID, Path: strings.TrimPrefix(r.URL.EscapedPath(), apiPrefix), Key: key, Body: body}, nil
}

// keptAnswer is an answer that is not sent yet.
type keptAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is that of the answer that will be sent.
func (k *keptAnswer) Header() http.Header { return k.header }

// WriteHeader keeps the status.
func (k *keptAnswer) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
}

// Write keeps the body.
func (k *keptAnswer) Write(b []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(b)
}
