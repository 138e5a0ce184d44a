package http

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"posthorn/internal/errs"
)

const formType = "multipart/form-data"

// takeForm checks that a body says it is a form, and bounds it. What the form holds is the handler's affair, which reads it as it comes.
func (s *Server) takeForm(most int64, w http.ResponseWriter, r *http.Request) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return statusf(http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Encoding %q is not supported; send the body as it is", clip(encoding, 40))
	}
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != formType || params["boundary"] == "" {
		return errs.Fieldf("file", "Send the file as %s, in the field called file", formType)
	}
	if r.ContentLength > most {
		return s.tooLarge(w, r)
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	return nil
}

// formFile reads the file that a form has in a field.
func (s *Server) formFile(w http.ResponseWriter, r *http.Request, field string) ([]byte, error) {
	part, _, err := s.formPart(w, r, field)
	if err != nil {
		return nil, err
	}
	file, err := io.ReadAll(part)
	if err != nil {
		return nil, s.damagedForm(w, r, field, err)
	}
	return file, nil
}

// formPart finds the file that a form has in a field, to be read as it comes. texts are the short fields before it.
func (s *Server) formPart(w http.ResponseWriter, r *http.Request, field string) (part *multipart.Part, texts map[string]string, err error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, nil, s.damagedForm(w, r, field, err)
	}
	texts = map[string]string{}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, nil, &errs.Error{Code: errs.Invalid, Wire: codeMissing, Field: field, Message: field + " is required: the form has no field of that name"}
		}
		if err != nil {
			return nil, nil, s.damagedForm(w, r, field, err)
		}
		if part.FormName() == field {
			return part, texts, nil
		}
		text, err := io.ReadAll(io.LimitReader(part, maxFormText))
		if err != nil {
			return nil, nil, s.damagedForm(w, r, field, err)
		}
		texts[part.FormName()] = string(text)
	}
}

// maxFormText is the most bytes of a field of a form that is no file; what is beyond is not read.
const maxFormText = 1 << 10

func (s *Server) damagedForm(w http.ResponseWriter, r *http.Request, field string, err error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return s.tooLarge(w, r)
	}
	return &errs.Error{Code: errs.Invalid, Field: field, Message: "The form cannot be read; send " + formType + " with its boundary", Err: err}
}
