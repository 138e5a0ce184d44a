package instagram

import (
	"slices"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta/containers"
)

// ruleFacebookLogin is no part of the rules' data: only the account tells.
const ruleFacebookLogin = "options.facebook_login"

// platformName is the contract's.
const platformName = "instagram"

var ruleDocs = slices.Concat(optionDocs, []platforms.RuleDoc{
	{Name: ruleFacebookLogin, Failure: true, Title: "The option needs an account connected by Facebook Login",
		Meaning: "audioConfiguration, isPaidPartnership and brandedContentSponsors exist only for accounts that were connected by Facebook Login.",
		Remedy:  "Remove the option, or connect the account with loginMethod facebook_login.", Source: docsMedia},
}, containers.RuleDocs("Instagram", docsPostLimit, docsPublish), table.Docs(docsErrors))

// optionDocs describe what Validate finds.
var optionDocs = []platforms.RuleDoc{
	option("first_comment.max_length", "firstComment", "The first comment is too long", "300 characters", docsComments, "Shorten the comment."),
	option("first_comment.max_hashtags", "firstComment", "The first comment has too many hashtags", "4", docsComments, "Remove some hashtags from the comment."),
	option("first_comment.max_links", "firstComment", "The first comment has too many links", "1", docsComments, "Keep one link."),
	option("first_comment.empty", "firstComment", "The first comment is empty", "", docsComments, "Write a comment, or leave firstComment out."),
	option("first_comment.comments_disabled", "firstComment", "A post without comments takes no first comment", "", docsComments, "Leave out firstComment or commentsEnabled."),
	option("collaborators.max", "collaborators", "There are too many collaborators", "3", docsMedia, "Keep at most 3."),
	option("collaborators.username", "collaborators[0]", "A collaborator has no user name", "", docsMedia, "Send the user name."),
	option("trial_params.reel_only", "trialParams", "Only a reel can be a trial reel", "", docsMedia, "Remove trialParams, or attach one video."),
	option("trial_params.graduation_strategy", "trialParams.graduationStrategy", "The graduation strategy does not exist", "MANUAL, SS_PERFORMANCE", docsMedia, "Send MANUAL or SS_PERFORMANCE."),
	option("trial_params.no_collaborators", "collaborators", "A trial reel has no collaborators", "", docsMedia, "Remove collaborators or trialParams."),
	option("audio_name.reel_only", "audioName", "Only a reel has an audio name", "", docsMedia, "Remove audioName, or attach one video."),
	option("audio_configuration.reel_only", "audioConfiguration", "Only a reel takes music", "", docsMedia, "Remove audioConfiguration, or attach one video."),
	option("audio_configuration.audio_id", "audioConfiguration.audioId", "The music is not named", "", docsMedia, "Send the ID of a sound of Instagram's library."),
	option("audio_configuration.volume", "audioConfiguration", "A volume is negative", "0 or more", docsMedia, "Send 0 or more."),
	option("mute_audio.needs_music", "muteAudio", "Only music can silence a reel's own sound", "", docsMedia, "Mute the video before attaching it, or add audioConfiguration."),
	option("thumb_offset.reel_only", "thumbOffset", "Only a reel takes a thumbOffset", "", docsMedia, "Remove thumbOffset, or attach one video."),
	option("thumb_offset.negative", "thumbOffset", "The thumbOffset is negative", "0 or more", docsMedia, "Send milliseconds from the start of the video."),
	option("thumb_offset.past_end", "thumbOffset", "The thumbOffset lies behind the end of the video", "the video's length", docsMedia, "Send a time within the video."),
	option("cover.reel_only", "instagramThumbnail", "Only a reel takes a cover image", "", docsMedia, "Remove the cover, or attach one video."),
	option("share_to_feed.reel_only", "shareToFeed", "Only a reel can be kept out of the feed", "", docsMedia, "Remove shareToFeed."),
	option("user_tags.username", "userTags[0].username", "A user tag has no user name", "", docsMedia, "Send the user name."),
	option("user_tags.media_index", "userTags[0].mediaIndex", "A user tag names media that are not there", "", docsMedia, "Count the media items from 0."),
	option("user_tags.max", "userTags", "A media item has too many user tags", "20", docsMedia, "Keep at most 20 for each item."),
	option("user_tags.position", "userTags[0]", "A user tag in an image needs its place", "", docsMedia, "Send x and y, each from 0 to 1."),
	option("user_tags.position_range", "userTags[0]", "A user tag lies outside the image", "0 to 1", docsMedia, "Send x and y from 0 to 1."),
	option("user_tags.no_position", "userTags[0]", "A user tag in a video has no place", "", docsMedia, "Remove x and y."),
	option("branded_content_sponsors.max", "brandedContentSponsors", "There are too many sponsors", "2", docsMedia, "Keep at most 2."),
	option("story.no_first_comment", "firstComment", "A story has no comments", "", docsGuide, "Remove firstComment, or publish to the feed."),
	option("story.no_collaborators", "collaborators", "A story has no collaborators", "", docsGuide, "Remove collaborators, or publish to the feed."),
	option("story.no_location", "locationId", "A story has no location", "", docsGuide, "Remove locationId, or publish to the feed."),
	option("story.no_comments", "commentsEnabled", "A story has no comments to turn off", "", docsGuide, "Remove commentsEnabled, or publish to the feed."),
	option("story.no_paid_partnership", "isPaidPartnership", "A story has no partnership label", "", docsGuide, "Remove isPaidPartnership, or publish to the feed."),
	option("story.no_sponsors", "brandedContentSponsors", "A story has no sponsors", "", docsGuide, "Remove brandedContentSponsors, or publish to the feed."),
}

func option(name, field, title, limit, source, remedy string) platforms.RuleDoc {
	return platforms.RuleDoc{Name: name, Field: "platformSpecificData." + field, Title: title, Limit: limit, Source: source, Remedy: remedy,
		Meaning: "An option of the post is one that Instagram would refuse, or leave without effect: platformSpecificData." + field + "."}
}
