package threadsfake

import (
	"time"

	"posthorn/internal/platforms/farside/graph"
)

// settings are what a test or a sandbox may change, with the faults that wait to happen.
type settings struct {
	posts, replies, deletes int           // quotas of a day
	unready                 time.Duration // for up to so long a finished container cannot be published
	hidden                  time.Duration // for up to so long nobody can reply to what was published
	lag                     time.Duration // for up to so long a list does not have it; its permalink shows in a fifth of that
	republish               bool          // a container can be published again, and makes another post
	publishDeath            []Death       // of the next publications, in order
}

// usualSettings are Meta's. https://developers.facebook.com/docs/threads/troubleshooting
func usualSettings() settings {
	return settings{posts: 250, replies: 1000, deletes: 100, unready: 10 * time.Second, hidden: 8 * time.Second, lag: 30 * time.Second}
}

// Death is how threads_publish ends after it has published.
type Death string

// The ways to die.
const (
	DropAnswer       Death = "drop"       // the connection closes without an answer
	AnswerServer     Death = "500"        // HTTP 500, code 2
	AnswerPermission Death = "permission" // HTTP 500, code 10
)

// PublishThenDie makes the next call of threads_publish that succeeds record its post and then answer wrongly; several add up.
func (f *Fake) PublishThenDie(how Death) {
	f.set(func(s *settings) { s.publishDeath = append(s.publishDeath, how) })
}

// Republish makes every publication of a container another post, the worst that Meta's silence on it allows.
func (f *Fake) Republish() { f.set(func(s *settings) { s.republish = true }) }

// SetQuotas sets how many posts and replies a profile may publish in 24 hours.
func (f *Fake) SetQuotas(posts, replies int) {
	f.set(func(s *settings) { s.posts, s.replies = posts, replies })
}

func (f *Fake) set(change func(*settings)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.settings)
}

// AgeTokens makes every token so much older, without bringing its end nearer.
func (f *Fake) AgeTokens(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.tokens {
		t.issued = t.issued.Add(-d)
	}
}

// The failures of Threads. https://developers.facebook.com/docs/threads/troubleshooting
var (
	failServer     = &graph.Failure{Status: 500, Code: 2, Message: "Service temporarily unavailable", Transient: true}
	failLie        = &graph.Failure{Status: 500, Code: 10, Message: "Application does not have permission for this action"}
	failThrottled  = &graph.Failure{Code: 4, Message: "(#4) Application request limit reached"}
	failSpam       = &graph.Failure{Code: 4, Sub: 2207051, Message: "Application request limit reached", Title: "Action is blocked", User: "We restrict certain activity to protect our community."}
	failQuota      = &graph.Failure{Code: 9, Sub: 2207042, Message: "Application request limit reached", Title: "Too many posts", User: "The profile has reached the maximum number of posts that can be published through the API in 24 hours."}
	failPermission = &graph.Failure{Code: 10, Message: "(#10) Application does not have permission for this action"}
	failNotReady   = &graph.Failure{Code: 9007, Sub: 2207027, Message: "Media ID is not available", Title: "Media Not Available", User: "The media is not ready for publishing, please wait for a moment"}
	failChildren   = &graph.Failure{Code: 100, Sub: 4279004, Message: "Invalid parameter", Title: "Invalid carousel children", User: "Some of the children of the carousel are expired or unknown."}
	failContainer  = &graph.Failure{Code: 24, Sub: 2207008, Message: "The requested resource does not exist", Title: "Media builder not found", User: "The media builder with this creation ID does not exist or has expired."}
	failFetch      = &graph.Failure{Code: 9004, Sub: 2207052, Message: "Only photo or video can be accepted as media type.", Title: "Media download has failed. The media URI doesn't meet our requirements.", User: "The media could not be fetched from this URI."}
	failTimeout    = &graph.Failure{Code: -2, Sub: 2207003, Message: "Timeout while downloading the media", Title: "Timeout", User: "It takes too long to download the media."}
	failImageSize  = &graph.Failure{Code: 36000, Sub: 2207004, Message: "The image size is too large.", Title: "Image size too large", User: "The image is too large to download. It should be less than 8 MiB."}
	failImageType  = &graph.Failure{Code: 36001, Sub: 2207005, Message: "The image format is not supported.", Title: "Unsupported image format", User: "The image format is not supported. Please use JPEG or PNG."}
	failRatio      = &graph.Failure{Code: 36003, Sub: 2207009, Message: "The aspect ratio is not supported.", Title: "Invalid aspect ratio", User: "The submitted image's aspect ratio must be at most 10:1."}
	failLinks      = &graph.Failure{Code: 100, Message: "Invalid parameter", Title: "Too many links", User: "THREADS_API__LINK_LIMIT_EXCEEDED: a post can have at most 5 links."}
	failBadToken   = &graph.Failure{Code: 190, Message: "Invalid OAuth access token - Cannot parse access token"}
	failRevoked    = &graph.Failure{Code: 190, Sub: 458, Message: "Error validating access token: The user has not authorized application"}
	failSession    = &graph.Failure{Code: 190, Sub: 463, Message: "Error validating access token: Session has expired"}
)

// failNoMedia is about what does not show yet, or not any more.
func failNoMedia(id string) *graph.Failure {
	return &graph.Failure{Code: 24, Sub: 4279009, Message: "The requested resource does not exist", Title: "Media Not Found", User: "The media with id " + graph.Clip(id) + " cannot be found."}
}

// known is what a text can ask for by code, or by code and subcode; the first of a code stands for it.
var known = []*graph.Failure{failServer, failThrottled, failSpam, failQuota, failPermission, failNotReady, failChildren, failContainer, failNoMedia("0"), failFetch, failTimeout,
	failImageSize, failImageType, failRatio, failBadToken, failRevoked, failSession, graph.InvalidParam, graph.Missing}
