package http

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/go-chi/chi/v5"

	"posthorn/internal/errs"
)

// validation checks everything and collects all faults. Authentication is done before it, and defaults are the handlers' affair.
var validation = &openapi3filter.Options{
	MultiError:          true,
	SkipSettingDefaults: true,
	AuthenticationFunc:  openapi3filter.NoopAuthenticationFunc,
}

// withoutBody is validation of everything else.
var withoutBody = &openapi3filter.Options{
	MultiError:          true,
	SkipSettingDefaults: true,
	ExcludeRequestBody:  true,
	AuthenticationFunc:  openapi3filter.NoopAuthenticationFunc,
}

// validate holds a request to its operation in openapi.yaml. Afterwards the body is one that decodes into what was validated.
func (s *Server) validate(op operation, w http.ResponseWriter, r *http.Request) error {
	query, err := parseQuery(op, r.URL.RawQuery)
	if err != nil {
		return err
	}
	params, err := pathParams(r)
	if err != nil {
		return err
	}
	options := validation
	body := op.route.Operation.RequestBody
	switch {
	case body == nil:
	case body.Value.Content[formType] != nil:
		if err := s.takeForm(op.maxBody, w, r); err != nil {
			return err
		}
		options = withoutBody
	default:
		if err := s.takeBody(body.Value, w, r); err != nil {
			return err
		}
	}
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, QueryParams: query, Route: op.route, Options: options}
	return faultError(openapi3filter.ValidateRequest(r.Context(), input))
}

// takeBody reads the body, checks what a schema cannot say, and puts it back for validation and handler.
func (s *Server) takeBody(body *openapi3.RequestBody, w http.ResponseWriter, r *http.Request) error {
	raw, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	if raw != nil {
		if raw, err = exact(body.Content[jsonType].Schema.Value, bytes.TrimSpace(raw)); err != nil {
			return err
		}
	}
	r.Header.Set("Content-Type", jsonType)
	r.ContentLength = int64(len(raw))
	r.Body = io.NopCloser(bytes.NewReader(raw))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }
	return nil
}

// parseQuery reads a query, and refuses one that is damaged or, where the operation is strict, has a parameter it does not know.
func parseQuery(op operation, raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &errs.Error{Code: errs.Invalid, Rule: "request.invalid_query", Message: "The query of the address is damaged: check its percent-encoding"}
	}
	for name, values := range query {
		for _, text := range append([]string{name}, values...) {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return nil, &errs.Error{Code: errs.Invalid, Rule: "request.invalid_query", Field: clip(name, 60), Message: "query parameter " + clip(name, 60) + " contains what is not text"}
			}
		}
	}
	if !op.strict {
		return query, nil
	}
	var accepted, unknown []string
	for _, p := range op.route.Operation.Parameters {
		if p.Value.In == openapi3.ParameterInQuery {
			accepted = append(accepted, p.Value.Name)
		}
	}
	for name := range query {
		if !slices.Contains(accepted, name) {
			unknown = append(unknown, clip(name, 60))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return nil, &errs.Error{Code: errs.Invalid, Rule: "request.unknown_query_parameter", Field: unknown[0],
			Message: "Unknown query parameter " + strings.Join(unknown, ", ") + "; accepted are " + strings.Join(accepted, ", ")}
	}
	return query, nil
}

// pathParams are the parameters that chi found in the path, decoded.
func pathParams(r *http.Request) (map[string]string, error) {
	found := chi.RouteContext(r.Context()).URLParams
	params := make(map[string]string, len(found.Keys))
	for i, name := range found.Keys {
		value, err := url.PathUnescape(found.Values[i])
		if err != nil {
			return nil, errs.New(errs.NotFound, "Not found")
		}
		params[name] = value
	}
	return params, nil
}

// pathParam is a decoded parameter of the path of a request that was validated.
func pathParam(r *http.Request, name string) string {
	params, err := pathParams(r)
	if err != nil {
		return "" // validate has refused it
	}
	return params[name]
}
