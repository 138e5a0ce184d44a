package requests

import (
	"fmt"
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Maker makes values that fit their schemas.
type Maker struct {
	Rand *rand.Rand
	// Known gives a value for a field or parameter by its name, where one exists that reaches deeper than what a schema says: a real ID, an
	// IANA zone. It is asked first.
	Known func(name string) (any, bool)
	// Full is the chance that an optional field is there.
	Full float64
}

// maxDepth ends schemas that contain themselves.
const maxDepth = 8

// Request makes a valid request to an operation.
func (m Maker) Request(o Operation) Request {
	r := Request{Operation: o, Path: map[string]string{}, Query: map[string][]string{}, Header: map[string][]string{}}
	for _, ref := range o.Parameters {
		p := ref.Value
		if !p.Required && m.Rand.Float64() >= m.Full {
			continue
		}
		value := m.Value(p.Name, p.Schema.Value, 0)
		switch p.In {
		case openapi3.ParameterInPath:
			r.Path[p.Name] = fmt.Sprint(value)
		case openapi3.ParameterInQuery:
			r.Query[p.Name] = []string{join(value)}
		case openapi3.ParameterInHeader:
			r.Header.Set(p.Name, fmt.Sprint(value))
		}
	}
	if schema, _ := o.Body(); schema != nil && (o.Spec.RequestBody.Value.Required || m.Rand.Float64() < m.Full) {
		r.Body = m.Value("", schema, 0)
	}
	return r
}

// join writes a value as a query has it.
func join(v any) string {
	list, ok := v.([]any)
	if !ok {
		return fmt.Sprint(v)
	}
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = fmt.Sprint(item)
	}
	return strings.Join(texts, ",")
}

// Value makes a value of a schema for a field of a name.
func (m Maker) Value(name string, s *openapi3.Schema, depth int) any {
	if m.Known != nil && name != "" {
		if v, ok := m.Known(name); ok {
			return v
		}
	}
	for _, choice := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf} {
		if len(choice) > 0 {
			return m.Value(name, choice[m.Rand.IntN(len(choice))].Value, depth)
		}
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[m.Rand.IntN(len(s.Enum))]
	case s.Type.Is(openapi3.TypeString):
		return m.text(s)
	case s.Type.Is(openapi3.TypeBoolean):
		return m.Rand.IntN(2) == 0
	case s.Type.Is(openapi3.TypeInteger), s.Type.Is(openapi3.TypeNumber):
		return m.number(s)
	case s.Type.Is(openapi3.TypeArray):
		return m.list(name, s, depth)
	default:
		return m.object(s, depth)
	}
}

func (m Maker) number(s *openapi3.Schema) any {
	low, high := 0.0, 1000.0
	if s.Min != nil {
		low = *s.Min
	}
	if s.Max != nil {
		high = *s.Max
	}
	switch n := low + m.Rand.Float64()*max(high-low, 0); {
	case m.Rand.IntN(4) == 0:
		return int64(low)
	case s.Type.Is(openapi3.TypeInteger):
		return int64(n)
	default:
		return n
	}
}

func (m Maker) list(name string, s *openapi3.Schema, depth int) any {
	n := int(s.MinItems)
	if depth < maxDepth {
		n = max(n, 1+m.Rand.IntN(3))
	}
	if s.MaxItems != nil {
		n = min(n, int(*s.MaxItems))
	}
	list := make([]any, 0, n)
	for range n {
		list = append(list, m.Value(strings.TrimSuffix(name, "s"), s.Items.Value, depth+1))
	}
	return list
}

func (m Maker) object(s *openapi3.Schema, depth int) any {
	object := map[string]any{}
	m.fill(object, s, depth)
	return object
}

func (m Maker) fill(object map[string]any, s *openapi3.Schema, depth int) {
	for _, part := range s.AllOf {
		m.fill(object, part.Value, depth)
	}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names) // the same seed makes the same request
	for _, name := range names {
		if slices.Contains(s.Required, name) || depth < maxDepth && m.Rand.Float64() < m.Full {
			object[name] = m.Value(name, s.Properties[name].Value, depth+1)
		}
	}
}

// words are what texts are made of, some of them hard to count.
var words = []string{"hello", "Posthorn", "#coast", "@lantern.bsky.social", "https://posthorn.invalid/a?b=c", "über", "👩‍👩‍👧", "שלום", "日本語", "e\u0301", "—", "\n"}

func (m Maker) text(s *openapi3.Schema) string {
	switch {
	case s.Pattern != "":
		if text, err := m.matching(s.Pattern); err == nil {
			return text
		}
	case s.Format == "date-time":
		return fmt.Sprintf("20%02d-%02d-%02dT%02d:%02d:00Z", 26+m.Rand.IntN(5), 1+m.Rand.IntN(12), 1+m.Rand.IntN(28), m.Rand.IntN(24), m.Rand.IntN(60))
	case s.Format == "date":
		return fmt.Sprintf("20%02d-%02d-%02d", 26+m.Rand.IntN(5), 1+m.Rand.IntN(12), 1+m.Rand.IntN(28))
	case s.Format == "uri":
		return "https://posthorn.invalid/" + words[m.Rand.IntN(2)]
	}
	text := words[m.Rand.IntN(len(words))]
	for range m.Rand.IntN(6) {
		text += " " + words[m.Rand.IntN(len(words))]
	}
	for len(text) < int(s.MinLength) {
		text += "x"
	}
	if s.MaxLength != nil {
		if letters := []rune(text); len(letters) > int(*s.MaxLength) {
			text = string(letters[:*s.MaxLength])
		}
	}
	return text
}

// matching makes a text that fits a pattern.
func (m Maker) matching(pattern string) (string, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	m.expand(&b, re.Simplify())
	return b.String(), nil
}

func (m Maker) expand(b *strings.Builder, re *syntax.Regexp) {
	again := 0
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		pair := m.Rand.IntN(len(re.Rune)/2) * 2
		b.WriteRune(re.Rune[pair] + m.Rand.Int32N(min(re.Rune[pair+1]-re.Rune[pair], 90)+1))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpAlternate:
		m.expand(b, re.Sub[m.Rand.IntN(len(re.Sub))])
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			m.expand(b, sub)
		}
	case syntax.OpPlus:
		again = 1 + m.Rand.IntN(3)
	case syntax.OpStar:
		again = m.Rand.IntN(3)
	case syntax.OpQuest:
		again = m.Rand.IntN(2)
	}
	for range again {
		m.expand(b, re.Sub[0])
	}
}
