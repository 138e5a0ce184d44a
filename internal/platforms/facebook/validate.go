package facebook

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"posthorn/internal/platforms"
)

var digits = regexp.MustCompile(`^[0-9]{1,30}$`)

// Validate finds the faults that the rules cannot say: those of the options.
func (Platform) Validate(c platforms.Content) []platforms.Problem {
	opts, problems := platforms.DecodeOptions[Options](c.Options)
	if len(problems) > 0 {
		return problems
	}
	v := validator{opts: opts, set: opts.settings(), content: c, kind: kindOf(c)}
	v.page()
	v.title()
	v.comment()
	v.where()
	v.draft()
	v.cards()
	v.background()
	return v.problems
}

type validator struct {
	opts     Options
	set      Settings
	content  platforms.Content
	kind     string
	problems []platforms.Problem
}

// add reports a fault of one option.
func (v *validator) add(rule, option, remedy, message string, args ...any) {
	v.problems = append(v.problems, platforms.Problem{Rule: rule, Field: "platformSpecificData." + option, Message: fmt.Sprintf(message, args...), Remediation: remedy})
}

// over reports a text over its limit.
func (v *validator) over(rule, option, what, text string, limit int) {
	if n := utf8.RuneCountInString(text); n > limit {
		v.problems = append(v.problems, platforms.Problem{Rule: rule, Field: "platformSpecificData." + option, Limit: limit, Actual: n,
			Message: fmt.Sprintf("%s has %d characters, Facebook allows %d", what, n, limit), Remediation: "Shorten it."})
	}
}

func (v *validator) page() {
	if v.opts.PageID != "" && !digits.MatchString(v.opts.PageID) {
		v.add("page.id", "pageId", "Send the ID of the account's own Page, or leave pageId out.", "%q is not the ID of a Page", v.opts.PageID)
	}
}

func (v *validator) title() {
	if v.opts.Title == "" {
		return
	}
	if v.kind != kindReel && v.kind != kindVideo {
		v.add("title.video_only", "title", "Remove title.", "only a reel or a video has a title")
	}
	v.over("title.max_length", "title", "the title", v.opts.Title, maxTitle)
}

func (v *validator) comment() {
	text := v.opts.FirstComment
	if text == "" {
		return
	}
	switch {
	case strings.TrimSpace(text) == "":
		v.add("first_comment.empty", "firstComment", "Write a comment, or leave firstComment out.", "the first comment is empty")
	case v.kind == kindStory:
		v.add("story.no_first_comment", "firstComment", "Remove firstComment, or publish it to the feed.", "a story has no comments")
	case v.set.Draft:
		v.add("draft.no_first_comment", "firstComment", "Remove firstComment or draft.", "a draft has no comments")
	}
	v.over("first_comment.max_length", "firstComment", "the first comment", text, maxComment)
}

func (v *validator) where() {
	if v.opts.GeoRestriction == nil {
		return
	}
	v.problems = append(v.problems, v.opts.GeoRestriction.Problems()...)
	if v.kind == kindReel || v.kind == kindStory {
		v.add("geo.feed_only", "geoRestriction", "Remove geoRestriction, or publish it to the feed.", "a %s is shown everywhere", v.kind)
	}
}

func (v *validator) draft() {
	if v.set.Draft && v.kind == kindStory {
		v.add("draft.no_story", "facebookSettings.draft", "Remove draft, or publish it to the feed.", "there are no drafts of stories")
	}
}

func (v *validator) cards() {
	cards := v.set.CarouselCards
	if v.set.CarouselLink != "" {
		if len(cards) == 0 {
			v.add("carousel.link_alone", "facebookSettings.carouselLink", "Add carouselCards, or remove carouselLink.", "carouselLink is of a carousel, and this is none")
		} else if !isWeb(v.set.CarouselLink) {
			v.add("carousel.link", "facebookSettings.carouselLink", "Send a full http or https address.", "carouselLink is not the address of a page")
		}
	}
	if len(cards) == 0 {
		return
	}
	if v.kind != kindCarousel {
		v.add("carousel.feed_only", "facebookSettings.carouselCards", "Remove carouselCards or contentType.", "a %s has no cards", v.kind)
		return
	}
	if n := len(v.content.Media); len(cards) != n {
		v.problems = append(v.problems, platforms.Problem{Rule: "carousel.cards", Field: "platformSpecificData.facebookSettings.carouselCards", Limit: n, Actual: len(cards), Source: docsFeed,
			Message: fmt.Sprintf("there are %d cards and %d images", len(cards), n), Remediation: "Send one card for each image."})
	}
	for i, card := range cards {
		if !isWeb(card.Link) {
			v.add("carousel.card_link", fmt.Sprintf("facebookSettings.carouselCards[%d].link", i), "Send a full http or https address.", "a card leads to no page")
		}
	}
}

func isWeb(link string) bool {
	u, err := url.Parse(link)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != ""
}

// background checks the coloured background of a text. How long the text may be is not told; it is about 130 characters.
func (v *validator) background() {
	id := v.set.TextFormatPresetID
	switch {
	case id == "":
	case !digits.MatchString(id):
		v.add("text_format.id", "facebookSettings.textFormatPresetId", "Send the ID of one of Facebook's backgrounds.", "%q is not the ID of a background", id)
	case v.kind != kindText:
		v.add("text_format.text_only", "facebookSettings.textFormatPresetId", "Remove the media or textFormatPresetId.", "only a text has a background")
	}
}
