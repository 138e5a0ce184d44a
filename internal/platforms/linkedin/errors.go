package linkedin

import (
	"cmp"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// row is what one kind of refusal means.
type row struct {
	kind     platforms.Kind
	category platforms.Category
	message  string
	remedy   string
}

const (
	adviceReconnect = "Reconnect the LinkedIn account."
	adviceLater     = "Nothing: it is tried again."
	adviceMedia     = "Export the file anew: a video as MP4 with H.264 and AAC, a document as PDF. Then retry."
	adviceName      = "Correct what LinkedIn names in its message."
	adviceOperator  = "The operator of this server must look after the app at LinkedIn and the version of its API."
	advicePage      = "Let an administrator of the page give the member its role back, then retry."
)

// Codes that the adapter acts on.
const (
	codeDuplicate = "DUPLICATE_POST"
	codeDenied    = "ACCESS_DENIED"
	codeUnready   = "MEDIA_ASSET_WAITING_UPLOAD"
	codeOwner     = "INVALID_CONTENT_OWNERSHIP"
	codeExpired   = "EXPIRED_UPLOAD_URL"
	codeNotFound  = "NOT_FOUND"
	codeMany      = "TOO_MANY_REQUESTS"
	codeRetired   = "NONEXISTENT_VERSION"
	codeRevoked   = "65601"
)

// gone are the codes of media that LinkedIn does not know, or not as the author's.
var gone = []string{codeOwner, codeExpired, "INVALID_URN_TYPE", "INVALID_URN_ID", "INVALID_IMAGE_ID", "INVALID_VIDEO_ID", "INVALID_DOCUMENT_ID"}

// table is by LinkedIn's code, by its serviceErrorCode where a refused token has no other, or by a name of ours for what it tells only in words.
// https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling
var table = map[string]row{
	"VERSION_MISSING":               {platforms.Rejected, platforms.SystemError, "LinkedIn was not told the version of its API", adviceOperator},
	codeRetired:                     {platforms.RateLimited, platforms.SystemError, "LinkedIn has retired the version of its API that this server speaks", adviceOperator},
	"MISSING_FIELD":                 {platforms.Rejected, platforms.UserContent, "LinkedIn misses a part of the post", adviceName},
	"INVALID_VALUE_FOR_FIELD":       {platforms.Rejected, platforms.UserContent, "LinkedIn found a fault in the post", adviceName},
	"INVALID_VALUE_BLANK_FIELD":     {platforms.Rejected, platforms.UserContent, "a part of the post is empty", adviceName},
	"FIELD_LENGTH_TOO_LONG":         {platforms.Rejected, platforms.UserContent, "a part of the post is too long", "Shorten what LinkedIn names in its message."},
	"INVALID_URN_TYPE":              {platforms.Rejected, platforms.UserContent, "LinkedIn does not take what the post refers to", adviceName},
	"INVALID_URN_ID":                {platforms.Rejected, platforms.UserContent, "LinkedIn does not know what the post refers to", adviceName},
	"INVALID_IMAGE_ID":              {platforms.Rejected, platforms.UserContent, "LinkedIn does not know an uploaded image any more", "Retry the post."},
	"INVALID_VIDEO_ID":              {platforms.Rejected, platforms.UserContent, "LinkedIn does not know the uploaded video any more", "Retry the post."},
	"INVALID_DOCUMENT_ID":           {platforms.Rejected, platforms.UserContent, "LinkedIn does not know the uploaded document any more", "Retry the post."},
	"INVALID_URL":                   {platforms.Rejected, platforms.UserContent, "LinkedIn does not take the address of the article", "Correct the link, or set disableLinkPreview."},
	"INVALID_CALL_TO_ACTION":        {platforms.Rejected, platforms.UserContent, "LinkedIn does not take the call to action", adviceName},
	codeOwner:                       {platforms.Rejected, platforms.UserContent, "the uploaded media is not the author's", "Retry the post."},
	"DOCUMENT_FORBIDDEN":            {platforms.Rejected, platforms.UserContent, "the uploaded document is not the author's", "Retry the post."},
	codeExpired:                     {platforms.Rejected, platforms.PlatformError, "the upload took too long", "Retry the post."},
	codeUnready:                     {platforms.NotReady, platforms.PlatformError, "LinkedIn is still processing the media", adviceLater},
	"MEDIA_ASSET_PROCESSING_FAILED": {platforms.Rejected, platforms.UserContent, "LinkedIn could not process the media", adviceMedia},
	"UPDATING_ASSET_FAILED":         {platforms.Unavailable, platforms.PlatformError, "LinkedIn failed at the media", adviceLater},
	"65600":                         {platforms.TokenExpired, platforms.AuthExpired, "LinkedIn does not know the access token", adviceReconnect},
	codeRevoked:                     {platforms.TokenExpired, platforms.AuthExpired, "the access token was revoked", adviceReconnect},
	"65602":                         {platforms.TokenExpired, platforms.AuthExpired, "the access token has ended", adviceReconnect},
	"EMPTY_ACCESS_TOKEN":            {platforms.Unauthorized, platforms.AuthExpired, "LinkedIn was given no access token", adviceReconnect},
	"UNAUTHORIZED":                  {platforms.Unauthorized, platforms.AuthExpired, "LinkedIn no longer accepts the account's login", adviceReconnect},
	codeDenied:                      {platforms.Unauthorized, platforms.AuthExpired, "the login does not permit this", "Reconnect the LinkedIn account, with all permissions that the app asks for."},
	"UNPERMITTED_FIELDS":            {platforms.Rejected, platforms.SystemError, "the app may not set a part of the post", adviceOperator},
	codeNotFound:                    {platforms.Rejected, platforms.UserContent, "LinkedIn does not find what was asked for", "Look whether the post is still there."},
	"CONFLICT":                      {platforms.Unavailable, platforms.PlatformError, "LinkedIn was at work on the same", adviceLater},
	codeDuplicate:                   {platforms.Duplicate, platforms.UserContent, "the account posted the same a short while ago", "Change the text if it is meant to appear again."},
	codeMany:                        {platforms.RateLimited, platforms.PlatformRateLimit, "a limit of LinkedIn's is reached", adviceLater},
	"invalid_grant":                 {platforms.Unauthorized, platforms.AuthExpired, "LinkedIn no longer accepts the account's login", adviceReconnect},
	"invalid_client":                {platforms.RateLimited, platforms.SystemError, "LinkedIn does not accept the app's own ID and secret", adviceOperator},
	"INVALID_REQUEST":               {platforms.Rejected, platforms.UserContent, "LinkedIn refused what was asked", adviceName},
	"SERVER":                        {platforms.Unavailable, platforms.PlatformError, "LinkedIn had an internal error", adviceLater},
}

// problem is the body of a refusal; the token endpoints have a shape of their own.
type problem struct {
	Code        string `json:"code"`
	Service     int    `json:"serviceErrorCode"`
	Message     string `json:"message"`
	Status      int    `json:"status"`
	OAuth       string `json:"error"`
	Description string `json:"error_description"`
	Details     struct {
		Inputs []struct {
			Code        string `json:"code"`
			Description string `json:"description"`
		} `json:"inputErrors"`
	} `json:"errorDetails"`
}

// Classify reads a failed answer. It is nil for a body that is none of LinkedIn's, such as a gateway's page.
func Classify(r rest.Response) *platforms.Error {
	var p problem
	if json.Unmarshal(r.Body, &p) != nil || (p.Code == "" && p.Message == "" && p.Service == 0 && p.OAuth == "") {
		return nil
	}
	code := codeOf(r.Status, p)
	text := cmp.Or(p.Message, p.Description)
	for _, in := range p.Details.Inputs {
		if in.Description != "" && !strings.Contains(text, in.Description) {
			text = strings.TrimSpace(text + " " + in.Description)
		}
	}
	m := table[code]
	return &platforms.Error{Kind: m.kind, Category: m.category, Code: code, Message: platforms.Shorten(cmp.Or(text, m.message)), Remediation: m.remedy, Rule: platformName + "." + ruleOf(code)}
}

func codeOf(status int, p problem) string {
	codes := []string{p.Code, p.OAuth}
	for _, in := range p.Details.Inputs {
		codes = append(codes, in.Code)
	}
	switch {
	case status == http.StatusUnprocessableEntity && strings.Contains(p.Message, "duplicate"):
		return codeDuplicate
	case strings.Contains(p.Message, "Unpermitted fields"):
		return "UNPERMITTED_FIELDS"
	case status == http.StatusUnauthorized && table[strconv.Itoa(p.Service)].kind != "":
		return strconv.Itoa(p.Service)
	}
	for _, code := range slices.Backward(codes) { // the faults of single fields say more than their sum
		if table[code].kind != "" {
			return code
		}
	}
	if p.OAuth != "" && status < 500 && status != http.StatusTooManyRequests {
		return "invalid_grant"
	}
	switch {
	case status == http.StatusUpgradeRequired:
		return codeRetired
	case status == http.StatusTooManyRequests:
		return codeMany
	case status == http.StatusUnauthorized:
		return "UNAUTHORIZED"
	case status == http.StatusForbidden:
		return codeDenied
	case status == http.StatusNotFound:
		return codeNotFound
	case status == http.StatusConflict:
		return "CONFLICT"
	case status >= 500:
		return "SERVER"
	}
	return "INVALID_REQUEST"
}

// resetOf is when to come back after a refusal that LinkedIn sends no time with: quotas are of a day of UTC, and comments have a short one.
// https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/rate-limits
func resetOf(e *platforms.Error, account string, now time.Time) time.Time {
	switch {
	case e.Code == codeRetired, e.Code == "invalid_client":
		return now.Add(time.Hour)
	case e.Code == codeUnready:
		return now.Add(10 * time.Second)
	case e.Kind != platforms.RateLimited:
		return time.Time{}
	case strings.Contains(e.Message, "throttled"):
		return now.Add(5 * time.Minute)
	case strings.Contains(e.Message, "Resource level throttle"), strings.Contains(strings.ToLower(e.Message), "day limit"):
		h := fnv.New32a()
		_, _ = h.Write([]byte(account)) // a hash takes everything
		return now.UTC().Truncate(24 * time.Hour).Add(24*time.Hour + time.Duration(h.Sum32()%600)*time.Second)
	}
	return time.Time{}
}

var named = regexp.MustCompile(`urn:li:(?:share|ugcPost|activity):([0-9]{1,19})`)

// original is the post that a refusal as a duplicate names, and when it was made; empty: it names none.
func original(e *platforms.Error) (urn string, at time.Time) {
	m := named.FindStringSubmatch(e.Message)
	if m == nil {
		return "", at
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return "", at
	}
	return m[0], time.UnixMilli(n >> 22) // the number holds the time
}

// ruleOf is the name of a refusal among the rules.
func ruleOf(code string) string { return "error." + strings.ToLower(code) }

// codeDocs describe the refusals.
func codeDocs() (list []platforms.RuleDoc) {
	for code, r := range table {
		list = append(list, platforms.RuleDoc{Name: ruleOf(code), Failure: true, Title: strings.ToUpper(r.message[:1]) + r.message[1:], Meaning: "LinkedIn refused a call: " + r.message + ".", Remedy: r.remedy, Source: docsErrors})
	}
	slices.SortFunc(list, func(a, b platforms.RuleDoc) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
