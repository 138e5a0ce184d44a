package platforms

import (
	"fmt"
	"strings"
)

// A fileRule is what an attached file can break: how a kind of post tells the limit, empty where it has none, and the page.
type fileRule struct {
	image    func(l ImageLimits) string
	video    func(l VideoLimits) string
	document func(bytes int64) string
	doc      RuleDoc // its title begins with, or ends in, the platform's name, which stands where %s is
}

func span(low, high float64, unit string) string {
	switch {
	case low > 0 && high > 0:
		return fmt.Sprintf("%g to %g%s", low, high, unit)
	case low > 0:
		return fmt.Sprintf("at least %g%s", low, unit)
	case high > 0:
		return fmt.Sprintf("at most %g%s", high, unit)
	}
	return ""
}

func most(n int64, unit string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", n, unit)
}

func only(is bool, what string) string {
	if is {
		return what
	}
	return ""
}

func sound(l VideoLimits) Sound {
	if l.Sound == nil {
		return Sound{}
	}
	return *l.Sound
}

// fileRules are in the order in which they are checked.
var fileRules = []fileRule{
	{image: func(l ImageLimits) string {
		return strings.Join(append(append([]string(nil), l.Formats...), l.Converts...), ", ")
	},
		doc: RuleDoc{Name: "image.format", Title: "%s does not take this format of image", Meaning: "The image is of a format that the platform does not show and that cannot be converted.",
			Remedy: "Save the image in one of the listed formats."}},
	{image: func(l ImageLimits) string {
		return only(l.MinRatio > 0 || l.MaxRatio > 0, fmt.Sprintf("%.2f to %.2f", l.MinRatio, l.MaxRatio))
	},
		doc: RuleDoc{Name: "image.aspect_ratio", Title: "The image is too tall or too wide for %s", Meaning: "The limit is on width divided by height. An image is cropped or padded only where the caller asks for it.",
			Remedy: "Crop the image, or pad it; or set the item's reshape to crop or pad to have that done."}},
	{image: func(l ImageLimits) string { return strings.Join(l.Formats, ", ") },
		doc: RuleDoc{Name: "image.animated", Title: "A moving image would have to be made a still one for %s", Meaning: "The image moves, and has to be written anew to fit: because of its format, its size or its proportions. That would lose the movement.",
			Remedy: "Use a still image, or a video."}},
	{image: func(ImageLimits) string { return fmt.Sprintf("%d", MaxPixels) },
		doc: RuleDoc{Name: "image.max_pixels", Title: "The image has too many pixels to be made to fit %s", Meaning: "The image has to be written anew to fit, and decoding it would take too much memory. The limit is on width times height.",
			Remedy: "Scale the image down, or save it in a format and a size that the platform takes as they are."}},
	{video: func(l VideoLimits) string { return strings.Join(l.Formats, ", ") },
		doc: RuleDoc{Name: "video.format", Title: "%s does not take this format of video", Meaning: "The video's container is of a format that the platform does not take.",
			Remedy: "Convert the video to one of the listed formats; MP4 with H.264 and AAC is taken everywhere."}},
	{video: func(l VideoLimits) string { return most(l.MaxBytes, "bytes") },
		doc: RuleDoc{Name: "video.max_bytes", Title: "The video is too large for %s", Meaning: "The file has more bytes than the platform takes.", Remedy: "Compress the video."}},
	{video: func(l VideoLimits) string {
		return only(l.MinSeconds > 0 || l.MaxSeconds > 0, fmt.Sprintf("%g to %g s", l.MinSeconds, l.MaxSeconds))
	},
		doc: RuleDoc{Name: "video.duration", Title: "The video is too short or too long for %s", Meaning: "The limit is on the length of the whole video.", Remedy: adviseCut}},
	{video: func(l VideoLimits) string { return most(int64(l.MaxColumns), "pixels") },
		doc: RuleDoc{Name: "video.columns", Title: "The video is too wide for %s", Meaning: "The limit is on the number of pixels from left to right, as the video is shown.", Remedy: "Export the video in a smaller size."}},
	{video: func(l VideoLimits) string { return span(l.MinRatio, l.MaxRatio, "") },
		doc: RuleDoc{Name: "video.aspect_ratio", Title: "The video has proportions that %s does not take", Meaning: "The limit is on width divided by height.", Remedy: "Crop the video, or pad it."}},
	{video: func(l VideoLimits) string { return strings.Join(l.Codecs, ", ") },
		doc: RuleDoc{Name: "video.codec", Title: "The video is coded in a way that %s does not take", Meaning: "The container is right, but its pictures are coded with something else than the platform decodes.", Remedy: adviseH264}},
	{video: func(l VideoLimits) string { return strings.Join(l.Chromas, ", ") },
		doc: RuleDoc{Name: "video.chroma", Title: "The video's colours are sampled in a way that %s does not take", Meaning: "Cameras and editors for professionals keep more of the colours (4:2:2, 4:4:4) than players take.", Remedy: "Export the video anew, with 8 bits and 4:2:0."}},
	{video: func(l VideoLimits) string { return only(l.Progressive, "progressive") },
		doc: RuleDoc{Name: "video.interlaced", Title: "The video is interlaced, which %s does not take", Meaning: "Each frame is made of two half pictures, as television did.", Remedy: "Export the video anew, deinterlaced."}},
	{video: func(l VideoLimits) string { return span(l.MinRate, l.MaxRate, " frames a second") },
		doc: RuleDoc{Name: "video.frame_rate", Title: "The video has too few or too many frames a second for %s", Meaning: "The limit is on the average of the whole video.", Remedy: "Export the video at 30 frames a second."}},
	{video: func(l VideoLimits) string { return most(l.MaxBitRate, "bits a second") },
		doc: RuleDoc{Name: "video.bit_rate", Title: "The video has too high a bit rate for %s", Meaning: "The limit is on the average of the pictures, without the sound.", Remedy: "Export the video at a lower bit rate."}},
	{video: func(l VideoLimits) string { return only(l.NoEdits, "none") },
		doc: RuleDoc{Name: "video.edit_list", Title: "The video holds cuts that %s does not know", Meaning: "An edit list tells players to leave parts out, to repeat or to delay them. One that only skips the moment in which a decoder starts is removed; dropping any other would change what is seen.",
			Remedy: "Export the video anew: that makes the cuts real."}},
	{video: func(l VideoLimits) string { return strings.Join(sound(l).Codecs, ", ") },
		doc: RuleDoc{Name: "video.audio_codec", Title: "The video's sound is coded in a way that %s does not take", Meaning: "The platform does not decode this kind of sound.", Remedy: adviseH264}},
	{video: func(l VideoLimits) string { return most(int64(sound(l).Channels), "channels") },
		doc: RuleDoc{Name: "video.audio_channels", Title: "The video's sound has too many channels for %s", Meaning: "Surround sound is not taken.", Remedy: "Export the video with stereo sound."}},
	{video: func(l VideoLimits) string { return most(int64(sound(l).Rate), "samples a second") },
		doc: RuleDoc{Name: "video.audio_rate", Title: "The video's sound has too high a sample rate for %s", Meaning: "The limit is on samples a second.", Remedy: "Export the video with sound of 48 kHz."}},
	{document: func(bytes int64) string { return most(bytes, "bytes") },
		doc: RuleDoc{Name: "document.max_bytes", Title: "The document is too large for %s", Meaning: "The file has more bytes than the platform takes.", Remedy: "Use a smaller file."}},
}

// files describes what an attached file can break; a limit that differs from kind to kind is told for each.
func (d *documenter) files() {
	for _, r := range fileRules {
		var limits told
		for _, k := range d.info.Rules.Kinds {
			switch {
			case r.image != nil && k.Image != nil:
				limits.add(k, r.image(*k.Image), k.Image.Source)
			case r.video != nil && k.Video != nil:
				limits.add(k, r.video(*k.Video), k.Video.Source)
			case r.document != nil && k.Document > 0:
				limits.add(k, r.document(k.Document), k.Source)
			}
		}
		if len(limits) > 0 {
			doc := r.doc
			doc.Title = strings.ReplaceAll(doc.Title, "%s", d.info.Title)
			doc.Field, doc.Source, doc.Limit = "mediaItems[0].url", limits[0].source, limits.String()
			d.add(doc)
		}
	}
}

// told are the limits of several kinds.
type told []struct{ kind, limit, source string }

func (t *told) add(k PostKind, limit, source string) {
	if limit == "" {
		return
	}
	if source == "" {
		source = k.Source
	}
	*t = append(*t, struct{ kind, limit, source string }{k.Title, limit, source})
}

// String tells a limit that all share once.
func (t told) String() string {
	same := true
	parts := make([]string, len(t))
	for i, l := range t {
		same = same && l.limit == t[0].limit
		parts[i] = l.kind + ": " + l.limit
	}
	if same {
		return t[0].limit
	}
	return strings.Join(parts, "; ")
}
