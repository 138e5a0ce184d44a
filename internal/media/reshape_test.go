package media

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"

	"posthorn/internal/platforms"
)

// An image is cropped or padded to the nearest proportions that fit, and only where that is asked for.
func TestReshape(t *testing.T) {
	t.Parallel()
	fit := platforms.Fit{Formats: []string{JPEG}, MinRatio: 0.8, MaxRatio: 1.91, MaxWidth: 1440}
	limits := platforms.ImageLimits{MinRatio: 0.8, MaxRatio: 1.91}
	for _, size := range []image.Point{{500, 1000}, {501, 1003}, {1000, 500}, {1001, 499}, {3000, 200}, {200, 3000}, {800, 1000}, {191, 100}, {7, 9000}, {799, 1000}, {956, 500}} {
		file := pngOf(t, quarters(size.X, size.Y))
		fitsAlready := !limits.RatioFault(size.X, size.Y)
		for _, how := range []platforms.Reshape{platforms.Crop, platforms.Pad} {
			out, err := convert(file, JPEG, how, fit)
			if err != nil {
				t.Fatal(err)
			}
			if limits.RatioFault(out.width, out.height) || out.width > 1440 {
				t.Errorf("%v %s became %dx%d", size, how, out.width, out.height)
			}
			if fitsAlready && size.X <= 1440 && image.Pt(out.width, out.height) != size {
				t.Errorf("%v fits, and became %dx%d", size, out.width, out.height)
			}
			img, err := jpeg.Decode(bytes.NewReader(out.bytes))
			if err != nil {
				t.Fatal(err)
			}
			if r, _, _, _ := img.At(1, 1).RGBA(); how == platforms.Pad && !fitsAlready && size.X > 300 && r < 0xf000 {
				t.Errorf("%v, padded: the corner is not white", size)
			}
			if r, g, _, _ := img.At(out.width/4, out.height/2-3).RGBA(); how == platforms.Crop && size.X > 300 && (r < 0xc000 || g > 0x4000) {
				t.Errorf("%v, cropped: the middle has moved", size)
			}
		}
		if out, err := convert(file, JPEG, "", platforms.Fit{MinRatio: 0.8, MaxRatio: 1.91}); err != nil || image.Pt(out.width, out.height) != size {
			t.Errorf("%v is reshaped without being asked for: %+v, %v", size, out, err)
		}
	}
}

// Images that would be shown wrongly, or that tell where they were taken, are made anew; the latter without being coded again.
func TestFitOfColoursAndPlaces(t *testing.T) {
	t.Parallel()
	photo := jpegOf(t, quarters(40, 20))
	f := newFar(t, map[string][]byte{"cmyk.jpg": cmykJPEG(), "adobe.jpg": withSegments(cmykJPEG(), segment(0xee, "Adobe\x00\x64\x00\x00\x00\x00\x00")), "located.jpg": withEXIFPlace(photo)})
	s := newSource(t)
	made := func(name string) []byte {
		t.Helper()
		address, err := s.URL(t.Context(), item(f.URL+"/"+name), jpegOnly)
		key, ours := s.files.Store.KeyOf(address)
		if err != nil || !ours {
			t.Fatalf("%s: %s, %v", name, address, err)
		}
		r, err := s.files.Store.open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, name := range []string{"cmyk.jpg", "adobe.jpg"} {
		b := made(name)
		img, err := jpeg.Decode(bytes.NewReader(b))
		if err != nil || jpegColour(b) != platforms.RGB {
			t.Fatalf("%s: four inks became %s, %v", name, jpegColour(b), err)
		}
		if r, _, _, _ := img.At(8, 8).RGBA(); r>>8 < 50 || r>>8 > 80 { // every ink at half, black too: dark
			t.Errorf("%s: the middle is %d", name, r>>8)
		}
	}
	if got := made("located.jpg"); !bytes.Equal(got, photo) {
		t.Errorf("%d bytes of a picture of %d are left without its place", len(got), len(photo))
	}
}

// BenchmarkFit makes photos of 12 million pixels fit Instagram, and those of 2 megabytes Bluesky.
func BenchmarkFit(b *testing.B) {
	for name, c := range map[string]struct {
		file []byte
		fit  platforms.Fit
	}{
		"12MP to 1440 pixels": {jpegOf(b, quarters(4000, 3000)), platforms.Fit{Formats: []string{JPEG}, MaxBytes: 8 << 20, MaxWidth: 1440}},
		"3MP to 1 MB":         {jpegOf(b, noise(2000, 1500)), platforms.Fit{Formats: []string{JPEG}, MaxBytes: 1_000_000}},
		"12MP PNG to JPEG":    {pngOf(b, quarters(4000, 3000)), platforms.Fit{Formats: []string{JPEG}, MaxBytes: 8 << 20, MaxWidth: 1440}},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(c.file)))
			for b.Loop() {
				if _, err := convert(c.file, JPEG, "", c.fit); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
