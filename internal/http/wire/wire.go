// Package wire holds the Go types of the wire contract's bodies. Those in wire.gen.go are generated from openapi.yaml; the two here
// have a form that a schema cannot say.
package wire

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-codegen.yaml ../../../openapi.yaml

// timestampLayout always has milliseconds, as clients were seen to compare timestamps as texts.
const timestampLayout = "2006-01-02T15:04:05.000Z"

// Timestamp is an instant, written in UTC with milliseconds. The zero one is left out where the contract allows that.
type Timestamp struct{ time.Time }

// At is the timestamp of t; that of nil is zero.
func At(t *time.Time) Timestamp {
	if t == nil {
		return Timestamp{}
	}
	return Timestamp{*t}
}

// MarshalJSON writes the instant.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.UTC().Format(timestampLayout) + `"`), nil
}

// MediaItem is a media item of a post. It keeps the whole item as it was sent and is written as that.
type MediaItem struct {
	Type               string `json:"type"`
	URL                string `json:"url"`
	Title              string `json:"title"`
	AltText            string `json:"altText"`
	Thumbnail          string `json:"thumbnail"`
	InstagramThumbnail string `json:"instagramThumbnail"`
	Reshape            string `json:"reshape"`

	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the fields that are known and keeps the item.
func (m *MediaItem) UnmarshalJSON(b []byte) error {
	type fields MediaItem
	var f fields
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	*m = MediaItem(f)
	m.Raw = append(json.RawMessage(nil), b...)
	return nil
}

// MarshalJSON writes the item as it was sent, with the type added where the sender left it out.
func (m MediaItem) MarshalJSON() ([]byte, error) {
	item := map[string]json.RawMessage{}
	if len(m.Raw) > 0 {
		if err := json.Unmarshal(m.Raw, &item); err != nil {
			return nil, err
		}
	}
	if sent := string(item["type"]); m.Type == "" || sent != "" && sent != "null" {
		if len(m.Raw) > 0 {
			return m.Raw, nil
		}
	} else {
		item["type"] = json.RawMessage(strconv.Quote(m.Type))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(item)
	return b.Bytes(), err
}
