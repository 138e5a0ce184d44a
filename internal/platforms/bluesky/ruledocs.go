package bluesky

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"posthorn/internal/platforms"
)

// platformName is the contract's.
const platformName = "bluesky"

const docs = "https://docs.bsky.app/docs/get-started"

// Rules of the video service, which has no codes that stay the same.
const (
	ruleVideoFailed = "video.failed"
	ruleVideoSlow   = "video.slow"
)

// ruleDocs describe what Validate and the steps find.
var ruleDocs = slices.Concat([]platforms.RuleDoc{
	{Name: "langs.max", Field: "platformSpecificData.langs", Title: "The post names too many languages", Limit: "3", Meaning: "A post says in at most three languages what it is written in.",
		Remedy: "Keep the main ones.", Source: postSchema},
	{Name: "langs.tag", Field: "platformSpecificData.langs[0]", Title: "A language is no BCP 47 tag", Meaning: "Languages are named by their tags, not by their names.",
		Remedy: `Use a tag such as "en" or "pt-BR".`, Source: postSchema},
	{Name: "video.alt_text", Field: "mediaItems[0].altText", Title: "The alt text of the video is too long", Limit: "1000 characters", Meaning: "The description of a video is longer than Bluesky takes.",
		Remedy: "Shorten the alt text.", Source: videoSchema},
	{Name: ruleVideoFailed, Failure: true, Title: "The video could not be processed", Meaning: "Bluesky's video service refused the video. code and message hold its own words.",
		Remedy: "Use an MP4 video of at most 3 minutes.", Source: videoSchema},
	{Name: ruleVideoSlow, Failure: true, Title: "The video was not processed in time", Meaning: "Bluesky's video service did not finish within the time that a post waits for it.",
		Remedy: "Retry the post; if it takes as long again, convert the video anew.", Source: videoSchema},
}, platforms.ThreadRuleDocs(maxThread, "A long thread uses up the account's budget of writes.", rateLimits), codeDocs())

// ruleOf names the rule of an error of the protocol: error.record_not_found for RecordNotFound.
func ruleOf(code string) string {
	var b strings.Builder
	for i, r := range code {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return "error." + b.String()
}

// says tells the errors of the protocol for people.
var says = map[string]string{
	"ExpiredToken":           "The access has run out and is renewed by itself",
	"InvalidToken":           "Bluesky does not accept the account's access",
	"AuthMissing":            "Bluesky does not accept the account's access",
	"AuthenticationRequired": "Bluesky does not accept the handle and password, or the account's access",
	"invalid_grant":          "The account's session has ended",
	"invalid_token":          "Bluesky does not accept the account's access",
	"ScopeMissingError":      "The connection lacks a permission",
	"AccountTakedown":        "Bluesky has taken the account down",
	"AccountDeactivated":     "The account is deactivated",
	codeAuthFactor:           "Bluesky asks for a second factor: the account's main password cannot be used here",
	"AccountNotFound":        "There is no such account",
	"RepoNotFound":           "The account is not at this host",
	"HandleNotFound":         "Nobody has this handle",
	"RepoTakendown":          "Bluesky has taken the account's posts down",
	"RepoDeactivated":        "The account is deactivated",
	"InvalidRequest":         "Bluesky found a fault in the post",
	"InvalidRecord":          "Bluesky found a fault in the post",
	"InvalidSize":            "A file is larger than Bluesky takes",
	"InvalidMimeType":        "A file is of a format that Bluesky does not take",
	"PayloadTooLargeError":   "A file is larger than the account's host takes",
	"PayloadTooLarge":        "A file is larger than the account's host takes",
	codeRecordNotFound:       "The post is not there",
	codeInvalidSwap:          "There is another record under the key of this post",
	"RateLimitExceeded":      "The account's budget of writes is used up for now",
	"BlobNotFound":           "An uploaded file is gone and is uploaded again",
	"UpstreamFailure":        "A server behind the account's host failed",
	"UpstreamTimeout":        "A server behind the account's host did not answer in time",
	"InternalServerError":    "The account's host had an internal error",
	"NotEnoughResources":     "The account's host is overloaded",
	"use_dpop_nonce":         "The account's host asks for the call to be repeated",
}

// codeDocs describe the errors of the protocol that are known. Some have two spellings.
func codeDocs() []platforms.RuleDoc {
	codes := map[string][]string{}
	for code := range meanings {
		codes[ruleOf(code)] = append(codes[ruleOf(code)], code)
	}
	var list []platforms.RuleDoc
	for rule, spellings := range codes {
		slices.Sort(spellings)
		m := meanings[spellings[0]]
		remedy := m.remediation
		if remedy == "" {
			remedy = usual[m.kind]
		}
		title := says[spellings[0]]
		list = append(list, platforms.RuleDoc{Name: rule, Failure: true, Title: title, Remedy: remedy, Source: docs,
			Meaning: "The account's host answers with the error " + strings.Join(spellings, " or ") + ": " + strings.ToLower(title[:1]) + title[1:] + "."})
	}
	slices.SortFunc(list, func(a, b platforms.RuleDoc) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// usual is what to do about errors that have no advice of their own.
var usual = map[platforms.Kind]string{
	platforms.TokenExpired: "Nothing: a fresh token is fetched and the step is taken again.",
	platforms.Rejected:     "Correct what Bluesky names in its message, then publish the post again.",
	platforms.Duplicate:    "Look at the account: if the post is there, nothing has to be done.",
	platforms.RateLimited:  "Nothing: it goes on by itself when the budget frees. Space posts out to avoid the wait.",
	platforms.Unavailable:  "Nothing: it is tried again.",
}
