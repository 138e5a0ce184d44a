package tiktok

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// row is what one of TikTok's codes means.
type row struct {
	kind     platforms.Kind
	category platforms.Category
	message  string
	remedy   string
}

// error is the failure of a code.
func (r row) error(code string) *platforms.Error {
	e := &platforms.Error{Kind: r.kind, Category: r.category, Code: code, Message: r.message, Remediation: r.remedy, Rule: platformName + ".error." + code}
	if _, known := table[code]; !known {
		e.Rule = platformName + ".error." + codeRefused
	}
	return e
}

const (
	adviceReconnect = "Reconnect the TikTok account, and leave all permissions ticked."
	adviceLater     = "Nothing: it is tried again."
	adviceOperator  = "The operator of this server must look after the app at TikTok."
	adviceVideo     = "Export the video anew as MP4 with H.264 and AAC, 23 to 60 frames a second, 360 to 4096 pixels a side, then retry."
	adviceContent   = "Change the post, or look into the TikTok app for what it says of the account, then retry."
)

// Codes that the adapter acts on.
const (
	codeCap         = "spam_risk_too_many_posts"
	codeShares      = "spam_risk_too_many_pending_share"
	codeUsers       = "reached_active_user_cap"
	codeBanned      = "spam_risk_user_banned_from_posting"
	codeRate        = "rate_limit_exceeded"
	codePrivacy     = "privacy_level_option_mismatch"
	codeUnknownPost = "invalid_publish_id"
	codeRefused     = "refused" // ours: TikTok gave a reason that is not known
	codeGaveUp      = "gave_up" // ours: it was begun several times, and nothing came of it
)

// table is by the API's codes, the reasons of posts that failed, and the codes of the token endpoint.
// https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
var table = map[string]row{
	"invalid_param":            {platforms.Rejected, platforms.UserContent, "TikTok found a fault in the post", "Correct what TikTok names in its message."},
	"invalid_params":           {platforms.Rejected, platforms.UserContent, "TikTok found a fault in the post", "Correct what TikTok names in its message."},
	"invalid_file_upload":      {platforms.Rejected, platforms.PlatformError, "TikTok does not take the video in these pieces", "Report it: this is a fault of this server."},
	"app_version_check_failed": {platforms.Rejected, platforms.UserContent, "the creator's TikTok app is too old for drafts of photos", "Update the TikTok app to 31.8 or newer, then retry."},
	codePrivacy:                {platforms.Rejected, platforms.UserContent, "TikTok does not offer the creator this privacy level", "Take one that GET /v1/accounts/{accountId}/tiktok/creator-info lists."},
	codeUnknownPost:            {platforms.Rejected, platforms.PlatformError, "TikTok does not know the post", "Look at the account's posts, then retry."},
	"token_not_authorized_for_specified_publish_id": {platforms.Rejected, platforms.AccountIssue, "the post was begun by another TikTok account", "Retry the post."},
	"scope_permission_missed":                       {platforms.Unauthorized, platforms.AuthExpired, "the connection lacks a permission", adviceReconnect},
	"scope_not_authorized":                          {platforms.Unauthorized, platforms.AuthExpired, "the connection lacks a permission", adviceReconnect},
	"access_token_invalid":                          {platforms.TokenExpired, platforms.AuthExpired, "TikTok no longer accepts the access token", adviceReconnect},
	codeCap:                                         {platforms.RateLimited, platforms.PlatformRateLimit, "the creator's posts of a day are used up, by all apps together", "Nothing: it goes on by itself when TikTok takes posts again. Space posts out to avoid the wait."},
	codeShares:                                      {platforms.RateLimited, platforms.PlatformRateLimit, "the creator has too many drafts that are not finished", "Finish or delete drafts in the TikTok app's inbox; it goes on by itself then."},
	codeUsers:                                       {platforms.RateLimited, platforms.QuotaExhausted, "the app has published for as many creators as TikTok lets it in a day", adviceOperator},
	codeRate:                                        {platforms.RateLimited, platforms.PlatformRateLimit, "a limit of TikTok's is reached", adviceLater},
	codeBanned:                                      {platforms.Rejected, platforms.AccountIssue, "TikTok has banned the account from posting", "Look into the TikTok app for what it says of the account."},
	"spam_risk_text":                                {platforms.Rejected, platforms.UserAbuse, "TikTok takes the text for spam", adviceContent},
	"spam_risk":                                     {platforms.Rejected, platforms.UserAbuse, "TikTok takes the post for spam", adviceContent},
	"unaudited_client_can_only_post_to_private_accounts": {platforms.Rejected, platforms.AccountIssue, "TikTok has not audited the app, which may publish for private accounts only", "Make the account private in the TikTok app and publish as SELF_ONLY, or have the operator of this server get the app audited."},
	"url_ownership_unverified":                           {platforms.Rejected, platforms.SystemError, "TikTok does not know this server's address as one of the app's", "The operator of this server must verify its address in the app at TikTok, as a URL prefix or a domain."},
	"internal_error":                                     {platforms.Unavailable, platforms.PlatformError, "TikTok had an internal error", adviceLater},
	"file_format_check_failed":                           {platforms.Rejected, platforms.UserContent, "TikTok does not take a file of this format", adviceVideo},
	"duration_check_failed":                              {platforms.Rejected, platforms.UserContent, "the video is too short or too long for this creator", "Cut the video: GET /v1/accounts/{accountId}/tiktok/creator-info tells how long it may be."},
	"frame_rate_check_failed":                            {platforms.Rejected, platforms.UserContent, "the video's frame rate is not one that TikTok takes", adviceVideo},
	"picture_size_check_failed":                          {platforms.Rejected, platforms.UserContent, "the size of the pictures is not one that TikTok takes", adviceVideo},
	"internal":                                           {platforms.Rejected, platforms.PlatformError, "TikTok failed to publish the post several times", "Retry the post later."},
	"video_pull_failed":                                  {platforms.Rejected, platforms.PlatformError, "TikTok could not read the video from this server", "The operator of this server must see that TikTok reaches its public address. Then retry."},
	"photo_pull_failed":                                  {platforms.Rejected, platforms.PlatformError, "TikTok could not read the photos from this server", "The operator of this server must see that TikTok reaches its public address. Then retry."},
	"publish_cancelled":                                  {platforms.Rejected, platforms.PlatformRejected, "the publishing was cancelled at TikTok", "Retry the post."},
	"auth_removed":                                       {platforms.Unauthorized, platforms.AuthExpired, "the creator took the permission back while TikTok published the post", adviceReconnect},
	codeRefused:                                          {platforms.Rejected, platforms.PlatformRejected, "TikTok did not publish the post", "Look up the reason, change the post, then retry."},
	codeGaveUp:                                           {platforms.Rejected, platforms.PlatformError, "TikTok failed at every try to publish the post; it is not there", "Retry the post later."},
	"invalid_grant":                                      {platforms.Unauthorized, platforms.AuthExpired, "TikTok no longer accepts the account's login", adviceReconnect},
	"invalid_client":                                     {platforms.Unavailable, platforms.SystemError, "TikTok does not accept this server's app", adviceOperator},
	"unauthorized_client":                                {platforms.Unavailable, platforms.SystemError, "TikTok does not accept this server's app", adviceOperator},
	"invalid_request":                                    {platforms.Unavailable, platforms.SystemError, "TikTok does not take the login as it was asked for", adviceOperator},
}

// limitedFor is when to come back. Those who have used up a day are looked at each hour, since TikTok does not say when it goes on.
func limitedFor(code string) time.Duration {
	switch code {
	case codeCap, codeUsers, codeShares:
		return capRest
	}
	return time.Minute
}

// fault is the body of a failure: an object of the API's, or a code of the token endpoint's with its words beside it.
type fault struct {
	Error       json.RawMessage `json:"error"`
	Description string          `json:"error_description"`
	LogID       string          `json:"log_id"`
}

// Classify reads a failure, which may come with any status. It is nil for success, and for a body that is none of TikTok's, such as a gateway's page.
func Classify(r rest.Response) *platforms.Error {
	var f fault
	if json.Unmarshal(r.Body, &f) != nil || len(f.Error) == 0 {
		return nil
	}
	var e struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		LogID   string `json:"log_id"`
	}
	if json.Unmarshal(f.Error, &e) != nil {
		if json.Unmarshal(f.Error, &e.Code) != nil {
			return nil
		}
		e.Message, e.LogID = f.Description, f.LogID
	}
	if e.Code == "" || e.Code == "ok" {
		return nil
	}
	m, known := table[e.Code]
	if !known {
		m = byStatus(r.Status)
	}
	out := m.error(platforms.Shorten(e.Code))
	out.Message, out.RequestID = platforms.Shorten(cmp.Or(e.Message, m.message)), platforms.Shorten(e.LogID)
	if known && !strings.Contains(e.Message, m.message) && e.Message != "" {
		out.Message = m.message + ": " + out.Message
	}
	return out
}

// byStatus is what a code means that is not known.
func byStatus(status int) row {
	m := table[codeRefused]
	switch {
	case status == http.StatusTooManyRequests:
		m = table[codeRate]
	case status == http.StatusUnauthorized:
		m = table["access_token_invalid"]
	case status >= http.StatusInternalServerError:
		m = table["internal_error"]
	}
	return m
}

// codeDocs describe the codes.
func codeDocs() (list []platforms.RuleDoc) {
	for code, r := range table {
		list = append(list, platforms.RuleDoc{Name: "error." + code, Failure: true, Title: strings.ToUpper(r.message[:1]) + r.message[1:], Meaning: "TikTok said: " + r.message + ".", Remedy: r.remedy, Source: docsStatus})
	}
	slices.SortFunc(list, func(a, b platforms.RuleDoc) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
