package media

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"posthorn/internal/platforms"
)

const (
	// minSide is where making an image smaller to save bytes ends.
	minSide = 64
)

// qualities are the JPEG qualities tried until the bytes fit. Below the last, fewer pixels look better than coarser ones.
var qualities = []int{90, 80, 70, 60}

// made is an image as it was made to fit.
type made struct {
	mime          string
	width, height int
	bytes         []byte
}

// formatFor is the format that an image of type mime is turned into: the first that is taken and that we can write.
func formatFor(mime string, fit platforms.Fit) (string, error) {
	for _, f := range fit.Formats {
		if f == JPEG || f == PNG {
			return f, nil
		}
	}
	switch {
	case len(fit.Formats) > 0:
		return "", &Fault{Rule: RuleUnsupported, Message: fmt.Sprintf("an image of type %s cannot be turned into %s", mime, strings.Join(fit.Formats, " or ")),
			Remediation: "Use an image of type " + fit.Formats[0] + "."}
	case mime == PNG:
		return PNG, nil
	}
	return JPEG, nil
}

// convert decodes an image file and writes it anew as format, within the limits of fit. Orientation is applied, and all that was
// not a pixel stays behind, save the colour profile. Its error is a *Fault, or a failure to write.
func convert(file []byte, format string, reshape platforms.Reshape, fit platforms.Fit) (*made, error) {
	mime := Sniff(file)
	t := traitsOf(mime, file)
	if t.animated {
		return nil, &Fault{Rule: RuleAnimated, Message: "the image moves, and would have to be turned into one that does not",
			Remediation: "Use a still image, or a video."}
	}
	img, err := decode(mime, file)
	if err != nil {
		return nil, err
	}
	img = oriented(scaled(img, widthFor(img, t, fit.MaxWidth)), t.orientation)
	if reshape != "" {
		img = reshaped(img, reshape, fit)
		if fit.MaxWidth > 0 { // bars may have made it wider
			img = scaled(img, min(fit.MaxWidth, img.Bounds().Dx()))
		}
	}
	if format == JPEG {
		img = flattened(img)
	}
	return shrink(img, format, profileOf(mime, file), fit.MaxBytes)
}

// decode refuses by the header what would need too much memory.
func decode(mime string, file []byte) (image.Image, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, undecodable(mime, err)
	}
	if n := int64(c.Width) * int64(c.Height); n > platforms.MaxPixels {
		return nil, &Fault{Rule: RuleTooManyPixels, Message: fmt.Sprintf("the image has %d x %d pixels; at most %d million are converted", c.Width, c.Height, platforms.MaxPixels/1_000_000),
			Remediation: "Scale the image down."}
	}
	r := bytes.NewReader(file)
	var img image.Image
	switch mime {
	case JPEG:
		img, err = decodeJPEG(file)
	case PNG:
		img, err = png.Decode(r)
	case GIF:
		img, err = gif.Decode(r)
	case WebP:
		img, err = webp.Decode(r)
	default:
		err = errUnknown
	}
	if err != nil {
		return nil, undecodable(mime, err)
	}
	if img.Bounds() != image.Rect(0, 0, c.Width, c.Height) { // a GIF's picture may cover a part of its screen
		whole := image.NewNRGBA(image.Rect(0, 0, c.Width, c.Height))
		draw.Draw(whole, img.Bounds(), img, img.Bounds().Min, draw.Src)
		img = whole
	}
	if img.Bounds().Empty() {
		return nil, damaged(mime, errEmpty)
	}
	return img, nil
}

// decodeJPEG also decodes pictures of four inks that carry no note of Adobe's. With that note, which the decoder asks for, inks are written
// the other way round.
func decodeJPEG(file []byte) (image.Image, error) {
	noted := false
	for s := range jpegSegments(file) {
		noted = noted || s.marker == 0xee && bytes.HasPrefix(s.data, []byte("Adobe"))
	}
	if noted || jpegColour(file) != platforms.CMYK {
		return jpeg.Decode(bytes.NewReader(file))
	}
	note := []byte("\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00")
	img, err := jpeg.Decode(io.MultiReader(bytes.NewReader(file[:2]), bytes.NewReader(note), bytes.NewReader(file[2:])))
	if inks, ok := img.(*image.CMYK); ok {
		for i := range inks.Pix {
			inks.Pix[i] = 255 - inks.Pix[i]
		}
	}
	return img, err
}

func undecodable(mime string, err error) *Fault {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Fault{Rule: RuleUnsupported, Message: "the image is cut off", Remediation: "Upload the file again.", Err: err}
	}
	return damaged(mime, err)
}

// widthFor is the width as stored that gives at most the limit as shown.
func widthFor(img image.Image, t traits, limit int) int {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	shown := w
	if t.swaps() {
		shown = h
	}
	if limit <= 0 || shown <= limit {
		return w
	}
	if t.swaps() {
		return max(1, w*limit/h)
	}
	return limit
}

// scaled is the image at a stored width, in proportion; the image itself where that is its width.
func scaled(img image.Image, width int) image.Image {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if width >= w {
		return img
	}
	dst := image.NewRGBA(image.Rect(0, 0, width, max(1, (h*width+w/2)/w)))
	draw.CatmullRom.Scale(dst, dst.Bounds(), img, img.Bounds(), draw.Src, nil)
	return dst
}

// oriented turns and mirrors the image as EXIF's orientation says, so that it can be shown as it is stored.
func oriented(img image.Image, orientation int) image.Image {
	if orientation <= 1 {
		return img
	}
	src := image.NewRGBA(img.Bounds())
	draw.Draw(src, src.Bounds(), img, img.Bounds().Min, draw.Src)
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	dw, dh := w, h
	if orientation >= 5 {
		dw, dh = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, dw, dh))
	for y := range dh {
		for x := range dw {
			sx, sy := x, y
			switch orientation {
			case 2: // mirrored
				sx = w - 1 - x
			case 3: // upside down
				sx, sy = w-1-x, h-1-y
			case 4: // upside down, mirrored
				sy = h - 1 - y
			case 5: // turned left, mirrored
				sx, sy = y, x
			case 6: // to be turned right
				sx, sy = y, h-1-x
			case 7: // turned right, mirrored
				sx, sy = w-1-y, h-1-x
			case 8: // to be turned left
				sx, sy = w-1-y, x
			}
			copy(dst.Pix[dst.PixOffset(x, y):][:4], src.Pix[src.PixOffset(sx, sy):][:4])
		}
	}
	return dst
}

// flattened puts an image that may be transparent on white.
func flattened(img image.Image) image.Image {
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		return img
	}
	dst := image.NewRGBA(img.Bounds())
	draw.Draw(dst, dst.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(dst, dst.Bounds(), img, img.Bounds().Min, draw.Over)
	return dst
}

// shrink writes the image, coarser and then smaller until it has no more than limit bytes.
func shrink(img image.Image, mime string, profile []byte, limit int64) (*made, error) {
	for {
		b := img.Bounds()
		for _, q := range qualities {
			out, err := encode(img, mime, q, profile)
			if err != nil {
				return nil, fmt.Errorf("writing %s: %w", mime, err)
			}
			if limit <= 0 || int64(len(out)) <= limit {
				return &made{mime: mime, width: b.Dx(), height: b.Dy(), bytes: out}, nil
			}
			if mime != JPEG {
				break
			}
		}
		width := b.Dx() * 3 / 4
		if width < minSide || b.Dy()*3/4 < minSide {
			return nil, &Fault{Rule: RuleTooLarge, Message: fmt.Sprintf("the image cannot be brought under %d bytes", limit), Remediation: "Use a smaller image."}
		}
		img = scaled(img, width)
	}
}

func encode(img image.Image, mime string, quality int, profile []byte) ([]byte, error) {
	var buf bytes.Buffer
	if mime == PNG {
		err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&buf, img)
		return buf.Bytes(), err
	}
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	return withProfile(buf.Bytes(), profile), nil
}
