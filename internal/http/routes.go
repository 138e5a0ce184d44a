package http

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sort"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/go-chi/chi/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

// A handler answers a request that is authenticated and valid. The server renders its error.
type handler func(w http.ResponseWriter, r *http.Request) error

// handlers are the operations of openapi.yaml by their operationId. Each area lists its own.
func (s *Server) handlers() map[string]handler {
	all := map[string]handler{}
	for _, area := range []map[string]handler{
		s.postHandlers(),
		s.postChangeHandlers(),
		s.postRemoteHandlers(),
		s.queueHandlers(),
		s.profileHandlers(),
		s.accountHandlers(),
		s.accountHealthHandlers(),
		s.tiktokHandlers(),
		s.connectHandlers(),
		s.groupHandlers(),
		s.peopleHandlers(),
		s.usageHandlers(),
		s.toolHandlers(),
		s.mediaHandlers(),
		s.webhookHandlers(),
		s.serverHandlers(),
	} {
		maps.Copy(all, area)
	}
	return all
}

// An operation is a route of openapi.yaml with what answers it.
type operation struct {
	route   *routers.Route // what kin-openapi would have found; chi's match is handed to it, so that a request is routed once
	secured bool
	group   auth.Group // whose keys may use it
	writes  bool       // keys that only read may not use it
	strict  bool       // unknown query parameters are refused
	once    bool       // it takes an Idempotency-Key
	connect bool       // a connect token may stand for the key
	maxBody int64      // bytes of a form
	quiet   bool       // logged only when debugging
	handle  handler
}

// keyScheme is the security scheme in openapi.yaml of what takes an API key.
const keyScheme = "key"

// connectScheme is that of what takes a connect token in its place.
const connectScheme = "connectToken"

// apiPrefix is where the routes under /v1 are served as well: some clients put /api into their base URL.
const apiPrefix = "/api"

// route registers every operation of openapi.yaml. One without a handler, or a handler without one, is an error.
func (s *Server) route() error {
	s.router = chi.NewRouter()
	s.router.Use(s.observe)
	s.router.NotFound(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, errs.New(errs.NotFound, "There is nothing at %s", clip(r.URL.Path, 200)))
	})
	s.router.MethodNotAllowed(s.methodNotAllowed)
	handlers := s.handlers()
	for path, item := range s.doc.Paths.Map() {
		for method, op := range item.Operations() {
			h, ok := handlers[op.OperationID]
			if !ok {
				return fmt.Errorf("operation %q (%s %s) has no handler", op.OperationID, method, path)
			}
			delete(handlers, op.OperationID)
			o := s.operation(method, path, item, op, h)
			if o.secured && !auth.KnownGroup(o.group) {
				return fmt.Errorf("operation %q (%s %s) declares no x-resource-group, which says whose keys may use it", op.OperationID, method, path)
			}
			s.register(method, path, o)
		}
	}
	for id := range handlers {
		return fmt.Errorf("handler %q has no operation", id)
	}
	s.routePages()
	if err := s.routeDocs(); err != nil {
		return err
	}
	s.routeMedia()
	return nil
}

func (s *Server) operation(method, path string, item *openapi3.PathItem, op *openapi3.Operation, h handler) operation {
	security := op.Security
	if security == nil {
		security = &s.doc.Security
	}
	strict, _ := op.Extensions["x-strict-query"].(bool)
	writes, _ := op.Extensions["x-writes"].(bool)
	group, _ := op.Extensions["x-resource-group"].(string)
	once, _ := op.Extensions["x-idempotent"].(bool)
	maxBody, ok := op.Extensions["x-max-body"].(float64)
	if !ok {
		maxBody = float64(s.cfg.MaxBody)
	}
	secured := slices.ContainsFunc(*security, func(r openapi3.SecurityRequirement) bool { return r[keyScheme] != nil })
	return operation{
		route:   &routers.Route{Spec: s.doc, Path: path, PathItem: item, Method: method, Operation: op},
		secured: secured,
		group:   auth.Group(group),
		writes:  writes || method != http.MethodGet,
		strict:  strict,
		once:    once,
		connect: slices.ContainsFunc(*security, func(r openapi3.SecurityRequirement) bool { return r[connectScheme] != nil }),
		maxBody: int64(maxBody),
		quiet:   !secured && method == http.MethodGet,
		handle:  h,
	}
}

func (s *Server) register(method, path string, op operation) {
	answer := s.answer(op)
	prefixes := []string{""}
	if strings.HasPrefix(path, "/v1/") {
		prefixes = append(prefixes, apiPrefix)
	}
	for _, prefix := range prefixes {
		s.router.Method(method, prefix+path, answer)
		if method == http.MethodGet {
			s.router.Method(http.MethodHead, prefix+path, answer)
		}
	}
}

// answer runs an operation: who asks, is it valid, do it.
func (s *Server) answer(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		noteOf(r).quiet, noteOf(r).operation = op.quiet, op.route.Operation.OperationID
		if err := s.run(op, w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

func (s *Server) run(op operation, w http.ResponseWriter, r *http.Request) error {
	if op.secured {
		if err := s.authenticate(r, op.connect); err != nil {
			return err
		}
		if err := s.limit(w, r); err != nil {
			return err
		}
		r = aboutRequest(r)
		if err := principalOf(r).May(op.group, !op.writes); err != nil {
			return err
		}
	}
	if err := s.validate(op, w, r); err != nil {
		return err
	}
	if op.once {
		return s.once(op, w, r)
	}
	return op.handle(w, r)
}

// methodNotAllowed answers a path that exists with the methods that it takes.
func (s *Server) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if s.router.Match(chi.NewRouteContext(), method, path) {
			allowed = append(allowed, method)
		}
	}
	sort.Strings(allowed)
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	s.fail(w, r, statusf(http.StatusMethodNotAllowed, "method_not_allowed", "%s is not possible here; possible are %s", clip(r.Method, 40), strings.Join(allowed, ", ")))
}
