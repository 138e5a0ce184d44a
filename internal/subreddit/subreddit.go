// Package subreddit looks subreddits up at Reddit, as anybody sees them.
package subreddit

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// About is what Reddit tells of a subreddit. Of a private one it tells nothing but that it is there.
type About struct {
	Name                     string
	Title                    string
	Description              string
	Subscribers              int64
	NSFW                     bool
	Type                     string // "public", "private" or "restricted"
	AllowImages, AllowVideos bool
}

// Service asks Reddit.
type Service struct {
	Outbound *outbound.Platforms
	Now      func() time.Time
}

// agent names us to Reddit, which turns nameless callers away. https://support.reddithelp.com/hc/en-us/articles/16160319875092
const agent = "web:posthorn:1.0 (self-hosted social publishing)"

var form = regexp.MustCompile(`^(?:/?[rR]/)?([A-Za-z0-9_]{2,21})/?$`)

// Look finds a subreddit; false when there is none. r/ may stand in front of the name. Reddit's silence is Unavailable.
func (s *Service) Look(ctx context.Context, name string) (a About, found bool, err error) {
	defer errs.Wrap(&err, "subreddit.Look()")
	parts := form.FindStringSubmatch(name)
	if parts == nil {
		return About{}, false, &errs.Error{Code: errs.Invalid, Rule: "tools.subreddit_name", Field: "name",
			Message: "name must be that of a subreddit: 2 to 21 letters, digits and underscores, with or without r/ in front"}
	}
	name = parts[1]
	conn := &platforms.Conn{HTTP: s.Outbound.Client(outbound.Hooks{}), Now: s.Now}
	var out answer
	_, err = rest.Do(ctx, conn, rest.Request{Method: http.MethodGet, URL: "https://www.reddit.com/r/" + name + "/about.json", Query: url.Values{"raw_json": {"1"}},
		Header: http.Header{"User-Agent": {agent}}}, &out, classify)
	if err == nil {
		if out.Kind != "t5" { // a name that nobody has leads to a list of search results
			return About{}, false, nil
		}
		return out.about(name), true, nil
	}
	switch e := platforms.AsError(err); e.Code {
	case codeMissing:
		return About{}, false, nil
	case codePrivate:
		return About{Name: name, Type: "private"}, true, nil
	default:
		return About{}, false, &errs.Error{Code: errs.Unavailable, Wire: "platform_api_error", Message: "Reddit could not be asked, try again later: " + e.Message, Details: map[string]any{"platform": "reddit"}, Err: err}
	}
}

// answer is Reddit's, as far as it is of interest.
type answer struct {
	Kind string `json:"kind"`
	Data struct {
		Name        string `json:"display_name"`
		Title       string `json:"title"`
		Description string `json:"public_description"`
		Subscribers int64  `json:"subscribers"`
		Over18      bool   `json:"over18"`
		Type        string `json:"subreddit_type"`
		AllowImages bool   `json:"allow_images"`
		AllowVideos bool   `json:"allow_videos"`
	} `json:"data"`
}

func (a answer) about(name string) About {
	d := a.Data
	about := About{Name: d.Name, Title: d.Title, Description: d.Description, Subscribers: d.Subscribers, NSFW: d.Over18, AllowImages: d.AllowImages, AllowVideos: d.AllowVideos}
	if about.Name == "" {
		about.Name = name
	}
	switch d.Type {
	case "public", "private":
		about.Type = d.Type
	default: // archived, gold_restricted, employees_only, user: not everybody may post there
		about.Type = "restricted"
	}
	return about
}

// Our own names for what Reddit says without a code.
const (
	codeMissing = "missing"
	codePrivate = "private"
)

// classify tells a subreddit that is not there, or not for everybody, from a Reddit that does not answer.
func classify(r rest.Response) *platforms.Error {
	var body struct {
		Reason string `json:"reason"`
	}
	_ = json.Unmarshal(r.Body, &body) // a page of HTML has no reason
	switch {
	case body.Reason == "private" || body.Reason == "quarantined" || body.Reason == "gated" || body.Reason == "gold_only":
		return &platforms.Error{Kind: platforms.Rejected, Code: codePrivate, Message: "the subreddit is private"}
	case r.Status == http.StatusNotFound, r.Status == http.StatusFound, body.Reason == "banned":
		return &platforms.Error{Kind: platforms.Rejected, Code: codeMissing, Message: "there is no such subreddit"}
	case r.Status == http.StatusForbidden:
		return &platforms.Error{Kind: platforms.Unavailable, Message: "Reddit turns this server away"}
	}
	return nil
}
