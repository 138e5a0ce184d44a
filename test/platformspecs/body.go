package platformspecs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"posthorn/internal/platforms/platformtest"
)

// bodyFaults lists how a body differs. A body of a type that is not described is held to the one that is, since what it may hold is the same
// however it is written down. Files are not looked into.
func bodyFaults(s platformtest.Sent, described *openapi3.RequestBodyRef, credential string) []string {
	empty := len(s.Body) == 0 && !s.Long
	if described == nil || described.Value == nil || len(described.Value.Content) == 0 {
		if empty {
			return nil
		}
		return []string{"no body is described"}
	}
	if empty {
		if described.Value.Required {
			return []string{"the body is missing"}
		}
		return nil
	}
	var list []string
	kind, _, _ := mime.ParseMediaType(s.Header.Get("Content-Type"))
	content := described.Value.Content.Get(kind)
	if content == nil {
		types := slices.Sorted(maps.Keys(described.Value.Content))
		list = append(list, fmt.Sprintf("the body is %s, not %s", kind, strings.Join(types, " or ")))
		content = described.Value.Content[types[0]]
	}
	if content == nil || content.Schema == nil || content.Schema.Value == nil || s.Long {
		return list
	}
	schema := content.Schema.Value
	var value any
	if fields := formFields(s); fields != nil {
		if name := credential; name != "" && property(schema, name) == nil {
			delete(fields, name)
		}
		value = typed(fields, schema)
	} else if kind == "application/json" {
		in := json.NewDecoder(bytes.NewReader(s.Body))
		in.UseNumber()
		if err := in.Decode(&value); err != nil {
			return append(list, "the body is not JSON")
		}
	} else {
		return list
	}
	for _, e := range each(schema.VisitJSON(value, openapi3.MultiErrors(), openapi3.VisitAsRequest())) {
		if text := fault(e); !strings.HasSuffix(text, " breaks its properties") { // what is not described, strangers says
			list = append(list, "body"+text)
		}
	}
	return append(list, strangers("body", value, schema)...)
}

// typed gives the fields of a form the types that their schema has, as far as their texts can be read so.
func typed(fields map[string]string, schema *openapi3.Schema) map[string]any {
	values := map[string]any{}
	for name, text := range fields {
		values[name] = text
		p := property(schema, name)
		if p == nil || p.Type == nil || p.Type.Is("string") {
			continue
		}
		var v any
		in := json.NewDecoder(strings.NewReader(text))
		in.UseNumber()
		if in.Decode(&v) == nil && !in.More() && (!p.Type.Is("array") || strings.HasPrefix(text, "[")) {
			values[name] = v
		} else if p.Type.Is("array") {
			list := []any{}
			for part := range strings.SplitSeq(text, ",") {
				list = append(list, part)
			}
			values[name] = list
		}
	}
	return values
}

// parts are a schema and all that it is composed of.
func parts(s *openapi3.Schema) []*openapi3.Schema {
	list := []*openapi3.Schema{s}
	for i := 0; i < len(list); i++ {
		for _, ref := range slices.Concat(list[i].AllOf, list[i].AnyOf, list[i].OneOf) {
			if ref.Value != nil && !slices.Contains(list, ref.Value) { // schemas may name each other in a circle
				list = append(list, ref.Value)
			}
		}
	}
	return list
}

func property(s *openapi3.Schema, name string) *openapi3.Schema {
	for _, p := range parts(s) {
		if ref := p.Properties[name]; ref != nil && ref.Value != nil {
			return ref.Value
		}
	}
	return nil
}

// strangers lists the fields that a schema does not name. Where it names none at all, or says that there may be others, there are no strangers.
func strangers(at string, value any, schema *openapi3.Schema) []string {
	var list []string
	switch v := value.(type) {
	case map[string]any:
		open, named := false, false
		for _, p := range parts(schema) {
			named = named || len(p.Properties) > 0
			open = open || p.AdditionalProperties.Schema != nil || (p.AdditionalProperties.Has != nil && *p.AdditionalProperties.Has)
		}
		for name, inner := range v {
			if p := property(schema, name); p != nil {
				list = append(list, strangers(at+"/"+name, inner, p)...)
			} else if named && !open {
				list = append(list, fmt.Sprintf("%s/%s is not described", at, name))
			}
		}
	case []any:
		for _, p := range parts(schema) {
			if p.Items == nil || p.Items.Value == nil {
				continue
			}
			for _, inner := range v {
				list = append(list, strangers(at+"/*", inner, p.Items.Value)...)
			}
			break
		}
	}
	return list
}
