package graph

import "strings"

// Field is one item of a fields parameter: "id", or "children{id,media_type}".
type Field struct {
	Name string
	Sub  []Field
}

// Bounds of a fields parameter; far beyond what anything here offers.
const (
	maxFieldDepth = 4
	maxFieldBytes = 4096
)

// ParseFields reads the fields parameter; absent is what Graph then answers with.
func (p Params) ParseFields(absent string) ([]Field, *Failure) {
	text := p["fields"]
	if strings.TrimSpace(text) == "" {
		text = absent
	}
	if len(text) > maxFieldBytes {
		return nil, BadParam("Param fields is too long.")
	}
	fields, rest, ok := fieldList(text, 0)
	if !ok || rest != "" {
		return nil, &Failure{Code: 2500, Message: "Syntax error: the fields parameter cannot be read: " + Clip(text)}
	}
	return fields, nil
}

// fieldList reads fields up to the end or an unmatched brace, and returns what follows.
func fieldList(text string, depth int) (fields []Field, rest string, ok bool) {
	if depth > maxFieldDepth {
		return nil, "", false
	}
	for {
		end := strings.IndexAny(text, ",{}.")
		if end < 0 {
			end = len(text)
		}
		f := Field{Name: strings.TrimSpace(text[:end])}
		text = text[end:]
		for strings.HasPrefix(text, ".") { // a modifier such as .limit(5): accepted, without effect
			stop := strings.IndexByte(text, ')')
			if stop < 0 {
				return nil, "", false
			}
			text = text[stop+1:]
		}
		if strings.HasPrefix(text, "{") {
			if f.Sub, text, ok = fieldList(text[1:], depth+1); !ok || !strings.HasPrefix(text, "}") {
				return nil, "", false
			}
			text = strings.TrimSpace(text[1:])
		}
		if f.Name == "" {
			return nil, "", false
		}
		fields = append(fields, f)
		if !strings.HasPrefix(text, ",") {
			return fields, text, true
		}
		text = text[1:]
	}
}

// Object is a thing that fields are read of. It returns nil for what it has no value of, and false for what it does not have at all.
type Object interface {
	NodeType() string
	Field(name string, sub []Field) (any, bool, *Failure)
}

// Selected reads the fields of o; the ID always comes along.
func Selected(id string, o Object, fields []Field) (map[string]any, *Failure) {
	out := map[string]any{"id": id}
	for _, f := range fields {
		if f.Name == "id" {
			continue
		}
		v, has, fail := o.Field(f.Name, f.Sub)
		if fail != nil {
			return nil, fail
		}
		if !has {
			return nil, BadParam("Tried accessing nonexisting field (" + Clip(f.Name) + ") on node type (" + o.NodeType() + ")")
		}
		if v != nil {
			out[f.Name] = v
		}
	}
	return out, nil
}
