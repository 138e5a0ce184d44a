package http

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/media"
)

// bodyStall is how long the sender of a file may be silent. A large file takes longer than a request otherwise may.
const bodyStall = time.Minute

// mediaHandlers take files in.
func (s *Server) mediaHandlers() map[string]handler {
	return map[string]handler{
		"getMediaPresignedUrl": s.presign,
		"uploadMediaDirect":    s.uploadDirect,
	}
}

// routeMedia serves files, and takes those in that addresses of getMediaPresignedUrl are for. Pages of other sites may do both.
func (s *Server) routeMedia() {
	if s.cfg.Media == nil {
		return
	}
	s.router.Method(http.MethodGet, media.Prefix+"*", s.cfg.Media)
	s.router.Method(http.MethodHead, media.Prefix+"*", s.cfg.Media)
	s.router.Method(http.MethodPut, media.Prefix+"*", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noteOf(r).operation = "uploadMedia"
		if err := s.receive(w, r); err != nil {
			w.Header().Set("Connection", "close") // what is still to come of the file is not waited for
			s.fail(w, r, err)
		}
	}))
	s.router.Method(http.MethodOptions, media.Prefix+"*", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, PUT")
		h.Set("Access-Control-Allow-Headers", "Content-Type, Range, X-Request-Id")
		h.Set("Access-Control-Max-Age", "86400")
		s.write(w, r, http.StatusOK, struct{}{})
	}))
}

func (s *Server) presign(w http.ResponseWriter, r *http.Request) error {
	var in wire.PresignRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	mime := bareType(in.ContentType)
	up, err := s.cfg.Uploads.Presign(r.Context(), principalOf(r), media.NewUpload{Filename: in.Filename, ContentType: mime, Size: in.Size})
	if err != nil {
		return err
	}
	kind, _, _ := strings.Cut(mime, "/")
	if kind == "application" {
		kind = "document"
	}
	s.write(w, r, http.StatusOK, wire.PresignedUpload{UploadURL: up.UploadURL, PublicURL: up.PublicURL, Key: up.Key, ExpiresIn: int(up.ExpiresIn.Seconds()), Type: kind})
	return nil
}

// bareType is a type without its parameters.
func bareType(sent string) string {
	mime, _, _ := strings.Cut(sent, ";")
	return strings.ToLower(strings.TrimSpace(mime))
}

func (s *Server) receive(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return statusf(http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Encoding %q is not supported; send the file as it is", clip(encoding, 40))
	}
	f, err := s.cfg.Uploads.Receive(r.Context(), strings.TrimPrefix(r.URL.Path, media.Prefix), r.URL.Query().Get(media.TokenParam), r.ContentLength, s.patient(w, r.Body))
	if err != nil {
		return err
	}
	w.Header().Set("ETag", `"`+f.Content+`"`)
	s.write(w, r, http.StatusOK, wire.UploadedFile{URL: f.URL, Key: f.Key, ContentType: f.MIME, Size: f.Size})
	return nil
}

// uploadDirect reads a form part by part, so that the file is stored while it arrives. Its type may stand behind it.
func (s *Server) uploadDirect(w http.ResponseWriter, r *http.Request) error {
	r.Body = io.NopCloser(s.patient(w, r.Body))
	form, err := r.MultipartReader()
	if err != nil {
		return damagedForm(err)
	}
	var declared string
	var file *media.File
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = s.takePart(r, part, &declared, &file)
		} else {
			err = s.formFault(w, r, err)
		}
		if err != nil {
			if file != nil {
				err = errors.Join(err, s.cfg.Uploads.Drop(r.Context(), *file))
			}
			return err
		}
	}
	if file == nil {
		return &errs.Error{Code: errs.Invalid, Wire: codeMissing, Field: "file", Message: "file is required: the form has no file of that name"}
	}
	s.write(w, r, http.StatusOK, wire.DirectUpload{URL: file.URL, Filename: file.Filename, ContentType: file.MIME, Size: file.Size})
	return nil
}

// takePart takes one field of the form.
func (s *Server) takePart(r *http.Request, part *multipart.Part, declared *string, file **media.File) error {
	switch part.FormName() {
	case "contentType":
		b, err := io.ReadAll(io.LimitReader(part, 100))
		if err != nil {
			return damagedForm(err)
		}
		*declared = bareType(string(b))
		if *file == nil {
			return nil
		}
		return media.Accord(*declared, (*file).MIME)
	case "file":
		if *file != nil {
			return errs.Fieldf("file", "The form has more than one file; send them one by one")
		}
		name := part.FileName()
		if name == "" {
			name = "file"
		}
		f, err := s.cfg.Uploads.Take(r.Context(), principalOf(r), name, *declared, part)
		if err != nil {
			return err
		}
		*file = &f
	}
	return nil // others are not for us
}

func damagedForm(err error) error {
	return &errs.Error{Code: errs.Invalid, Field: "file", Message: "The form cannot be read; send " + formType + " with its boundary", Err: err}
}

func (s *Server) formFault(w http.ResponseWriter, r *http.Request, err error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return s.tooLarge(w, r, tooLarge.Limit)
	}
	return damagedForm(err)
}

// patient reads a body for as long as it keeps coming.
func (s *Server) patient(w http.ResponseWriter, body io.Reader) io.Reader {
	return &patientReader{body: body, control: http.NewResponseController(w), now: s.cfg.Now}
}

type patientReader struct {
	body    io.Reader
	control *http.ResponseController
	now     func() time.Time
}

// Read reads on, giving the sender another while.
func (p *patientReader) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(p.now().Add(bodyStall)) // a connection without deadlines, as in tests, needs none
	return p.body.Read(b)
}
