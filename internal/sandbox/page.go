package sandbox

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
)

// pageFiles are the page's templates and what it links to; nothing comes from elsewhere.
//
//go:embed page
var pageFiles embed.FS

// policy lets the page use what this server serves and nothing else.
const policy = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const (
	assetPrefix   = controlPrefix + "assets/"
	pagePosts     = 60 // threads that the page shows
	pageRequests  = 40
	captionLength = 2000 // characters of a text that the page shows
)

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"ago": ago, "stamp": func(t time.Time) string { return t.UTC().Format(time.RFC3339) }, "rich": rich, "asset": assetURL,
	"initial": initial,
}).ParseFS(pageFiles, "page/*.html"))

// pageData is what the templates show.
type pageData struct {
	Now       time.Time
	Filter    filter
	Platforms []platformCount
	Total     int
	Threads   []thread
	Requests  []request
	Accounts  []account
	Hint      string
	sandbox   *Sandbox
}

// Title is a platform's name for people. What somebody typed as a platform is shown as it is.
func (d pageData) Title(name string) string {
	if title := d.sandbox.titles[name]; title != "" {
		return title
	}
	return name
}

// Local is where this server serves an address of a platform's.
func (d pageData) Local(address string) string { return d.sandbox.localMedia(address) }

type platformCount struct {
	Name  string
	Count int
}

func (s *Sandbox) data(r *http.Request) pageData {
	f := filterOf(r)
	d := pageData{Now: s.now(), Filter: f, Accounts: s.accounts(), Requests: s.log.newest(pageRequests), Hint: s.hint(), sandbox: s}
	counts := map[string]int{}
	for _, p := range s.posts(filter{}) {
		counts[p.Platform]++
		d.Total++
	}
	for _, name := range s.names {
		d.Platforms = append(d.Platforms, platformCount{name, counts[name]})
	}
	d.Threads = threads(s.posts(f))
	if len(d.Threads) > pagePosts {
		d.Threads = d.Threads[:pagePosts]
	}
	return d
}

func (s *Sandbox) servePage(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		writeError(w, &apiError{http.StatusMethodNotAllowed, "method_not_allowed", "the page can only be read"})
		return
	}
	render(w, "page.html", s.data(r))
}

// getFeed is the part of the page that changes, for the page's script.
func (s *Sandbox) getFeed(w http.ResponseWriter, r *http.Request) error {
	render(w, "feed.html", s.data(r))
	return nil
}

func render(w http.ResponseWriter, name string, data pageData) {
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, name, data); err != nil {
		writeError(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(out.Bytes()) // a reader who has gone needs no page
}

func assetURL(name string) string { return assetPrefix + name }

func getAsset(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	b, err := pageFiles.ReadFile("page/" + name)
	if err != nil || strings.HasSuffix(name, ".html") {
		return &apiError{http.StatusNotFound, "not_found", "there is no such file"}
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-cache")
	_, err = w.Write(b)
	return err
}

// localMedia turns an address at a platform into the one under which this server serves it. Anything else gives none, so that the page
// never asks a stranger.
func (s *Sandbox) localMedia(address string) string {
	if address == "" {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host, rest := u.Host, u.EscapedPath()
	if host == "" { // "/host/path" already
		host, rest, _ = strings.Cut(strings.TrimPrefix(rest, "/"), "/")
		rest = "/" + rest
	}
	if len(s.hosts.find(strings.ToLower(host))) == 0 {
		return ""
	}
	local := "/" + host + rest
	if u.RawQuery != "" {
		local += "?" + u.RawQuery
	}
	return local
}

// ago says how long something is past, as people do.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case d < 10*time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", d/time.Minute)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", d/time.Hour)
	default:
		return t.UTC().Format("2 Jan 15:04")
	}
}

func initial(name string) string {
	for _, r := range name {
		return strings.ToUpper(string(r))
	}
	return "?"
}

// marks are the hashtags, mentions and addresses of a text.
var marks = regexp.MustCompile(`https?://[^\s<>"]+|(?:^|[\s(])[#@][\p{L}\p{N}_][\p{L}\p{N}_.\-]*`)

// rich escapes a text and sets off its hashtags, mentions and addresses.
func rich(text string) template.HTML {
	text = shorten(text, captionLength)
	var b strings.Builder
	at := 0
	for _, m := range marks.FindAllStringIndex(text, -1) {
		from, to := m[0], m[1]
		if c := text[from]; c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '(' {
			from++
		}
		b.WriteString(template.HTMLEscapeString(text[at:from]))
		b.WriteString(`<span class="mark">` + template.HTMLEscapeString(text[from:to]) + `</span>`)
		at = to
	}
	b.WriteString(template.HTMLEscapeString(text[at:]))
	return template.HTML(b.String()) //nolint:gosec // every piece of the text was escaped above
}
