package facebook

import (
	"encoding/json"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/rest"
)

const (
	adviceReconnect = "Reconnect the Facebook Page with a login that may create content on it, and leave every permission ticked."
	advicePage      = "Open the Page on Facebook as somebody who manages it, follow what it asks there, then retry."
	adviceLink      = "Check that the link is public and that its page answers Facebook's crawler."
)

// Codes that the adapter acts on.
const (
	codeDuplicate  = "506"
	codeUsedPhotos = "1366051"
	codeUnscraped  = "1609005"
)

var rowPermission = meta.Row{Rule: "error.permission", Kind: platforms.Unauthorized, Category: platforms.AuthExpired, Message: "the connection lacks a permission that this needs", Remedy: adviceReconnect}

// table holds, with the codes that all of Meta's platforms share, every one that Pages are known to answer with, from
// https://developers.facebook.com/docs/graph-api/guides/error-handling and what has been seen in practice.
var table = meta.NewTable(platformName, "Facebook", rows(), meta.Range{From: 200, To: 299, Row: rowPermission})

func rows() map[string]meta.Row {
	content := func(message, remedy string) meta.Row {
		return meta.Row{Kind: platforms.Rejected, Category: platforms.UserContent, Message: message, Remedy: remedy}
	}
	abuse := func(message string) meta.Row {
		return meta.Row{Kind: platforms.Rejected, Category: platforms.UserAbuse, Message: message, Remedy: "Change the post."}
	}
	owner := func(message string) meta.Row {
		return meta.Row{Kind: platforms.Rejected, Category: platforms.AccountIssue, Message: message, Remedy: advicePage}
	}
	passing := func(message string) meta.Row {
		return meta.Row{Kind: platforms.Unavailable, Category: platforms.PlatformError, Message: message, Remedy: meta.AdviceLater, Unsure: true}
	}
	limit := func(message string, wait time.Duration) meta.Row {
		return meta.Row{Kind: platforms.RateLimited, Category: platforms.PlatformRateLimit, Message: message, Remedy: meta.AdviceLater, Wait: wait}
	}
	list := map[string]meta.Row{
		"10":      rowPermission,
		"190/492": {Kind: platforms.Unauthorized, Category: platforms.AuthExpired, Message: "the user no longer has a role on the Page", Remedy: "Restore the user's role on the Page, then reconnect it."},
		"197":     content("the post is empty", "Write a text, or attach media."),
		"341":     limit("a limit on calls to Facebook is used up for now", time.Hour),
		"352":     content("Facebook does not support the video's format", meta.AdviceVideo),
		"382":     content("the video is too small, or cannot be read", meta.AdviceVideo),
		"389":     passing("Facebook could not fetch the video"),
		"6000":    passing("Facebook had a problem with the upload of the video"),
		"6001":    passing("Facebook had a problem with the upload of the video"),
		"80001":   limit("the Page's limit on calls to Facebook is used up for now", 0),
		"80006":   limit("the Page's limit on message calls is used up for now", 0),
		// What the upload host answers, by the names that it gives.
		"OffsetInvalidError":    passing("Facebook wants the video to go on from another place"),
		"PartialRequestError":   passing("Facebook got a part of the video only"),
		"ProcessingFailedError": passing("Facebook could not take in the video"),
	}
	// These stand in the code at times, and at times in the subcode.
	for code, row := range map[string]meta.Row{
		"1346003":      abuse("Facebook thinks the content abusive"),
		"1349125":      content("Facebook does not take what is attached", "Change the attachment."),
		"1363037":      passing("Facebook wants the video to go on from another place"),
		"1363047":      passing("Facebook had an internal error"),
		"1366046":      content("Facebook does not take the photo: it is too large, or of a format that is not supported", "Use a JPEG of at most 4 MB."),
		codeUsedPhotos: {Kind: platforms.Duplicate, Category: platforms.UserContent, Message: "these photos are in another post already", Remedy: "Change the post."},
		"1390008":      limit("the Page publishes too fast for Facebook", 15*time.Minute),
		"1404006":      owner("Facebook wants a security check before the Page may comment"),
		"1404078":      owner("Facebook wants the Page's managers to be authorized for publishing"),
		"1404102":      abuse("the post goes against Facebook's community standards"),
		"1404112":      limit("Facebook has limited the account for a while", 24*time.Hour),
		codeUnscraped:  {Kind: platforms.Unavailable, Category: platforms.UserContent, Message: "Facebook could not read the page that is linked", Remedy: adviceLink},
		"1609008":      content("Facebook shows no card of its own pages", "Remove the link to Facebook."),
		"1609010":      passing("Facebook had an internal error"),
		"2061006":      content("the link is not valid", "Correct the link."),
		"2069019":      content("Facebook cannot read the file", "Save the file anew, as JPEG or as MP4."),
		"4854002":      owner("Facebook wants the identity of the Page's manager to be confirmed"),
	} {
		list[code], list["/"+code] = row, row
	}
	return list
}

// isCode reports whether an error is of a code, which may stand in the code or in the subcode.
func isCode(e *platforms.Error, code string) bool {
	return e.Code == code || strings.HasPrefix(e.Code, code+"/") || strings.HasSuffix(e.Code, "/"+code)
}

// Classify maps a failed answer of the Graph API, or of the host that takes videos, to an error of ours.
func Classify(r rest.Response) *platforms.Error {
	var upload struct {
		Debug struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"debug_info"`
	}
	if json.Unmarshal(r.Body, &upload) == nil && table.Has(upload.Debug.Type) {
		return table.Failure(upload.Debug.Type, upload.Debug.Message)
	}
	e := table.Classify(r)
	if e != nil && e.Code == "100" && strings.Contains(e.Message, "No permission to publish") { // a missing permission under the code of a wrong value
		missing := table.Failure("10", e.Message)
		missing.Code, missing.RequestID = e.Code, e.RequestID
		return missing
	}
	return e
}

// expected is where Facebook wants an upload to go on, as a refusal of a piece tells it.
func expected(body []byte) (start, end int64, ok bool) {
	var refusal struct {
		Error struct {
			Data json.RawMessage `json:"error_data"`
			window
		} `json:"error"`
	}
	if json.Unmarshal(body, &refusal) != nil {
		return 0, 0, false
	}
	w := refusal.Error.window
	if raw := refusal.Error.Data; len(raw) > 0 { // an object, or one in a text
		var text string
		if json.Unmarshal(raw, &text) == nil {
			raw = json.RawMessage(text)
		}
		_ = json.Unmarshal(raw, &w)
	}
	return w.bounds()
}
