package facebook

import (
	"slices"

	"posthorn/internal/platforms"
)

// Rules of what only the steps find.
const (
	rulePageOther    = "page.other"
	ruleChanged      = "post_changed"
	ruleProcessing   = "media.processing"
	ruleNotPublished = "not_published"
	ruleEditStory    = "edit.story"
)

const (
	remedyAddress = "Send a full http or https address."
	settingsField = "facebookSettings."
)

// ruleDocs describe what Validate and the steps find.
var ruleDocs = slices.Concat([]platforms.RuleDoc{
	option("page.id", "pageId", "pageId is not the ID of a Page", "Send the ID of the account's own Page, or leave pageId out.", docsPosts),
	option("title.video_only", "title", "Only a reel or a video has a title", "Remove title.", docsVideos),
	option("title.max_length", "title", "The title is too long", "Shorten it to 255 characters.", docsVideos),
	option("first_comment.empty", "firstComment", "The first comment is empty", "Write a comment, or leave firstComment out.", docsComments),
	option("first_comment.max_length", "firstComment", "The first comment is too long", "Shorten it to 8000 characters.", docsComments),
	option("story.no_first_comment", "firstComment", "A story has no comments", "Remove firstComment, or publish it to the feed.", docsStories),
	option("draft.no_first_comment", "firstComment", "A draft has no comments", "Remove firstComment or draft.", docsFeed),
	option("draft.no_story", settingsField+"draft", "There are no drafts of stories", "Remove draft, or publish it to the feed.", docsStories),
	option("geo.feed_only", "geoRestriction", "Reels and stories are shown everywhere", "Remove geoRestriction, or publish it to the feed.", docsReels),
	option("carousel.link_alone", settingsField+"carouselLink", "carouselLink is of a carousel", "Add carouselCards, or remove carouselLink.", docsFeed),
	option("carousel.link", settingsField+"carouselLink", "carouselLink is not the address of a page", remedyAddress, docsFeed),
	option("carousel.feed_only", settingsField+"carouselCards", "Reels and stories have no cards", "Remove carouselCards or contentType.", docsFeed),
	option("carousel.cards", settingsField+"carouselCards", "A carousel has one card for each image", "Send one card for each image.", docsFeed),
	option("carousel.card_link", settingsField+"carouselCards[0].link", "A card leads to no page", remedyAddress, docsFeed),
	option("text_format.id", settingsField+"textFormatPresetId", "textFormatPresetId is not the ID of a background", "Send the ID of one of Facebook's backgrounds.", docsFeed),
	option("text_format.text_only", settingsField+"textFormatPresetId", "Only a text has a background", "Remove the media or textFormatPresetId.", docsFeed),
	{Name: rulePageOther, Failure: true, Field: "platformSpecificData.pageId", Title: "pageId names another Page than the account's", Meaning: "Each Page is an account of its own, with a token that opens that Page alone.",
		Remedy: "Connect that Page, and publish to its account.", Source: docsPosts},
	{Name: ruleChanged, Failure: true, Title: "The post changed while it was published", Meaning: "The post was edited between two steps of publishing it, and has other media now.", Remedy: "Retry the post.", Source: docsPosts},
	{Name: ruleProcessing, Failure: true, Title: "Facebook could not process the video", Meaning: "Facebook took the file and then failed to process it. message holds its own words. Nothing was published.",
		Remedy: "Convert the video to MP4 with H.264 and AAC, then retry.", Source: docsVideos},
	{Name: ruleNotPublished, Failure: true, Title: "Facebook would not publish the post", Meaning: "Facebook failed at every try to publish the post. Nothing was published.", Remedy: "Retry the post later.", Source: docsPosts},
	{Name: ruleEditStory, Field: "content", Title: "A story has no text that could be edited", Meaning: "Stories are published without a text.", Remedy: "Delete the story and publish another.", Source: docsStories},
}, platforms.GeoRuleDocs(docsFeed), table.Docs(docsErrors))

func option(name, field, title, remedy, source string) platforms.RuleDoc {
	return platforms.RuleDoc{Name: name, Field: "platformSpecificData." + field, Title: title, Remedy: remedy, Source: source,
		Meaning: "An option of the post is one that Facebook does not take: platformSpecificData." + field + "."}
}
