package requests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
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

// HTTP is the request as a server's handler gets it.
func (r Request) HTTP() (*http.Request, error) {
	body, contentType, err := r.encode()
	if err != nil {
		return nil, err
	}
	var sent io.Reader
	if body != nil {
		sent = bytes.NewReader(body)
	}
	out := httptest.NewRequest(r.Operation.Method, "http://posthorn.test"+r.target(), sent)
	maps.Copy(out.Header, r.Header)
	if contentType != "" {
		out.Header.Set("Content-Type", contentType)
	}
	return out, nil
}

// Wire is the request as it goes over a connection, however damaged it is.
func (r Request) Wire(host string) ([]byte, error) {
	body, contentType, err := r.encode()
	if err != nil {
		return nil, err
	}
	header := http.Header{"Host": {host}}
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	if body != nil {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	maps.Copy(header, r.Header)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.Operation.Method, r.target())
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes(), nil
}

// target is what stands in the request's first line.
func (r Request) target() string {
	query := r.RawQuery
	if query == "" {
		query = r.Query.Encode()
	}
	if query == "" {
		return r.path()
	}
	return r.path() + "?" + query
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
