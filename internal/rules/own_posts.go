package rules

var postRules = []Rule{
	{Name: "post.repeated_target", Status: 400, Code: "invalid_field_value", Field: "platforms[1]", Title: "Two targets would publish the same at the same account", Meaning: "An account is named twice with the same text, media and options.", Remedy: "Remove one of the two, or give it a customContent."},
	{Name: "post.duplicate_content", Status: 409, Code: "duplicate_content", Field: "platforms[0]", Title: "The same was posted to this account within 24 hours", Meaning: "A post with the same text and media is scheduled, or was published, at this account. details.existingPostId names it.",
		Remedy: "Change the text, wait, or delete the earlier post. A safe retry of the same request uses x-request-id."},
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
	{Name: "media.not_prepared", Title: "The media could not be prepared", Meaning: "A fault on the server's side: the store of converted files, for instance.", Remedy: "Nothing while it is tried again; if it stays, ask the operator."},
}

func media(name, title, meaning, remedy string) Rule {
	return Rule{Name: "media." + name, Status: 400, Code: "invalid_field_value", Field: "mediaItems[0].url", Title: title, Meaning: meaning, Remedy: remedy}
}

var queueRules = []Rule{
	{Name: "queue.slot_conflict", Status: 409, Code: "queue_slot_conflict", Field: "scheduledFor", Title: "The queue has a post at this time already", Meaning: "Two posts of one queue never share a slot.", Remedy: "Choose another time, or let the queue choose the next free slot."},
}

var toolRules = []Rule{
	{Name: "tools.subreddit_name", Status: 400, Code: "invalid_field_value", Field: "name", Title: "This is no name of a subreddit", Meaning: "A name has 2 to 21 letters, digits and underscores; r/ may stand in front.", Remedy: "Send the name as it stands in the subreddit's address."},
}
