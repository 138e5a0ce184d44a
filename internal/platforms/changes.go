package platforms

import (
	"fmt"
	"slices"
	"strings"
)

// A Change is what will be done to a media item so that a platform takes it.
type Change struct {
	Field string // "mediaItems[0]"
	Text  string // a sentence without a full stop
}

// Changes are what will be done to the media of a content that fits a platform's rules otherwise.
func Changes(info Info, c Content) []Change {
	kind, ok := info.Rules.Kind(c)
	if !ok || kind.DisplayOnly {
		return nil
	}
	var list []Change
	for i, m := range c.Media {
		var texts []string
		switch {
		case m.Type == Video && kind.Video != nil:
			texts = kind.Video.changes(m)
		case (m.Type == Image || m.Type == GIF) && kind.Image != nil:
			texts = kind.Image.changes(m)
		}
		for _, text := range texts {
			list = append(list, Change{Field: fmt.Sprintf("mediaItems[%d]", i), Text: text})
		}
	}
	return list
}

func (l ImageLimits) changes(m Media) (list []string) {
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if m.MIME != "" && !slices.Contains(l.Formats, m.MIME) {
		add("the %s image is turned into %s", formatName(m.MIME), formatName(l.Formats[0]))
	}
	if m.Reshape != "" && m.Height > 0 && l.RatioFault(m.Width, m.Height) {
		ratio := l.MinRatio
		if float64(m.Width)/float64(m.Height) > l.MinRatio {
			ratio = l.MaxRatio
		}
		what := "cropped"
		if m.Reshape == Pad {
			what = "padded with white"
		}
		add("the image is %s to a ratio of %g, as the item's reshape asks", what, ratio)
	}
	if l.MaxWidth > 0 && m.Width > l.MaxWidth {
		add("the image is scaled down from %d to %d pixels in width", m.Width, l.MaxWidth)
	}
	if l.MaxBytes > 0 && m.Size > l.MaxBytes {
		add("the image of %s is compressed to at most %s", megabytes(m.Size), megabytes(l.MaxBytes))
	}
	if m.Picture.Orientation > 1 {
		add("the image is turned upright, as its EXIF data say")
	}
	if m.Picture.Colours == CMYK {
		add("the image's colours are turned from CMYK into RGB and may look a little different")
	}
	if m.Picture.Located {
		add("the place where the image was taken is removed from its data")
	}
	return list
}

func (l VideoLimits) changes(m Media) (list []string) {
	if m.Film.Fragmented {
		return nil
	}
	if l.MoovFirst && m.Film.MoovLast {
		list = append(list, "the video's description is moved from the end of the file to its start")
	}
	if l.NoEdits && m.Film.Trimmed {
		list = append(list, "the edit list that skips the first moment of the video is removed")
	}
	if m.Film.Located {
		list = append(list, "the place where the video was filmed is removed from its data")
	}
	return list
}

func formatName(mime string) string {
	_, name, _ := strings.Cut(mime, "/")
	if name == "webp" {
		return "WebP"
	}
	return strings.ToUpper(name)
}

func megabytes(n int64) string {
	if n < 1_000_000 {
		return fmt.Sprintf("%d KB", n/1000)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/1e6), ".0") + " MB"
}
