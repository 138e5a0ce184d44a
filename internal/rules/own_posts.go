package rules

var postRules = []Rule{
	{Name: "post.repeated_target", Status: 400, Code: "invalid_field_value", Field: "platforms[1]", Title: "Two targets would publish the same at the same account", Meaning: "An account is named twice with the same text, media and options.", Remedy: "Remove one of the two, or give it a customContent."},
	{Name: "post.content_required", Status: 400, Code: "missing_required_field", Field: "content", Title: "There is nothing to publish", Meaning: "The post has no text, and some target has neither media nor a text of its own.", Remedy: "Set content, attach media, or give every target a customContent."},
	{Name: "post.no_time", Status: 400, Code: "missing_required_field", Field: "scheduledFor", Title: "The post has no time to be published at", Meaning: "A draft becomes a scheduled post only with a time.", Remedy: "Send scheduledFor, publishNow or queuedFromProfile."},
	{Name: "post.settings_without_platforms", Status: 400, Code: "invalid_field_value", Field: "tiktokSettings", Title: "Settings of a platform came without targets", Meaning: "In an update the settings at the top level are for the targets that are sent with them, and none were sent.", Remedy: "Send platforms too."},
	{Name: "post.published", Status: 400, Code: "invalid_field_value", Title: "The post is published", Meaning: "What the platforms show cannot be changed or deleted as a plan can.", Remedy: "Use unpublish, edit or update-metadata, where the platform offers them."},
	{Name: "post.partly_published", Status: 400, Code: "invalid_field_value", Field: "isDraft", Title: "A part of the post is published", Meaning: "A post that some accounts show already cannot become a draft again.", Remedy: "Change its time instead, or remove the targets that are not published."},
	{Name: "post.not_failed", Status: 400, Code: "invalid_field_value", Title: "Nothing of the post has failed", Meaning: "Only targets that have failed can be tried again.", Remedy: "Read the post to see the state of each target."},
	{Name: "post.unconfirmed", Status: 409, Code: "post_unconfirmed", Field: "platforms[0]", Title: "Nobody knows whether the post is published there", Meaning: "The platform's answer was lost. Until it is known whether the post is there, its content for this account cannot be changed.", Remedy: "Retry the post first, which looks whether it is there, or take the account out of platforms."},
	{Name: "post.request_taken", Status: 409, Code: "conflict", Title: "The x-request-id has made another post", Meaning: "A request with the same x-request-id has made a post within five minutes, and the API key does not reach that post.", Remedy: "Send another x-request-id."},
	{Name: "bulk.file", Status: 400, Code: "invalid_field_value", Field: "file", Title: "The CSV file cannot be used", Meaning: "The file is missing, empty, not in UTF-8, has no header, has columns that are not known, or has too many rows. The error says which.", Remedy: "Correct the file as the error says, and upload it again; dryRun checks it without making posts."},
	{Name: "post.duplicate_content", Status: 409, Code: "duplicate_content", Field: "platforms[0]", Title: "The same was posted to this account within 24 hours", Meaning: "A post with the same text and media is scheduled, or was published, at this account. details.existingPostId names it.",
		Remedy: "Change the text, wait, or delete the earlier post. A safe retry of the same request uses x-request-id."},
	{Name: "post.busy", Status: 409, Code: "post_busy", Field: "platform", Title: "Something else is being done with the post", Meaning: "Another request, or a worker, changes the post at the platform right now.", Remedy: "Wait as long as the Retry-After header says, read the post, then try again."},
	{Name: "post.not_published_there", Status: 400, Code: "invalid_field_value", Field: "platform", Title: "The post is not published there", Meaning: "Only what is published at a platform can be edited or taken away there.", Remedy: "Read the post to see where it is published."},
	{Name: "post.edit_unsupported", Status: 400, Code: "platform_not_supported", Field: "platform", Title: "The platform does not let posts be edited", Meaning: "The platform's API has no way to change a published post, or this server does not use it yet.", Remedy: "Edit the post in the platform's app, or publish it anew."},
	{Name: "post.unpublish_unsupported", Status: 400, Code: "platform_not_supported", Field: "platform", Title: "The platform does not let posts be deleted", Meaning: "The platform's API has no way to delete a published post, or this server does not use it yet.", Remedy: "Delete the post in the platform's app."},
	{Name: "post.metadata_unsupported", Status: 400, Code: "platform_not_supported", Field: "platform", Title: "The platform has no videos whose metadata could be changed", Meaning: "Title, description and tags of a published video can be changed at YouTube alone.", Remedy: "Send platform youtube."},
	{Name: "video.nothing_to_update", Status: 400, Code: "missing_required_field", Title: "There is nothing to update", Meaning: "The request names a video and no field of it.", Remedy: "Send at least one field to update."},
	{Name: "video.max_tags", Status: 400, Code: "invalid_field_value", Field: "tags", Title: "The tags are too long", Limit: "500 characters altogether", Meaning: "The lengths of all tags are added up, with the commas between them.", Remedy: "Remove some tags.", Source: "https://developers.google.com/youtube/v3/docs/videos"},
	{Name: "recycling.gap", Status: 400, Code: "invalid_field_value", Field: "recycling.gap", Title: "The gap between two copies is missing or out of range", Meaning: "It is the number of weeks or months between a post and its next copy.", Remedy: "Send a whole number from 1 on."},
	{Name: "recycling.gap_freq", Status: 400, Code: "invalid_field_value", Field: "recycling.gapFreq", Title: "The unit of the gap does not exist", Limit: "week, month", Meaning: "A gap is counted in weeks or months.", Remedy: "Send week or month."},
	{Name: "recycling.expire_count", Status: 400, Code: "invalid_field_value", Field: "recycling.expireCount", Title: "The number of copies is out of range", Meaning: "It is how many copies are made before recycling ends.", Remedy: "Send a whole number within the range that the error names, or leave it out."},
	{Name: "recycling.expire_date", Status: 400, Code: "invalid_field_value", Field: "recycling.expireDate", Title: "The end of recycling cannot be used", Meaning: "It is no date, or lies before the first copy.", Remedy: "Send a later date, or leave it out."},
	{Name: "recycling.variations", Status: 400, Code: "invalid_field_value", Field: "recycling.contentVariations", Title: "The variations of the text cannot be used", Meaning: "There are too few of them or too many, or one is empty.", Remedy: "Send at least two texts, or leave contentVariations out."},
	{Name: "recycling.no_target", Status: 400, Code: "invalid_field_value", Field: "recycling", Title: "None of the post's platforms recycles", Meaning: "Videos at YouTube and TikTok are not posted again, and the post goes nowhere else.", Remedy: "Leave recycling out, or add a target on another platform."},
	{Name: "recycling.max_active", Status: 400, Code: "invalid_field_value", Field: "recycling", Title: "The account has too many recycled posts", Limit: "10 for each account", Meaning: "So many posts of an account can be recycled at a time.", Remedy: "End the recycling of another post first."},
	{Name: "post.publishing", Status: 409, Code: "post_publishing", Title: "The post is being published right now", Meaning: "A post cannot be changed while a worker is at it, since nobody could say what was published.", Remedy: "Read the post until it has ended, then try again."},
}

var mediaRules = []Rule{
	media("bad_url", "The media's address is not one that can be called", "An address begins with https:// or http:// and names a host.", "Give the full address of the file."),
	media("unreachable", "The media could not be read", "The server that holds the file did not answer, or refused.", "Check that the address opens in a private window of a browser, without a login."),
	media("not_found", "There is no file at the media's address", "The server that holds the file answered 404 or 410.", "Check the address; the file may have been moved or deleted."),
	media("private_address", "The media's address is not on the public internet", "Addresses within a private network are not called, and the platforms could not read them either.", "Put the file where it can be read from the public internet."),
	media("tls", "No secure connection to the media's server can be made", "Its certificate is not valid, not complete or for another name.", "Mend the certificate of the server, or use another server."),
	media("not_media", "There is a web page at the media's address", "A share link often leads to a page that shows the file, or to a login.", "Use a direct link to the file."),
	media("unsupported", "The file is of no format that can be published", "The file's own bytes count, not its name: they are of no known format, or damaged.", "Use JPEG, PNG, GIF, WebP, MP4, MOV, WebM or PDF, and upload the file again."),
	media("too_large", "The file is too large", "It has more bytes than the server or the platform takes, after all compressing.", "Use a smaller file."),
	media("too_many_pixels", "The image has too many pixels to be converted", "Converting it would take too much memory.", "Scale the image down."),
	media("animated", "The image moves, and the platform takes only still ones", "Converting it would lose the movement.", "Use a still image, or a video."),
	media("type_mismatch", "The declared type is not what the file is", "The item says that it is one type of media, and the file is another.", "Leave out type, or set it to what the file is."),
	{Name: "media.being_prepared", Title: "The video is being prepared", Meaning: "The video is copied into a form that the platform takes, with its description first; that takes as long as reading it does.", Remedy: "Nothing: it goes on by itself when the copy is there."},
	{Name: "media.not_prepared", Title: "The media could not be prepared", Meaning: "A fault on the server's side: the store of converted files, for instance.", Remedy: "Nothing while it is tried again; if it stays, ask the operator."},
}

var uploadRules = []Rule{
	{Name: "upload.type", Status: 400, Code: "invalid_field_value", Field: "contentType", Title: "Files of this type cannot be uploaded", Meaning: "Pictures, videos, sounds and PDFs can be uploaded. The answer's details.allowed lists their types.", Remedy: "Send one of the types that details.allowed lists, or convert the file."},
	{Name: "upload.too_large", Status: 400, Code: "invalid_field_value", Field: "size", Title: "The file is too large to be uploaded", Limit: "5 GB, or 25 MB by upload-direct", Meaning: "A file that is sent to an address of its own has at most 5 GB, one that is part of a request at most 25 MB.", Remedy: "Use POST /v1/media/presign for files of more than 25 MB, and compress larger ones than 5 GB."},
	{Name: "upload.unknown", Status: 404, Code: "not_found", Title: "There is no upload at this address", Meaning: "The address was not made by POST /v1/media/presign, was changed, or was forgotten because nothing was sent to it.", Remedy: "Presign an upload, and use its uploadUrl as it is."},
	{Name: "upload.expired", Status: 410, Code: "gone", Title: "The address of the upload has expired", Meaning: "An address takes its file within an hour.", Remedy: "Presign another upload."},
	{Name: "upload.done", Status: 409, Code: "conflict", Title: "Another file was sent to this address", Meaning: "What lies at an address never changes, so that it can be trusted and cached. The same file may be sent again.", Remedy: "Presign another upload for another file."},
	{Name: "upload.broken", Status: 400, Code: "invalid_field_value", Field: "file", Title: "The file broke off", Meaning: "The connection ended, or stood still for a minute, before the whole file was there. Nothing of it was kept.", Remedy: "Send the file again."},
	{Name: "upload.too_many", Status: 429, Code: "rate_limited", Title: "Too many uploads wait for their files", Meaning: "Addresses were made for many files that were never sent.", Remedy: "Send the files, or wait until the addresses expire."},
}

func media(name, title, meaning, remedy string) Rule {
	return Rule{Name: "media." + name, Status: 400, Code: "invalid_field_value", Field: "mediaItems[0].url", Title: title, Meaning: meaning, Remedy: remedy}
}

var queueRules = []Rule{
	{Name: "queue.unknown", Status: 404, Code: "not_found", Field: "queueId", Title: "There is no such queue", Meaning: "The profile has no queue with this ID.", Remedy: "List the queues with GET /v1/queue/slots and use one of their IDs."},
	{Name: "queue.none", Status: 404, Code: "not_found", Title: "The profile has no queue", Meaning: "A post can be queued only where there are slots to put it into.", Remedy: "Make a queue with POST /v1/queue/slots."},
	{Name: "queue.inactive", Status: 400, Code: "invalid_field_value", Title: "The queue is inactive", Meaning: "An inactive queue gives out no slots.", Remedy: "Set active to true, or use another queue."},
	{Name: "queue.full", Status: 404, Code: "not_found", Title: "The queue has no free slot", Meaning: "Every slot within the time that a queue looks ahead is taken.", Remedy: "Add slots to the queue, or use another one."},
	{Name: "queue.no_slots", Status: 400, Code: "invalid_field_value", Field: "slots", Title: "The queue has no times", Meaning: "A queue has at least one time of the week at which it publishes.", Remedy: "Send at least one slot with dayOfWeek and time."},
	{Name: "queue.too_many", Status: 400, Code: "invalid_field_value", Title: "The profile has as many queues as it may have", Meaning: "There is a limit on queues for each profile.", Remedy: "Delete a queue first."},
	{Name: "queue.slot_taken", Status: 409, Code: "queue_slot_conflict", Field: "scheduledFor", Title: "The queue has a post at this time already", Meaning: "Two posts of one queue never share a slot.", Remedy: "Choose another time, or let the queue choose the next free slot."},
	{Name: "queue.slot_conflict", Status: 409, Code: "queue_slot_conflict", Field: "scheduledFor", Title: "The queue has a post at this time already", Meaning: "Two posts of one queue never share a slot.", Remedy: "Choose another time, or let the queue choose the next free slot."},
}

var webhookRules = []Rule{
	{Name: "webhook.max_endpoints", Status: 400, Code: "invalid_field_value", Title: "There are as many webhooks as there may be", Limit: "50", Meaning: "Each owner has so many webhooks at most.", Remedy: "Delete one that is not used any more."},
	{Name: "webhook.not_replayable", Status: 422, Code: "not_replayable", Field: "eventId", Title: "The delivery cannot be sent again", Meaning: "Its payload is not kept any more.", Remedy: "Read what it told about through the API."},
}

var toolRules = []Rule{
	{Name: "tools.subreddit_name", Status: 400, Code: "invalid_field_value", Field: "name", Title: "This is no name of a subreddit", Meaning: "A name has 2 to 21 letters, digits and underscores; r/ may stand in front.", Remedy: "Send the name as it stands in the subreddit's address."},
}
