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
	if to.X < 1 || to.Y < 1 || int64(to.X)*int64(to.Y) > platforms.MaxPixels { // a line, padded, would be very large
		return img
	}
	out := image.NewRGBA(image.Rectangle{Max: to})
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	at := img.Bounds().Min.Add(image.Pt((w-to.X)/2, (h-to.Y)/2)) // of the image, that comes to the corner
	draw.Draw(out, out.Bounds(), img, at, draw.Over)
	return out
}
