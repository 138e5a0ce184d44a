package instagramfake

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

// maxBody is the size of a request's parameters, in bytes; media comes by URL or through the upload host.
const maxBody = 1 << 20

// params are a request's parameters from query and body. Graph takes them from either, the body's JSON values as their JSON text.
type params map[string]string

// readParams reads the query and a body that is a form, multipart form or JSON object; a body of another type says nothing.
func readParams(w http.ResponseWriter, r *http.Request) (params, *failure) {
	p := params{}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, failParamf("The query cannot be read.")
	}
	p.addForm(query)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	switch kind {
	case "application/json":
		err = p.addJSON(r.Body)
	case "multipart/form-data":
		if err = r.ParseMultipartForm(maxBody); err == nil {
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
		f := failParamf("The request is too large.")
		f.status = http.StatusRequestEntityTooLarge
		return nil, f
	}
	if err != nil {
		return nil, failParamf("The body cannot be read as " + clip(kind) + ".")
	}
	for name, v := range p {
		if !utf8.ValidString(v) {
			return nil, failParamf("Param " + clip(name) + " must be valid UTF-8.")
		}
	}
	return p, nil
}

func (p params) addForm(form url.Values) {
	for name, v := range form {
		p[name] = v[len(v)-1]
	}
}

// addJSON takes a string as it is, null as absent, and the rest as JSON text with its numbers untouched.
func (p params) addJSON(body io.Reader) error {
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

// flag reads a boolean; absent is nil.
func (p params) flag(name string) (*bool, *failure) {
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
	return nil, failParamf("Param " + name + " must be a boolean.")
}

// number reads a whole number; absent is otherwise.
func (p params) number(name string, otherwise int64) (int64, *failure) {
	if p[name] == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(p[name], 10, 64)
	if err != nil {
		return 0, failParamf("Param " + name + " must be an integer.")
	}
	return n, nil
}

// list reads a JSON array of strings or numbers, or values between commas; absent is empty.
func (p params) list(name string) ([]string, *failure) {
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
		return nil, failParamf("Param " + name + " must be an array.")
	}
	items := []string{}
	for _, item := range raw {
		switch item := item.(type) {
		case string:
			items = append(items, item)
		case json.Number:
			items = append(items, item.String())
		default:
			return nil, failParamf("Param " + name + " must be an array of strings.")
		}
	}
	return items, nil
}

// object decodes a JSON value of a parameter into v; absent leaves v alone.
func (p params) object(name string, v any) *failure {
	if p[name] == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(p[name]), v); err != nil {
		return failParamf("Param " + name + " is not valid JSON of the documented shape.")
	}
	return nil
}
