// Package sample paints the photographs that the sandbox offers for first posts. They are computed, not stored: the same bytes
// at every run, made when first asked for.
package sample

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
	"sync"
)

// jpegQuality keeps the pictures near a megabyte, well below every platform's limit.
const jpegQuality = 88

// Photo describes one picture of a Gallery.
type Photo struct {
	Name   string `json:"name"` // "coast.jpg"
	Alt    string `json:"alt"`  // what it shows
	Width  int    `json:"width"`
	Height int    `json:"height"`
	MIME   string `json:"mimeType"`

	paint func(w, h int) *image.RGBA
}

// Gallery paints pictures and keeps them. It may be used by many goroutines at once.
type Gallery struct {
	photos []Photo
	bytes  map[string]func() ([]byte, error) // by name
}

// NewGallery makes a Gallery in which nothing is painted yet.
func NewGallery() *Gallery {
	g := &Gallery{bytes: map[string]func() ([]byte, error){}}
	for _, p := range []Photo{
		{"coast.jpg", "The sun sets over a calm sea between hazy hills", 1080, 1350, "image/jpeg", coast},
		{"peaks.jpg", "First light on rows of mountains with mist in the valleys", 1080, 1080, "image/jpeg", peaks},
		{"dunes.jpg", "Long shadows across desert dunes in the evening", 1350, 1080, "image/jpeg", dunes},
		{"night.jpg", "Green northern lights above a still lake and dark hills", 1080, 1350, "image/jpeg", night},
		{"coast.png", "The sun sets over a calm sea between hazy hills", 1080, 1350, "image/png", coast},
	} {
		g.photos = append(g.photos, p)
		g.bytes[p.Name] = sync.OnceValues(func() ([]byte, error) { return encode(p) })
	}
	return g
}

// Photos lists what there is.
func (g *Gallery) Photos() []Photo { return g.photos }

// Photo returns one picture and its description. ok is false when there is none of that name.
func (g *Gallery) Photo(name string) (p Photo, data []byte, ok bool, err error) {
	for _, p = range g.photos {
		if p.Name == name {
			data, err = g.bytes[name]()
			return p, data, true, err
		}
	}
	return Photo{}, nil, false, nil
}

func encode(p Photo) ([]byte, error) {
	var out bytes.Buffer
	picture := p.paint(p.Width, p.Height)
	if strings.HasSuffix(p.Name, ".png") {
		err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, picture)
		return out.Bytes(), err
	}
	err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: jpegQuality})
	return out.Bytes(), err
}
