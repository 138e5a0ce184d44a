package instagramfake

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// failure is an error as Graph answers it. The values below are shared: vary one through its methods, which copy.
type failure struct {
	status    int // HTTP; 0: 400, as Graph answers most
	kind      string
	code, sub int
	message   string
	title     string // error_user_title
	user      string // error_user_msg
	transient bool
	drop      bool // say nothing at all and close the connection
}

// Codes, subcodes and titles: https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes
var (
	failUnknown     = &failure{status: 500, code: 1, message: "An unknown error occurred", transient: true}
	failUnavailable = &failure{status: 500, code: 2, message: "Service temporarily unavailable", transient: true}
	failParam       = &failure{code: 100, message: "Invalid parameter"}

	failFetchTimeout = &failure{code: -2, sub: 2207003, message: "Timeout while downloading the media", title: "Timeout",
		user: "It takes too long to download the media."}
	failExpired = &failure{code: -2, sub: 2207020, message: "Media has expired", title: "Media expired",
		user: "The media you are trying to access has expired. Create a new container and try again."}
	failServer      = &failure{code: -1, sub: 2207001, message: "Instagram server error", title: "Server error", user: "Try again later."}
	failCreation    = &failure{code: -1, sub: 2207032, message: "Create media failed", title: "Create media failed", user: "Creating the media failed. Try to create it again."}
	failUpload      = &failure{code: -1, sub: 2207053, message: "Unknown upload error", title: "Unknown upload error", user: "An unknown error occurred during upload. Create a new container and try again."}
	failThumb       = &failure{code: 1, sub: 2207057, message: "Invalid thumbnail offset", title: "Invalid thumb offset", user: "The thumbnail offset must be greater than or equal to 0 and less than the video's duration."}
	failSpam        = &failure{code: 4, sub: 2207051, message: "Application request limit reached", title: "Action is blocked", user: "We restrict certain activity to protect our community."}
	failAppLimit    = &failure{code: 4, message: "(#4) Application request limit reached"}
	failQuota       = &failure{code: 9, sub: 2207042, message: "Application request limit reached", title: "Too many posts", user: "The account has reached the maximum number of posts that can be published through the API in 24 hours."}
	failPermission  = &failure{code: 10, message: "(#10) Application does not have permission for this action"}
	failNoMedia     = &failure{code: 24, sub: 2207006, message: "The requested resource does not exist", title: "Media not found", user: "The media with this ID cannot be found."}
	failNoContainer = &failure{code: 24, sub: 2207008, message: "The requested resource does not exist", title: "Media builder not found", user: "The media builder with this creation ID does not exist or has expired."}
	failRestricted  = &failure{code: 25, sub: 2207050, message: "User is restricted", title: "Account restricted", user: "The Instagram account is restricted, inactive or checkpointed."}
	failMissing     = &failure{kind: "GraphMethodException", code: 100, sub: 33, message: "Unsupported request. Object does not exist, cannot be loaded due to missing permissions, or does not support this operation"}
	failMediaType   = &failure{code: 100, sub: 2207023, message: "Invalid parameter", title: "Unknown media type", user: "The media type is unknown. Supported are CAROUSEL, REELS and STORIES, and VIDEO for an item of a carousel."}
	failChildren    = &failure{code: 100, sub: 2207028, message: "Invalid parameter", title: "Carousel validation failed", user: "A carousel needs at least 2 and at most 10 children."}
	failTags        = &failure{code: 100, sub: 2207040, message: "Invalid parameter", title: "Too many tags", user: "Cannot use more than 20 tags."}
	failVideo       = &failure{code: 352, sub: 2207026, message: "The video file you selected is in a format that we don't support.", title: "Unsupported format", user: "The video format is not supported. Please use MP4 or MOV."}
	failFetch       = &failure{code: 9004, sub: 2207052, message: "Only photo or video can be accepted as media type.", title: "Media download has failed. The media URI doesn't meet our requirements.", user: "The media could not be fetched from this URI."}
	failNotReady    = &failure{code: 9007, sub: 2207027, message: "Media ID is not available", title: "Media Not Available", user: "The media is not ready for publishing, please wait for a moment"}
	failImageSize   = &failure{code: 36000, sub: 2207004, message: "The image size is too large.", title: "Image size too large", user: "The image is too large to download. It should be less than 8 MiB."}
	failImageType   = &failure{code: 36001, sub: 2207005, message: "The image format is not supported.", title: "Unsupported image format", user: "The image format is not supported. Please use JPEG."}
	failRatio       = &failure{code: 36003, sub: 2207009, message: "The aspect ratio is not supported.", title: "Invalid aspect ratio", user: "The submitted image's aspect ratio must be between 4:5 and 1.91:1."}
	failCaption     = &failure{code: 36004, sub: 2207010, message: "The caption was too long.", title: "Caption is too long", user: "The caption can have at most 2,200 characters."}

	failThrottled = &failure{code: 80002, message: "(#80002) There have been too many calls to this Instagram account. Wait a bit and try again."}
	failNoToken   = &failure{code: 104, message: "An access token is required to request this resource."}
	failBadToken  = &failure{code: 190, sub: 467, message: "Invalid OAuth access token - Cannot parse access token"}
	failRevoked   = &failure{code: 190, sub: 458, message: "Error validating access token: The user has not authorized application"}
	failSession   = &failure{code: 190, sub: 463, message: "Error validating access token: Session has expired"}
)

// known is what a text can ask for by code, or by code and subcode; the first of a code stands for it.
var known = []*failure{
	failServer, failCreation, failUpload, failFetchTimeout, failExpired, failUnknown, failThumb, failUnavailable, failAppLimit, failSpam,
	failQuota, failPermission, failNoMedia, failNoContainer, failRestricted, failParam, failMissing, failMediaType, failChildren, failTags,
	failSession, failRevoked, failBadToken, failVideo, failFetch, failNotReady, failImageSize, failImageType, failRatio, failCaption,
	failThrottled,
}

// failureNamed finds the failure that a text asks for: "9004", "36003/2207009" or a subcode alone. What is not listed is answered
// with the numbers it asks for; what is no number, with an invalid parameter.
func failureNamed(code string) *failure {
	first, second, _ := strings.Cut(code, "/")
	n, err := strconv.Atoi(first)
	if err != nil {
		return failParam.saying("The post was refused, as its text asks.")
	}
	sub, _ := strconv.Atoi(second)
	for _, k := range known {
		if (k.code == n && (second == "" || k.sub == sub)) || (second == "" && k.sub == n) {
			return k
		}
	}
	return &failure{code: n, sub: sub, message: "(#" + first + ") The post was refused, as its text asks."}
}

// saying is the failure with another text for the user, and for a plain code another message.
func (e *failure) saying(text string) *failure {
	c := *e
	if c.sub == 0 {
		c.message = "(#" + strconv.Itoa(c.code) + ") " + text
	} else {
		c.user = text
	}
	return &c
}

// failParamf is an invalid parameter, with the reason.
func failParamf(text string) *failure { return failParam.saying(text) }

// failUnknownPath is Graph's word for a path without a version or a meaning.
func failUnknownPath(path string) *failure {
	return &failure{code: 2500, message: "Unknown path components: " + clip(path)}
}

// failNoObject is Graph's word for an object that this token cannot see, or that does not do this.
func failNoObject(method, id string) *failure {
	c := *failMissing
	c.message = "Unsupported " + strings.ToLower(method) + " request. Object with ID '" + clip(id) +
		"' does not exist, cannot be loaded due to missing permissions, or does not support this operation. " +
		"Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"
	return &c
}

// clip bounds what a message repeats of its request.
func clip(s string) string {
	if len(s) > 100 {
		s = s[:100]
	}
	return strings.ToValidUTF8(s, "?")
}

// httpStatus is the status that the failure is answered with.
func (e *failure) httpStatus() int {
	if e.status == 0 {
		return http.StatusBadRequest
	}
	return e.status
}

// body is the Graph envelope. is_transient belongs to publishing errors; others leave it out unless it is true.
func (e *failure) body() any {
	kind := e.kind
	if kind == "" {
		kind = "OAuthException"
	}
	var transient *bool
	if e.transient || e.sub >= 2207000 {
		transient = &e.transient
	}
	type envelope struct {
		Message   string `json:"message"`
		Type      string `json:"type"`
		Code      int    `json:"code"`
		Subcode   int    `json:"error_subcode,omitempty"`
		Transient *bool  `json:"is_transient,omitempty"`
		Title     string `json:"error_user_title,omitempty"`
		User      string `json:"error_user_msg,omitempty"`
		Trace     string `json:"fbtrace_id"`
	}
	return map[string]any{"error": envelope{e.message, kind, e.code, e.sub, transient, e.title, e.user, trace()}}
}

// trace makes an fbtrace_id.
func trace() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return "A" + base64.RawURLEncoding.EncodeToString(b[:])
}

// answer writes a value or a failure as JSON, or drops the connection if the failure says so.
func answer(w http.ResponseWriter, value any, fail *failure) {
	status := http.StatusOK
	if fail != nil {
		if fail.drop {
			panic(http.ErrAbortHandler)
		}
		status, value = fail.httpStatus(), fail.body()
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Cache-Control", "private, no-cache, no-store, must-revalidate")
	w.WriteHeader(status)
	writeJSON(w, value)
}

func writeJSON(w http.ResponseWriter, value any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value) // the client may be gone
}
