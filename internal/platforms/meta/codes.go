package meta

import (
	"cmp"
	"encoding/json"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// Row is what one code of the Graph API means.
type Row struct {
	Kind     platforms.Kind
	Message  string // used where Meta gives no text for users; empty takes its text for developers
	Remedy   string
	Category platforms.Category
	// Tries is how many containers may come to nothing with it before it counts as final. Zero: another one would not help.
	Tries int
	// Unsure says that a publish answered with it may have happened all the same.
	Unsure bool
	Wait   time.Duration // of a limit, where Meta does not tell
	Rule   string        // its name in the documentation; empty takes it from the code: error.36003-2207009 for 36003/2207009
}

// A Range is what the codes between two mean that have no row of their own.
type Range struct {
	From, To int
	Row      Row
}

// Table is what one platform's codes mean. Its keys are "36003/2207009" (code and subcode), "190" (a code), "/2207076" (a subcode alone),
// and names of the adapter's own for what comes without a code.
type Table struct {
	platform, title     string
	rows                map[string]Row
	byCode, bySubcode   map[string]Row
	ranges              []Range
	throttled, internal Row
	processing          Row
}

// The names under which [Common] has how a container can come to nothing without a code.
const (
	CodeExpired = "EXPIRED"
	CodeStuck   = "STUCK"
	CodeError   = "ERROR"
)

// Advice that rows share.
const (
	AdviceLater     = "Nothing has to be done; it is tried again."
	AdviceReachable = "Check that the media URL is public, direct (no login, no redirect to a page) and served with the type of its content."
	AdviceVideo     = "Convert the video to MP4 with H.264 and AAC, the moov atom first and no edit lists."
	adviceNew       = "Retry later; if it fails again, convert the media and attach it anew."
)

// NewTable joins the rows that all of Meta's platforms share with a platform's own, which win.
func NewTable(platform, title string, own map[string]Row, ranges ...Range) *Table {
	t := &Table{platform: platform, title: title, rows: common(title), byCode: map[string]Row{}, bySubcode: map[string]Row{}, ranges: ranges}
	maps.Copy(t.rows, own)
	t.throttled = Row{Rule: "error.throttled", Kind: platforms.RateLimited, Category: platforms.PlatformRateLimit, Message: title + "'s limit on calls is used up for now", Remedy: AdviceLater}
	t.internal = internalError(title)
	t.processing = Row{Rule: "error.processing", Kind: platforms.Unavailable, Category: platforms.PlatformError, Message: title + " could not process the media", Remedy: adviceNew, Tries: 2, Unsure: true}
	n := map[string]int{}
	for key, r := range t.rows {
		if r.Rule == "" {
			r.Rule = "error." + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(key, "/"), "/", "-"))
			t.rows[key] = r
		}
		code, subcode, both := strings.Cut(key, "/")
		if both && (isPublishing(subcode) || code == "") { // the code in front varies, and a container's status has none
			t.bySubcode[subcode] = r
		}
		t.byCode[code] = r
		n[code]++
	}
	for code := range t.byCode { // for an answer that leaves the subcode of a code out that has but one
		if n[code] > 1 {
			delete(t.byCode, code)
		}
	}
	return t
}

func internalError(title string) Row {
	return Row{Rule: "error.server", Kind: platforms.Unavailable, Category: platforms.PlatformError, Message: title + " had an internal error", Remedy: AdviceLater, Unsure: true}
}

// AdviceReconnect is what to do about a token that is dead.
func AdviceReconnect(title string) string { return "Reconnect the " + title + " account." }

// AdviceOwner is what only the account's owner can do.
func AdviceOwner(title string) string {
	return "Open the " + title + " app, follow what it asks there (often a login check), then retry."
}

// common are the codes that the Graph API gives on every platform. https://developers.facebook.com/docs/graph-api/guides/error-handling
func common(title string) map[string]Row {
	reconnect, owner := AdviceReconnect(title), AdviceOwner(title)
	dead := func(message, remedy string) Row {
		return Row{Kind: platforms.Unauthorized, Category: platforms.AuthExpired, Message: message, Remedy: remedy}
	}
	token := dead(title+" no longer accepts the account's access token", reconnect)
	token.Rule = "error.token"
	limit := func(whose string) Row {
		return Row{Kind: platforms.RateLimited, Category: platforms.PlatformRateLimit, Message: whose + " is used up for now", Remedy: AdviceLater}
	}
	again := func(kind platforms.Kind, tries int, category platforms.Category, message, remedy string) Row {
		return Row{Kind: kind, Tries: tries, Category: category, Message: message, Remedy: remedy}
	}
	content := func(message, remedy string) Row {
		return Row{Kind: platforms.Rejected, Category: platforms.UserContent, Message: message, Remedy: remedy}
	}
	return map[string]Row{
		"-1":         internalError(title),
		"-1/2207001": {Kind: platforms.Unavailable, Message: title + " had an internal error", Remedy: AdviceLater, Tries: 4, Unsure: true, Category: platforms.PlatformError},
		"-1/2207053": again(platforms.Unavailable, 4, platforms.PlatformError, title+" could not take in the video", AdviceVideo),
		"-2/2207003": again(platforms.Unavailable, 4, platforms.UserContent, "fetching the media took "+title+" too long", AdviceReachable),
		"-2/2207020": again(platforms.NotReady, 4, platforms.PlatformError, "the media has expired at "+title, adviceNew),
		"1":          internalError(title),
		"2":          internalError(title),
		"4":          limit("the app's limit on calls to Meta"),
		// In practice the post is at times live in spite of it.
		CodeBlocked:   {Kind: platforms.RateLimited, Message: title + " blocked the action because it looked like spam", Remedy: owner, Unsure: true, Wait: 2 * time.Hour, Category: platforms.PlatformRateLimit},
		"9/2207042":   {Kind: platforms.RateLimited, Message: "the account's daily publishing limit is used up", Remedy: "It is tried again when the limit frees; publish less in 24 hours.", Wait: 30 * time.Minute, Category: platforms.QuotaExhausted},
		"17":          limit("the user's limit on calls to Meta"),
		"32":          limit("the Page's limit on calls to Meta"),
		"613":         limit("a limit on calls to Meta"),
		"24":          again(platforms.NotReady, 3, platforms.PlatformError, title+" does not find the media", adviceNew),
		"24/2207006":  again(platforms.NotReady, 3, platforms.AccountIssue, title+" does not find the media: it expired, or the connection lost access to it", reconnect),
		"24/2207008":  again(platforms.NotReady, 3, platforms.PlatformError, title+" does not know the media container", adviceNew),
		"100":         {Kind: platforms.Rejected, Remedy: "Correct the value that " + title + " names.", Category: platforms.UserContent},
		"100/33":      again(platforms.Unavailable, 3, platforms.PlatformError, title+" does not find what was asked for, or the connection may not see it", AdviceLater),
		"102":         token,
		"104":         {Kind: platforms.Rejected, Message: "Meta refused the proof of the app's secret", Remedy: "The operator must set the client secret of the app that the account was connected with.", Category: platforms.SystemError},
		"190":         token,
		"190/458":     dead("the user removed the app from the account", reconnect),
		"190/459":     dead(title+" wants the user to pass a login check", owner+" Then reconnect the account."),
		"190/460":     dead("the account's password was changed", reconnect),
		"190/463":     dead("the account's access has expired", reconnect),
		"190/464":     dead("the user's Meta account is not confirmed", owner+" Then reconnect the account."),
		"190/467":     dead("the account's access was ended", reconnect),
		"352/2207026": content(title+" does not support the video's format", AdviceVideo),
		"368":         {Kind: platforms.RateLimited, Message: "Meta has blocked the account for a while over its policies", Remedy: owner, Wait: 24 * time.Hour, Category: platforms.UserAbuse},
		"506":         {Kind: platforms.Duplicate, Message: "Meta has this post already", Remedy: "Change the post.", Category: platforms.UserContent},
		// Said to be permanent by is_transient, and yet often cured by another try.
		"9004/2207052":  again(platforms.Unavailable, 3, platforms.UserContent, title+" could not fetch the media from its URL", AdviceReachable),
		"9007/2207027":  again(platforms.NotReady, 3, platforms.PlatformError, title+" is still processing the media", AdviceLater),
		"36000/2207004": content("the image is larger than 8 MB", "Compress the image."),

		CodeExpired: again(platforms.NotReady, 5, platforms.PlatformError, "the media container expired before it was published", adviceNew),
		CodeStuck:   again(platforms.NotReady, 2, platforms.PlatformError, title+" did not finish processing the media within a day", AdviceVideo),
		CodeError:   again(platforms.Unavailable, 2, platforms.PlatformError, title+" could not process the media", adviceNew),
	}
}

// CodeBlocked is "action blocked", which in practice a post is at times in spite of.
const CodeBlocked = "4/2207051"

// remoteError is the body of a failed Graph API answer. Its is_transient is not read: it says false of faults that pass.
type remoteError struct {
	Error *struct {
		Message string `json:"message"`
		Code    int    `json:"code"`
		Subcode int    `json:"error_subcode"`
		UserMsg string `json:"error_user_msg"`
		Trace   string `json:"fbtrace_id"`
	} `json:"error"`
}

// symbol is a name that some texts hold, and that says more than the code beside it.
var symbol = regexp.MustCompile(`\b[A-Z]+_API__[A-Z_]+\b`)

// maxText bounds what is kept of Meta's own words.
const maxText = 500

// Classify maps a failed answer of the Graph API to an error of ours. It is nil for a body that is no Graph API error. What only the call
// tells (a publish that may have happened, when a limit ends) is added by the call.
func (t *Table) Classify(r rest.Response) *platforms.Error {
	var body remoteError
	if err := json.Unmarshal(r.Body, &body); err != nil || body.Error == nil || (body.Error.Code == 0 && body.Error.Message == "") {
		return nil
	}
	code, row := t.find(body.Error.Code, body.Error.Subcode, r.Status)
	if name := symbol.FindString(body.Error.UserMsg + " " + body.Error.Message); t.Has(name) {
		code, row = name, t.rows[name]
	}
	e := t.failure(code, row, t.firstOf(body.Error.UserMsg, row.Message, body.Error.Message))
	e.RequestID = body.Error.Trace
	return e
}

// find looks a code up, from the most to the least exact: code and subcode, subcode alone, code alone, a range, the HTTP status.
func (t *Table) find(code, subcode, status int) (string, Row) {
	name := strconv.Itoa(code)
	sub := strconv.Itoa(subcode)
	if subcode != 0 {
		full := name + "/" + sub
		if r, ok := t.rows[full]; ok {
			return full, r
		}
		if r, ok := t.bySubcode[sub]; ok {
			return full, r
		}
		if r, ok := t.rows[name]; ok && !isPublishing(sub) {
			return full, r
		}
		name = full
	} else if r, ok := t.rows[name]; ok {
		return name, r
	} else if r, ok := t.byCode[name]; ok {
		return name, r
	}
	if isPublishing(sub) {
		return name, t.processing
	}
	for _, r := range t.ranges {
		if code >= r.From && code <= r.To {
			return name, r.Row
		}
	}
	switch {
	case status == 429:
		return name, t.throttled
	case status >= 500:
		return name, t.internal
	}
	return name, Row{Kind: platforms.Unknown}
}

// isPublishing reports whether a subcode is one of the publishing APIs' own.
func isPublishing(subcode string) bool {
	return len(subcode) == 7 && strings.HasPrefix(subcode, "2207")
}

// Row finds the row of a code as an error or a fault names it: "36003/2207009", "190", a subcode alone, or a name of ours.
func (t *Table) Row(name string) Row {
	if r, ok := t.rows[name]; ok {
		return r
	}
	code, subcode, both := strings.Cut(name, "/")
	if !both && isPublishing(code) {
		code, subcode = "0", code
	}
	c, _ := strconv.Atoi(code)
	s, _ := strconv.Atoi(subcode)
	_, r := t.find(c, s, 0)
	return r
}

// Failure is the error of a code's row, with a message that wins over the row's own.
func (t *Table) Failure(code, message string) *platforms.Error {
	r := t.Row(code)
	return t.failure(code, r, t.firstOf(message, r.Message))
}

func (t *Table) failure(code string, r Row, message string) *platforms.Error {
	e := &platforms.Error{Kind: r.Kind, Code: code, Message: Shorten(message), Remediation: r.Remedy, Category: r.Category}
	if r.Rule != "" {
		e.Rule = t.platform + "." + r.Rule
	}
	return e
}

var inStatus = regexp.MustCompile(`\b2207\d{3}\b`)

// StatusCode finds the subcode in the status text of a container: "Error: Media upload has failed with error code 2207082". Empty when
// there is none.
func StatusCode(status string) string { return inStatus.FindString(status) }

func (t *Table) firstOf(texts ...string) string {
	if text := cmp.Or(texts...); text != "" {
		return text
	}
	return t.title + " refused without saying why"
}

// Shorten bounds what is kept of Meta's own words.
func Shorten(s string) string {
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText]) + "…"
	}
	return s
}

// Has reports whether a key has a row of its own.
func (t *Table) Has(key string) bool {
	_, ok := t.rows[key]
	return ok
}

// All are the rows, by their keys.
func (t *Table) All() iter.Seq2[string, Row] { return maps.All(t.rows) }

// Docs describe what the codes mean, each row once.
func (t *Table) Docs(source string) []platforms.RuleDoc {
	codes := map[string][]string{}
	rows := map[string]Row{}
	for code, r := range t.rows {
		codes[r.Rule], rows[r.Rule] = append(codes[r.Rule], strings.TrimPrefix(code, "/")), r
	}
	for _, r := range t.ranges {
		rows[r.Row.Rule] = r.Row
	}
	for _, r := range []Row{t.throttled, t.internal, t.processing} {
		rows[r.Rule] = r
	}
	var list []platforms.RuleDoc
	for name, r := range rows {
		list = append(list, t.doc(name, codes[name], r, source))
	}
	slices.SortFunc(list, func(a, b platforms.RuleDoc) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func (t *Table) doc(name string, codes []string, r Row, source string) platforms.RuleDoc {
	meaning := cmp.Or(r.Message, t.title+" refuses a value of the post, and names it in its own words")
	title := strings.ToUpper(meaning[:1]) + meaning[1:]
	slices.Sort(codes)
	if codes = slices.Compact(codes); len(codes) > 0 { // some stand in the code at times, and at times in the subcode
		meaning = t.title + " answers with the code " + strings.Join(codes, " or ") + ": " + meaning
	}
	return platforms.RuleDoc{Name: name, Failure: true, Title: title, Meaning: meaning + ".", Remedy: cmp.Or(r.Remedy, AdviceLater), Source: source}
}
