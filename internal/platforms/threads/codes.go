package threads

import (
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

const adviceReconnect = "Reconnect the Threads account and leave every permission ticked."

// codeNoMedia is answered to a publish of a container that is finished, and to a reply to what was published a moment ago; most of the time it is
// over after some seconds, whatever is_transient says.
const codeNoMedia = "24/4279009"

var rowPermission = meta.Row{Rule: "error.permission", Kind: platforms.Unauthorized, Category: platforms.AuthExpired, Message: "the connection lacks a permission that this needs", Remedy: adviceReconnect}

// table holds, with the codes that all of Meta's platforms share, every one that the Threads API is known to answer with, from
// https://developers.facebook.com/docs/threads/troubleshooting and what has been seen in practice. Below them are the values of a container's
// error_message.
var table = meta.NewTable(platformName, "Threads", map[string]meta.Row{
	"10":                                 rowPermission,
	codeNoMedia:                          {Kind: platforms.NotReady, Tries: 6, Category: platforms.PlatformError, Message: "Threads does not find the media yet", Remedy: meta.AdviceLater},
	"100/33":                             {Kind: platforms.Unavailable, Tries: 6, Category: platforms.PlatformError, Message: "Threads does not find what was asked for, or the connection may not see it", Remedy: meta.AdviceLater},
	"100/4279004":                        {Kind: platforms.Unavailable, Tries: 3, Category: platforms.PlatformError, Message: "items of the carousel are gone at Threads", Remedy: meta.AdviceLater},
	"/4279013":                           restricted("Threads does not let the account do this"),
	"-1/2207032":                         {Kind: platforms.Unavailable, Tries: 4, Category: platforms.PlatformError, Message: "Threads could not create the media", Remedy: meta.AdviceLater},
	"36001/2207005":                      content("Threads does not support the image's format", "Use JPEG or PNG."),
	"36003/2207009":                      content("the image's aspect ratio is not allowed", "Crop or pad the image to between 1:10 and 10:1."),
	"INVALID_ASPEC_RATIO":                content("the video's aspect ratio is not allowed", "Crop or pad the video; 9:16 is best."), // so spelled
	"INVALID_ASPECT_RATIO":               content("the video's aspect ratio is not allowed", "Crop or pad the video; 9:16 is best."),
	"INVALID_BIT_RATE":                   content("the video's bit rate is too high", meta.AdviceVideo),
	"INVALID_DURATION":                   content("the video is too long or too short", "Cut the video to at most 5 minutes."),
	"INVALID_FRAME_RATE":                 content("the video's frame rate is not allowed", "Convert the video to between 23 and 60 frames a second."),
	"INVALID_AUDIO_CHANNELS":             content("the video's sound has too many channels", "Convert the sound to stereo."),
	"INVALID_AUDIO_CHANNEL_LAYOUT":       content("the video's sound has too many channels", "Convert the sound to stereo."),
	"FAILED_DOWNLOADING_VIDEO":           passing("Threads could not fetch the video from its URL", meta.AdviceReachable),
	"FAILED_PROCESSING_AUDIO":            passing("Threads could not process the video's sound", meta.AdviceVideo),
	"FAILED_PROCESSING_VIDEO":            passing("Threads could not process the video", meta.AdviceVideo),
	"UNKNOWN":                            passing("Threads could not process the media and does not say why", meta.AdviceVideo),
	"THREADS_API__LINK_LIMIT_EXCEEDED":   content("the post has more than 5 links", "Remove some links."),
	"THREADS_API__FEATURE_NOT_AVAILABLE": restricted("Threads does not offer this to the account"),
}, meta.Range{From: 200, To: 299, Row: rowPermission})

func content(message, remedy string) meta.Row {
	return meta.Row{Kind: platforms.Rejected, Category: platforms.UserContent, Message: message, Remedy: remedy}
}

func restricted(message string) meta.Row {
	return meta.Row{Kind: platforms.Rejected, Category: platforms.AccountIssue, Message: message, Remedy: meta.AdviceOwner("Threads")}
}

// passing is a fault that another container may cure.
func passing(message, remedy string) meta.Row {
	return meta.Row{Kind: platforms.Unavailable, Tries: 3, Category: platforms.UserContent, Message: message, Remedy: remedy}
}
