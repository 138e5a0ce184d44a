package linkedin

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"posthorn/internal/platforms"
)

// Options are what a target may say for LinkedIn alone [platformSpecificData].
type Options struct {
	DocumentTitle      string          `json:"documentTitle,omitempty"`      // what a document is called; empty: its title, or its file's name
	OrganizationURN    string          `json:"organizationUrn,omitempty"`    // "urn:li:organization:123": publish as this page, which the account's member manages
	FirstComment       string          `json:"firstComment,omitempty"`       // added under the post; at most 1250 characters
	DisableLinkPreview bool            `json:"disableLinkPreview,omitempty"` // show no card of the first link
	Audience           *Audience       `json:"audience,omitempty"`           // who sees a page's post
	GeoRestriction     *GeoRestriction `json:"geoRestriction,omitempty"`     // the countries in which a page's post is seen
	ReshareURL         string          `json:"reshareUrl,omitempty"`         // address or URN of the post that this one reshares; not with media or a poll
	Poll               *Poll           `json:"poll,omitempty"`               // not with media
}

// Poll is a question with answers to choose from.
type Poll struct {
	Question string   `json:"question"`           // at most 140 characters
	Options  []string `json:"options"`            // 2 to 4, of at most 30 characters
	Duration string   `json:"duration,omitempty"` // "ONE_DAY", "THREE_DAYS", "SEVEN_DAYS" or "FOURTEEN_DAYS"; empty: seven days
}

// lasts is how long the poll is open, in LinkedIn's word.
func (p Poll) lasts() string {
	if p.Duration == "" {
		return "SEVEN_DAYS"
	}
	return p.Duration
}

var (
	organizationURN = regexp.MustCompile(`^urn:li:organization:[0-9]{1,20}$`)
	postURN         = regexp.MustCompile(`urn:li:(?:share|ugcPost|groupPost|activity):[0-9]{1,20}`)
	postLink        = regexp.MustCompile(`[-_](share|ugcPost|groupPost|activity)-([0-9]{1,20})(?:-[A-Za-z0-9_-]*)?/?$`)
	linkedInHost    = regexp.MustCompile(`^(?:[a-z]{2,3}\.)?linkedin\.com$`)
)

// parentOf is the URN of the post that a URN or an address names; empty: none.
func parentOf(s string) string {
	if urn := postURN.FindString(s); urn == s {
		return urn
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || !linkedInHost.MatchString(strings.ToLower(u.Hostname())) {
		return ""
	}
	if urn := postURN.FindString(u.Path); urn != "" {
		return urn
	}
	if m := postLink.FindStringSubmatch(u.Path); m != nil {
		return "urn:li:" + m[1] + ":" + m[2]
	}
	return ""
}

// titleOf is what a document is called.
func (o Options) titleOf(m platforms.Media) string {
	name := ""
	if u, err := url.Parse(m.URL); err == nil {
		name = strings.TrimSuffix(path.Base(u.Path), path.Ext(u.Path))
	}
	for _, s := range []string{o.DocumentTitle, m.Title, strings.Trim(name, "./ ")} {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return "Document"
}

// kindOf names the kind of post that a content is meant to be.
func kindOf(c platforms.Content) string {
	opts, problems := platforms.DecodeOptions[Options](c.Options)
	has := func(t platforms.MediaType) bool {
		return slices.ContainsFunc(c.Media, func(m platforms.Media) bool { return m.Type == t })
	}
	switch {
	case len(problems) == 0 && opts.ReshareURL != "":
		return kindReshare
	case len(problems) == 0 && opts.Poll != nil:
		return kindPoll
	case len(c.Media) == 0:
		return kindText
	case has(platforms.Document):
		return kindDocument
	case has(platforms.Video):
		return kindVideo
	}
	return kindImages
}
