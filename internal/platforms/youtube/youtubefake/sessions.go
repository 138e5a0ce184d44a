package youtubefake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms/farside"
)

const (
	grain    = 256 << 10
	maxMeta  = 1 << 20
	maxVideo = 2 << 30 // what a fake keeps in memory
)

// session is a resumable upload.
type session struct {
	id, slug, mime string
	ch             *channel
	meta           details
	notify         bool
	total          int64 // -1: not told
	data           []byte
	pieces         int // that came
	ends           time.Time
	video          *video // that it became
}

// insert is POST /upload/youtube/v3/videos: the begin of an upload in pieces, or the whole of one.
func (f *Fake) insert(c *call) {
	kind := c.param("uploadType")
	var raw []byte
	var body *multipart.Reader
	var err error
	switch kind {
	case "resumable":
		raw, err = io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxMeta))
	case "multipart":
		raw, body, err = related(c)
	default:
		refuse(c.w, failNoBody)
		return
	}
	if err != nil {
		refuse(c.w, failBad)
		return
	}
	meta, fail := readPage(raw, c.param("part"), nil)
	if fail == nil {
		fail = meta.check(true)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if fail == nil {
		fail = f.admitUpload(c, meta)
	}
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	s := &session{id: f.named(40), slug: c.r.Header.Get("Slug"), ch: c.ch, meta: meta, notify: c.param("notifySubscribers") != "false", total: -1, ends: c.now.Add(f.settings.sessionLife)}
	if kind == "multipart" {
		part, err := body.NextPart()
		if err == nil {
			s.mime = part.Header.Get("Content-Type")
			s.data, err = io.ReadAll(io.LimitReader(part, maxVideo))
		}
		if err != nil || len(s.data) == 0 {
			refuse(c.w, failNoBody)
			return
		}
		answer(c.w, 200, f.become(s, c.now).view(c.now, true, f.settings, "id,snippet,status"))
		return
	}
	s.mime = c.r.Header.Get("X-Upload-Content-Type")
	if v := c.r.Header.Get("X-Upload-Content-Length"); v != "" {
		if s.total, err = strconv.ParseInt(v, 10, 64); err != nil || s.total < 1 {
			refuse(c.w, failBad)
			return
		}
	}
	if !strings.HasPrefix(s.mime, "video/") && s.mime != "application/octet-stream" || s.total > maxVideo {
		refuse(c.w, failBad.saying("Media type '"+s.mime+"' is not supported. Valid media types: [video/*, application/octet-stream]"))
		return
	}
	f.sessions[s.id] = s
	at := url.URL{Scheme: "https", Host: hostAPI, Path: "/upload/youtube/v3/videos", RawQuery: url.Values{"uploadType": {"resumable"}, "part": {c.param("part")}, "upload_id": {s.id}}.Encode()}
	c.w.Header().Set("Location", at.String())
	c.w.Header().Set("X-GUploader-UploadID", s.id)
	c.w.WriteHeader(http.StatusOK)
}

// admitUpload counts an upload against the day, and does what its text asks for. The caller holds mu.
func (f *Fake) admitUpload(c *call, meta details) *failure {
	f.today(c.now)
	if f.uploads >= f.settings.uploads {
		return failUploads
	}
	f.uploads++ // a refused one counts, too
	directive := farside.ParseDirective(meta.text())
	key := c.ch.id + "\x00" + meta.text()
	if f.flaked[key] < directive.Flaky {
		f.flaked[key]++
		return failServer
	}
	if i := slices.IndexFunc(known, func(e *failure) bool { return e.reason == directive.Code }); directive.Fail && i >= 0 {
		return known[i]
	}
	if f.settings.capped {
		return failCapped
	}
	return nil
}

// related reads the first part of a body of two: what is said of the file. The file comes next.
func related(c *call) (meta []byte, rest *multipart.Reader, err error) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/related" || params["boundary"] == "" {
		return nil, nil, errors.New("not multipart/related")
	}
	rest = multipart.NewReader(c.r.Body, params["boundary"])
	part, err := rest.NextPart()
	if err != nil {
		return nil, nil, err
	}
	if kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind != "application/json" {
		return nil, nil, errors.New("the first part is not JSON")
	}
	meta, err = io.ReadAll(io.LimitReader(part, maxMeta))
	return meta, rest, err
}

// receive is PUT to a session: a piece, or the question how far it is.
func (f *Fake) receive(c *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sessions[c.param("upload_id")]
	if s == nil || s.ch != c.ch || !c.now.Before(s.ends) {
		refuse(c.w, failNotFound)
		return
	}
	at, n, fail := s.span(c.r)
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	if s.video != nil { // it says the same for ever
		answer(c.w, 200, s.video.view(c.now, true, f.settings, "id,snippet,status"))
		return
	}
	if n > 0 && !f.take(c, s, at, n) {
		return
	}
	if s.total < 0 || int64(len(s.data)) < s.total {
		if len(s.data) > 0 {
			c.w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(s.data)-1))
		}
		c.w.WriteHeader(http.StatusPermanentRedirect) // without a Location
		return
	}
	v := f.become(s, c.now)
	how := f.ending(DropAnswer, Forget)
	if how == Forget {
		delete(f.sessions, s.id)
	}
	if key := s.ch.id + "\x00" + s.meta.text(); how != "" || farside.ParseDirective(s.meta.text()).Drop && !f.dropped[key] {
		f.dropped[key] = true
		panic(http.ErrAbortHandler)
	}
	answer(c.w, 201, v.view(c.now, true, f.settings, "id,snippet,status"))
}

// span reads which bytes a request has; none of a question.
func (s *session) span(r *http.Request) (at, n int64, fail *failure) {
	header := r.Header.Get("Content-Range")
	if header == "" { // the whole file
		if s.total < 0 {
			s.total = r.ContentLength
		}
		if r.ContentLength != s.total || len(s.data) > 0 {
			return 0, 0, failBad.saying("The file is not as long as it was said to be.")
		}
		return 0, s.total, nil
	}
	span, total, ok := strings.Cut(strings.TrimPrefix(header, "bytes "), "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if !ok || !strings.HasPrefix(header, "bytes ") || total != "*" && (err != nil || s.total >= 0 && size != s.total) {
		return 0, 0, failBad.saying("Failed to parse Content-Range header.")
	}
	if s.total < 0 && total != "*" {
		s.total = size
	}
	if span == "*" {
		if r.ContentLength > 0 {
			return 0, 0, failBad.saying("A question has no body.")
		}
		return 0, 0, nil
	}
	first, last, ok := strings.Cut(span, "-")
	at, err = strconv.ParseInt(first, 10, 64)
	end, err2 := strconv.ParseInt(last, 10, 64)
	n = end - at + 1
	whole := s.total >= 0 && end+1 == s.total
	switch {
	case !ok || err != nil || err2 != nil || n < 1 || s.total >= 0 && end >= s.total || r.ContentLength != n:
		return 0, 0, failBad.saying("Failed to parse Content-Range header.")
	case !whole && n%grain != 0:
		return 0, 0, failBad.saying("The size of a piece must be a multiple of 262144 bytes.")
	case s.video == nil && at != int64(len(s.data)):
		return 0, 0, failBad.saying(fmt.Sprintf("The piece begins at byte %d, and %d bytes are there.", at, len(s.data)))
	}
	return at, n, nil
}

// take keeps the bytes of a piece; false where there is no answer to give any more. Of a piece that breaks off what came whole in grains is kept. The
// caller holds mu, which is let go of while the bytes come.
func (f *Fake) take(c *call, s *session, at, n int64) bool {
	last := at+n == s.total
	if last && f.ending(ForgetFirst) != "" {
		delete(f.sessions, s.id)
		panic(http.ErrAbortHandler)
	}
	f.mu.Unlock()
	b, err := io.ReadAll(io.LimitReader(c.r.Body, n))
	f.mu.Lock()
	if int64(len(s.data)) != at || s.video != nil { // another request was faster
		refuse(c.w, failServer)
		return false
	}
	s.pieces++
	broken := err != nil || int64(len(b)) < n
	keep := len(b)
	if broken {
		keep -= keep % grain
	} else if f.settings.forgetful && !last && s.pieces%3 == 2 {
		keep -= grain
	}
	s.data = append(s.data, b[:keep]...)
	if broken {
		panic(http.ErrAbortHandler)
	}
	return true
}

// become makes a whole file a video. The caller holds mu.
func (f *Fake) become(s *session, now time.Time) *video {
	v := &video{id: f.named(11), ch: s.ch, details: s.meta, mime: s.mime, file: s.slug, data: s.data, at: now, ready: now.Add(f.processingTime(s.id, s.meta))}
	v.lag, v.listLag = spread(v.id, f.settings.lag), spread(v.id+"list", f.settings.listLag)
	if s.total = int64(len(s.data)); v.mime == "application/octet-stream" || v.mime == "" {
		v.mime = "video/mp4"
	}
	directive := farside.ParseDirective(s.meta.text())
	switch {
	case directive.Fail && slices.Contains(rejections, directive.Code):
		v.rejection = directive.Code
	case directive.Fail && slices.Contains(failures, directive.Code):
		v.failure = directive.Code
	case directive.Fail:
		v.failure = "codec"
	case len(v.data) < 64:
		v.failure = "tooSmall"
	case !isFilm(v.data):
		v.failure = "invalidFile"
	}
	for _, other := range f.videos {
		if other.ch == v.ch && other.uploadStatus(now) != "deleted" && other.failure == "" && other.rejection == "" && f.settings.duplicates && bytes.Equal(other.data, v.data) {
			v.rejection = "duplicate"
		}
	}
	if f.settings.unaudited {
		v.locked = true
	}
	f.videos = append(f.videos, v)
	s.video, s.data = v, nil
	return v
}

func (f *Fake) processingTime(id string, meta details) time.Duration {
	if slow := farside.ParseDirective(meta.text()).Slow; slow > 0 {
		return slow
	}
	if f.processing > 0 {
		return 10 * f.processing
	}
	return 10*time.Second + spread(id, 40*time.Second)
}

// isFilm looks for the beginning of one of the containers that are taken.
func isFilm(b []byte) bool {
	return string(b[4:8]) == "ftyp" || bytes.HasPrefix(b, []byte("\x1a\x45\xdf\xa3")) || bytes.HasPrefix(b, []byte("RIFF")) || bytes.HasPrefix(b, []byte("\x00\x00\x01"))
}

// details are what is said of a video.
type details struct {
	Snippet snippet `json:"snippet"`
	Status  status  `json:"status"`
}

type snippet struct {
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Tags          []string `json:"tags,omitempty"`
	CategoryID    string   `json:"categoryId"`
	Language      string   `json:"defaultLanguage,omitempty"`
	AudioLanguage string   `json:"defaultAudioLanguage,omitempty"`
}

type status struct {
	Privacy     string     `json:"privacyStatus"`
	PublishAt   *time.Time `json:"publishAt,omitempty"`
	License     string     `json:"license,omitempty"`
	Embeddable  *bool      `json:"embeddable,omitempty"`
	StatsShow   *bool      `json:"publicStatsViewable,omitempty"`
	MadeForKids *bool      `json:"selfDeclaredMadeForKids,omitempty"`
	Synthetic   *bool      `json:"containsSyntheticMedia,omitempty"`
}

// text is what directives are read from.
func (p details) text() string { return p.Snippet.Title + "\n" + p.Snippet.Description }

// parts that a page can be written in; of those that are known and not kept, nothing is done.
var parts = []string{"id", "snippet", "status", "recordingDetails", "localizations", "paidProductPlacementDetails"}

// readPage reads the parts that are named, onto what they replace. What is not named is not looked at; what is not known is refused.
func readPage(raw []byte, part string, old *details) (p details, fail *failure) {
	if part == "" {
		return p, failParameter
	}
	if old != nil {
		p = *old
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(raw, &body); err != nil {
		return p, failBad.saying("Invalid JSON payload received.")
	}
	for name := range body {
		if !slices.Contains(parts, name) && name != "kind" && name != "etag" {
			return p, failBad.saying(fmt.Sprintf("Invalid JSON payload received. Unknown name %q", name))
		}
	}
	for name := range strings.SplitSeq(part, ",") {
		var into any
		switch name {
		case "snippet":
			p.Snippet = snippet{}
			into = &p.Snippet
		case "status":
			p.Status = status{}
			into = &p.Status
		default:
			if !slices.Contains(parts, name) {
				return p, failPart
			}
			continue
		}
		dec := json.NewDecoder(bytes.NewReader(body[name]))
		dec.DisallowUnknownFields()
		if err := dec.Decode(into); err != nil && len(body[name]) > 0 {
			return p, failBad.saying("Invalid JSON payload received. " + strings.TrimPrefix(err.Error(), "json: "))
		}
	}
	if p.Status.Privacy == "" {
		p.Status.Privacy = "public"
	}
	return p, nil
}

var categories = []string{"1", "2", "10", "15", "17", "19", "20", "22", "23", "24", "25", "26", "27", "28", "29"}

// check holds a page to YouTube's rules.
func (p details) check(fresh bool) *failure {
	if s := p.Snippet; s.Title == "" || runes(s.Title) > 100 || strings.ContainsAny(s.Title, "<>") {
		return failTitle
	}
	n := max(0, len(p.Snippet.Tags)-1)
	for _, t := range p.Snippet.Tags {
		n += runes(t)
		if strings.Contains(t, " ") {
			n += 2
		}
		if strings.ContainsAny(t, "<>") {
			return failTags
		}
	}
	switch s := p.Status; {
	case len(p.Snippet.Description) > 5000 || strings.ContainsAny(p.Snippet.Description, "<>"):
		return failText
	case n > 500:
		return failTags
	case p.Snippet.CategoryID == "" && !fresh, p.Snippet.CategoryID != "" && !slices.Contains(categories, p.Snippet.CategoryID):
		return failCategory
	case !slices.Contains([]string{"public", "unlisted", "private"}, s.Privacy):
		return failMetadata
	case s.PublishAt != nil && s.Privacy != "private":
		return failTime
	case s.License != "" && s.License != "youtube" && s.License != "creativeCommon":
		return failMetadata
	}
	return nil
}

func runes(s string) int { return len([]rune(s)) }
