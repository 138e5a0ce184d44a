package linkedinfake

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"posthorn/internal/platforms/farside"
)

// post is a post.
type post struct {
	id       int64
	urn      string
	author   string
	text     text
	in       in
	payload  string // what is sent again is the same
	at       time.Time
	modified time.Time
	edited   bool
	deleted  bool
	hidden   bool
	comments []*comment
}

// in is the body of a new post; what is not in it is refused.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api
type in struct {
	Author       string        `json:"author"`
	Commentary   *string       `json:"commentary"`
	Visibility   string        `json:"visibility"`
	Distribution *distribution `json:"distribution,omitempty"`
	State        string        `json:"lifecycleState"`
	NoReshare    bool          `json:"isReshareDisabledByAuthor"`
	Content      *content      `json:"content,omitempty"`
	Reshare      *struct {
		Parent string `json:"parent"`
	} `json:"reshareContext,omitempty"`
}

type distribution struct {
	Feed     string                       `json:"feedDistribution"`
	Targets  []map[string]json.RawMessage `json:"targetEntities"`
	Channels []string                     `json:"thirdPartyDistributionChannels"`
}

type content struct {
	Media  *medium `json:"media,omitempty"`
	Images *struct {
		Images []medium `json:"images"`
	} `json:"multiImage,omitempty"`
	Article *struct {
		Source      string `json:"source"`
		Title       string `json:"title"`
		Description string `json:"description,omitempty"`
		Thumbnail   string `json:"thumbnail,omitempty"`
	} `json:"article,omitempty"`
	Poll *struct {
		Question string `json:"question"`
		Options  []struct {
			Text string `json:"text"`
		} `json:"options"`
		Settings struct {
			Duration string `json:"duration"`
		} `json:"settings"`
	} `json:"poll,omitempty"`
}

type medium struct {
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
	Alt   string `json:"altText,omitempty"`
}

// create is POST /rest/posts.
func (f *Fake) create(c *call) {
	var body in
	if !decode(c.w, c.r, &body) {
		return
	}
	if fail := f.check(c, body); fail != nil {
		refuse(c.w, fail)
		return
	}
	p := &post{author: body.Author, text: f.read(*body.Commentary), in: body, at: c.now, modified: c.now}
	if p.text.length > 3000 {
		refuse(c.w, invalid("FIELD_LENGTH_TOO_LONG", "ERROR :: /commentary :: length of Commentary exceeds the maximum of 3000"))
		return
	}
	directive := farside.ParseDirective(p.text.plain)
	if fail := f.steered(p, directive, c.now); fail != nil {
		refuse(c.w, fail)
		return
	}
	uploads, fail := f.uploads(c, body)
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	payload, _ := json.Marshal(body) // what was decoded encodes again
	p.payload = string(payload)
	for _, o := range f.posts { // it is known of texts and articles alone
		if o.payload == p.payload && !o.deleted && c.now.Sub(o.at) < f.settings.repeats && (body.Content == nil && body.Reshare == nil || body.Content != nil && body.Content.Article != nil) {
			refuse(c.w, &failure{422, "UNPROCESSABLE_ENTITY", "Content is a duplicate of " + o.urn, 0})
			return
		}
	}
	today := c.now.UTC().Truncate(24 * time.Hour)
	who := c.t.grant.member.sub
	f.written[who] = slices.DeleteFunc(f.written[who], func(t time.Time) bool { return t.Before(today) })
	if len(f.written[who]) >= f.settings.posts {
		refuse(c.w, failMany)
		return
	}
	f.written[who] = append(f.written[who], c.now)
	p.id = f.nextID()
	p.urn = "urn:li:share:" + strconv.FormatInt(p.id, 10)
	if len(uploads) > 0 && (body.Content.Media != nil || body.Content.Images != nil) && uploads[0].kind != "documents" {
		p.urn = "urn:li:ugcPost:" + strconv.FormatInt(p.id, 10)
	}
	p.hidden = slices.ContainsFunc(uploads, func(a *asset) bool { return a.status(c.now) != "AVAILABLE" })
	f.posts = append(f.posts, p)
	if key := p.author + "\x00" + p.text.plain; directive.Drop && !f.dropped[key] {
		f.dropped[key] = true
		panic(http.ErrAbortHandler)
	}
	if f.settings.nameless > 0 {
		f.settings.nameless--
	} else {
		c.w.Header().Set("X-RestLi-Id", p.urn)
	}
	answer(c.w, 201, nil)
}

// steered is what a text asks the sandbox for.
func (f *Fake) steered(p *post, d farside.Directive, now time.Time) *failure {
	key := p.author + "\x00" + p.text.plain
	if _, ok := f.slowed[key]; !ok {
		f.slowed[key] = now
	}
	switch {
	case f.flaked[key] < d.Flaky:
		f.flaked[key]++
		return failServer
	case d.Fail:
		return named(d.Code)
	case now.Sub(f.slowed[key]) < d.Slow:
		return failWaiting
	}
	return nil
}

// named is a refusal that a text asks for.
func named(code string) *failure {
	for _, e := range []*failure{failToken, failRevoked, failExpired, failNotFound, failServer, failMany, failOwnership, failMedia, failConflict, denied("partnerApiPostsExternal.CREATE.202609"),
		{422, "UNPROCESSABLE_ENTITY", "Content is a duplicate of urn:li:share:1", 0}, {426, "NONEXISTENT_VERSION", "Requested version 20240901 is not active", 0}} {
		if code != "" && (e.code == code || strconv.Itoa(e.status) == code || strconv.Itoa(e.service) == code) {
			return e
		}
	}
	return invalid("INVALID_VALUE_FOR_FIELD", "The post was refused, as its text asks")
}

// check holds a new post to LinkedIn's rules.
func (f *Fake) check(c *call, b in) *failure {
	switch {
	case b.Author == "" || b.Visibility == "" || b.State == "" || b.Commentary == nil || b.Distribution == nil:
		return invalid("MISSING_FIELD", "author, commentary, distribution, lifecycleState and visibility are required")
	case !f.mayPost(c, b.Author):
		return denied("partnerApiPostsExternal.CREATE." + c.r.Header.Get("LinkedIn-Version"))
	case b.State != "PUBLISHED" || !slices.Contains([]string{"PUBLIC", "CONNECTIONS", "LOGGED_IN"}, b.Visibility) || b.Visibility != "PUBLIC" && strings.Contains(b.Author, ":organization:"):
		return invalid("INVALID_VALUE_FOR_FIELD", "lifecycleState or visibility is not one that is taken")
	case b.Distribution.Feed != "MAIN_FEED" && b.Distribution.Feed != "NONE":
		return invalid("INVALID_VALUE_FOR_FIELD", "/distribution/feedDistribution is not one that is taken")
	case *b.Commentary == "" && b.Content == nil && b.Reshare == nil:
		return invalid("INVALID_VALUE_BLANK_FIELD", "/commentary is blank")
	case b.Content != nil && b.Reshare != nil:
		return invalid("INVALID_VALUE_FOR_FIELD", "/content does not go with /reshareContext")
	case b.Reshare != nil && !shareURN.MatchString(b.Reshare.Parent):
		return invalid("INVALID_URN_TYPE", "/reshareContext/parent is no post")
	}
	if fail := checkTargets(b); fail != nil || b.Content == nil {
		return fail
	}
	return checkContent(*b.Content)
}

var (
	shareURN = regexp.MustCompile(`^urn:li:(share|ugcPost|activity|groupPost):[0-9]+$`)
	facets   = map[string]*regexp.Regexp{
		"geoLocations": regexp.MustCompile(`^urn:li:geo:[0-9]+$`), "industries": regexp.MustCompile(`^urn:li:industry:[0-9]+$`), "jobFunctions": regexp.MustCompile(`^urn:li:function:[0-9]+$`),
		"seniorities": regexp.MustCompile(`^urn:li:seniority:[0-9]+$`), "degrees": regexp.MustCompile(`^urn:li:degree:[0-9]+$`), "fieldsOfStudy": regexp.MustCompile(`^urn:li:fieldOfStudy:[0-9]+$`),
		"organizations": regexp.MustCompile(`^urn:li:organization:[0-9]+$`), "staffCountRanges": regexp.MustCompile(`^SIZE_[0-9A-Z_]+$`), "interfaceLocales": nil,
	}
)

// checkTargets holds an audience to what facets take.
func checkTargets(b in) *failure {
	if len(b.Distribution.Targets) > 0 && !strings.Contains(b.Author, ":organization:") {
		return invalid("INVALID_VALUE_FOR_FIELD", "/distribution/targetEntities is for organizations")
	}
	for _, t := range b.Distribution.Targets {
		for name, raw := range t {
			form, known := facets[name]
			var values []string
			if !known || form != nil && (json.Unmarshal(raw, &values) != nil || len(values) == 0 || slices.ContainsFunc(values, func(v string) bool { return !form.MatchString(v) })) {
				return invalid("INVALID_VALUE_FOR_FIELD", "/distribution/targetEntities/0/"+name+" is not one that is taken")
			}
		}
	}
	return nil
}

func checkContent(k content) *failure {
	n := 0
	for _, is := range []bool{k.Media != nil, k.Images != nil, k.Article != nil, k.Poll != nil} {
		if is {
			n++
		}
	}
	long := func(s string, most int) bool { return utf8.RuneCountInString(s) > most }
	switch {
	case n != 1:
		return invalid("INVALID_VALUE_FOR_FIELD", "/content holds exactly one of its members")
	case k.Images != nil && (len(k.Images.Images) < 2 || len(k.Images.Images) > 20):
		return invalid("INVALID_VALUE_FOR_FIELD", "/content/multiImage/images has 2 to 20")
	case k.Article != nil:
		u, err := url.Parse(k.Article.Source)
		if err != nil || u.Host == "" {
			return invalid("INVALID_URL", "/content/article/source is no address")
		}
		if k.Article.Title == "" || long(k.Article.Title, 400) || long(k.Article.Description, 4000) {
			return invalid("FIELD_LENGTH_TOO_LONG", "/content/article/title or description")
		}
	case k.Poll != nil:
		p := k.Poll
		if p.Question == "" || long(p.Question, 140) || len(p.Options) < 2 || len(p.Options) > 4 || !slices.Contains([]string{"ONE_DAY", "THREE_DAYS", "SEVEN_DAYS", "FOURTEEN_DAYS"}, p.Settings.Duration) {
			return invalid("INVALID_VALUE_FOR_FIELD", "/content/poll is not one that is taken")
		}
		for _, o := range p.Options {
			if o.Text == "" || long(o.Text, 30) {
				return invalid("INVALID_VALUE_FOR_FIELD", "/content/poll/options")
			}
		}
	}
	return nil
}

// uploads finds the assets that a post refers to: the author's own, and processed.
func (f *Fake) uploads(c *call, b in) (list []*asset, fail *failure) {
	if b.Content == nil {
		return nil, nil
	}
	type reference struct {
		medium
		kinds []string
	}
	var refs []reference
	switch k := b.Content; {
	case k.Media != nil:
		refs = append(refs, reference{*k.Media, assetKinds})
	case k.Images != nil:
		for _, m := range k.Images.Images {
			refs = append(refs, reference{m, []string{"images"}})
		}
	case k.Article != nil && k.Article.Thumbnail != "":
		refs = append(refs, reference{medium{ID: k.Article.Thumbnail}, []string{"images"}})
	}
	for _, r := range refs {
		a := f.assets[r.ID]
		switch {
		case a == nil || !slices.Contains(r.kinds, a.kind):
			return nil, invalid("INVALID_URN_ID", "The asset "+r.ID+" is not known")
		case a.owner != b.Author:
			return nil, failOwnership
		case a.kind == "documents" && r.Title == "":
			return nil, invalid("MISSING_FIELD", "/content/media/title is required of documents")
		case a.kind == "images" && r.Title != "":
			return nil, invalid("INVALID_VALUE_FOR_FIELD", "/content/media/title is for videos and documents")
		case a.status(c.now) == "PROCESSING_FAILED":
			return nil, failMedia
		case a.status(c.now) != "AVAILABLE" && !f.settings.lenient:
			return nil, failWaiting
		}
		list = append(list, a)
	}
	return list, nil
}

// find is a post of an ID. The caller holds mu.
func (f *Fake) find(urn string) *post {
	for _, p := range f.posts {
		if p.urn == urn && !p.deleted {
			return p
		}
	}
	return nil
}

// byAuthor is GET /rest/posts?q=author, the last modified first unless another order is asked for. It lags.
func (f *Fake) byAuthor(c *call) {
	q := c.r.URL.Query()
	author := q.Get("author")
	if !c.is("FINDER") {
		refuse(c.w, invalid("ILLEGAL_ARGUMENT", "X-RestLi-Method must be FINDER"))
		return
	}
	if !c.may("r_organization_social") || !f.manages(c, author) {
		refuse(c.w, denied("partnerApiPostsExternal.FINDER-author."+c.r.Header.Get("LinkedIn-Version")))
		return
	}
	count, err := strconv.Atoi(q.Get("count"))
	if err != nil || count < 1 || count > 100 {
		count = 10
	}
	var found []*post
	for _, p := range f.posts {
		if p.author == author && !p.deleted && c.now.Sub(p.at) >= fraction(p.id, f.settings.lag) {
			found = append(found, p)
		}
	}
	slices.SortStableFunc(found, func(a, b *post) int {
		if q.Get("sortBy") == "CREATED" {
			return b.at.Compare(a.at)
		}
		return b.modified.Compare(a.modified)
	})
	elements := []any{}
	for _, p := range found[:min(count, len(found))] {
		elements = append(elements, p.view())
	}
	answer(c.w, 200, map[string]any{"elements": elements, "paging": map[string]any{"start": 0, "count": count, "links": []any{}}})
}

// view is the post as reads have it.
func (p *post) view() map[string]any {
	out := map[string]any{"id": p.urn, "author": p.author, "commentary": p.text.stored, "visibility": p.in.Visibility, "distribution": p.in.Distribution, "lifecycleState": "PUBLISHED",
		"isReshareDisabledByAuthor": p.in.NoReshare, "createdAt": p.at.UnixMilli(), "publishedAt": p.at.UnixMilli(), "lastModifiedAt": p.modified.UnixMilli(), "lifecycleStateInfo": map[string]any{"isEditedByAuthor": p.edited}}
	if p.in.Content != nil {
		out["content"] = p.in.Content
	}
	if p.in.Reshare != nil {
		out["reshareContext"] = map[string]any{"parent": p.in.Reshare.Parent, "root": p.in.Reshare.Parent}
	}
	return out
}

// onPost is what is done with one post.
func (f *Fake) onPost(c *call, urn string) {
	p := f.find(urn)
	switch {
	case c.r.Method == http.MethodDelete:
		if p != nil && !f.mayPost(c, p.author) {
			refuse(c.w, denied("partnerApiPostsExternal.DELETE"))
			return
		}
		if p != nil {
			p.deleted = true
		}
		answer(c.w, 204, nil) // also when it is gone already
	case p == nil:
		refuse(c.w, failNotFound)
	case c.r.Method == http.MethodGet && (c.may("r_organization_social") && f.manages(c, p.author)):
		answer(c.w, 200, p.view())
	case c.r.Method == http.MethodPost && c.is("PARTIAL_UPDATE") && f.mayPost(c, p.author):
		f.edit(c, p)
	default:
		refuse(c.w, denied("partnerApiPostsExternal."+c.r.Method))
	}
}

func (f *Fake) edit(c *call, p *post) {
	var in struct {
		Patch struct {
			Set struct {
				Commentary *string `json:"commentary"`
			} `json:"$set"`
		} `json:"patch"`
	}
	if !decode(c.w, c.r, &in) {
		return
	}
	to := in.Patch.Set.Commentary
	switch {
	case to == nil:
		refuse(c.w, invalid("MISSING_FIELD", "/patch/$set/commentary is required"))
	case p.in.Content != nil && p.in.Content.Poll != nil:
		refuse(c.w, invalid("INVALID_VALUE_FOR_FIELD", "Polls cannot be edited"))
	case f.read(*to).length > 3000:
		refuse(c.w, invalid("FIELD_LENGTH_TOO_LONG", "/patch/$set/commentary"))
	default:
		p.text, p.edited, p.modified = f.read(*to), true, c.now
		answer(c.w, 204, nil)
	}
}
