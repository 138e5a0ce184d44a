package requests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
)

// The media types that operations take.
const (
	JSON      = "application/json"
	Multipart = "multipart/form-data"
)

// Request is a request to an operation, as values that can still be changed.
type Request struct {
	Operation Operation
	Path      map[string]string
	Query     url.Values
	Header    http.Header
	Body      any // of the operation's schema; nil: none

	// What is sent in their place, when it is not to be well-formed.
	RawPath, RawQuery string
	RawBody           []byte
	ContentType       string
}

// HTTP is the request as a server gets it.
func (r Request) HTTP() (*http.Request, error) {
	body, contentType, err := r.encode()
	if err != nil {
		return nil, err
	}
	out := httptest.NewRequest(r.Operation.Method, "http://posthorn.test/", bytes.NewReader(body))
	path := r.path()
	unescaped, err := url.PathUnescape(path)
	if err != nil {
		unescaped = path
	}
	query := r.RawQuery
	if query == "" {
		query = r.Query.Encode()
	}
	out.URL.Path, out.URL.RawPath, out.URL.RawQuery = unescaped, path, query
	out.RequestURI = path
	if query != "" {
		out.RequestURI += "?" + query
	}
	for name, values := range r.Header {
		out.Header[name] = values
	}
	if contentType != "" {
		out.Header.Set("Content-Type", contentType)
	}
	if body == nil {
		out.Body, out.ContentLength = http.NoBody, 0
	}
	return out, nil
}

// path is the escaped path with its parameters filled in.
func (r Request) path() string {
	if r.RawPath != "" {
		return r.RawPath
	}
	parts := strings.Split(r.Operation.Path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, "{"); ok {
			parts[i] = url.PathEscape(r.Path[strings.TrimSuffix(name, "}")])
		}
	}
	return strings.Join(parts, "/")
}

func (r Request) encode() (body []byte, contentType string, err error) {
	switch _, takes := r.Operation.Body(); {
	case r.RawBody != nil:
		return r.RawBody, r.ContentType, nil
	case r.Body == nil:
		return nil, r.ContentType, nil
	case takes == Multipart:
		return form(r.Body)
	default:
		body, err = json.Marshal(r.Body)
		if contentType = r.ContentType; contentType == "" {
			contentType = JSON
		}
		return body, contentType, err
	}
}

// form writes an object as multipart/form-data. The field named file is a file.
func form(v any) ([]byte, string, error) {
	fields, ok := v.(map[string]any)
	if !ok {
		return nil, "", fmt.Errorf("a form cannot hold a %T", v)
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		text := fmt.Sprint(value)
		if name != "file" {
			if err := w.WriteField(name, text); err != nil {
				return nil, "", err
			}
			continue
		}
		part, err := w.CreateFormFile(name, "posts.csv")
		if err != nil {
			return nil, "", err
		}
		if _, err := part.Write([]byte(text)); err != nil {
			return nil, "", err
		}
	}
	err := w.Close() // writes the end
	return b.Bytes(), w.FormDataContentType(), err
}
