package sandbox

import (
	"bytes"
	"net/http"
	"time"
)

// sampleInfo is one sample picture, for those who look for one.
type sampleInfo struct {
	Name   string `json:"name"`
	Alt    string `json:"altText"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	MIME   string `json:"mimeType"`
	Path   string `json:"path"`
}

// Prepare paints a sample before anyone asks for it; painting takes a second or two.
func (s *Sandbox) Prepare(name string) { _, _, _, _ = s.samples.Photo(name) }

func (s *Sandbox) listSamples(w http.ResponseWriter, _ *http.Request) error {
	list := []sampleInfo{}
	for _, p := range s.samples.Photos() {
		list = append(list, sampleInfo{p.Name, p.Alt, p.Width, p.Height, p.MIME, controlPrefix + "samples/" + p.Name})
	}
	return writeJSON(w, http.StatusOK, map[string]any{"samples": list})
}

func (s *Sandbox) getSample(w http.ResponseWriter, r *http.Request) error {
	photo, data, ok, err := s.samples.Photo(r.PathValue("name"))
	if err != nil {
		return err
	}
	if !ok {
		return &apiError{http.StatusNotFound, "not_found", "there is no sample of that name; GET /_sandbox/samples lists them"}
	}
	w.Header().Set("Content-Type", photo.MIME)
	w.Header().Set("Cache-Control", "max-age=3600")
	http.ServeContent(w, r, photo.Name, time.Time{}, bytes.NewReader(data))
	return nil
}
