package http

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"posthorn/internal/errs"
)

const formType = "multipart/form-data"

// takeForm checks that a body says it is a form, and bounds it. What the form holds is the handler's affair, which reads it as it comes.
func (s *Server) takeForm(w http.ResponseWriter, r *http.Request, limit int64) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return statusf(http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Encoding %q is not supported; send the body as it is", clip(encoding, 40))
	}
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != formType || params["boundary"] == "" {
		return errs.Fieldf("file", "Send the file as %s, in the field called file", formType)
	}
	if r.ContentLength > limit {
		return s.tooLarge(w, r, limit)
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	return nil
}

// formFile reads the file that a form has in a field.
func (s *Server) formFile(w http.ResponseWriter, r *http.Request, field string) ([]byte, error) {
	damaged := func(err error) error {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return s.tooLarge(w, r, tooLarge.Limit)
		}
		return &errs.Error{Code: errs.Invalid, Field: field, Message: "The form cannot be read; send " + formType + " with its boundary", Err: err}
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, damaged(err)
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, &errs.Error{Code: errs.Invalid, Wire: codeMissing, Field: field, Message: field + " is required: the form has no field of that name"}
		}
		if err != nil {
			return nil, damaged(err)
		}
		if part.FormName() != field {
			continue
		}
		file, err := io.ReadAll(part)
		if err != nil {
			return nil, damaged(err)
		}
		return file, nil
	}
}
