package blueskyfake

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// failure is an answer of an error, as {"error":Name,"message":Message}.
type failure struct {
	Status  int
	Name    string
	Message string
	Extra   map[string]any // further members of the body
}

func (e *failure) Error() string { return e.Name + ": " + e.Message }

func invalid(message string) *failure { return named("InvalidRequest", message) }
func named(name, message string) *failure {
	return &failure{Status: http.StatusBadRequest, Name: name, Message: message}
}
func denied(name, message string) *failure {
	return &failure{Status: http.StatusUnauthorized, Name: name, Message: message}
}
func notFound(message string) *failure {
	return &failure{Status: http.StatusNotFound, Name: "NotFound", Message: message}
}

// crash is how the reference PDS answers what it did not foresee, such as a createRecord of a key that exists.
func crash() *failure {
	return &failure{Status: http.StatusInternalServerError, Name: "InternalServerError", Message: "Internal Server Error"}
}

// tooLarge goes by two names, one for JSON and one for files.
func tooLarge(raw bool) *failure {
	name := map[bool]string{true: "PayloadTooLarge", false: "PayloadTooLargeError"}[raw]
	return &failure{Status: http.StatusRequestEntityTooLarge, Name: name, Message: "request entity too large"}
}

// file is an answer that is not JSON.
type file struct {
	mime string
	data []byte
	name string
}

// nothing is an answer without a body.
type nothing struct{}

func refuse(w http.ResponseWriter, err error) {
	var e *failure
	if !errors.As(err, &e) {
		e = crash()
	}
	body := map[string]any{"error": e.Name, "message": e.Message}
	for k, v := range e.Extra {
		body[k] = v
	}
	reply(w, e.Status, body)
}

func reply(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"InternalServerError","message":"Internal Server Error"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

func (x file) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", x.mime)
	h.Set("Content-Length", strconv.Itoa(len(x.data)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if x.name != "" {
		h.Set("Content-Disposition", `attachment; filename="`+x.name+`"`)
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(x.data)
}
