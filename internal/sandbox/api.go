package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// apiError is an error as the sandbox's own routes answer it.
type apiError struct {
	Status  int    `json:"-"`
	Code    string `json:"error"`
	Message string `json:"message"`
}

func (e *apiError) Error() string { return e.Message }

func invalid(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "invalid", fmt.Sprintf(format, args...)}
}

// handlerFunc is a handler that returns its error to be rendered.
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// ServeHTTP implements http.Handler.
func (f handlerFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := f(w, r); err != nil {
		writeError(w, err)
	}
}

func writeError(w http.ResponseWriter, err error) {
	var known *apiError
	if !errors.As(err, &known) {
		known = &apiError{http.StatusInternalServerError, "internal", "the sandbox failed to answer"}
	}
	_ = writeJSON(w, known.Status, known)
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that has gone needs no answer
	return nil
}

// jsonMisses answers what mux has no route for as the other routes answer their errors.
func jsonMisses(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			writeError(w, &apiError{http.StatusNotFound, "not_found", "the sandbox has no such route; see docs/sandbox.md"})
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		writeError(w, &apiError{http.StatusMethodNotAllowed, "method_not_allowed", "this route takes " + strings.Join(allowed, ", ")})
	})
}

// getPosts lists what the public would see.
func (s *Sandbox) getPosts(w http.ResponseWriter, r *http.Request) error {
	limit, err := intParam(r, "limit", maxPosts, 1, maxPosts)
	if err != nil {
		return err
	}
	posts := s.posts(filterOf(r))
	total := len(posts)
	posts = posts[:min(limit, total)]
	return writeJSON(w, http.StatusOK, map[string]any{"posts": posts, "total": total})
}

// account is an account of a fake, without what would open it.
type account struct {
	Platform    string `json:"platform"`
	ID          string `json:"id"`
	Username    string `json:"username"`
	DisplayName string `json:"displayName"`
	ProfileURL  string `json:"profileUrl,omitempty"`
	Picture     string `json:"picture,omitempty"`
}

// accounts lists the accounts that the fakes hold from the start, by platform and name.
func (s *Sandbox) accounts() []account {
	all := []account{}
	for _, platform := range s.names {
		for _, a := range s.fakes[platform].Accounts() {
			all = append(all, account{platform, a.RemoteID, a.Username, a.DisplayName, a.ProfileURL, s.localMedia(a.PictureURL)})
		}
	}
	slices.SortStableFunc(all, func(a, b account) int {
		return cmp.Or(cmp.Compare(a.Platform, b.Platform), cmp.Compare(a.Username, b.Username))
	})
	return all
}

func (s *Sandbox) getAccounts(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]any{"accounts": s.accounts()})
}

// getRequests lists the last requests that came through the gateway, the newest first.
func (s *Sandbox) getRequests(w http.ResponseWriter, r *http.Request) error {
	limit, err := intParam(r, "limit", 100, 1, maxRequests)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"requests": s.log.newest(limit)})
}

// intParam reads a whole number between low and high from the query.
func intParam(r *http.Request, name string, preset, low, high int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return preset, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, invalid("%s must be a whole number from %d to %d", name, low, high)
	}
	return n, nil
}

// shorten cuts a text to at most n characters.
func shorten(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return s
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
