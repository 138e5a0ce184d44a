package youtubefake

import (
	"slices"
	"time"
)

// settings are what a test or a sandbox may change, with the faults that wait to happen.
type settings struct {
	uploads, units int           // of a day
	lag            time.Duration // for up to so long a new video is not found by its ID
	listLag        time.Duration // for up to so long a channel's list of uploads does not have it
	commentLag     time.Duration // for up to so long a comment is not listed
	forgetful      bool          // of some pieces the end is not kept
	sessionLife    time.Duration
	unaudited      bool // all videos are private
	capped         bool // channels have uploaded as many videos as they may
	endings        []Ending
	named          bool // a channel is shown the names of its files
	duplicates     bool // a file that a channel has already is rejected
}

// usualSettings are YouTube's. https://developers.google.com/youtube/v3/determine_quota_cost
func usualSettings() settings {
	return settings{uploads: 100, units: 10_000, lag: 4 * time.Second, listLag: 40 * time.Second, commentLag: 3 * time.Second, forgetful: true, sessionLife: 7 * 24 * time.Hour, named: true}
}

// Ending is how the call ends that makes a file a video.
type Ending string

// The endings that are not an answer with the video.
const (
	DropAnswer  Ending = "drop"  // the connection closes; the upload says later which video it became
	Forget      Ending = "410"   // the connection closes, and the upload is not known any more
	ForgetFirst Ending = "first" // the upload is forgotten before the last piece is taken: there is no video
)

// EndUploads makes the next uploads that are to become videos end like that.
func (f *Fake) EndUploads(how ...Ending) {
	f.set(func(s *settings) { s.endings = append(s.endings, how...) })
}

// KeepAll makes it keep all of every piece.
func (f *Fake) KeepAll() { f.set(func(s *settings) { s.forgetful = false }) }

// Unaudited makes the app one whose videos all stay private, or an ordinary one.
func (f *Fake) Unaudited(is bool) { f.set(func(s *settings) { s.unaudited = is }) }

// Capped makes every channel one that has uploaded as many videos as it may, or not.
func (f *Fake) Capped(is bool) { f.set(func(s *settings) { s.capped = is }) }

// RejectDuplicates makes a file that a channel has uploaded before one that is rejected.
func (f *Fake) RejectDuplicates() { f.set(func(s *settings) { s.duplicates = true }) }

// Nameless keeps the names of files to YouTube itself.
func (f *Fake) Nameless() { f.set(func(s *settings) { s.named = false }) }

// SetQuota sets how many uploads and units a day has.
func (f *Fake) SetQuota(uploads, units int) {
	f.set(func(s *settings) { s.uploads, s.units = uploads, units })
}

// ForgetUploads makes every upload under way unknown.
func (f *Fake) ForgetUploads() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.sessions)
}

// Revoke takes back what a channel has permitted, as its owner can at Google.
func (f *Fake) Revoke(channelID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range f.refresh {
		if g.channel != nil && g.channel.id == channelID {
			g.dead = true
		}
	}
}

// Reject takes a video down that was processed already.
func (f *Fake) Reject(videoID, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.IndexFunc(f.videos, func(v *video) bool { return v.id == videoID }); i >= 0 {
		f.videos[i].rejection = reason
	}
}

func (f *Fake) set(change func(*settings)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.settings)
}

// ending takes the next one that waits; the caller holds mu.
func (f *Fake) ending(which ...Ending) Ending {
	if len(f.settings.endings) == 0 || !slices.Contains(which, f.settings.endings[0]) {
		return ""
	}
	next := f.settings.endings[0]
	f.settings.endings = f.settings.endings[1:]
	return next
}

// The refusals. https://developers.google.com/youtube/v3/docs/errors
var (
	failNotFound   = &failure{404, "global", "notFound", "Not Found"}
	failToken      = &failure{401, "global", "authError", "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential."}
	failScope      = &failure{403, "global", "insufficientPermissions", "Request had insufficient authentication scopes."}
	failSignup     = &failure{401, "youtube.header", "youtubeSignupRequired", "Unauthorized"}
	failQuota      = &failure{403, "youtube.quota", "quotaExceeded", `The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.`}
	failUploads    = &failure{429, "global", "rateLimitExceeded", "Quota exceeded for quota metric 'Video Uploads' and limit 'Video Uploads per day' of service 'youtube.googleapis.com'."}
	failCapped     = &failure{400, "youtube.video", "uploadLimitExceeded", "The user has exceeded the number of videos they may upload."}
	failRate       = &failure{403, "usageLimits", "rateLimitExceeded", "The request cannot be completed because it was sent too soon after others."}
	failServer     = &failure{503, "global", "backendError", "Backend Error"}
	failBad        = &failure{400, "global", "badRequest", "Bad Request"}
	failParameter  = &failure{400, "global", "missingRequiredParameter", "A required parameter is missing."}
	failPart       = &failure{400, "youtube.part", "unknownPart", "The part parameter names what is not known."}
	failTitle      = &failure{400, "youtube.video", "invalidTitle", "The request metadata specifies an invalid or empty video title."}
	failText       = &failure{400, "youtube.video", "invalidDescription", "The request metadata specifies an invalid video description."}
	failTags       = &failure{400, "youtube.video", "invalidTags", "The request metadata specifies invalid video keywords."}
	failCategory   = &failure{400, "youtube.video", "invalidCategoryId", "The request metadata specifies an invalid category ID."}
	failTime       = &failure{400, "youtube.video", "invalidPublishAt", "The request metadata specifies an invalid scheduled publishing time."}
	failMetadata   = &failure{400, "youtube.video", "invalidVideoMetadata", "The request metadata is invalid."}
	failNoBody     = &failure{400, "youtube.video", "mediaBodyRequired", "The request does not include the video content."}
	failNoVideo    = &failure{404, "youtube.video", "videoNotFound", "The video that you are trying to use cannot be found."}
	failForbidden  = &failure{403, "youtube.thumbnail", "forbidden", "The authenticated user doesn't have permissions to upload and set custom video thumbnails."}
	failNotYours   = &failure{403, "youtube.video", "forbidden", "The request is not permitted for this video."}
	failImage      = &failure{400, "youtube.thumbnail", "invalidImage", "The provided image content is invalid."}
	failCaption    = &failure{409, "youtube.caption", "captionExists", "The specified video already has a caption track with the given snippet.language and snippet.name."}
	failTrack      = &failure{400, "youtube.caption", "invalidMetadata", "The request contains invalid metadata values."}
	failNoList     = &failure{404, "youtube.playlistItem", "playlistNotFound", "The playlist identified with the request's playlistId parameter cannot be found."}
	failNotList    = &failure{403, "youtube.playlistItem", "playlistItemsNotAccessible", "The request is not properly authorized to change the specified playlist."}
	failNoComments = &failure{403, "youtube.commentThread", "commentsDisabled", `The video identified by the <code><a href="/youtube/v3/docs/commentThreads/list#videoId">videoId</a></code> parameter has disabled comments.`}
	failComment    = &failure{400, "youtube.commentThread", "processingFailure", "The API server failed to successfully process the request."}
	failLong       = &failure{400, "youtube.comment", "commentTextTooLong", "The comment text is too long."}
)

// known is what a text can ask for by its reason.
var known = []*failure{failToken, failQuota, failUploads, failCapped, failRate, failServer, failTitle, failText, failTags, failCategory, failTime, failMetadata, failNotYours}
