// Package requests makes requests to the API out of its description: valid ones, nearly valid ones and hostile ones, for tests that try
// every operation there is.
package requests

import (
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"posthorn"
	"posthorn/internal/auth"
)

// Operation is one operation of openapi.yaml.
type Operation struct {
	ID, Method, Path string
	Group            auth.Group
	Open             bool // needs no key
	Writes           bool // keys that only read may not use it
	Spec             *openapi3.Operation
	Parameters       openapi3.Parameters // those of its path too
}

// Operations are all that openapi.yaml describes, in the order of their paths.
func Operations() ([]Operation, error) {
	doc, err := openapi3.NewLoader().LoadFromData(posthorn.OpenAPI)
	if err != nil {
		return nil, err
	}
	var list []Operation
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			group, _ := op.Extensions["x-resource-group"].(string)
			writes, _ := op.Extensions["x-writes"].(bool)
			list = append(list, Operation{Writes: writes || method != http.MethodGet, ID: op.OperationID, Method: method, Path: path, Group: auth.Group(group), Open: open(op),
				Spec: op, Parameters: slices.Concat(item.Parameters, op.Parameters)})
		}
	}
	slices.SortFunc(list, func(a, b Operation) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return list, nil
}

// keyScheme is the security scheme in openapi.yaml of what takes an API key, which is everything that does not say otherwise.
const keyScheme = "key"

func open(op *openapi3.Operation) bool {
	return op.Security != nil && !slices.ContainsFunc(*op.Security, func(r openapi3.SecurityRequirement) bool { return r[keyScheme] != nil })
}

// Reads reports whether the operation changes nothing.
func (o Operation) Reads() bool { return !o.Writes }

// Body is the schema of the operation's body and its media type; nil when it takes none.
func (o Operation) Body() (*openapi3.Schema, string) {
	if o.Spec.RequestBody == nil {
		return nil, ""
	}
	for mediaType, content := range o.Spec.RequestBody.Value.Content {
		if content.Schema != nil {
			return content.Schema.Value, mediaType
		}
	}
	return nil, ""
}
