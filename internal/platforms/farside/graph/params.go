package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxBody is the size of a request's parameters, in bytes; media comes by URL or through the upload host.
const MaxBody = 1 << 20

// Params are a request's parameters from query and body. Graph takes them from either, the body's JSON values as their JSON text.
type Params map[string]string

// ReadParams reads the query and a body that is a form, multipart form or JSON object; a body of another type says nothing.
func ReadParams(w http.ResponseWriter, r *http.Request) (Params, *Failure) {
	p := Params{}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, BadParam("The query cannot be read.")
	}
	p.addForm(query)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
	switch kind {
	case "application/json":
		err = p.addJSON(r.Body)
	case "multipart/form-data":
		if err = r.ParseMultipartForm(MaxBody); err == nil {
			p.addForm(r.MultipartForm.Value)
			_ = r.MultipartForm.RemoveAll() // nothing was large enough for a file
		}
	case "application/x-www-form-urlencoded":
		var body []byte
		var form url.Values
		if body, err = io.ReadAll(r.Body); err == nil {
			form, err = url.ParseQuery(string(body))
		}
		p.addForm(form)
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		f := BadParam("The request is too large.")
		f.Status = http.StatusRequestEntityTooLarge
		return nil, f
	}
	if err != nil {
		return nil, BadParam("The body cannot be read as " + Clip(kind) + ".")
	}
	for name, v := range p {
		if !utf8.ValidString(v) {
			return nil, BadParam("Param " + Clip(name) + " must be valid UTF-8.")
		}
	}
	return p, nil
}

func (p Params) addForm(form url.Values) {
	for name, v := range form {
		p[name] = v[len(v)-1]
	}
}

// addJSON takes a string as it is, null as absent, and the rest as JSON text with its numbers untouched.
func (p Params) addJSON(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil || len(bytes.TrimSpace(raw)) == 0 {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	for name, v := range fields {
		var s *string
		if err := json.Unmarshal(v, &s); err != nil {
			p[name] = string(v)
		} else if s != nil {
			p[name] = *s
		}
	}
	return nil
}

// Flag reads a boolean; absent is nil.
func (p Params) Flag(name string) (*bool, *Failure) {
	switch strings.ToLower(p[name]) {
	case "":
		return nil, nil
	case "true", "1":
		yes := true
		return &yes, nil
	case "false", "0":
		no := false
		return &no, nil
	}
	return nil, BadParam("Param " + name + " must be a boolean.")
}

// Number reads a whole number; absent is otherwise.
func (p Params) Number(name string, otherwise int64) (int64, *Failure) {
	if p[name] == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(p[name], 10, 64)
	if err != nil {
		return 0, BadParam("Param " + name + " must be an integer.")
	}
	return n, nil
}

// List reads a JSON array of strings or numbers, or values between commas; absent is empty.
func (p Params) List(name string) ([]string, *Failure) {
	v := strings.TrimSpace(p[name])
	if v == "" {
		return nil, nil
	}
	if !strings.HasPrefix(v, "[") {
		items := strings.Split(v, ",")
		for i := range items {
			items[i] = strings.TrimSpace(items[i])
		}
		return items, nil
	}
	dec := json.NewDecoder(strings.NewReader(v))
	dec.UseNumber() // IDs are larger than what a float holds
	var raw []any
	if err := dec.Decode(&raw); err != nil || dec.More() {
		return nil, BadParam("Param " + name + " must be an array.")
	}
	items := []string{}
	for _, item := range raw {
		switch item := item.(type) {
		case string:
			items = append(items, item)
		case json.Number:
			items = append(items, item.String())
		default:
			return nil, BadParam("Param " + name + " must be an array of strings.")
		}
	}
	return items, nil
}

// Object decodes a JSON value of a parameter into v; absent leaves v alone.
func (p Params) Object(name string, v any) *Failure {
	if p[name] == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(p[name]), v); err != nil {
		return BadParam("Param " + name + " is not valid JSON of the documented shape.")
	}
	return nil
}

// TokenOf finds a request's token: in its header, or a parameter.
func TokenOf(r *http.Request, p Params) string {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") || scheme == "OAuth" {
		return strings.TrimSpace(value)
	}
	return p["access_token"]
}
