package youtube

import (
	"slices"

	"posthorn/internal/platforms"
)

// Rules of what only the steps find.
const (
	ruleChanged   = "post_changed"
	ruleLost      = "upload.lost"
	ruleFailed    = "processing.failed"
	ruleRejected  = "video.rejected"
	ruleDuplicate = "video.duplicate"
	ruleGone      = "video.gone"
	ruleLocked    = "privacy.locked"
	ruleUnset     = "publish_at.dropped"
	ruleExtras    = "extras"
)

// ruleDocs describe what Validate and the steps find.
var ruleDocs = slices.Concat([]platforms.RuleDoc{
	{Name: "title.required", Field: "title", Title: "The video has no title", Meaning: "Every video has a title. It is the option title, else the post's title, else the first line of the content.",
		Remedy: "Set title, or begin the content with a line that can be one.", Source: docsVideos},
	{Name: "title.max_length", Field: options + "title", Title: "The title is too long", Limit: "100 characters", Meaning: "A title that is given is never cut; one that is taken from the content is.", Remedy: "Shorten the title.", Source: docsVideos},
	{Name: "title.characters", Field: options + "title", Title: "The title has characters that YouTube refuses", Meaning: "YouTube takes no < and > in a title.", Remedy: adviseBrackets, Source: docsVideos},
	{Name: "text.characters", Field: "content", Title: "The description has characters that YouTube refuses", Meaning: "The content is the video's description, in which YouTube takes no < and >.", Remedy: adviseBrackets, Source: docsVideos},
	{Name: "tags.max_length", Field: "tags", Title: "The tags are too long", Limit: "500 characters", Meaning: "YouTube counts all tags together, with a comma between each two, and two quotes around each that has a space.", Remedy: "Remove some tags.", Source: docsVideos},
	{Name: "tags.characters", Field: "tags", Title: "A tag has characters that YouTube refuses", Meaning: "YouTube takes no < and > in a tag.", Remedy: adviseBrackets, Source: docsVideos},
	option("visibility.value", "visibility", "It is not known who may see the video", "Send public, unlisted or private.", docsVideos),
	option("publish_at.time", "publishAt", "The time to show the video at cannot be read", "Send a time such as 2026-12-01T09:00:00Z.", docsVideos),
	option("publish_at.public", "publishAt", "A video that is made public at a time cannot be unlisted or private", "Leave visibility out, or publishAt.", docsVideos),
	option("category.id", "categoryId", "The category is not a number", "Send the number of a category, such as 22.", docsVideos),
	option("playlist.id", "playlistId", "The playlist is not named by its ID", "Send the playlist's ID, which its address has after list=.", docsPlaylists),
	option("first_comment.empty", "firstComment", "The first comment is empty", "Write a comment, or leave firstComment out.", docsComments),
	{Name: "first_comment.max_length", Field: options + "firstComment", Title: "The first comment is too long", Limit: "10000 characters", Meaning: "YouTube takes no longer comments.", Remedy: "Shorten the comment.", Source: docsComments},
	option("first_comment.kids", "firstComment", "A video that is made for kids has no comments", "Leave firstComment out, or madeForKids.", docsComments),
	option("first_comment.private", "firstComment", "Nobody can comment on a private video", "Leave firstComment out, or make the video public or unlisted.", docsComments),
	option("captions.max_items", "captions", "There are too many tracks of captions", "Add the other tracks in YouTube Studio.", docsCaptions),
	option("captions.language", "captions[0].language", "The language of captions is not known", `Send a code such as "en" or "pt-BR".`, docsCaptions),
	option("captions.twice", "captions[1]", "Two tracks of captions have the same language and name", "Give each track a language or a name of its own.", docsCaptions),
	option("captions.name", "captions[0].name", "The name of a track of captions is too long", "Shorten the name.", docsCaptions),
	option("captions.content", "captions[0].content", "A track of captions cannot be read", "Send the text of an .srt or .vtt file of at most 256 KB.", docsCaptions),
	{Name: ruleChanged, Failure: true, Title: "The post changed while it was published", Meaning: "The post was edited between two steps of publishing it, or its file at the same address has another size than before.", Remedy: "Retry the post.", Source: docsUpload},
	{Name: ruleLost, Failure: true, Title: "YouTube lost the upload", Meaning: "YouTube forgot an upload that was under way, again and again. Nothing was published.", Remedy: "Retry the post later.", Source: docsUpload},
	{Name: ruleFailed, Failure: true, Title: "YouTube could not process the video", Meaning: "YouTube took the file and then failed to process it. The code is its reason: codec, conversion, emptyFile, invalidFile, tooSmall or uploadAborted.",
		Remedy: "Export the video as MP4 with H.264 and AAC, then retry.", Source: docsVideos + "#status.failureReason"},
	{Name: ruleRejected, Failure: true, Title: "YouTube rejected the video", Meaning: "YouTube took the file and then did not let the video be shown. The code is its reason: claim, copyright, inappropriate, legal, length, termsOfUse, trademark, uploaderAccountClosed or uploaderAccountSuspended.",
		Remedy: "Look at the video in YouTube Studio, which says more.", Source: docsVideos + "#status.rejectionReason"},
	{Name: ruleDuplicate, Failure: true, Title: "The channel has this video already", Meaning: "YouTube rejects a file that the channel has uploaded before.", Remedy: "Change the video if it is meant to appear again.", Source: docsVideos + "#status.rejectionReason"},
	{Name: ruleGone, Failure: true, Title: "The video was deleted while YouTube processed it", Meaning: "YouTube says that the uploaded video is deleted.", Remedy: "Retry the post to upload it again.", Source: docsVideos},
	{Name: ruleLocked, Failure: true, Title: "YouTube keeps the video private", Meaning: "The video is uploaded, and YouTube made it less visible than it was asked to. That happens to all videos of an app that has not passed YouTube's audit; they stay private.",
		Remedy: "The operator of this server has to let YouTube audit the app. Delete the video in YouTube Studio, and publish it again after that.", Source: docsAudit},
	{Name: ruleUnset, Failure: true, Title: "YouTube has not kept the time to show the video at", Meaning: "The video is uploaded and private, and YouTube does not know of the time any more at which it was to become public.",
		Remedy: "Set the time in YouTube Studio, or make the video public there.", Source: docsVideos},
	{Name: ruleExtras, Failure: true, Title: "Something that belongs to the video could not be done", Meaning: "The video is there. Its thumbnail, its captions, its place in a playlist or its first comment is not, for the reason that the message tells.",
		Remedy: "Add what is missing in YouTube Studio.", Source: docsErrors},
}, codeDocs())

func option(name, field, title, remedy, source string) platforms.RuleDoc {
	return platforms.RuleDoc{Name: name, Field: options + field, Title: title, Remedy: remedy, Source: source, Meaning: "An option of the post is one that YouTube would refuse: platformSpecificData." + field + "."}
}
