package twitter

import (
	"cmp"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"

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
	adviceReconnect = "Reconnect the X account."
	adviceLater     = "Nothing: it is tried again."
	adviceOwner     = "Open X as the account, follow what it asks there, then retry."
	adviceOperator  = "The operator of this server must look after the app at X: its plan, its permissions and its credit."
)

// Codes that the adapter acts on.
const (
	codeDuplicate = "duplicate-content"
	codeMediaIDs  = "invalid-media-ids"
	codeNotFound  = "resource-not-found"
	// codeInvalidToken is for whatever the token endpoints refuse.
	codeInvalidToken = "invalid-token"
)

// table is by the last part of a problem's type, or by a name of ours for what X tells only in words.
// https://docs.x.com/x-api/fundamentals/response-codes-and-errors
var table = map[string]row{
	"invalid-request":            {platforms.Rejected, platforms.UserContent, "X found a fault in the post", "Correct what X names in its message."},
	codeMediaIDs:                 {platforms.Rejected, platforms.UserContent, "X does not know the uploaded media any more", "Retry the post."},
	codeDuplicate:                {platforms.Duplicate, platforms.UserContent, "the account posted the same text a short while ago", "Change the text if it is meant to appear again."},
	"too-long":                   {platforms.Rejected, platforms.UserContent, "the text is too long for this account", "Shorten the text."},
	"reply-not-allowed":          {platforms.Rejected, platforms.UserContent, "X lets an app answer only those who mentioned or quoted the account", "Answer in X itself, or remove replyToTweetId."},
	"long-video":                 {platforms.Rejected, platforms.AccountIssue, "this account may not publish a video of this length", "Cut the video to 140 seconds."},
	"forbidden":                  {platforms.Rejected, platforms.AccountIssue, "X does not permit this account the action", adviceOwner},
	"account-locked":             {platforms.Rejected, platforms.AccountIssue, "the account is locked", adviceOwner},
	"user-suspended":             {platforms.Rejected, platforms.AccountIssue, "the account is suspended", adviceOwner},
	"unauthorized":               {platforms.TokenExpired, platforms.AuthExpired, "X no longer accepts the access token", adviceReconnect},
	codeInvalidToken:             {platforms.Unauthorized, platforms.AuthExpired, "X no longer accepts the account's login", adviceReconnect},
	"unsupported-authentication": {platforms.Unauthorized, platforms.AuthExpired, "the connection is of a kind that may not do this", adviceReconnect},
	"oauth1-permissions":         {platforms.Unauthorized, platforms.AuthExpired, "the connection may only read", adviceReconnect},
	"client-forbidden":           {platforms.Rejected, platforms.SystemError, "the app may not do this", adviceOperator},
	"client-not-enrolled":        {platforms.Rejected, platforms.SystemError, "the app is not enrolled for this", adviceOperator},
	"credits":                    {platforms.RateLimited, platforms.QuotaExhausted, "the app has no credit left at X", adviceOperator},
	"usage-capped":               {platforms.RateLimited, platforms.QuotaExhausted, "the app's cap on use is reached", adviceOperator},
	"too-many-requests":          {platforms.RateLimited, platforms.PlatformRateLimit, "a limit of X's is reached", adviceLater},
	codeNotFound:                 {platforms.Rejected, platforms.UserContent, "X does not find what the post refers to", "Look whether the post to answer or to quote is still there."},
	"payload-too-large":          {platforms.Rejected, platforms.UserContent, "the file is larger than X takes", "Use a smaller file."},
	"server":                     {platforms.Unavailable, platforms.PlatformError, "X had an internal error", adviceLater},
}

// words are what X says in place of a code.
var words = []struct{ says, code string }{
	{"duplicate content", codeDuplicate},
	{"media IDs are invalid", codeMediaIDs},
	{"Reply to this conversation is not allowed", "reply-not-allowed"},
	{"longer than 2 minutes", "long-video"},
	{"temporarily locked", "account-locked"},
	{"too long", "too-long"},
	{"suspended", "user-suspended"},
}

// problem is the body of a refusal, in any of X's shapes.
type problem struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Type   string `json:"type"`
	Errors []struct {
		Message string `json:"message"`
		Detail  string `json:"detail"`
		Type    string `json:"type"`
	} `json:"errors"`
	OAuth       string `json:"error"` // of the token endpoints
	Description string `json:"error_description"`
}

// Classify reads a failed answer of the API. It is nil for a body that is none of X's, such as a gateway's page.
func Classify(r rest.Response) *platforms.Error {
	var p problem
	if json.Unmarshal(r.Body, &p) != nil || (p.Title == "" && p.Detail == "" && len(p.Errors) == 0 && p.OAuth == "") {
		return nil
	}
	text, kind := cmp.Or(p.Detail, p.Description, p.Title), p.Type
	for _, e := range p.Errors {
		text, kind = cmp.Or(e.Message, e.Detail, text), cmp.Or(kind, e.Type)
	}
	code := codeOf(r.Status, kind, text+" "+p.Title, p.OAuth)
	m := table[code]
	return &platforms.Error{Kind: m.kind, Category: m.category, Code: code, Message: platforms.Shorten(cmp.Or(text, m.message)), Remediation: m.remedy, Rule: platformName + ".error." + code}
}

func codeOf(status int, kind, text, oauth string) string {
	if oauth != "" && status < 500 && status != http.StatusTooManyRequests {
		return codeInvalidToken
	}
	for _, w := range words {
		if strings.Contains(text, w.says) {
			return w.code
		}
	}
	if last := path.Base(kind); last != "credits-depleted" {
		if _, known := table[last]; known {
			return last
		}
	} else {
		return "credits"
	}
	switch {
	case status == http.StatusPaymentRequired:
		return "credits"
	case strings.Contains(text, "UsageCapExceeded"):
		return "usage-capped"
	case status == http.StatusTooManyRequests:
		return "too-many-requests"
	case status == http.StatusUnauthorized:
		return "unauthorized"
	case status == http.StatusForbidden:
		return "forbidden"
	case status == http.StatusNotFound:
		return codeNotFound
	case status == http.StatusRequestEntityTooLarge:
		return "payload-too-large"
	case status >= 500:
		return "server"
	}
	return "invalid-request"
}

// codeDocs describe the refusals.
func codeDocs() (list []platforms.RuleDoc) {
	for code, r := range table {
		list = append(list, platforms.RuleDoc{Name: "error." + code, Failure: true, Title: strings.ToUpper(r.message[:1]) + r.message[1:], Meaning: "X refused a call: " + r.message + ".", Remedy: r.remedy, Source: docsErrors})
	}
	slices.SortFunc(list, func(a, b platforms.RuleDoc) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
