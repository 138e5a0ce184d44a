package instagram

import (
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

const (
	adviceReconnect  = "Reconnect the Instagram account."
	adviceOwner      = "Open the Instagram app, follow what it asks there (often a login check), then retry."
	adviceNewAttempt = "Retry later; if it fails again, convert the media and attach it anew."
)

// The rows of whole ranges.
var (
	rowPermission = meta.Row{Rule: "error.permission", Kind: platforms.Unauthorized, Category: platforms.AuthExpired,
		Message: "the connection lacks a permission that this needs",
		Remedy:  "Reconnect the Instagram account and leave every permission ticked: instagram_business_content_publish and instagram_business_manage_comments, or with Facebook Login instagram_content_publish and instagram_manage_comments."}
	rowMusic = meta.Row{Rule: "error.music", Kind: platforms.Rejected, Category: platforms.UserContent, Message: "Instagram does not allow this music here", Remedy: "Choose another sound, or publish without audioConfiguration."}
)

const docsErrors = docs + "/instagram-graph-api/reference/error-codes"

// table holds, with the codes that all of Meta's platforms share, every one that the publishing API is known to answer with, from
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes and
// https://developers.facebook.com/docs/graph-api/guides/error-handling; those found only in practice say so.
var table = meta.NewTable(platformName, "Instagram", map[string]meta.Row{
	"-2":            {Kind: platforms.Unavailable, Message: "Instagram could not process the media", Remedy: adviceNewAttempt, Tries: 3, Category: platforms.PlatformError},
	"-1/2207032":    {Kind: platforms.Unavailable, Message: "Instagram could not create the media", Remedy: adviceNewAttempt, Tries: 4, Category: platforms.PlatformError},
	"-1/2207073":    {Kind: platforms.Rejected, Message: "Instagram does not let this kind of media be deleted", Remedy: "Delete it in the Instagram app.", Category: platforms.PlatformRejected},
	"-1/2207085":    {Kind: platforms.Unavailable, Message: "Instagram failed while processing the media", Remedy: adviceNewAttempt, Tries: 3, Category: platforms.PlatformError}, // seen in practice
	"1/2207057":     {Kind: platforms.Rejected, Message: "the thumbOffset lies outside the video", Remedy: "Choose a thumbOffset within the video's length.", Category: platforms.UserContent},
	"10":            rowPermission,
	"80002":         {Kind: platforms.RateLimited, Message: "the account's limit on calls to Instagram is used up for now", Remedy: meta.AdviceLater, Category: platforms.PlatformRateLimit},
	"80006":         {Kind: platforms.RateLimited, Message: "the account's limit on message calls is used up for now", Remedy: meta.AdviceLater, Category: platforms.PlatformRateLimit},
	"25/2207050":    {Kind: platforms.Rejected, Message: "the Instagram account is restricted, inactive or waits for a login check", Remedy: adviceOwner, Category: platforms.AccountIssue},
	"100/2207023":   {Kind: platforms.Rejected, Message: "Instagram does not know this type of media", Remedy: "Use a photo, a carousel, a reel or a story.", Category: platforms.UserContent},
	"100/2207028":   {Kind: platforms.Rejected, Message: "a carousel needs 2 to 10 items", Remedy: "Attach between 2 and 10 items.", Category: platforms.UserContent},
	"100/2207035":   {Kind: platforms.Rejected, Message: "product tags in a video take no position", Remedy: "Remove the position.", Category: platforms.UserContent},
	"100/2207036":   {Kind: platforms.Rejected, Message: "product tags in a photo need a position", Remedy: "Add the position.", Category: platforms.UserContent},
	"100/2207037":   {Kind: platforms.Rejected, Message: "a tagged product is not valid", Remedy: "Tag another product.", Category: platforms.UserContent},
	"100/2207040":   {Kind: platforms.Rejected, Message: "the post has more than 20 tags or mentions", Remedy: "Remove some.", Category: platforms.UserContent},
	"190/492":       {Kind: platforms.Unauthorized, Category: platforms.AuthExpired, Message: "the user no longer has a role on the linked Page", Remedy: "Restore the user's role on the Facebook Page, then reconnect the account."},
	"36001/2207005": {Kind: platforms.Rejected, Message: "Instagram does not support the image's format", Remedy: "Use JPEG.", Category: platforms.UserContent},
	"36003/2207009": {Kind: platforms.Rejected, Message: "the image's aspect ratio is not allowed", Remedy: "Crop or pad the image to between 4:5 and 1.91:1.", Category: platforms.UserContent},
	"36004/2207010": {Kind: platforms.Rejected, Message: "the caption is too long", Remedy: "Shorten it to 2200 characters.", Category: platforms.UserContent},
	"/2207076":      {Kind: platforms.Rejected, Message: "Instagram cannot use this video", Remedy: meta.AdviceVideo, Category: platforms.UserContent},                         // seen in practice
	"/2207077":      {Kind: platforms.Unavailable, Message: "Instagram could not download the video", Remedy: meta.AdviceReachable, Tries: 4, Category: platforms.UserContent}, // seen in practice
	"/2207081":      {Kind: platforms.Rejected, Message: "the account may not publish trial reels", Remedy: "Publish without trialParams.", Category: platforms.AccountIssue},  // seen in practice
	// Seen in practice with large files and silent audio tracks.
	"/2207082": {Kind: platforms.Unavailable, Message: "Instagram failed to take in the video", Remedy: meta.AdviceVideo + " Give it an audio track that is not silent.", Tries: 2, Category: platforms.UserContent},
}, meta.Range{From: 200, To: 299, Row: rowPermission}, meta.Range{From: 9050, To: 9064, Row: rowMusic})
