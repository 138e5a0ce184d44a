package http

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"posthorn/internal/errs"
)

const jsonType = "application/json"

// ruleJSON is broken by a body that cannot be read.
const ruleJSON = "request.invalid_json"

// readBody reads a JSON body that is safe to decode and to store, and puts it back into the request. An empty one stays empty.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > s.cfg.MaxBody {
		return nil, s.tooLarge(w, r, s.cfg.MaxBody)
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.cfg.MaxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, s.tooLarge(w, r, s.cfg.MaxBody)
	}
	if err != nil {
		return nil, &errs.Error{Code: errs.Invalid, Rule: ruleJSON, Message: "The body could not be read to its end", Err: err}
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // a byte order mark, as some editors and shells put there
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, nil
	}
	if err := jsonBody(r); err != nil {
		return nil, err
	}
	if !utf8.Valid(raw) {
		return nil, &errs.Error{Code: errs.Invalid, Rule: ruleJSON, Message: "The body is not valid UTF-8"}
	}
	if err := json.Unmarshal(raw, new(json.RawMessage)); err != nil {
		return nil, &errs.Error{Code: errs.Invalid, Rule: ruleJSON, Message: "The body is not valid JSON: " + err.Error()}
	}
	return raw, scanJSON(raw)
}

// jsonBody checks that a body says it is JSON. One that does not say what it is gets the benefit of the doubt.
func jsonBody(r *http.Request) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return statusf(http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Encoding %q is not supported; send the body as it is", clip(encoding, 40))
	}
	sent := r.Header.Get("Content-Type")
	if sent == "" {
		return nil
	}
	mediaType, params, err := mime.ParseMediaType(sent)
	charset := params["charset"]
	if err != nil || mediaType != jsonType || charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
		return statusf(http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Type %q is not supported; send %s in UTF-8", clip(sent, 80), jsonType)
	}
	return nil
}

// drainLimit is how many bytes of a body that is too large are read and thrown away.
const drainLimit = 64 << 20

// tooLarge refuses a body. Most clients read the answer only after they have sent everything, so a body that is on its way is read
// and dropped, within bounds (that of time is the http.Server's ReadTimeout); a client that waits for leave to send is simply told no.
func (s *Server) tooLarge(w http.ResponseWriter, r *http.Request, limit int64) error {
	if r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, drainLimit) // whatever goes wrong with it, the answer is the same
	}
	w.Header().Set("Connection", "close")
	return statusf(http.StatusRequestEntityTooLarge, "request_too_large", "The body is larger than %d bytes; media are sent as addresses, not as data, and a long file in several parts", limit)
}

// exact leaves of a body what was validated: it drops the fields whose names differ from one of the schema's in case alone, because
// encoding/json would take them for it, and all but the last of a field that is there twice. Fields without a schema keep their bytes.
func exact(schema *openapi3.Schema, raw json.RawMessage) (json.RawMessage, error) {
	switch {
	case schema.Type.Is(openapi3.TypeArray) && bytes.HasPrefix(raw, []byte("[")):
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, err
		}
		for i := range items {
			var err error
			if items[i], err = exact(schema.Items.Value, items[i]); err != nil {
				return nil, err
			}
		}
		return encode(items)
	case len(schema.Properties) > 0 && bytes.HasPrefix(raw, []byte("{")):
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(raw, &fields); err != nil {
			return nil, err
		}
		for name, value := range fields {
			property, ok := schema.Properties[name]
			if !ok {
				if hasFold(schema.Properties, name) {
					delete(fields, name)
				}
				continue
			}
			var err error
			if fields[name], err = exact(property.Value, value); err != nil {
				return nil, err
			}
		}
		return encode(fields)
	default:
		return raw, nil
	}
}

func hasFold(properties openapi3.Schemas, name string) bool {
	for property := range properties {
		if strings.EqualFold(property, name) {
			return true
		}
	}
	return false
}

// decode reads a validated body.
func decode(r *http.Request, into any) error {
	err := json.NewDecoder(r.Body).Decode(into)
	if err != nil {
		return &errs.Error{Code: errs.Invalid, Rule: ruleJSON, Message: "The body cannot be read", Err: err}
	}
	return nil
}
