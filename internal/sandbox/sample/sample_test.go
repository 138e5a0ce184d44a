package sample

import (
	"bytes"
	"image"
	_ "image/jpeg"
	"math"
	"testing"
)

// TestPhotosAreWhatTheySay paints the pictures small, which is the same code in a hundredth of the time.
func TestPhotosAreWhatTheySay(t *testing.T) {
	t.Parallel()
	for _, p := range NewGallery().Photos() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			if p.Alt == "" || p.Width < 1080 || p.Width > 1440 {
				t.Errorf("description %+v", p)
			}
			if ratio := float64(p.Width) / float64(p.Height); ratio < .8 || ratio > 1.91 {
				t.Errorf("the ratio %v fits no feed", ratio)
			}
			p.Width, p.Height = p.Width/10, p.Height/10
			first, err := encode(p)
			if err != nil {
				t.Fatal(err)
			}
			second, err := encode(p)
			if err != nil || !bytes.Equal(first, second) {
				t.Errorf("two paintings differ: %v", err)
			}
			picture, format, err := image.Decode(bytes.NewReader(first))
			if err != nil {
				t.Fatal(err)
			}
			if got := picture.Bounds().Size(); got.X != p.Width || got.Y != p.Height || "image/"+format != p.MIME {
				t.Errorf("a %s of %v", format, got)
			}
			if low, high := brightness(picture); high-low < 60 {
				t.Errorf("nothing to see: brightness from %v to %v", low, high)
			}
		})
	}
}

// brightness is the darkest and the brightest of a picture's hundred fields, each as the average of its pixels.
func brightness(m image.Image) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	size := m.Bounds().Size()
	for field := range 100 {
		sum, n := 0., 0.
		for y := field / 10 * size.Y / 10; y < (field/10+1)*size.Y/10; y++ {
			for x := field % 10 * size.X / 10; x < (field%10+1)*size.X/10; x++ {
				r, g, b, _ := m.At(x, y).RGBA()
				sum, n = sum+float64(r+g+b)/3/257, n+1
			}
		}
		low, high = min(low, sum/n), max(high, sum/n)
	}
	return low, high
}

func TestGalleryPaintsOnceAtFullSize(t *testing.T) {
	t.Parallel()
	g := NewGallery()
	photo, first, ok, err := g.Photo("peaks.jpg")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(first))
	if err != nil || format != "jpeg" || config.Width != photo.Width || config.Height != photo.Height {
		t.Errorf("%v %s %+v", err, format, config)
	}
	if len(first) > 2<<20 {
		t.Errorf("%d bytes", len(first))
	}
	if _, second, _, _ := g.Photo("peaks.jpg"); &second[0] != &first[0] {
		t.Error("painted twice")
	}
	if _, _, ok, err := g.Photo("nothing.jpg"); ok || err != nil {
		t.Errorf("a picture that is not there: %v %v", ok, err)
	}
}
