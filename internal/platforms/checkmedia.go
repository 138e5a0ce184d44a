package platforms

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxPixels is what an image that is written anew may have: decoded, it takes four bytes for each.
const MaxPixels = 50_000_000

const (
	// exact is what dividing two whole numbers may be off by.
	exact = 1e-9
	// rateSlack is how far the average of a film's frames may lie beside the rate that it was meant to have.
	rateSlack = 0.1
)

func (k *checker) media(i int, m Media) {
	field := fmt.Sprintf("mediaItems[%d]", i)
	if !slices.Contains(k.kind.Types, m.Type) {
		k.add(Problem{Rule: k.kind.Name + ".media_type", Field: field + ".type", Actual: m.Type, Limit: k.kind.Types, Source: k.kind.Source,
			Message: fmt.Sprintf("%s on %s does not take a media item of type %s", article(k.kind.Title), k.info.Title, m.Type), Remediation: "Use one of the listed types."})
		return
	}
	if n := utf8.RuneCountInString(m.AltText); k.info.Rules.AltText > 0 && n > k.info.Rules.AltText {
		k.add(Problem{Rule: "alt_text.max_length", Field: field + ".altText", Limit: k.info.Rules.AltText, Actual: n,
			Message: fmt.Sprintf("the alt text has %d characters, %s allows %d", n, k.info.Title, k.info.Rules.AltText), Remediation: "Shorten the alt text."})
	}
	switch {
	case m.Type == Document && k.kind.Document > 0 && m.Size > k.kind.Document:
		k.add(Problem{Rule: "document.max_bytes", Field: field + ".url", Actual: m.Size, Limit: k.kind.Document, Source: k.kind.Source,
			Message: fmt.Sprintf("the document has %d bytes, %s allows %d", m.Size, k.info.Title, k.kind.Document), Remediation: "Use a smaller file."})
	case m.Type == Document:
	case m.Type == Video && k.kind.Video != nil:
		(&filmCheck{k, field + ".url", m, *k.kind.Video}).all()
	case m.Type != Video && k.kind.Image != nil:
		k.image(field+".url", m, *k.kind.Image)
	}
}

func (k *checker) image(field string, m Media, l ImageLimits) {
	if m.MIME != "" && !slices.Contains(l.Formats, m.MIME) && !slices.Contains(l.Converts, m.MIME) {
		k.add(Problem{Rule: "image.format", Field: field, Actual: m.MIME, Limit: l.Formats, Source: l.Source,
			Message: fmt.Sprintf("%s does not take images of format %s", k.info.Title, m.MIME), Remediation: "Use " + l.Formats[0] + "."})
		return
	}
	if m.Width == 0 || m.Height == 0 {
		return
	}
	if l.RatioFault(m.Width, m.Height) && m.Reshape == "" {
		ratio := float64(m.Width) / float64(m.Height)
		k.add(Problem{Rule: "image.aspect_ratio", Field: field, Actual: fmt.Sprintf("%dx%d (%.2f)", m.Width, m.Height, ratio),
			Limit: fmt.Sprintf("%.2f to %.2f", l.MinRatio, l.MaxRatio), Source: l.Source,
			Message:     fmt.Sprintf("the image is %dx%d, a ratio of %.2f; %s takes %.2f to %.2f", m.Width, m.Height, ratio, k.info.Title, l.MinRatio, l.MaxRatio),
			Remediation: `Crop the image, or pad it; or set the item's reshape to "crop" or "pad" to have that done.`})
	}
	if !l.rewritten(m) {
		return
	}
	if m.Picture.Animated {
		k.add(Problem{Rule: "image.animated", Field: field, Actual: m.MIME, Limit: l.Formats, Source: l.Source,
			Message: fmt.Sprintf("the image moves, and would have to be turned into a still one for %s", k.info.Title), Remediation: "Use a still image, or a video."})
	}
	if n := int64(m.Width) * int64(m.Height); n > MaxPixels {
		k.add(Problem{Rule: "image.max_pixels", Field: field, Actual: n, Limit: MaxPixels, Source: l.Source,
			Message:     fmt.Sprintf("the image has %dx%d pixels and would have to be made to fit %s; at most %d million can be", m.Width, m.Height, k.info.Title, MaxPixels/1_000_000),
			Remediation: "Scale the image down, or save it in a format and a size that the platform takes as they are."})
	}
}

// RatioFault reports whether an image of this size is too tall or too wide.
func (l ImageLimits) RatioFault(width, height int) bool {
	ratio := float64(width) / float64(height)
	return l.MinRatio > 0 && ratio < l.MinRatio-exact || l.MaxRatio > 0 && ratio > l.MaxRatio+exact
}

// rewritten reports whether an image has to be decoded to be made to fit.
func (l ImageLimits) rewritten(m Media) bool {
	return m.MIME != "" && !slices.Contains(l.Formats, m.MIME) || l.MaxBytes > 0 && m.Size > l.MaxBytes || l.MaxWidth > 0 && m.Width > l.MaxWidth ||
		m.Picture.Orientation > 1 || m.Picture.Colours == CMYK || m.Reshape != "" && l.RatioFault(m.Width, m.Height)
}

// filmCheck holds one video to its limits.
type filmCheck struct {
	*checker
	field  string
	m      Media
	limits VideoLimits
}

// fault adds a fault; actual and limit may be anything that JSON can show.
func (c *filmCheck) fault(rule string, actual, limit any, remedy, message string, args ...any) {
	c.add(Problem{Rule: rule, Field: c.field, Actual: actual, Limit: limit, Source: c.limits.Source, Message: fmt.Sprintf(message, args...), Remediation: remedy})
}

const (
	adviseH264 = "Export the video anew, with H.264 and AAC."
	adviseCut  = "Cut the video."
)

func (c *filmCheck) all() {
	m, l, name := c.m, c.limits, c.info.Title
	if m.MIME != "" && !slices.Contains(l.Formats, m.MIME) {
		c.fault("video.format", m.MIME, l.Formats, "Use "+l.Formats[0]+".", "%s does not take videos of format %s", name, m.MIME)
	}
	if l.MaxBytes > 0 && m.Size > l.MaxBytes {
		c.fault("video.max_bytes", m.Size, l.MaxBytes, "Compress the video.", "the video has %d bytes, %s allows %d", m.Size, name, l.MaxBytes)
	}
	if s := m.Duration.Seconds(); s > 0 && outside(s, l.MinSeconds, l.MaxSeconds, exact) {
		c.fault("video.duration", s, fmt.Sprintf("%g to %g s", l.MinSeconds, l.MaxSeconds), adviseCut, "the video lasts %.1f s, %s takes %g to %g s", s, name, l.MinSeconds, l.MaxSeconds)
	}
	if l.MaxColumns > 0 && m.Width > l.MaxColumns {
		c.fault("video.columns", m.Width, l.MaxColumns, "Export the video in a smaller size.", "the video is %d pixels wide, %s takes at most %d", m.Width, name, l.MaxColumns)
	}
	if ratio := float64(m.Width) / float64(max(m.Height, 1)); m.Height > 0 && outside(ratio, l.MinRatio, l.MaxRatio, exact) {
		c.fault("video.aspect_ratio", fmt.Sprintf("%dx%d (%.2f)", m.Width, m.Height, ratio), fmt.Sprintf("%g to %g", l.MinRatio, l.MaxRatio), "Crop the video, or pad it.",
			"the video is %dx%d, a ratio of %.2f; %s takes %g to %g", m.Width, m.Height, ratio, name, l.MinRatio, l.MaxRatio)
	}
	c.pictures()
	c.sound()
}

func (c *filmCheck) pictures() {
	f, l, name := c.m.Film, c.limits, c.info.Title
	if f.VideoCodec != "" && len(l.Codecs) > 0 && !slices.Contains(l.Codecs, f.VideoCodec) {
		c.fault("video.codec", f.VideoCodec, l.Codecs, adviseH264, "the video is coded as %s, %s takes %s", f.VideoCodec, name, strings.Join(l.Codecs, " and "))
	}
	if f.Chroma != "" && len(l.Chromas) > 0 && !slices.Contains(l.Chromas, f.Chroma) {
		c.fault("video.chroma", f.Chroma, l.Chromas, "Export the video anew, with 8 bits and 4:2:0.", "the video's colours are sampled %s, %s takes %s", f.Chroma, name, strings.Join(l.Chromas, " and "))
	}
	if f.Interlaced && l.Progressive {
		c.fault("video.interlaced", "interlaced", "progressive", "Export the video anew, deinterlaced.", "the video is made of half pictures, %s takes whole ones", name)
	}
	if f.FrameRate > 0 && outside(f.FrameRate, l.MinRate, l.MaxRate, rateSlack) {
		c.fault("video.frame_rate", f.FrameRate, fmt.Sprintf("%g to %g", l.MinRate, l.MaxRate), "Export the video at 30 frames a second.",
			"the video has %g frames a second, %s takes %g to %g", f.FrameRate, name, l.MinRate, l.MaxRate)
	}
	if l.MaxBitRate > 0 && f.VideoBitRate > l.MaxBitRate {
		c.fault("video.bit_rate", f.VideoBitRate, l.MaxBitRate, "Export the video at a lower bit rate.", "the video has %.1f Mbit/s, %s takes at most %g", float64(f.VideoBitRate)/1e6, name, float64(l.MaxBitRate)/1e6)
	}
	if f.Cut && l.NoEdits {
		c.fault("video.edit_list", "an edit list that cuts or delays", "none", "Export the video anew: that makes the cuts real.",
			"the file holds cuts or delays in an edit list, which %s does not take, and dropping it would change what is seen", name)
	}
}

func (c *filmCheck) sound() {
	f, l, name := c.m.Film, c.limits.Sound, c.info.Title
	if l == nil || f.AudioCodec == "" {
		return
	}
	if len(l.Codecs) > 0 && !slices.Contains(l.Codecs, f.AudioCodec) {
		c.fault("video.audio_codec", f.AudioCodec, l.Codecs, adviseH264, "the video's sound is coded as %s, %s takes %s", f.AudioCodec, name, strings.Join(l.Codecs, " and "))
	}
	if l.Channels > 0 && f.AudioChannels > l.Channels {
		c.fault("video.audio_channels", f.AudioChannels, l.Channels, "Export the video with stereo sound.", "the video's sound has %d channels, %s takes at most %d", f.AudioChannels, name, l.Channels)
	}
	if l.Rate > 0 && f.AudioRate > l.Rate {
		c.fault("video.audio_rate", f.AudioRate, l.Rate, "Export the video with sound of 48 kHz.", "the video's sound has %d samples a second, %s takes at most %d", f.AudioRate, name, l.Rate)
	}
}

// outside reports whether a value lies beyond a limit; zero limits are none.
func outside(v, low, high, slack float64) bool {
	return low > 0 && v < low-slack || high > 0 && v > high+slack
}
