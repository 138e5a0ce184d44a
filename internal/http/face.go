package http

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"posthorn/internal/errs"
	"posthorn/internal/portrait"
)

// Portraits has pictures of accounts for the pages; portrait.Service fits it.
type Portraits interface {
	Name(pictureURL string) string
	Draw(ctx context.Context, name string) ([]byte, error)
}

// picturePath is where the pages have pictures of accounts from.
const picturePath = "/connect/picture"

// face is how a page shows whose account it is: by a picture, or by initials where there is none, or as long as it has not come.
type face struct {
	Initials string
	Picture  string // its address on this server; empty: there is none
}

func (s *Server) face(name, pictureURL string) face {
	f := face{Initials: initials(name)}
	if s.cfg.Portraits == nil {
		return f
	}
	if portrait := s.cfg.Portraits.Name(pictureURL); portrait != "" {
		f.Picture = s.basePath() + picturePath + "?of=" + portrait
	}
	return f
}

// basePath is the path below which the world reaches this server; usually none.
func (s *Server) basePath() string {
	u, err := url.Parse(s.cfg.PublicURL)
	if err != nil { // the config has seen it
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}

// initials are the first letters of the first two words of a name: "ML" of "Maison Lune Bakery", "N" of "@north_quay".
func initials(name string) string {
	var out strings.Builder
	for i, word := range strings.FieldsFunc(name, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) && c != '_' && c != '.' && c != '\'' && c != '’'
	}) {
		if i == 2 {
			break
		}
		for _, c := range strings.TrimLeft(word, "_.'’") {
			out.WriteString(strings.ToUpper(string(c)))
			break
		}
	}
	return out.String()
}

// nothing is a picture of one transparent pixel.
var nothing = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;")

// picture draws an account's picture. Its name is the right to it.
func (s *Server) picture(w http.ResponseWriter, r *http.Request) error {
	if s.cfg.Portraits == nil {
		return errs.New(errs.NotFound, "There are no pictures here")
	}
	kind := portrait.Type
	b, err := s.cfg.Portraits.Draw(r.Context(), r.Form.Get("of"))
	if errs.CodeOf(err) == errs.Unavailable { // browsers mark what is broken, and would do so on top of the initials
		b, err, kind = nothing, nil, "image/gif"
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	s.send(w, http.StatusOK, kind, b)
	return nil
}
