package graph

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
)

// ReadFile reads the parameters of a request and the file in its multipart form, in one of the fields; nil: it has none. The file may have so many
// bytes; a larger one is reported by tooLarge.
func ReadFile(w http.ResponseWriter, r *http.Request, limit int64, fields ...string) (p Params, file []byte, tooLarge bool, fail *Failure) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		p, fail = ReadParams(w, r)
		return p, nil, false, fail
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, nil, false, BadParam("The query cannot be read.")
	}
	p = Params{}
	p.addForm(query)
	r.Body = http.MaxBytesReader(w, r.Body, limit+MaxBody)
	parts, err := r.MultipartReader()
	if err != nil {
		return p, nil, false, BadParam("The body cannot be read as " + kind + ".")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return p, file, false, nil
		}
		if err != nil {
			return p, nil, false, BadParam("The body cannot be read as " + kind + ".")
		}
		name := part.FormName()
		most := int64(MaxBody)
		if slices.Contains(fields, name) {
			most = limit
		}
		data, err := io.ReadAll(io.LimitReader(part, most+1))
		switch {
		case err != nil:
			return p, nil, false, BadParam("The body cannot be read as " + kind + ".")
		case int64(len(data)) > most:
			return p, nil, true, nil
		case slices.Contains(fields, name):
			file = data
		default:
			p[name] = string(data)
		}
	}
}

// Peek reads the parameters of a request as far as they lie within its first bytes, and leaves the request as it was.
func Peek(r *http.Request) Params {
	const most = 64 << 10
	head, _ := io.ReadAll(io.LimitReader(r.Body, most))
	rest := r.Body
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), rest}
	copied := r.Clone(r.Context())
	copied.Body = io.NopCloser(bytes.NewReader(head))
	p, _, _, fail := ReadFile(nil, copied, 0)
	if fail != nil && len(p) == 0 { // none that can be read
		p = Params{}
		p.addForm(r.URL.Query())
	}
	return p
}
