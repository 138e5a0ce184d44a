package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"posthorn/internal/sandbox/fault"
)

// Bounds of the rules routes.
const (
	maxRuleBody = 1 << 20
	maxWait     = 5 * time.Minute
	usualWait   = 10 * time.Second
)

// ruleBody is a rule on the wire.
type ruleBody struct {
	Host    string            `json:"host,omitempty"`
	Method  string            `json:"method,omitempty"`
	Path    string            `json:"path,omitempty"`
	Skip    int               `json:"skip"`
	Times   *int              `json:"times"` // absent: 1; 0: until removed
	Action  string            `json:"action"`
	When    string            `json:"when,omitempty"`
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"` // a string is sent as it is, other JSON as JSON
	DelayMS int64             `json:"delayMs,omitempty"`
}

// ruleState is a rule and what became of it, on the wire.
type ruleState struct {
	ID string `json:"id"`
	ruleBody
	Matched int          `json:"matched"`
	Applied int          `json:"applied"`
	Gone    int          `json:"gone"`
	Holding []fault.Call `json:"holding"`
	Spent   bool         `json:"spent"`
}

// rule turns what was sent into a rule of the engine.
func (b ruleBody) rule() (fault.Rule, error) {
	r := fault.Rule{
		Host: b.Host, Method: b.Method, Path: b.Path, Skip: b.Skip, Times: 1,
		Action: fault.Action(b.Action), When: fault.Moment(b.When),
		Status: b.Status, Header: b.Headers, Body: string(b.Body),
		Delay: time.Duration(max(-1, min(b.DelayMS, int64(24*time.Hour/time.Millisecond)))) * time.Millisecond,
	}
	if b.Times != nil {
		r.Times = *b.Times
		if r.Times < 0 {
			return r, invalid("times must not be negative; 0 means until the rule is removed")
		}
		if r.Times == 0 {
			r.Times = fault.Forever
		}
	}
	var text string
	if len(b.Body) > 0 && json.Unmarshal(b.Body, &text) == nil {
		r.Body = text
	}
	return r, nil
}

// describe renders a rule of the engine.
func describe(h *fault.Handle) ruleState {
	r, state := h.Rule(), h.State()
	times := max(r.Times, 0) // Forever is 0 on the wire
	b := ruleBody{
		Host: r.Host, Method: r.Method, Path: r.Path, Skip: r.Skip, Times: &times, Action: string(r.Action), When: string(r.When),
		Status: r.Status, Headers: r.Header, DelayMS: r.Delay.Milliseconds(),
	}
	if r.Body != "" {
		b.Body, _ = json.Marshal(r.Body) // a string always encodes
	}
	for i := range state.Holding {
		state.Holding[i].Path = hideToken(state.Holding[i].Path)
	}
	return ruleState{h.ID(), b, state.Matched, state.Applied, state.Gone, state.Holding, state.Spent}
}

func (s *Sandbox) addRule(w http.ResponseWriter, r *http.Request) error {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRuleBody))
	dec.DisallowUnknownFields() // a misspelt condition would match everything
	var body ruleBody
	if err := dec.Decode(&body); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return &apiError{http.StatusRequestEntityTooLarge, "too_large", "a rule is at most 1 MiB"}
		}
		return invalid("the body is not a rule in JSON: %s", shorten(err.Error(), 200))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return invalid("the body holds more than one rule")
	}
	rule, err := body.rule()
	if err != nil {
		return err
	}
	h, err := s.faults.Add(rule)
	switch {
	case errors.Is(err, fault.ErrTooMany):
		return &apiError{http.StatusConflict, "too_many_rules", err.Error()}
	case err != nil:
		return invalid("%s", err)
	}
	return writeJSON(w, http.StatusCreated, describe(h))
}

func (s *Sandbox) listRules(w http.ResponseWriter, _ *http.Request) error {
	list := []ruleState{}
	for _, h := range s.faults.Rules() {
		list = append(list, describe(h))
	}
	return writeJSON(w, http.StatusOK, map[string]any{"rules": list})
}

func (s *Sandbox) clearRules(w http.ResponseWriter, _ *http.Request) error {
	s.faults.Clear()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// ruleOf finds the rule that a path names.
func (s *Sandbox) ruleOf(r *http.Request) (*fault.Handle, error) {
	if h := s.faults.Rule(r.PathValue("id")); h != nil {
		return h, nil
	}
	return nil, &apiError{http.StatusNotFound, "not_found", "there is no rule with this ID"}
}

func (s *Sandbox) getRule(w http.ResponseWriter, r *http.Request) error {
	h, err := s.ruleOf(r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, describe(h))
}

func (s *Sandbox) removeRule(w http.ResponseWriter, r *http.Request) error {
	h, err := s.ruleOf(r)
	if err != nil {
		return err
	}
	h.Remove()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Sandbox) releaseRule(w http.ResponseWriter, r *http.Request) error {
	h, err := s.ruleOf(r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]int{"released": h.Release()})
}

// waitForRule answers once a rule has met ?count= requests (1 unless told), or, with ?gone=, once so many held clients have left.
func (s *Sandbox) waitForRule(w http.ResponseWriter, r *http.Request) error {
	h, err := s.ruleOf(r)
	if err != nil {
		return err
	}
	timeout := usualWait
	if text := r.URL.Query().Get("timeout"); text != "" {
		if timeout, err = time.ParseDuration(text); err != nil || timeout <= 0 || timeout > maxWait {
			return invalid("timeout must be a duration like 10s, at most %v", maxWait)
		}
	}
	count, err := intParam(r, "count", 1, 1, 1_000_000)
	if err != nil {
		return err
	}
	gone, err := intParam(r, "gone", 0, 1, 1_000_000)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	if gone > 0 {
		err = h.WaitGone(ctx, gone)
	} else {
		err = h.Wait(ctx, count)
	}
	switch {
	case errors.Is(err, fault.ErrRemoved):
		return &apiError{http.StatusGone, "removed", err.Error()}
	case errors.Is(err, context.DeadlineExceeded):
		return &apiError{http.StatusGatewayTimeout, "timeout", "it did not happen within " + timeout.String()}
	case err != nil:
		return &apiError{http.StatusServiceUnavailable, "closing", "the sandbox is shutting down"}
	}
	return writeJSON(w, http.StatusOK, describe(h))
}
