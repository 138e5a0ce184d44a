package media

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"

	"posthorn/internal/platforms"
)

// reshaped gives an image the nearest proportions that fit: cut off alike on both sides, or with white bars.
func reshaped(img image.Image, how platforms.Reshape, fit platforms.Fit) image.Image {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	limits := platforms.ImageLimits{MinRatio: fit.MinRatio, MaxRatio: fit.MaxRatio}
	if !limits.RatioFault(w, h) {
		return img
	}
	tall := fit.MinRatio > 0 && float64(w)/float64(h) < fit.MinRatio
	to := image.Pt(w, h)
	switch {
	case tall && how == platforms.Pad:
		to.X = int(math.Ceil(float64(h)*fit.MinRatio - 1e-6))
	case tall:
		to.Y = int(float64(w)/fit.MinRatio + 1e-6)
	case how == platforms.Pad:
		to.Y = int(math.Ceil(float64(w)/fit.MaxRatio - 1e-6))
	default:
		to.X = int(float64(h)*fit.MaxRatio + 1e-6)
	}
	if to.X < 1 || to.Y < 1 {
		return img
	}
	if n := float64(to.X) * float64(to.Y); n > platforms.MaxPixels { // a line, padded: it has to be shorter first
		smaller := scaled(img, max(1, int(float64(w)*math.Sqrt(platforms.MaxPixels/4/n))))
		if smaller.Bounds().Dx() == w { // as thin as a line can be
			smaller = shortened(img, int(float64(h)*platforms.MaxPixels/4/n))
		}
		return reshaped(smaller, how, fit)
	}
	out := image.NewRGBA(image.Rectangle{Max: to})
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	at := img.Bounds().Min.Add(image.Pt((w-to.X)/2, (h-to.Y)/2)) // of the image, that comes to the corner
	draw.Draw(out, out.Bounds(), img, at, draw.Over)
	return out
}

// shortened is an image of less height and the same width.
func shortened(img image.Image, height int) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), max(1, height)))
	draw.CatmullRom.Scale(out, out.Bounds(), img, img.Bounds(), draw.Src, nil)
	return out
}
