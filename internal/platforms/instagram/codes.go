package instagram

import (
	"time"

	"posthorn/internal/platforms"
)

// row is what one code means.
type row struct {
	kind     platforms.Kind
	message  string // used where Instagram gives no text for users; empty takes its text for developers
	remedy   string
	category platforms.Category
	// tries is how many containers may come to nothing with it before it counts as final. Zero: another one would not help.
	tries int
	// unsure says that a publish answered with it may have happened all the same.
	unsure bool
	wait   time.Duration // of a limit, where Instagram does not tell
	rule   string        // its name in the documentation; empty in the table below takes it from the code
}

const (
	adviceReconnect  = "Reconnect the Instagram account."
	adviceLater      = "Nothing has to be done; it is tried again."
	adviceReachable  = "Check that the media URL is public, direct (no login, no redirect to a page) and served with the type of its content."
	adviceVideo      = "Convert the video to MP4 with H.264 and AAC, the moov atom first and no edit lists."
	adviceOwner      = "Open the Instagram app, follow what it asks there (often a login check), then retry."
	adviceNewAttempt = "Retry later; if it fails again, convert the media and attach it anew."
)

// The rows of whole ranges and of what has no row.
var (
	rowPermission = row{rule: "error.permission", kind: platforms.Unauthorized, category: platforms.AuthExpired,
		message: "the connection lacks a permission that this needs",
		remedy:  "Reconnect the Instagram account and leave every permission ticked: instagram_business_content_publish and instagram_business_manage_comments, or with Facebook Login instagram_content_publish and instagram_manage_comments."}
	rowToken          = row{rule: "error.token", kind: platforms.Unauthorized, category: platforms.AuthExpired, message: "Instagram no longer accepts the account's access token", remedy: adviceReconnect}
	rowMusic          = row{rule: "error.music", kind: platforms.Rejected, category: platforms.UserContent, message: "Instagram does not allow this music here", remedy: "Choose another sound, or publish without audioConfiguration."}
	rowThrottled      = row{rule: "error.throttled", kind: platforms.RateLimited, category: platforms.PlatformRateLimit, message: "Instagram's limit on calls is used up for now", remedy: adviceLater}
	rowServer         = row{rule: "error.server", kind: platforms.Unavailable, category: platforms.PlatformError, message: "Instagram had an internal error", remedy: adviceLater, unsure: true}
	rowUnknown        = row{kind: platforms.Unknown}
	rowUnknownSubcode = row{rule: "error.processing", kind: platforms.Unavailable, category: platforms.PlatformError, message: "Instagram could not process the media", remedy: adviceNewAttempt, tries: 2, unsure: true}
)

// Our own names for how a container can come to nothing without a code.
const (
	codeExpired = "EXPIRED"
	codeStuck   = "STUCK"
	codeError   = "ERROR"
)

const docsErrors = docs + "/instagram-graph-api/reference/error-codes"

// table holds every code that the publishing API is known to answer with, from
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes and
// https://developers.facebook.com/docs/graph-api/guides/error-handling; those found only in practice say so.
var table = named(map[string]row{
	"-2":         {kind: platforms.Unavailable, message: "Instagram could not process the media", remedy: adviceNewAttempt, tries: 3, category: platforms.PlatformError},
	"-1":         rowServer,
	"-2/2207003": {kind: platforms.Unavailable, message: "fetching the media took Instagram too long", remedy: adviceReachable, tries: 4, category: platforms.UserContent},
	"-2/2207020": {kind: platforms.NotReady, message: "the media has expired at Instagram", remedy: adviceNewAttempt, tries: 4, category: platforms.PlatformError},
	"-1/2207001": {kind: platforms.Unavailable, message: "Instagram had an internal error", remedy: adviceLater, tries: 4, unsure: true, category: platforms.PlatformError},
	"-1/2207032": {kind: platforms.Unavailable, message: "Instagram could not create the media", remedy: adviceNewAttempt, tries: 4, category: platforms.PlatformError},
	"-1/2207053": {kind: platforms.Unavailable, message: "Instagram could not take in the video", remedy: adviceVideo, tries: 4, category: platforms.PlatformError},
	"-1/2207073": {kind: platforms.Rejected, message: "Instagram does not let this kind of media be deleted", remedy: "Delete it in the Instagram app.", category: platforms.PlatformRejected},
	"-1/2207085": {kind: platforms.Unavailable, message: "Instagram failed while processing the media", remedy: adviceNewAttempt, tries: 3, category: platforms.PlatformError}, // seen in practice
	"1/2207057":  {kind: platforms.Rejected, message: "the thumbOffset lies outside the video", remedy: "Choose a thumbOffset within the video's length.", category: platforms.UserContent},
	"1":          rowServer,
	"2":          rowServer,
	"4":          {kind: platforms.RateLimited, message: "the app's limit on calls to Meta is used up for now", remedy: adviceLater, category: platforms.PlatformRateLimit},
	// In practice the post is at times live in spite of it.
	"4/2207051":   {kind: platforms.RateLimited, message: "Instagram blocked the action because it looked like spam", remedy: adviceOwner, unsure: true, wait: 2 * time.Hour, category: platforms.PlatformRateLimit},
	"9/2207042":   {kind: platforms.RateLimited, message: "the account's daily publishing limit is used up", remedy: "It is tried again when the limit frees; publish less in 24 hours.", wait: 30 * time.Minute, category: platforms.QuotaExhausted},
	"10":          rowPermission,
	"17":          {kind: platforms.RateLimited, message: "the user's limit on calls to Meta is used up for now", remedy: adviceLater, category: platforms.PlatformRateLimit},
	"32":          {kind: platforms.RateLimited, message: "the Page's limit on calls to Meta is used up for now", remedy: adviceLater, category: platforms.PlatformRateLimit},
	"613":         {kind: platforms.RateLimited, message: "a limit on calls to Meta is used up for now", remedy: adviceLater, category: platforms.PlatformRateLimit},
	"80002":       {kind: platforms.RateLimited, message: "the account's limit on calls to Instagram is used up for now", remedy: adviceLater, category: platforms.PlatformRateLimit},
	"80006":       {kind: platforms.RateLimited, message: "the account's limit on message calls is used up for now", remedy: adviceLater, category: platforms.PlatformRateLimit},
	"24":          {kind: platforms.NotReady, message: "Instagram does not find the media", remedy: adviceNewAttempt, tries: 3, category: platforms.PlatformError},
	"24/2207006":  {kind: platforms.NotReady, message: "Instagram does not find the media: it expired, or the connection lost access to it", remedy: adviceReconnect, tries: 3, category: platforms.AccountIssue},
	"24/2207008":  {kind: platforms.NotReady, message: "Instagram does not know the media container", remedy: adviceNewAttempt, tries: 3, category: platforms.PlatformError},
	"25/2207050":  {kind: platforms.Rejected, message: "the Instagram account is restricted, inactive or waits for a login check", remedy: adviceOwner, category: platforms.AccountIssue},
	"100":         {kind: platforms.Rejected, remedy: "Correct the value that Instagram names.", category: platforms.UserContent},
	"100/33":      {kind: platforms.Unavailable, message: "Instagram does not find what was asked for, or the connection may not see it", remedy: adviceLater, tries: 3, category: platforms.PlatformError},
	"100/2207023": {kind: platforms.Rejected, message: "Instagram does not know this type of media", remedy: "Use a photo, a carousel, a reel or a story.", category: platforms.UserContent},
	"100/2207028": {kind: platforms.Rejected, message: "a carousel needs 2 to 10 items", remedy: "Attach between 2 and 10 items.", category: platforms.UserContent},
	"100/2207035": {kind: platforms.Rejected, message: "product tags in a video take no position", remedy: "Remove the position.", category: platforms.UserContent},
	"100/2207036": {kind: platforms.Rejected, message: "product tags in a photo need a position", remedy: "Add the position.", category: platforms.UserContent},
	"100/2207037": {kind: platforms.Rejected, message: "a tagged product is not valid", remedy: "Tag another product.", category: platforms.UserContent},
	"100/2207040": {kind: platforms.Rejected, message: "the post has more than 20 tags or mentions", remedy: "Remove some.", category: platforms.UserContent},
	"102":         rowToken,
	"190":         rowToken,
	"190/458":     {kind: platforms.Unauthorized, category: platforms.AuthExpired, message: "the user removed the app from the account", remedy: adviceReconnect},
	"190/459":     {kind: platforms.Unauthorized, category: platforms.AuthExpired, message: "Instagram wants the user to pass a login check", remedy: adviceOwner + " Then reconnect the account."},
	"190/460":     {kind: platforms.Unauthorized, category: platforms.AuthExpired, message: "the account's password was changed", remedy: adviceReconnect},
	"190/463":     {kind: platforms.Unauthorized, category: platforms.AuthExpired, message: "the account's access has expired", remedy: adviceReconnect},
	"190/464":     {kind: platforms.Unauthorized, category: platforms.AuthExpired, message: "the user's Meta account is not confirmed", remedy: adviceOwner + " Then reconnect the account."},
	"190/467":     {kind: platforms.Unauthorized, category: platforms.AuthExpired, message: "the account's access was ended", remedy: adviceReconnect},
	"190/492":     {kind: platforms.Unauthorized, category: platforms.AuthExpired, message: "the user no longer has a role on the linked Page", remedy: "Restore the user's role on the Facebook Page, then reconnect the account."},
	"104":         {kind: platforms.Rejected, message: "Meta refused the proof of the app's secret", remedy: "The operator must set the client secret of the app that the account was connected with.", category: platforms.SystemError},
	"352/2207026": {kind: platforms.Rejected, message: "Instagram does not support the video's format", remedy: adviceVideo, category: platforms.UserContent},
	"368":         {kind: platforms.RateLimited, message: "Meta has blocked the account for a while over its policies", remedy: adviceOwner, wait: 24 * time.Hour, category: platforms.UserAbuse},
	"506":         {kind: platforms.Duplicate, message: "Meta has this post already", remedy: "Change the post.", category: platforms.UserContent},
	// Said to be permanent by is_transient, and yet often cured by another try.
	"9004/2207052":  {kind: platforms.Unavailable, message: "Instagram could not fetch the media from its URL", remedy: adviceReachable, tries: 3, category: platforms.UserContent},
	"9007/2207027":  {kind: platforms.NotReady, message: "Instagram is still processing the media", remedy: adviceLater, tries: 3, category: platforms.PlatformError},
	"36000/2207004": {kind: platforms.Rejected, message: "the image is larger than 8 MB", remedy: "Compress the image.", category: platforms.UserContent},
	"36001/2207005": {kind: platforms.Rejected, message: "Instagram does not support the image's format", remedy: "Use JPEG.", category: platforms.UserContent},
	"36003/2207009": {kind: platforms.Rejected, message: "the image's aspect ratio is not allowed", remedy: "Crop or pad the image to between 4:5 and 1.91:1.", category: platforms.UserContent},
	"36004/2207010": {kind: platforms.Rejected, message: "the caption is too long", remedy: "Shorten it to 2200 characters.", category: platforms.UserContent},
	"/2207076":      {kind: platforms.Rejected, message: "Instagram cannot use this video", remedy: adviceVideo, category: platforms.UserContent},                             // seen in practice
	"/2207077":      {kind: platforms.Unavailable, message: "Instagram could not download the video", remedy: adviceReachable, tries: 4, category: platforms.UserContent},     // seen in practice
	"/2207081":      {kind: platforms.Rejected, message: "the account may not publish trial reels", remedy: "Publish without trialParams.", category: platforms.AccountIssue}, // seen in practice
	// Seen in practice with large files and silent audio tracks.
	"/2207082": {kind: platforms.Unavailable, message: "Instagram failed to take in the video", remedy: adviceVideo + " Give it an audio track that is not silent.", tries: 2, category: platforms.UserContent},

	codeExpired: {kind: platforms.NotReady, message: "the media container expired before it was published", remedy: adviceNewAttempt, tries: 5, category: platforms.PlatformError},
	codeStuck:   {kind: platforms.NotReady, message: "Instagram did not finish processing the media within a day", remedy: adviceVideo, tries: 2, category: platforms.PlatformError},
	codeError:   {kind: platforms.Unavailable, message: "Instagram could not process the media", remedy: adviceNewAttempt, tries: 2, category: platforms.PlatformError},
})
