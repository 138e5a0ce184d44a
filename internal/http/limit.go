package http

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"posthorn/internal/apilimit"
	"posthorn/internal/errs"
)

// limit counts the request against its owner's limit, tells what is left, and refuses what is over.
func (s *Server) limit(w http.ResponseWriter, r *http.Request) error {
	if s.cfg.Limiter == nil {
		return nil
	}
	d, err := s.cfg.Limiter.Take(r.Context(), principalOf(r).OwnerID)
	if err != nil {
		return err
	}
	tellLimit(w.Header(), d)
	if d.Admitted {
		return nil
	}
	return &errs.Error{Code: errs.Limited, Wire: "rate_limit_exceeded", Rule: "api.rate_limit", RetryAfter: max(time.Second, d.Reset.Sub(s.cfg.Now())),
		Message: fmt.Sprintf("Rate limit exceeded: %d requests a minute. Wait as long as Retry-After says", d.Limit),
		Details: map[string]any{"limit": d.Limit, "windowSeconds": 60, "resetAt": d.Reset.UTC().Truncate(time.Second)}}
}

// baseLimit tells the limit that holds before it is known who asks.
func (s *Server) baseLimit(h http.Header) {
	if s.cfg.Limiter != nil {
		tellLimit(h, s.cfg.Limiter.Base())
	}
}

func tellLimit(h http.Header, d apilimit.Decision) {
	if d.Limit <= 0 {
		return
	}
	h.Set("X-RateLimit-Limit", strconv.Itoa(d.Limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(d.Remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(d.Reset.Add(time.Second-1).Unix(), 10)) // rounded up: a slot is free by then
}
