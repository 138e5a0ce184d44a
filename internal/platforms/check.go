package platforms

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A hashtag or mention starts a word and holds at least one letter or digit.
var (
	hashtag = regexp.MustCompile(`(?:^|[^\p{L}\p{N}_&])#[\p{L}\p{N}_]+`)
	mention = regexp.MustCompile(`(?:^|[^\p{L}\p{N}_.@/])@[\p{L}\p{N}_]+`)
)

// Check holds a content to a platform's rules and returns every fault at once, in the order of the post's parts. What was not
// measured (a size of zero) is not judged.
func Check(p Platform, c Content) []Problem {
	v, _ := p.(Validator)
	return CheckRules(p.Info(), v, c)
}

// CheckRules is Check for a platform of which only its rules are known. v, which finds what they cannot say, may be nil.
func CheckRules(info Info, v Validator, c Content) []Problem {
	k := checker{info: info, content: c}
	kind, ok := info.Rules.Kind(c)
	if !ok {
		k.add(Problem{Rule: "kind", Field: "platformSpecificData.contentType", Message: fmt.Sprintf("%s has no kind of post that this could be", info.Title),
			Remediation: "See the kinds that GET /v1/platforms lists."})
		return k.problems
	}
	k.kind = kind
	if !kind.DisplayOnly {
		k.text()
		k.mediaList()
		for i, m := range c.Media {
			k.media(i, m)
		}
	}
	if v != nil {
		for _, p := range v.Validate(c) {
			k.add(p)
		}
	}
	return k.problems
}

type checker struct {
	info     Info
	content  Content
	kind     PostKind
	problems []Problem
}

// add names the rule in full and gives it the rules' common source where it has none of its own.
func (k *checker) add(p Problem) {
	p.Rule = k.info.Name + "." + p.Rule
	if p.Source == "" {
		p.Source = k.info.Rules.Source
	}
	k.problems = append(k.problems, p)
}

func (k *checker) text() {
	t, rules := k.content.Text, k.info.Rules
	if strings.TrimSpace(t) == "" {
		if k.kind.NeedText {
			k.add(Problem{Rule: k.kind.Name + ".text_required", Field: "content", Message: fmt.Sprintf("%s on %s needs a text", article(k.kind.Title), k.info.Title), Remediation: "Set content."})
		}
		return
	}
	limit := rules.TextLimitOf(k.kind)
	if n := limit.Count.Of(t); limit.Max > 0 && n > limit.Max {
		k.add(Problem{Rule: "text.max_length", Field: "content", Limit: limit.Max, Actual: n, Source: limit.Source,
			Message:     fmt.Sprintf("the text has %d %s, %s allows %d", n, limit.Count.unit(), k.info.Title, limit.Max),
			Remediation: "Shorten the text, or give this target a shorter customContent."})
	}
	if n := len(t); limit.MaxBytes > 0 && n > limit.MaxBytes {
		k.add(Problem{Rule: "text.max_bytes", Field: "content", Limit: limit.MaxBytes, Actual: n, Source: limit.Source,
			Message:     fmt.Sprintf("the text has %d bytes, %s allows %d", n, k.info.Title, limit.MaxBytes),
			Remediation: "Shorten the text, or give this target a shorter customContent."})
	}
	k.tokens("hashtags", len(hashtag.FindAllString(t, -1)), rules.Hashtags)
	k.tokens("mentions", len(mention.FindAllString(t, -1)), rules.Mentions)
}

func (k *checker) tokens(what string, n, limit int) {
	if limit > 0 && n > limit {
		k.add(Problem{Rule: "text.max_" + what, Field: "content", Limit: limit, Actual: n,
			Message: fmt.Sprintf("the text has %d %s, %s allows %d", n, what, k.info.Title, limit), Remediation: "Remove some " + what + "."})
	}
}

func (k *checker) mediaList() {
	n, kind := len(k.content.Media), k.kind
	switch {
	case n < kind.MinMedia:
		k.add(Problem{Rule: kind.Name + ".min_items", Field: "mediaItems", Limit: kind.MinMedia, Actual: n, Source: kind.Source,
			Message: fmt.Sprintf("%s on %s needs at least %s, this has %d", article(kind.Title), k.info.Title, items(kind.MinMedia), n), Remediation: "Attach the missing media."})
	case n > kind.MaxMedia:
		k.add(Problem{Rule: kind.Name + ".max_items", Field: "mediaItems", Limit: kind.MaxMedia, Actual: n, Source: kind.Source,
			Message: fmt.Sprintf("%s on %s takes at most %s, this has %d", article(kind.Title), k.info.Title, items(kind.MaxMedia), n), Remediation: "Remove media, or give this target its own customMedia."})
	}
	if kind.Mixed || n < 2 {
		return
	}
	for _, m := range k.content.Media[1:] {
		if m.Type != k.content.Media[0].Type {
			k.add(Problem{Rule: kind.Name + ".no_mix", Field: "mediaItems", Source: kind.Source,
				Message: fmt.Sprintf("%s on %s cannot mix %s and %s", article(kind.Title), k.info.Title, k.content.Media[0].Type, m.Type), Remediation: "Split the media over several posts."})
			return
		}
	}
}

// article puts "a" or "an" before a kind's title.
func article(title string) string {
	if strings.ContainsRune("aeiou", rune(title[0]|0x20)) {
		return "an " + title
	}
	return "a " + title
}

func items(n int) string {
	if n == 1 {
		return "1 media item"
	}
	return fmt.Sprintf("%d media items", n)
}

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
		k.video(field, m, *k.kind.Video)
	case m.Type != Video && k.kind.Image != nil:
		k.image(field, m, *k.kind.Image)
	}
}

func (k *checker) image(field string, m Media, l ImageLimits) {
	if m.MIME != "" && !slices.Contains(l.Formats, m.MIME) && !slices.Contains(l.Converts, m.MIME) {
		k.add(Problem{Rule: "image.format", Field: field + ".url", Actual: m.MIME, Limit: l.Formats, Source: l.Source,
			Message: fmt.Sprintf("%s does not take images of format %s", k.info.Title, m.MIME), Remediation: "Use " + l.Formats[0] + "."})
	}
	if m.Width == 0 || m.Height == 0 {
		return
	}
	ratio := float64(m.Width) / float64(m.Height)
	const slack = 0.005 // a pixel of rounding is not a fault
	if (l.MinRatio > 0 && ratio < l.MinRatio-slack) || (l.MaxRatio > 0 && ratio > l.MaxRatio+slack) {
		k.add(Problem{Rule: "image.aspect_ratio", Field: field + ".url", Actual: fmt.Sprintf("%dx%d (%.2f)", m.Width, m.Height, ratio),
			Limit: fmt.Sprintf("%.2f to %.2f", l.MinRatio, l.MaxRatio), Source: l.Source,
			Message:     fmt.Sprintf("the image is %dx%d, a ratio of %.2f; %s takes %.2f to %.2f", m.Width, m.Height, ratio, k.info.Title, l.MinRatio, l.MaxRatio),
			Remediation: "Crop the image, or pad it."})
	}
}

func (k *checker) video(field string, m Media, l VideoLimits) {
	if m.MIME != "" && !slices.Contains(l.Formats, m.MIME) {
		k.add(Problem{Rule: "video.format", Field: field + ".url", Actual: m.MIME, Limit: l.Formats, Source: l.Source,
			Message: fmt.Sprintf("%s does not take videos of format %s", k.info.Title, m.MIME), Remediation: "Use " + l.Formats[0] + "."})
	}
	if l.MaxBytes > 0 && m.Size > l.MaxBytes {
		k.add(Problem{Rule: "video.max_bytes", Field: field + ".url", Actual: m.Size, Limit: l.MaxBytes, Source: l.Source,
			Message: fmt.Sprintf("the video has %d bytes, %s allows %d", m.Size, k.info.Title, l.MaxBytes), Remediation: "Compress the video."})
	}
	if s := m.Duration.Seconds(); s > 0 && ((l.MinSeconds > 0 && s < l.MinSeconds) || (l.MaxSeconds > 0 && s > l.MaxSeconds)) {
		k.add(Problem{Rule: "video.duration", Field: field + ".url", Actual: s, Limit: fmt.Sprintf("%g to %g s", l.MinSeconds, l.MaxSeconds), Source: l.Source,
			Message: fmt.Sprintf("the video lasts %.1f s, %s takes %g to %g s", s, k.info.Title, l.MinSeconds, l.MaxSeconds), Remediation: "Cut the video."})
	}
}
