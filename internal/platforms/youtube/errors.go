package youtube

import (
	"cmp"
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// row is what one reason means.
type row struct {
	kind     platforms.Kind
	category platforms.Category
	message  string
	remedy   string
}

const (
	adviseReconnect = "Reconnect the YouTube channel, and leave everything ticked."
	adviseLater     = "Nothing: it is tried again."
	adviseStudio    = "Open YouTube Studio as the channel, follow what it asks there, then retry."
	adviseOperator  = "The operator of this server must look after the project at Google: its APIs, its quota and its audit."
)

// Reasons that the adapter acts on.
const (
	codeQuota      = "quotaExceeded"
	codeDayLimit   = "dailyLimitExceeded"
	codeRate       = "rateLimitExceeded"
	codeUploadRate = "uploadRateLimitExceeded"
	codeUploads    = "uploadLimitExceeded"
	codeNoVideo    = "videoNotFound"
	codeNoComments = "commentsDisabled"
	codeComment    = "processingFailure"
	codeCaption    = "captionExists"
	codeGrant      = "invalid_grant"
	codeForbidden  = "forbidden"
	codeScope      = "insufficientPermissions"
)

// table is by the reason of the first error. https://developers.google.com/youtube/v3/docs/errors
var table = map[string]row{
	"invalidTitle":                          metadata("title"),
	"invalidDescription":                    metadata("description"),
	"invalidTags":                           metadata("tags"),
	"invalidCategoryId":                     metadata("category"),
	"invalidPublishAt":                      metadata("time to publish at"),
	"invalidVideoMetadata":                  metadata("data"),
	"defaultLanguageNotSet":                 metadata("language"),
	"invalidFilename":                       metadata("file name"),
	"mediaBodyRequired":                     {platforms.Rejected, platforms.SystemError, "YouTube misses the file", "Retry the post; if it fails again, report it."},
	"invalidImage":                          {platforms.Rejected, platforms.UserContent, "YouTube cannot read the thumbnail", "Use a JPEG or PNG of 1280x720."},
	codeUploads:                             {platforms.RateLimited, platforms.QuotaExhausted, "the channel has uploaded as many videos as YouTube lets it in a day", adviseLater},
	"authError":                             {platforms.TokenExpired, platforms.AuthExpired, "YouTube no longer accepts the access token", adviseReconnect},
	"youtubeSignupRequired":                 {platforms.Rejected, platforms.AccountIssue, "the Google account has no YouTube channel", "Create a channel at YouTube, then connect it again."},
	codeQuota:                               {platforms.RateLimited, platforms.QuotaExhausted, "the project's quota of the day is used up at YouTube", adviseLater},
	codeRate:                                {platforms.RateLimited, platforms.PlatformRateLimit, "a limit of YouTube's is reached", adviseLater},
	codeForbidden:                           {platforms.Rejected, platforms.AccountIssue, "YouTube does not permit the channel this", adviseStudio},
	"forbiddenPrivacySetting":               {platforms.Rejected, platforms.UserContent, "YouTube does not permit this visibility", "Choose another visibility."},
	"forbiddenLicenseSetting":               {platforms.Rejected, platforms.UserContent, "YouTube does not permit this licence", "Choose another licence."},
	codeScope:                               {platforms.Unauthorized, platforms.AuthExpired, "the connection lacks a permission", adviseReconnect},
	"accessNotConfigured":                   {platforms.Rejected, platforms.SystemError, "the project at Google has no access to the YouTube Data API", adviseOperator},
	"accountClosed":                         {platforms.Rejected, platforms.AccountIssue, "the channel is closed or suspended", adviseStudio},
	codeNoComments:                          {platforms.Rejected, platforms.AccountIssue, "the video takes no comments", "Allow comments on the video in YouTube Studio."},
	codeComment:                             {platforms.Unavailable, platforms.PlatformError, "YouTube failed to write the comment", adviseLater},
	codeNoVideo:                             {platforms.Rejected, platforms.UserContent, "YouTube does not find the video", "Look whether the video is still there."},
	"playlistNotFound":                      {platforms.Rejected, platforms.UserContent, "YouTube does not find the playlist", "Give the ID of a playlist of the channel."},
	"playlistItemsNotAccessible":            {platforms.Rejected, platforms.UserContent, "the playlist is not the channel's", "Give the ID of a playlist of the channel."},
	"playlistContainsMaximumNumberOfVideos": {platforms.Rejected, platforms.UserContent, "the playlist is full", "Use another playlist."},
	"channelNotFound":                       {platforms.Rejected, platforms.AccountIssue, "YouTube does not find the channel", adviseReconnect},
	codeCaption:                             {platforms.Duplicate, platforms.UserContent, "the video has captions of this language and name", "Give the track another name."},
	"conflict":                              {platforms.Unavailable, platforms.PlatformError, "YouTube is changing the playlist for somebody else", adviseLater},
	"server":                                {platforms.Unavailable, platforms.PlatformError, "YouTube had an internal error", adviseLater},
	codeGrant:                               {platforms.Unauthorized, platforms.AuthExpired, "Google no longer accepts the channel's login", adviseReconnect},
	"invalid_client":                        {platforms.Unavailable, platforms.SystemError, "Google does not accept this server's app", adviseOperator},
	"badRequest":                            {platforms.Rejected, platforms.UserContent, "YouTube found a fault in the request", "Correct what YouTube names in its message."},
	"notFound":                              {platforms.Rejected, platforms.UserContent, "YouTube does not find what was asked for", "Look whether it is still there."},
}

func metadata(what string) row {
	return row{platforms.Rejected, platforms.UserContent, "YouTube refuses the video's " + what, "Correct what YouTube names in its message."}
}

// same are reasons that mean what another one does.
var same = map[string]string{
	"expired": "authError", "required": "authError", "authorizationRequired": "authError", "UNAUTHENTICATED": "authError",
	codeDayLimit: codeQuota, "userRateLimitExceeded": codeRate, codeUploadRate: codeRate, "RESOURCE_EXHAUSTED": codeRate,
	"ACCESS_TOKEN_SCOPE_INSUFFICIENT": codeScope, "SERVICE_DISABLED": "accessNotConfigured",
	"authenticatedUserAccountClosed": "accountClosed", "authenticatedUserAccountSuspended": "accountClosed", "authenticatedUserNotChannel": "accountClosed", "channelClosed": "accountClosed", "channelSuspended": "accountClosed",
	"internalError": "server", "backendError": "server", "SERVICE_UNAVAILABLE": "conflict",
	"invalidRecordingDetails": "invalidVideoMetadata", "invalidVideoGameRating": "invalidVideoMetadata",
	"unauthorized_client": "invalid_client", "invalid_rapt": codeGrant,
}

// refusal is the body of a refusal, of the API or of the token endpoint.
type refusal struct {
	Error       json.RawMessage `json:"error"`
	Description string          `json:"error_description"`
}

type apiError struct {
	Message string `json:"message"`
	Status  string `json:"status"`
	Errors  []struct {
		Message string `json:"message"`
		Reason  string `json:"reason"`
	} `json:"errors"`
}

// Classify reads a failed answer. It is nil for a body that is none of Google's, such as a gateway's page.
func Classify(r rest.Response) *platforms.Error {
	var body refusal
	if json.Unmarshal(r.Body, &body) != nil || len(body.Error) == 0 {
		return nil
	}
	var said, reason string
	var api apiError
	if json.Unmarshal(body.Error, &reason) == nil { // the token endpoint's shape
		said = body.Description
	} else if json.Unmarshal(body.Error, &api) == nil {
		said, reason = api.Message, api.Status
		if len(api.Errors) > 0 {
			said, reason = cmp.Or(api.Errors[0].Message, said), cmp.Or(api.Errors[0].Reason, reason)
		}
	}
	code := codeOf(r.Status, reason)
	m := table[code]
	kind := m.kind
	if code == "conflict" && r.Status >= 500 {
		kind = platforms.Unavailable
	}
	return &platforms.Error{Kind: kind, Category: m.category, Code: cmp.Or(reason, code), Message: cmp.Or(plain(said), m.message), Remediation: m.remedy, Rule: ruleOf(code)}
}

// ruleOf is the name of the rule for a reason: "youtube.error.video_not_found".
func ruleOf(code string) string {
	return platformName + ".error." + strings.ToLower(capital.ReplaceAllString(code, "${1}_${2}"))
}

var capital = regexp.MustCompile(`([a-z])([A-Z])`)

// codeOf is the row of a reason; one that is not known goes by the status.
func codeOf(status int, reason string) string {
	if other, ok := same[reason]; ok {
		reason = other
	}
	if reason == "conflict" && status != http.StatusConflict {
		reason = "server"
	}
	if _, known := table[reason]; known {
		return reason
	}
	switch {
	case status == http.StatusUnauthorized:
		return "authError"
	case status == http.StatusForbidden:
		return codeForbidden
	case status == http.StatusNotFound:
		return "notFound"
	case status == http.StatusConflict:
		return "conflict"
	case status == http.StatusTooManyRequests:
		return codeRate
	case status >= 500:
		return "server"
	}
	return "badRequest"
}

var tag = regexp.MustCompile(`<[^>]*>`)

// plain is a message without the links that YouTube writes into some.
func plain(s string) string {
	return platforms.Shorten(strings.TrimSpace(html.UnescapeString(tag.ReplaceAllString(s, ""))))
}

// uploadsOfADay is how long a channel waits that has uploaded too much. https://support.google.com/youtube/answer/4556244
const uploadsOfADay = 24 * time.Hour

// classify adds when a limit ends.
func classify(now time.Time) rest.Classifier {
	return func(r rest.Response) *platforms.Error {
		e := Classify(r)
		if e == nil || e.Kind != platforms.RateLimited || r.Header.Get("Retry-After") != "" {
			return e
		}
		switch {
		case e.Code == codeUploads:
			e.Reset = now.Add(uploadsOfADay)
		case e.Code == codeQuota, e.Code == codeDayLimit, strings.Contains(e.Message, "Video Uploads"): // a limit of the day, by whatever name
			e.Category, e.Reset = platforms.QuotaExhausted, nextDay(now)
		}
		return e
	}
}

// nextDay is when YouTube's next day begins: at midnight in California.
// https://developers.google.com/youtube/v3/getting-started#quota
func nextDay(now time.Time) time.Time {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil { // a machine without time zones: late rather than early
		zone = time.FixedZone("PST", -8*60*60)
	}
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, zone).UTC()
}

// codeDocs describe the refusals.
func codeDocs() (list []platforms.RuleDoc) {
	for code, r := range table {
		list = append(list, platforms.RuleDoc{Name: strings.TrimPrefix(ruleOf(code), platformName+"."), Failure: true, Title: strings.ToUpper(r.message[:1]) + r.message[1:], Meaning: "YouTube refused a call: " + r.message + ".", Remedy: r.remedy, Source: docsErrors})
	}
	slices.SortFunc(list, func(a, b platforms.RuleDoc) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
