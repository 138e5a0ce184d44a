package posts

import (
	"bytes"
	"encoding/json"
	"strings"
)

// clean makes a text of foreign origin one that Postgres can hold: without NUL characters, and valid.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// cleanJSON does the same for all texts in a JSON value.
func cleanJSON(raw json.RawMessage) json.RawMessage {
	if !bytes.Contains(raw, []byte(`\u0000`)) {
		return raw
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return raw
	}
	out, err := json.Marshal(cleaned(value))
	if err != nil { // it came out of a decoder
		return raw
	}
	return out
}

func cleaned(value any) any {
	switch v := value.(type) {
	case string:
		return clean(v)
	case []any:
		for i := range v {
			v[i] = cleaned(v[i])
		}
	case map[string]any:
		for key, inner := range v {
			delete(v, key)
			v[clean(key)] = cleaned(inner)
		}
	}
	return value
}
