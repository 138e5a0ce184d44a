package requests

import (
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Place is a parameter, or a field within the body, of an operation.
type Place struct {
	In     string   // path, query, header or body
	Name   string   // of the parameter, or of the field
	Path   []string // within the body: names and, as "0", items
	Schema *openapi3.Schema
	List   bool // it holds a list of what its name says
}

// String names the place as callers know it.
func (p Place) String() string {
	if p.In == "body" {
		return "body " + strings.Join(p.Path, ".")
	}
	return p.In + " " + p.Name
}

// Places are all parameters and fields of an operation, those within fields too.
func (o Operation) Places() []Place {
	var list []Place
	for _, ref := range o.Parameters {
		s := ref.Value.Schema.Value
		list = append(list, Place{In: ref.Value.In, Name: ref.Value.Name, Schema: s, List: s.Type.Is(openapi3.TypeArray)})
	}
	if schema, _ := o.Body(); schema != nil {
		list = append(list, fields(schema, nil)...)
	}
	return list
}

func fields(s *openapi3.Schema, path []string) (list []Place) {
	if len(path) > maxDepth {
		return nil
	}
	for _, part := range [][]*openapi3.SchemaRef{s.AllOf, s.OneOf, s.AnyOf} {
		for _, ref := range part {
			list = append(list, fields(ref.Value, path)...)
		}
	}
	if s.Items != nil {
		list = append(list, fields(s.Items.Value, append(path[:len(path):len(path)], "0"))...)
	}
	for name, ref := range s.Properties {
		at := append(path[:len(path):len(path)], name)
		list = append(list, Place{In: "body", Name: name, Path: at, Schema: ref.Value, List: ref.Value.Type.Is(openapi3.TypeArray)})
		list = append(list, fields(ref.Value, at)...)
	}
	return list
}

// Put sets the value at a place, and makes what it lies in where that is not there.
func (r *Request) Put(p Place, value any, m Maker) {
	switch p.In {
	case openapi3.ParameterInPath:
		r.Path[p.Name] = join(value)
	case openapi3.ParameterInQuery:
		r.Query[p.Name] = []string{join(value)}
	case openapi3.ParameterInHeader:
		r.Header.Set(p.Name, join(value))
	default:
		schema, _ := r.Operation.Body()
		r.Body = put(r.Body, schema, p.Path, value, m)
	}
}

func put(in any, s *openapi3.Schema, path []string, value any, m Maker) any {
	if len(path) == 0 {
		return value
	}
	if i, err := strconv.Atoi(path[0]); err == nil {
		list, _ := in.([]any)
		for len(list) <= i {
			list = append(list, m.Value("", s.Items.Value, 1))
		}
		list[i] = put(list[i], s.Items.Value, path[1:], value, m)
		return list
	}
	object, ok := in.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	property := property(s, path[0])
	if _, there := object[path[0]]; !there && len(path) > 1 {
		object[path[0]] = m.Value(path[0], property, 1)
	}
	object[path[0]] = put(object[path[0]], property, path[1:], value, m)
	return object
}

// property finds a field of a schema or of its parts.
func property(s *openapi3.Schema, name string) *openapi3.Schema {
	if ref, ok := s.Properties[name]; ok {
		return ref.Value
	}
	for _, part := range [][]*openapi3.SchemaRef{s.AllOf, s.OneOf, s.AnyOf} {
		for _, ref := range part {
			if found := property(ref.Value, name); found != nil {
				return found
			}
		}
	}
	return nil
}
