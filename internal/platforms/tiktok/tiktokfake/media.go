package tiktokfake

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/jpeg" // what photos may be
	_ "image/png"  // and may not
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "golang.org/x/image/webp" // what photos may be, too

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

const (
	maxPhoto = 20 << 20
	maxSide  = 1080 // of a photo's shorter side
)

var contentRange = regexp.MustCompile(`^bytes ([0-9]{1,12})-([0-9]{1,12})/([0-9]{1,12})$`)

// serveUpload takes a piece of a video. The host is another one than the API's, and must not get the API's token.
func (f *Fake) serveUpload(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Header.Get("Authorization") != "" || r.Header.Get("Access-Token") != "" || r.URL.Query().Has("access_token") {
		f.leaks++
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	q := r.URL.Query()
	i := slices.IndexFunc(f.jobs, func(j *job) bool {
		return j.addresses == nil && strings.HasSuffix(j.id, "."+q.Get("upload_id")) && j.secret == q.Get("upload_token")
	})
	now := f.now()
	switch {
	case r.Method != http.MethodPut || r.URL.Path != "/video/":
		w.WriteHeader(http.StatusMethodNotAllowed)
	case i < 0:
		w.WriteHeader(http.StatusNotFound)
	case !now.Before(f.jobs[i].began.Add(uploadLife)):
		w.WriteHeader(http.StatusForbidden)
	default:
		f.takePiece(w, r, f.jobs[i], now)
	}
}

// takePiece takes the next piece, and only that. The caller holds mu.
func (f *Fake) takePiece(w http.ResponseWriter, r *http.Request, j *job, now time.Time) {
	m := contentRange.FindStringSubmatch(r.Header.Get("Content-Range"))
	kind := r.Header.Get("Content-Type")
	if m == nil || !slices.Contains([]string{"video/mp4", "video/quicktime", "video/webm"}, kind) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	first, _ := strconv.ParseInt(m[1], 10, 64) // the pattern fits
	last, _ := strconv.ParseInt(m[2], 10, 64)
	total, _ := strconv.ParseInt(m[3], 10, 64)
	if total != j.size || last < first || r.ContentLength != last-first+1 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	size := j.piece
	if j.got == j.pieces-1 {
		size = j.size - j.bytes
	}
	if j.got >= j.pieces || first != j.bytes || last-first+1 != size {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", max(0, j.bytes-1), j.size))
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, size+1))
	if err != nil || int64(len(data)) != size {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	j.data, j.mime = append(j.data, data...), kind
	j.got++
	j.bytes += size
	w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", j.bytes-1, j.size))
	if j.got < j.pieces {
		w.WriteHeader(http.StatusPartialContent)
		return
	}
	f.complete(j, [][]byte{j.data}, now)
	if f.drops(j) {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusCreated)
}

// usual is how long something takes: what it takes at TikTok, or as long as the options say.
func (f *Fake) usual(there time.Duration, times int) time.Duration {
	if f.processing > 0 {
		return f.processing * time.Duration(times)
	}
	return there
}

// complete has all of a post's media, and begins to publish it. The caller holds mu.
func (f *Fake) complete(j *job, files [][]byte, now time.Time) {
	j.whole = now
	takes := f.usual(20*time.Second, 10)
	if j.photos {
		takes = f.usual(8*time.Second, 1)
	}
	if j.directive.Slow > 0 {
		takes = j.directive.Slow
	}
	j.ready = now.Add(takes)
	j.bytes = 0
	for _, data := range files {
		j.bytes += int64(len(data))
		if fault := f.judge(j, data); fault != "" && j.fault == "" {
			j.fault = fault
		}
	}
	if j.directive.Fail && isReason(j.directive.Code) && j.fault == "" {
		j.fault = j.directive.Code
		if j.fault == "" {
			j.fault = "spam_risk_text"
		}
	}
	j.data = nil
	if j.fault != "" {
		return
	}
	j.postID = f.nextID()
	if !j.draft {
		j.acct.posted = append(j.acct.posted, now)
	}
}

// judge looks at a file, and keeps it. It gives the reason that speaks against it; empty: none does.
func (f *Fake) judge(j *job, data []byte) string {
	if j.photos {
		c, format, err := image.DecodeConfig(bytes.NewReader(data))
		switch {
		case err != nil || (format != "jpeg" && format != "webp"):
			return "file_format_check_failed"
		case min(c.Width, c.Height) > maxSide || len(data) > maxPhoto:
			return "picture_size_check_failed"
		}
		j.media = append(j.media, f.media.Keep(data, "image/"+format, nil))
		return ""
	}
	if bytes.HasPrefix(data, []byte("\x1a\x45\xdf\xa3")) { // WebM
		j.media = append(j.media, f.media.Keep(data, "video/webm", &graph.Film{}))
		return ""
	}
	film, mime := graph.ParseFilm(data)
	switch {
	case film == nil:
		return "file_format_check_failed"
	case film.Length > time.Duration(j.acct.seconds)*time.Second:
		return "duration_check_failed"
	}
	j.media = append(j.media, f.media.Keep(data, mime, film))
	return ""
}

// checkAddress holds an address to be one that TikTok reads: of a host that the app has verified. The sandbox's own machine is taken too, which no real
// TikTok could reach.
func (f *Fake) checkAddress(link string) *failure {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" {
		return invalid("The URL is not valid.")
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
	switch {
	case !local && (u.Scheme != "https" || ip != nil):
		return invalid("The URL must be one of a domain, with https.")
	case slices.Contains(f.settings.unverified, u.Hostname()):
		return failUnverified
	}
	return nil
}

const (
	readAfter = time.Second // after it was told
	readTime  = 2 * time.Minute
)

// catchUp reads what should have been read by now.
func (f *Fake) catchUp(now time.Time) {
	f.mu.Lock()
	var due []*job
	for _, j := range f.jobs {
		if j.addresses != nil && !j.reading && j.whole.IsZero() && !now.Before(j.began.Add(min(readAfter, f.usual(readAfter, 1)))) {
			j.reading = true
			due = append(due, j)
		}
	}
	f.mu.Unlock()
	for _, j := range due {
		files, fault := f.read(j)
		f.mu.Lock()
		switch {
		case !j.whole.IsZero(): // it was cancelled meanwhile
		case fault != "":
			j.whole, j.ready, j.fault = now, now, fault
		default:
			f.complete(j, files, now)
		}
		j.reading = false
		f.mu.Unlock()
	}
}

// read reads all of a job's addresses, without following any that it is sent on to.
func (f *Fake) read(j *job) (files [][]byte, fault string) {
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	limit, fault := int64(maxPhoto)+1, "photo_pull_failed"
	if !j.photos {
		limit, fault = 1<<30, "video_pull_failed"
	}
	if f.fetch == nil {
		return nil, fault
	}
	client := *f.fetch
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, address := range j.addresses {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, fault
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, fault
		}
		data, err := io.ReadAll(io.LimitReader(resp.Body, limit))
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			return nil, fault
		}
		files = append(files, data)
	}
	return files, ""
}

// mediaOf is what a post shows.
func (j *job) mediaOf() (list []farside.Media) {
	for _, a := range j.media {
		m := farside.Media{Type: "image", URL: "/" + hostCDN + a.Path(), MIME: a.MIME}
		if a.Film != nil {
			m.Type = "video"
		}
		list = append(list, m)
	}
	return list
}
