package platforms

import "strings"

// Unconfirmed is the rule of a target that ended without anyone knowing whether something was published.
const Unconfirmed = "unconfirmed"

// FailureRules describes what ends or delays a target of a platform where nothing more exact is known: one rule for each kind of
// failure, named after it, and Unconfirmed.
func FailureRules(info Info) []RuleDoc {
	list := make([]RuleDoc, 0, len(failures))
	for _, f := range failures {
		f.Title, f.Meaning, f.Remedy = named(f.Title, info), named(f.Meaning, info), named(f.Remedy, info)
		f.Failure, f.Source = true, info.Docs
		list = append(list, f)
	}
	return list
}

func named(text string, info Info) string { return strings.ReplaceAll(text, "PLATFORM", info.Title) }

var failures = []RuleDoc{
	{Name: string(Rejected), Title: "PLATFORM refused the post", Meaning: "PLATFORM said no, and would say it again: something about the post or the account has to change first. platformError holds its own words.",
		Remedy: "Change the post as PLATFORM asks, then publish it again."},
	{Name: string(Duplicate), Title: "PLATFORM has this post already", Meaning: "PLATFORM refuses a post that is the same as an earlier one.", Remedy: "Change the content if it is meant to appear again."},
	{Name: string(Unauthorized), Title: "PLATFORM no longer takes the account's access", Meaning: "The token was withdrawn or has ended, or it lacks a permission that the post needs.",
		Remedy: "Connect the account again, then retry the post."},
	{Name: string(TokenExpired), Title: "The access to PLATFORM has run out", Meaning: "The token has to be renewed, which happens by itself.", Remedy: "Nothing. If it ends the post all the same, connect the account again."},
	{Name: string(RateLimited), Title: "A limit of PLATFORM's is reached", Meaning: "PLATFORM takes only so many calls or posts in a time, and that is used up.", Remedy: "Nothing: it goes on by itself when the limit allows. Space posts out to avoid the wait."},
	{Name: string(NotReady), Title: "PLATFORM is still processing", Meaning: "What was sent is being processed, or does not show everywhere at PLATFORM yet.", Remedy: "Nothing: it is asked for again."},
	{Name: string(Unavailable), Title: "PLATFORM did not answer", Meaning: "PLATFORM could not be reached or had an error of its own. Nothing was published.", Remedy: "Nothing while it is tried again. Once it has ended, retry the post when PLATFORM answers again."},
	{Name: string(Ambiguous), Title: "PLATFORM's answer was lost", Meaning: "The call was sent and no answer came that can be trusted. The post may be there: it is looked for before anything is sent again.",
		Remedy: "Nothing while it is tried again. Once it has ended, look at the account, then retry the post."},
	{Name: string(Unknown), Title: "PLATFORM answered what is not known", Meaning: "The answer is none that this server knows. platformError holds it.", Remedy: "Retry the post; if it fails again, report the answer."},
	{Name: Unconfirmed, Title: "It is not confirmed whether PLATFORM published the post", Meaning: "The last word from PLATFORM left open whether the post was published, and PLATFORM offers no way to find out.",
		Remedy: "Look at the account on PLATFORM first. If the post is not there, retry it: the retry looks again before it publishes."},
}
