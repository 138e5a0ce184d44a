package facebookfake

import (
	"time"

	"posthorn/internal/platforms/farside/graph"
)

// settings are what a test or a sandbox may change, with the faults that wait to happen.
type settings struct {
	callBudget   int           // calls an hour per Page
	reels        int           // a day per Page
	lag          time.Duration // until what is published shows in lists, and under which name
	storyLag     time.Duration // until a story does
	restory      bool          // a photo can be published as a story again, and makes another one
	publishDeath []Death       // of the next calls that publish, in order
	cut          int64         // so many bytes of the next whole upload come through, and then it breaks off; 0: all
	broken       string        // why the next video cannot be processed; empty: it can
}

// usualSettings are Meta's, where Meta says.
func usualSettings() settings {
	return settings{callBudget: 5000, reels: 30, lag: 8 * time.Second, storyLag: 30 * time.Second}
}

// Death is how a call that publishes ends after it has published.
type Death string

// The ways to die.
const (
	DropAnswer   Death = "drop" // the connection closes without an answer
	AnswerServer Death = "500"  // HTTP 500, code 2
)

// PublishThenDie makes the next call that publishes do so and then answer wrongly; several add up.
func (f *Fake) PublishThenDie(how Death) {
	f.set(func(s *settings) { s.publishDeath = append(s.publishDeath, how) })
}

// Restory makes every publication of a photo as a story another story, the worst that Meta's silence on it allows.
func (f *Fake) Restory() { f.set(func(s *settings) { s.restory = true }) }

// CutUpload lets so many bytes of the next whole upload come through, and then closes the connection.
func (f *Fake) CutUpload(bytes int64) { f.set(func(s *settings) { s.cut = bytes }) }

// BreakVideo makes the next video fail while it is processed, for that reason.
func (f *Fake) BreakVideo(why string) { f.set(func(s *settings) { s.broken = why }) }

// SetCallBudget sets how many calls an hour a Page may make; 0 takes the limit and its headers away.
func (f *Fake) SetCallBudget(calls int) { f.set(func(s *settings) { s.callBudget = calls }) }

func (f *Fake) set(change func(*settings)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.settings)
}

// SignedRequest is what Meta sends to an app's callbacks about the user of that login name.
func (f *Fake) SignedRequest(login, secret string) string {
	return graph.SignedRequest(f.userOf(login).id, secret, f.now())
}

// The failures of Pages. https://developers.facebook.com/docs/graph-api/guides/error-handling
var (
	failServer     = &graph.Failure{Status: 500, Code: 2, Message: "Service temporarily unavailable", Transient: true}
	failUnknown    = &graph.Failure{Status: 500, Code: 1, Message: "An unknown error occurred"}
	failAppLimit   = &graph.Failure{Code: 4, Message: "(#4) Application request limit reached"}
	failPageLimit  = &graph.Failure{Code: 32, Message: "(#32) Page request limit reached"}
	failThrottled  = &graph.Failure{Code: 80001, Message: "(#80001) There have been too many calls to this Page account. Wait a bit and try again."}
	failPermission = &graph.Failure{Status: 403, Code: 200, Message: "(#200) If posting to a group, requires app being installed in the group, and if posting to a page, requires both pages_read_engagement and pages_manage_posts as an admin with sufficient administrative permission"}
	failUserToken  = &graph.Failure{Status: 403, Code: 200, Message: "(#200) Publishing to this Page requires a Page access token"}
	failPageToken  = &graph.Failure{Status: 403, Code: 210, Message: "(#210) A page access token is required to request this resource."}
	failEngage     = &graph.Failure{Status: 403, Code: 10, Message: "(#10) This endpoint requires the 'pages_manage_engagement' permission or the 'pages_read_engagement' permission"}
	failProof      = &graph.Failure{Code: 104, Message: "Invalid appsecret_proof provided in the API argument"}
	failNoToken    = &graph.Failure{Code: 104, Message: "An access token is required to request this resource."}
	failBadToken   = &graph.Failure{Code: 190, Message: "Invalid OAuth access token - Cannot parse access token"}
	failRevoked    = &graph.Failure{Code: 190, Sub: 458, Message: "Error validating access token: The user has not authorized application"}
	failSession    = &graph.Failure{Code: 190, Sub: 463, Message: "Error validating access token: Session has expired"}
	failEmpty      = &graph.Failure{Code: 197, Message: "(#197) The post is empty. Please enter a message to share."}
	failBlocked    = &graph.Failure{Code: 368, Message: "The action attempted has been deemed abusive or is otherwise disallowed"}
	failDuplicate  = &graph.Failure{Code: 506, Sub: 1455006, Message: "Duplicate status message", Title: "Duplicate Status Update", User: "This status update is identical to the last one you posted. Try posting something different, or delete your previous update."}
	failUsed       = &graph.Failure{Code: 100, Sub: 1366051, Message: "Invalid parameter", Title: "Photos Already Posted", User: "These photos were already posted."}
	failPhoto      = &graph.Failure{Code: 324, Sub: 1366046, Message: "Missing or invalid image file", Title: "Can't Read Files", User: "Your photos couldn't be uploaded. Photos should be less than 4 MB and saved as JPG, PNG, GIF, TIFF, HEIF or WebP files."}
	failFile       = &graph.Failure{Code: 324, Sub: 2069019, Message: "Missing or invalid image file", Title: "Invalid file", User: "The file that you uploaded cannot be read."}
	failScrape     = &graph.Failure{Code: 100, Sub: 1609005, Message: "Invalid parameter", Title: "Link could not be scraped", User: "The link could not be scraped: the page is not there, or does not answer."}
	failOwnLink    = &graph.Failure{Code: 100, Sub: 1609008, Message: "Invalid parameter", Title: "Cannot link to Facebook", User: "Links to facebook.com are not supported."}
	failLink       = &graph.Failure{Code: 100, Sub: 2061006, Message: "Invalid parameter", Title: "Invalid URL", User: "The URL that you entered is not valid."}
	failAttachment = &graph.Failure{Code: 100, Sub: 1349125, Message: "Invalid parameter", Title: "Invalid attachment", User: "The content or the attachment is not valid."}
	failSpeed      = &graph.Failure{Code: 1390008, Message: "You are posting too fast"}
	failVideo      = &graph.Failure{Code: 352, Message: "(#352) The video file you selected is in a format that we don't support."}
	failUpload     = &graph.Failure{Code: 6000, Message: "There was a problem uploading your video file. Please try again."}
	failReels      = &graph.Failure{Code: 613, Message: "(#613) Calls to this api have exceeded the rate limit."}
	failForeign    = &graph.Failure{Status: 403, Code: 200, Message: "(#200) The post was not created by the application."}
)

// known is what a text can ask for by code, or by code and subcode; the first of a code stands for it.
var known = []*graph.Failure{failServer, failUnknown, failAppLimit, failPageLimit, failThrottled, failPermission, failPageToken, failEngage, failBadToken, failRevoked, failSession, failEmpty, failBlocked, failDuplicate, failUsed,
	failPhoto, failFile, failScrape, failOwnLink, failLink, failAttachment, failSpeed, failVideo, failUpload, failReels, graph.InvalidParam, graph.Missing}
