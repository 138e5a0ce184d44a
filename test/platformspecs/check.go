package platformspecs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"posthorn/internal/platforms/platformtest"
)

// Description is a platform's, with the servers that it is meant for.
type Description struct {
	Doc     *openapi3.T
	Servers []string // templates; more than those of Doc, where it leaves some out
}

// plainHeaders are those that belong to HTTP, or are checked as something else.
var plainHeaders = []string{"Accept", "Authorization", "Content-Length", "Content-Range", "Content-Type", "User-Agent"}

// Check says which address a request was sent to, with placeholders, and lists how it differs from what is described there, in words that are
// the same for every request of its kind. Where an address may mean several operations it goes by the one that fits best.
func (d Description) Check(s platformtest.Sent) (at string, differences []string) {
	req, err := http.NewRequestWithContext(context.Background(), s.Method, s.URL, bytes.NewReader(s.Body))
	if err != nil {
		return s.URL, []string{"the request makes no sense"}
	}
	req.Header = s.Header.Clone()
	at, best := general(req.URL), []string{"there is nothing at this address"}
	if flow(d.Doc, req.URL) {
		best = flowFaults(req.URL.Query(), formFields(s))
	}
	met := false // there is an operation with this method
	for _, op := range find(d.Doc, d.Servers, s.Method, req.URL) {
		if op.method == nil {
			if !met {
				at, best = op.address, []string{"there is no " + s.Method + " at this address"}
			}
			continue
		}
		if found := d.check(req, s, op); !met || len(found) < len(best) {
			at, best = op.address, found
		}
		met = true
	}
	slices.Sort(best)
	return s.Method + " " + at, slices.Compact(best)
}

func (d Description) check(req *http.Request, s platformtest.Sent, op operation) []string {
	query := req.URL.Query()
	fields := formFields(s)
	credential := "" // where the token is, if not in the header
	input := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: op.params, QueryParams: query,
		Route: &routers.Route{Spec: d.Doc, Path: op.path, PathItem: op.item, Method: s.Method, Operation: op.method},
		Options: &openapi3filter.Options{ExcludeRequestBody: true, MultiError: true, SkipSettingDefaults: true,
			AuthenticationFunc: func(_ context.Context, in *openapi3filter.AuthenticationInput) error {
				var ok bool
				if credential, ok = carries(req, fields, in.SecurityScheme); !ok {
					return errors.New("missing")
				}
				return nil
			}},
	}
	list := parameterFaults(openapi3filter.ValidateRequest(req.Context(), input))
	params := slices.Concat(op.item.Parameters, op.method.Parameters)
	for name := range query {
		if params.GetByInAndName(openapi3.ParameterInQuery, name) == nil && name != credential {
			list = append(list, fmt.Sprintf("query parameter %s is not described", name))
		}
	}
	for name := range req.Header {
		described := slices.ContainsFunc(params, func(p *openapi3.ParameterRef) bool {
			return p.Value.In == openapi3.ParameterInHeader && http.CanonicalHeaderKey(p.Value.Name) == name
		})
		if !described && !slices.Contains(plainHeaders, name) {
			list = append(list, fmt.Sprintf("header %s is not described", name))
		}
	}
	return append(list, bodyFaults(s, op.method.RequestBody, credential)...)
}

// oauth are the parameters of OAuth 2, which a description of a flow does not name: of its pages, of its tokens, of PKCE.
// https://www.rfc-editor.org/rfc/rfc6749#appendix-A https://www.rfc-editor.org/rfc/rfc7636#section-4
var oauth = []string{"client_id", "client_secret", "code", "code_challenge", "code_challenge_method", "code_verifier", "grant_type", "redirect_uri", "refresh_token", "response_type", "scope", "state"}

func flowFaults(query url.Values, form map[string]string) (list []string) {
	for _, name := range slices.Concat(slices.Collect(maps.Keys(query)), slices.Collect(maps.Keys(form))) {
		if !slices.Contains(oauth, name) {
			list = append(list, fmt.Sprintf("parameter %s is not one of OAuth's", name))
		}
	}
	return list
}

// carries looks for what a scheme wants. A token may come as a parameter, too. https://www.rfc-editor.org/rfc/rfc6750#section-2
func carries(req *http.Request, form map[string]string, scheme *openapi3.SecurityScheme) (parameter string, ok bool) {
	authorization := req.Header.Get("Authorization")
	switch {
	case scheme.Type == "apiKey" && scheme.In == openapi3.ParameterInQuery:
		return scheme.Name, req.URL.Query().Has(scheme.Name)
	case scheme.Type == "apiKey" && scheme.In == openapi3.ParameterInHeader:
		return "", req.Header.Get(scheme.Name) != ""
	case scheme.Type == "http" && strings.EqualFold(scheme.Scheme, "basic"):
		return "", strings.HasPrefix(authorization, "Basic ")
	case strings.HasPrefix(authorization, "Bearer "):
		return "", true
	}
	const name = "access_token"
	_, inForm := form[name]
	return name, inForm || req.URL.Query().Has(name)
}

// parameterFaults puts what was found of parameters and credentials into words.
func parameterFaults(err error) []string {
	var list []string
	for _, e := range each(err) {
		var missing *openapi3filter.SecurityRequirementsError
		var re *openapi3filter.RequestError
		switch {
		case errors.As(e, &missing):
			list = append(list, "credentials are missing")
		case !errors.As(e, &re) || re.Parameter == nil:
			list = append(list, "it cannot be checked: "+e.Error())
		case errors.Is(re.Err, openapi3filter.ErrInvalidRequired):
			list = append(list, fmt.Sprintf("%s parameter %s is missing", re.Parameter.In, re.Parameter.Name))
		default:
			for _, cause := range each(re.Err) {
				list = append(list, fmt.Sprintf("%s parameter %s%s", re.Parameter.In, re.Parameter.Name, fault(cause)))
			}
		}
	}
	return list
}

// each lists the errors within an error of kin-openapi's.
func each(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(openapi3.MultiError); ok {
		var list []error
		for _, e := range many {
			list = append(list, each(e)...)
		}
		return list
	}
	var se *openapi3.SchemaError
	var within openapi3.MultiError
	if !errors.As(err, &se) || !errors.As(se.Origin, &within) {
		return []error{err}
	}
	switch se.SchemaField {
	case "allOf":
		return each(within)
	case "oneOf": // the form that was meant has the right names of kinds, and fits best else
		best, lowest := []error{err}, 0
		for i, form := range within {
			list := each(form)
			cost := len(list)
			for _, e := range list {
				if errors.As(e, &se) && se.SchemaField == "enum" {
					cost += 100
				}
			}
			if i == 0 || cost < lowest {
				best, lowest = list, cost
			}
		}
		return best
	}
	return []error{err}
}

// fault says where a value does not fit its schema, and in what: "/reply/id is a number, not a string".
func fault(err error) string {
	var se *openapi3.SchemaError
	if !errors.As(err, &se) {
		return " cannot be read as what is described"
	}
	at := ""
	for _, p := range se.JSONPointer() {
		if _, err := strconv.Atoi(p); err == nil {
			p = "*"
		}
		at += "/" + p
	}
	switch se.SchemaField {
	case "required":
		return at + " is missing"
	case "enum":
		return fmt.Sprintf("%s may not be %q", at, fmt.Sprint(se.Value))
	case "type":
		return fmt.Sprintf("%s is not of type %s", at, strings.Join(se.Schema.Type.Slice(), " or "))
	case "oneOf", "anyOf":
		return at + " has none of its forms"
	}
	return fmt.Sprintf("%s breaks its %s", at, se.SchemaField)
}

// formFields are the fields of a form, by name; nil for another body. A file is an empty text.
func formFields(s platformtest.Sent) map[string]string {
	req := &http.Request{Method: http.MethodPost, Header: s.Header, Body: io.NopCloser(bytes.NewReader(s.Body))}
	if err := req.ParseMultipartForm(int64(len(s.Body)) + 1); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil
	}
	if len(req.PostForm) == 0 && req.MultipartForm == nil {
		return nil
	}
	fields := map[string]string{}
	for name, values := range req.PostForm {
		fields[name] = strings.Join(values, ",")
	}
	if req.MultipartForm != nil {
		for name, values := range req.MultipartForm.Value {
			fields[name] = strings.Join(values, ",")
		}
		for name := range req.MultipartForm.File {
			fields[name] = ""
		}
	}
	return fields
}
