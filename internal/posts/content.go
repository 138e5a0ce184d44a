package posts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"posthorn/internal/errs"
)

// The limits of a post's tags, in characters.
const (
	maxTag  = 100
	maxTags = 500 // of all together
)

// cleanTags drops tags that are there twice and refuses what is too long.
func cleanTags(tags []string) ([]string, error) {
	var clean []string
	total := 0
	for i, tag := range tags {
		if slices.Contains(clean, tag) {
			continue
		}
		n := utf8.RuneCountInString(tag)
		if n > maxTag {
			return nil, errs.Fieldf(fmt.Sprintf("tags[%d]", i), "the tag has %d characters, at most %d are allowed", n, maxTag)
		}
		total += n
		clean = append(clean, tag)
	}
	if total > maxTags {
		return nil, errs.Fieldf("tags", "the tags have %d characters together, at most %d are allowed", total, maxTags)
	}
	return clean, nil
}

// requireContent refuses a post that gives some target nothing to publish.
func requireContent(post Post) error {
	if strings.TrimSpace(post.Content) != "" {
		return nil
	}
	for i, t := range post.Targets {
		if t.Status != Published && !standsAlone(post, t) {
			return &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Field: "content", Rule: "post.content_required",
				Message: fmt.Sprintf("content is missing, and platforms[%d] has neither media nor a text of its own", i),
				Remedy:  "Set content, attach media, or give every target a customContent."}
		}
	}
	return nil
}

// standsAlone reports whether a target has something to publish without the post's text: media, a text of its own, or options that bring
// all that is published.
func standsAlone(post Post, t Target) bool {
	if len(post.media(t)) > 0 || t.CustomContent != nil && strings.TrimSpace(*t.CustomContent) != "" {
		return true
	}
	var o struct {
		Thread  []json.RawMessage `json:"threadItems"`
		Article json.RawMessage   `json:"article"`
		Reshare string            `json:"reshareUrl"`
	}
	if json.Unmarshal(t.Options, &o) != nil {
		return false
	}
	return len(o.Thread) > 0 || t.Platform == "twitter" && nullJSON(o.Article) != nil || t.Platform == "linkedin" && o.Reshare != ""
}
