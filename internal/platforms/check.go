package platforms

import (
	"fmt"
	"regexp"
	"strings"
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
