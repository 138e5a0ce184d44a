package youtube

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"posthorn/internal/platforms"
)

// The pages of YouTube that state the limits below.
const (
	docsVideos    = "https://developers.google.com/youtube/v3/docs/videos"
	docsInsert    = "https://developers.google.com/youtube/v3/docs/videos/insert"
	docsUpload    = "https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol"
	docsThumbnail = "https://developers.google.com/youtube/v3/docs/thumbnails/set"
	docsCaptions  = "https://developers.google.com/youtube/v3/docs/captions/insert"
	docsComments  = "https://developers.google.com/youtube/v3/docs/commentThreads/insert"
	docsPlaylists = "https://developers.google.com/youtube/v3/docs/playlistItems/insert"
	docsQuota     = "https://developers.google.com/youtube/v3/determine_quota_cost"
	docsErrors    = "https://developers.google.com/youtube/v3/docs/errors"
	docsAudit     = "https://developers.google.com/youtube/v3/guides/quota_and_compliance_audits"
	docsLength    = "https://support.google.com/youtube/answer/71673"
)

const kindVideo = "video"

const (
	maxTitle       = 100    // characters; docsVideos
	maxDescription = 5000   // bytes; docsVideos
	maxTags        = 500    // characters altogether, as YouTube counts; docsVideos
	maxComment     = 10_000 // characters
	maxTrackName   = 150    // characters; docsCaptions
	// maxTracks and maxTrack are ours: captions travel within the post.
	maxTracks = 10
	maxTrack  = 256 << 10
)

// The names of the budgets.
const (
	budgetUploads = "uploads_day"
	budgetUnits   = "units_day"
)

var (
	videoLimits = &platforms.VideoLimits{Formats: []string{"video/mp4", "video/quicktime", "video/webm", "video/mpeg", "video/x-msvideo"}, MaxBytes: 256 << 30, MaxSeconds: 12 * 60 * 60, Source: docsLength}
	// thumbnailLimits are those that every deployment of YouTube takes; 50 MB are taken since September 2026.
	thumbnailLimits = platforms.ImageLimits{Formats: []string{"image/jpeg", "image/png"}, MaxBytes: 2 << 20, MaxWidth: 1280, Source: docsThumbnail}
)

var rules = platforms.Rules{
	Text:   platforms.TextLimit{Max: maxDescription, Count: platforms.UTF8Bytes, Source: docsVideos},
	Source: docsVideos,
	KindOf: func(platforms.Content) string { return kindVideo },
	Kinds: []platforms.PostKind{
		{Name: kindVideo, Title: "video", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Video}, Video: videoLimits, Source: docsInsert},
	},
}

// budgets are those of one project at Google for all its channels. YouTube counts by the day of California; a window of 24 hours never allows more.
var budgets = []platforms.Budget{
	{Name: budgetUploads, Scope: "app", Limit: 100, Window: 24 * time.Hour, PerPost: 1, Source: docsQuota},
	{Name: budgetUnits, Scope: "app", Limit: 10_000, Window: 24 * time.Hour, PerPost: 10, Source: docsQuota},
}

// prices are what requests cost in units, by method and the end of the path; the first that fits counts. Pieces of a file cost nothing.
var prices = []struct {
	method, end string
	units       int
}{
	{http.MethodPost, "/captions", 400},
	{http.MethodGet, "/captions", 50},
	{http.MethodGet, "", 1},
	{http.MethodPost, "", 50},
	{http.MethodPut, "", 50},
	{http.MethodDelete, "", 50},
}

// Costs counts uploads that are begun, and the units of everything else. https://developers.google.com/youtube/v3/determine_quota_cost
func (Platform) Costs(req *http.Request) map[string]int {
	path, isAPI := strings.CutPrefix(req.URL.Path, "/upload")
	switch {
	case !strings.HasPrefix(path, "/youtube/v3/"), req.URL.Query().Get("upload_id") != "":
		return nil
	case isAPI && strings.HasSuffix(path, "/videos"):
		return map[string]int{budgetUploads: 1}
	}
	for _, p := range prices {
		if req.Method == p.method && strings.HasSuffix(path, p.end) {
			return map[string]int{budgetUnits: p.units}
		}
	}
	return nil
}

// Validate finds the faults that the rules cannot say.
func (Platform) Validate(c platforms.Content) []platforms.Problem {
	opts, problems := platforms.DecodeOptions[Options](c.Options)
	if len(problems) > 0 {
		return problems
	}
	v := validator{c: c, o: opts}
	v.title()
	v.text()
	v.tags()
	v.showing()
	v.comment()
	v.captions()
	return v.problems
}

type validator struct {
	c        platforms.Content
	o        Options
	problems []platforms.Problem
}

func (v *validator) add(rule, field, remedy, message string, args ...any) {
	v.problems = append(v.problems, platforms.Problem{Rule: rule, Field: field, Message: fmt.Sprintf(message, args...), Remediation: remedy})
}

const (
	options        = "platformSpecificData."
	adviseBrackets = "Remove the characters < and >."
)

func bracketed(s string) bool { return strings.ContainsAny(s, "<>") || !utf8.ValidString(s) }

func (v *validator) title() {
	field := options + "title"
	if v.o.Title == "" && v.c.Title != "" {
		field = "title"
	}
	title := titleOf(v.c, v.o)
	n := utf8.RuneCountInString(title)
	switch {
	case title == "":
		v.add("title.required", field, "Set title, or begin the content with a line that can be one.", "the video has no title, and no text to take one from")
	case n > maxTitle:
		v.problems = append(v.problems, platforms.Problem{Rule: "title.max_length", Field: field, Limit: maxTitle, Actual: n, Message: fmt.Sprintf("the title has %d characters, YouTube allows %d", n, maxTitle), Remediation: "Shorten the title."})
	}
	if bracketed(title) {
		v.add("title.characters", field, adviseBrackets, "YouTube takes no < and > in a title")
	}
}

func (v *validator) text() {
	if bracketed(v.c.Text) {
		v.add("text.characters", "content", adviseBrackets, "YouTube takes no < and > in a description")
	}
}

// tagLength counts as YouTube does: the commas between tags, and quotes around one with a space in it.
// https://developers.google.com/youtube/v3/docs/videos#snippet.tags[]
func tagLength(tags []string) int {
	n := max(0, len(tags)-1)
	for _, tag := range tags {
		n += utf8.RuneCountInString(tag)
		if strings.Contains(tag, " ") {
			n += 2
		}
	}
	return n
}

func (v *validator) tags() {
	if n := tagLength(v.c.Tags); n > maxTags {
		v.problems = append(v.problems, platforms.Problem{Rule: "tags.max_length", Field: "tags", Limit: maxTags, Actual: n,
			Message: fmt.Sprintf("the tags have %d characters with their commas and quotes, YouTube allows %d", n, maxTags), Remediation: "Remove some tags."})
	}
	if slices.ContainsFunc(v.c.Tags, bracketed) {
		v.add("tags.characters", "tags", adviseBrackets, "YouTube takes no < and > in a tag")
	}
}

var (
	digits   = regexp.MustCompile(`^[0-9]{1,4}$`)
	listID   = regexp.MustCompile(`^[A-Za-z0-9_-]{2,64}$`)
	language = regexp.MustCompile(`^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$`)
)

func (v *validator) showing() {
	if !slices.Contains([]string{"", public, unlisted, private}, v.o.Visibility) {
		v.add("visibility.value", options+"visibility", "Send public, unlisted or private.", "%q does not say who may see the video", v.o.Visibility)
	}
	if v.o.PublishAt != "" {
		if v.o.at().IsZero() {
			v.add("publish_at.time", options+"publishAt", "Send a time such as 2026-12-01T09:00:00Z.", "%q is not a time with a zone", v.o.PublishAt)
		}
		if v.o.Visibility == unlisted || v.o.Visibility == private {
			v.add("publish_at.public", options+"publishAt", "Leave visibility out, or publishAt.", "a video that is made public at a time is public then, not %s", v.o.Visibility)
		}
	}
	if v.o.CategoryID != "" && !digits.MatchString(v.o.CategoryID) {
		v.add("category.id", options+"categoryId", "Send the number of a category, such as 22.", "%q is not a category", v.o.CategoryID)
	}
	if v.o.PlaylistID != "" && !listID.MatchString(v.o.PlaylistID) {
		v.add("playlist.id", options+"playlistId", "Send the playlist's ID, which its address has after list=.", "%q is not the ID of a playlist", v.o.PlaylistID)
	}
}

func (v *validator) comment() {
	text, field := v.o.FirstComment, options+"firstComment"
	if text == "" {
		return
	}
	if n := utf8.RuneCountInString(text); n > maxComment {
		v.problems = append(v.problems, platforms.Problem{Rule: "first_comment.max_length", Field: field, Limit: maxComment, Actual: n, Source: docsComments,
			Message: fmt.Sprintf("the first comment has %d characters, YouTube allows %d", n, maxComment), Remediation: "Shorten the comment."})
	}
	if strings.TrimSpace(text) == "" {
		v.add("first_comment.empty", field, "Write a comment, or leave firstComment out.", "the first comment is empty")
	}
	if v.o.MadeForKids {
		v.add("first_comment.kids", field, "Leave firstComment out, or madeForKids.", "a video that is made for kids has no comments")
	}
	if v.o.Visibility == private {
		v.add("first_comment.private", field, "Leave firstComment out, or make the video public or unlisted.", "nobody can comment on a private video")
	}
}

func (v *validator) captions() {
	field := options + "captions"
	if n := len(v.o.Captions); n > maxTracks {
		v.add("captions.max_items", field, "Add the other tracks in YouTube Studio.", "there are %d tracks of captions, at most %d are taken", n, maxTracks)
	}
	seen := map[string]bool{}
	for i, t := range v.o.Captions {
		at, key := fmt.Sprintf("%s[%d]", field, i), strings.ToLower(t.Language)+"\x00"+t.Name
		switch {
		case !language.MatchString(t.Language):
			v.add("captions.language", at+".language", `Send a code such as "en" or "pt-BR".`, "%q is not the code of a language", t.Language)
		case seen[key]:
			v.add("captions.twice", at, "Give each track a language or a name of its own.", "two tracks have the same language and name")
		}
		seen[key] = true
		if n := utf8.RuneCountInString(t.Name); n > maxTrackName {
			v.add("captions.name", at+".name", "Shorten the name.", "the track's name has %d characters, YouTube allows %d", n, maxTrackName)
		}
		if n := len(t.Content); n > maxTrack || !strings.Contains(t.Content, "-->") {
			v.add("captions.content", at+".content", "Send the text of an .srt or .vtt file of at most 256 KB.", "the track is not one of captions with times, or has more than %d bytes", maxTrack)
		}
	}
}
