package instagramfake

import "strings"

// field is one item of a fields parameter: "id", or "children{id,media_type}".
type field struct {
	name string
	sub  []field
}

// Bounds of a fields parameter; far beyond what anything here offers.
const (
	maxFieldDepth = 4
	maxFieldBytes = 4096
)

// parseFields reads the fields parameter; absent is what Graph then answers with.
func (p params) parseFields(absent string) ([]field, *failure) {
	text := p["fields"]
	if strings.TrimSpace(text) == "" {
		text = absent
	}
	if len(text) > maxFieldBytes {
		return nil, failParamf("Param fields is too long.")
	}
	fields, rest, ok := fieldList(text, 0)
	if !ok || rest != "" {
		return nil, &failure{code: 2500, message: "Syntax error: the fields parameter cannot be read: " + clip(text)}
	}
	return fields, nil
}

// fieldList reads fields up to the end or an unmatched brace, and returns what follows.
func fieldList(text string, depth int) (fields []field, rest string, ok bool) {
	if depth > maxFieldDepth {
		return nil, "", false
	}
	for {
		end := strings.IndexAny(text, ",{}.")
		if end < 0 {
			end = len(text)
		}
		f := field{name: strings.TrimSpace(text[:end])}
		text = text[end:]
		for strings.HasPrefix(text, ".") { // a modifier such as .limit(5): accepted, without effect
			stop := strings.IndexByte(text, ')')
			if stop < 0 {
				return nil, "", false
			}
			text = text[stop+1:]
		}
		if strings.HasPrefix(text, "{") {
			if f.sub, text, ok = fieldList(text[1:], depth+1); !ok || !strings.HasPrefix(text, "}") {
				return nil, "", false
			}
			text = strings.TrimSpace(text[1:])
		}
		if f.name == "" {
			return nil, "", false
		}
		fields = append(fields, f)
		if !strings.HasPrefix(text, ",") {
			return fields, text, true
		}
		text = text[1:]
	}
}

// object is a thing that fields are read of. It returns nil for what it has no value of, and false for what it does not have at all.
type object interface {
	nodeType() string
	field(name string, sub []field) (any, bool, *failure)
}

// selected reads the fields of o; the ID always comes along.
func selected(id string, o object, fields []field) (map[string]any, *failure) {
	out := map[string]any{"id": id}
	for _, f := range fields {
		if f.name == "id" {
			continue
		}
		v, has, fail := o.field(f.name, f.sub)
		if fail != nil {
			return nil, fail
		}
		if !has {
			return nil, failParamf("Tried accessing nonexisting field (" + clip(f.name) + ") on node type (" + o.nodeType() + ")")
		}
		if v != nil {
			out[f.name] = v
		}
	}
	return out, nil
}
