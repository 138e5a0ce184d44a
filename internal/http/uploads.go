package http

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/uploads"
)

// mediaHandlers take files.
func (s *Server) mediaHandlers() map[string]handler {
	return map[string]handler{
		"getMediaPresignedUrl": s.presign,
		"uploadMediaDirect":    s.uploadDirect,
	}
}

// routeUploads registers where files are sent to. Browsers send them too, from pages of anybody: the address itself is the permission.
func (s *Server) routeUploads() {
	path := uploads.Prefix + "{token}"
	s.router.Put(path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if err := s.receive(w, r); err != nil {
			w.Header().Set("Connection", "close") // what has not been read is not read
			s.fail(w, r, err)
		}
	})
	s.router.Options(path, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "PUT")
		h.Set("Access-Control-Allow-Headers", "Content-Type")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	})
}

func (s *Server) presign(w http.ResponseWriter, r *http.Request) error {
	var in wire.PresignRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	p, err := s.cfg.Uploads.Presign(r.Context(), principalOf(r), in.Filename, in.ContentType, in.Size)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.PresignedUpload{UploadURL: p.UploadURL, PublicURL: p.PublicURL, Key: p.Key, ExpiresIn: int(p.ExpiresIn / time.Second)})
	return nil
}

// uploadTime is how long a file may take on its way: 5 GB at 1.5 MB a second.
const uploadTime = time.Hour

// receive takes a file that is sent to an address that was given out.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Content-Encoding") != "" || r.Header.Get("Content-Range") != "" {
		return errs.New(errs.Invalid, "Send the whole file as it is: without Content-Encoding and Content-Range")
	}
	// The server's own limit is for small bodies. Where it cannot be lifted, in tests without a connection, none is needed.
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Time{})
	end := time.AfterFunc(uploadTime, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer end.Stop()
	if err := s.cfg.Uploads.Receive(r.Context(), chi.URLParam(r, "token"), r.Header.Get("Content-Type"), r.ContentLength, r.Body); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Server) uploadDirect(w http.ResponseWriter, r *http.Request) error {
	part, texts, err := s.formPart(w, r, "file")
	if err != nil {
		return err
	}
	contentType := texts["contentType"]
	if contentType == "" {
		contentType = part.Header.Get("Content-Type")
	}
	name := part.FileName()
	if name == "" {
		name = "file"
	}
	file, err := s.cfg.Uploads.Direct(r.Context(), principalOf(r), clip(name, 200), contentType, part)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.UploadedFile{URL: file.URL, Filename: file.Filename, ContentType: file.ContentType, Size: file.Size})
	return nil
}
