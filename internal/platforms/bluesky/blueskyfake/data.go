package blueskyfake

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Values of the AT Protocol's data model (https://atproto.com/specs/data-model) are kept as nil, bool, int64, string, link, octets, []any
// and map[string]any.
type (
	link   string // a cid
	octets []byte
)

// MarshalJSON writes {"$link": cid}.
func (l link) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"$link": string(l)})
}

// MarshalJSON writes {"$bytes": base64}.
func (o octets) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"$bytes": base64.RawStdEncoding.EncodeToString(o)})
}

// parseJSON reads a body into the data model.
func parseJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, named("SyntaxError", "The body is not valid JSON")
	}
	if d.More() {
		return nil, named("SyntaxError", "Unexpected text after JSON at position "+strconv.FormatInt(d.InputOffset(), 10))
	}
	return model(v, "$")
}

// model turns decoded JSON into the data model, which knows no fractions.
func model(v any, at string) (any, error) {
	switch v := v.(type) {
	case json.Number:
		return whole(v, at)
	case []any:
		for i, item := range v {
			m, err := model(item, at+"["+strconv.Itoa(i)+"]")
			if err != nil {
				return nil, err
			}
			v[i] = m
		}
		return v, nil
	case map[string]any:
		return modelMap(v, at)
	default:
		return v, nil
	}
}

func modelMap(v map[string]any, at string) (any, error) {
	if len(v) == 1 {
		if s, ok := v["$link"].(string); ok && validCID(s) {
			return link(s), nil
		}
		if s, ok := v["$bytes"].(string); ok {
			if b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "=")); err == nil {
				return octets(b), nil
			}
		}
	}
	for _, k := range keys(v) {
		m, err := model(v[k], at+"."+k)
		if err != nil {
			return nil, err
		}
		v[k] = m
	}
	return v, nil
}

// whole reads a number as JavaScript would: 1.0 and 1e3 are whole numbers.
func whole(n json.Number, at string) (any, error) {
	const safe = 1<<53 - 1
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil && i >= -safe && i <= safe {
		return i, nil
	}
	x, err := n.Float64()
	switch {
	case err != nil || math.Abs(x) > safe:
		return nil, crash()
	case x != math.Trunc(x):
		return nil, invalid("Expected one of null, boolean, integer, string, cid, bytes, array or object value type (got " + n.String() + ") at " + at)
	}
	return int64(x), nil
}

// keys are a map's keys, sorted.
func keys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// got shows in a message what was found instead of what was expected.
func got(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return "[...]"
	case map[string]any:
		var out []byte
		for i, k := range keys(v) {
			if i == 2 {
				out = append(out, ", ..."...)
				break
			}
			if i > 0 {
				out = append(out, ", "...)
			}
			out = append(strconv.AppendQuote(out, k), ": ..."...)
		}
		return "{" + string(out) + "}"
	default:
		return "cid or bytes"
	}
}
