package twitterfake

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image"
	_ "image/gif" // what images may be
	_ "image/jpeg"
	_ "image/png"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxImage   = 5 << 20
	maxGIF     = 15 << 20
	maxVideo   = 512 << 20
	maxSegment = 5 << 20
	mediaLife  = 24 * time.Hour
)

// upload is a file on its way, or there.
type upload struct {
	id, key, kind, mime string
	acct                *account
	total               int
	segments            map[int][]byte
	data                []byte
	alt                 string
	whole               bool
	ready               time.Time
	ends                time.Time
	fault               string
}

// mediaRoute finds what is asked of media.
func (f *Fake) mediaRoute(method string, path []string) func(*call) {
	switch joined := method + " " + strings.Join(path, "/"); {
	case joined == "POST upload":
		return f.uploadAtOnce
	case joined == "GET upload":
		return f.uploadStatus
	case joined == "POST upload/initialize":
		return f.initialize
	case joined == "POST metadata":
		return f.describe
	case method == "POST" && len(path) == 3 && path[0] == "upload" && path[2] == "append":
		return func(c *call) { f.append(c, path[1]) }
	case method == "POST" && len(path) == 3 && path[0] == "upload" && path[2] == "finalize":
		return func(c *call) { f.finalize(c, path[1]) }
	}
	return nil
}

// form reads a multipart form with a file named media.
func form(c *call, limit int) (fields map[string]string, data []byte, fail *failure) {
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, int64(limit)+1<<16)
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, nil, invalid("The body must be multipart/form-data.")
	}
	fields = map[string]string{}
	parts := multipart.NewReader(c.r.Body, params["boundary"])
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, invalid("The body cannot be read.")
		}
		b, err := io.ReadAll(p)
		if err != nil {
			return nil, nil, failLarge
		}
		if p.FormName() == "media" {
			data = b
		} else {
			fields[p.FormName()] = string(b)
		}
	}
	if data == nil {
		return nil, nil, invalid("The field media is required.")
	}
	if len(data) > limit {
		return nil, nil, failLarge
	}
	return fields, data, nil
}

// keep gives an upload its ID. The caller holds mu.
func (f *Fake) keep(u *upload) {
	u.id = f.nextID()
	u.key = map[string]string{"tweet_image": "3_", "tweet_gif": "16_"}[u.kind] + u.id
	if u.kind == "tweet_video" || u.kind == "amplify_video" {
		u.key = "13_" + u.id
	}
	f.uploads[u.id] = u
}

// uploadAtOnce is POST /2/media/upload, for images.
func (f *Fake) uploadAtOnce(c *call) {
	fields, data, fail := form(c, maxImage)
	if fail == nil && fields["media_category"] != "tweet_image" {
		fail = invalid("Only images can be uploaded at once.")
	}
	if _, format, err := image.DecodeConfig(bytes.NewReader(data)); fail == nil && (err != nil || fields["media_type"] != "image/"+format) {
		fail = invalid("The media is not of the type that is stated.")
	}
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	u := &upload{acct: c.t.acct, kind: "tweet_image", mime: fields["media_type"], data: data, whole: true, ready: c.now, ends: c.now.Add(mediaLife)}
	f.keep(u)
	answer(c.w, 200, map[string]any{"data": map[string]any{"id": u.id, "media_key": u.key, "size": len(data), "expires_after_secs": int(mediaLife.Seconds())}})
}

// initialize is POST /2/media/upload/initialize.
func (f *Fake) initialize(c *call) {
	var in struct {
		Type     string `json:"media_type"`
		Category string `json:"media_category"`
		Total    int    `json:"total_bytes"`
	}
	if !decode(c, &in) {
		return
	}
	limit := map[string]int{"tweet_image": maxImage, "tweet_gif": maxGIF, "tweet_video": maxVideo, "amplify_video": maxVideo}[in.Category]
	if limit == 0 || in.Total < 1 || in.Total > limit || !strings.Contains(in.Type, "/") {
		refuse(c.w, invalid("The category, the type or the size is not one that is taken."))
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	u := &upload{acct: c.t.acct, kind: in.Category, mime: in.Type, total: in.Total, segments: map[int][]byte{}, ends: c.now.Add(mediaLife)}
	f.keep(u)
	answer(c.w, 200, map[string]any{"data": map[string]any{"id": u.id, "media_key": u.key, "expires_after_secs": int(mediaLife.Seconds())}})
}

// find is the caller's upload of an ID. The caller holds mu.
func (f *Fake) find(c *call, id string) *upload {
	u := f.uploads[id]
	if u == nil || u.acct != c.t.acct || !c.now.Before(u.ends) {
		return nil
	}
	return u
}

// append is POST /2/media/upload/{id}/append. The same piece again overwrites it.
func (f *Fake) append(c *call, id string) {
	fields, data, fail := form(c, maxSegment)
	index, err := strconv.Atoi(fields["segment_index"])
	if fail == nil && (err != nil || index < 0 || index > 999) {
		fail = invalid("segment_index must be from 0 to 999.")
	}
	if fail != nil {
		refuse(c.w, fail)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	u := f.find(c, id)
	if u == nil {
		refuse(c.w, failNotFound)
		return
	}
	if u.whole {
		refuse(c.w, invalid("The upload has been finalized."))
		return
	}
	u.segments[index] = data
	answer(c.w, 200, map[string]any{"data": map[string]any{"expires_at": u.ends.Unix()}})
}

// finalize is POST /2/media/upload/{id}/finalize. All pieces must be there. A second one says how the upload is.
func (f *Fake) finalize(c *call, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	u := f.find(c, id)
	if u == nil {
		refuse(c.w, failNotFound)
		return
	}
	if !u.whole {
		var data []byte
		for i := range len(u.segments) {
			data = append(data, u.segments[i]...)
		}
		if len(data) != u.total {
			refuse(c.w, invalid("Segments do not add up to provided total file size."))
			return
		}
		u.data, u.segments, u.whole = data, nil, true
		u.ready, u.ends = c.now, c.now.Add(mediaLife)
		if strings.HasPrefix(u.mime, "video/") {
			u.ready = c.now.Add(f.processingTime(u))
			if len(data) < 12 || string(data[4:8]) != "ftyp" {
				u.fault = "InvalidMedia"
			} else if u.kind == "tweet_video" && movieSeconds(data) > 140 {
				u.fault = "too long"
			}
		}
	}
	f.tell(c, u)
}

func (f *Fake) processingTime(u *upload) time.Duration {
	if f.processing > 0 {
		return 10 * f.processing
	}
	n, _ := strconv.ParseInt(u.id, 10, 64)
	return 5*time.Second + time.Duration(n/4099%40)*time.Second
}

// uploadStatus is GET /2/media/upload?command=STATUS.
func (f *Fake) uploadStatus(c *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	u := f.find(c, c.r.URL.Query().Get("media_id"))
	switch {
	case c.r.URL.Query().Get("command") != "STATUS":
		refuse(c.w, invalid("command must be STATUS."))
	case u == nil || !u.whole:
		refuse(c.w, failNotFound)
	default:
		f.tell(c, u)
	}
}

// tell says how an upload is.
func (f *Fake) tell(c *call, u *upload) {
	data := map[string]any{"id": u.id, "media_key": u.key, "size": len(u.data), "expires_after_secs": int(u.ends.Sub(c.now).Seconds())}
	if strings.HasPrefix(u.mime, "video/") {
		info := map[string]any{"state": "succeeded", "progress_percent": 100}
		switch {
		case c.now.Before(u.ready):
			info = map[string]any{"state": "in_progress", "check_after_secs": 3, "progress_percent": 40}
		case u.fault != "":
			info = map[string]any{"state": "failed", "error": map[string]any{"code": 1, "name": u.fault, "message": "file is currently unsupported"}}
		}
		data["processing_info"] = info
	}
	answer(c.w, 200, map[string]any{"data": data})
}

// describe is POST /2/media/metadata.
func (f *Fake) describe(c *call) {
	var in struct {
		ID       string `json:"id"`
		Metadata struct {
			Alt *struct {
				Text string `json:"text"`
			} `json:"alt_text"`
			Sensitive map[string]bool     `json:"sensitive_media_warning"`
			Geo       map[string][]string `json:"geo_restrictions"`
		} `json:"metadata"`
	}
	if !decode(c, &in) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	u := f.find(c, in.ID)
	if u == nil {
		refuse(c.w, failNotFound)
		return
	}
	if alt := in.Metadata.Alt; alt != nil {
		if alt.Text == "" || len([]rune(alt.Text)) > 1000 {
			refuse(c.w, invalid("alt_text must have 1 to 1000 characters."))
			return
		}
		u.alt = alt.Text
	}
	answer(c.w, 200, map[string]any{"data": map[string]any{"id": u.id}})
}

// decode reads a JSON body, in which nothing may be that is not known.
func decode(c *call, into any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, 1<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		refuse(c.w, invalid("The body is not the JSON that is expected: "+strings.TrimPrefix(err.Error(), "json: ")))
		return false
	}
	return true
}

// movieSeconds reads the length in an MP4's header; 0 where it does not tell.
func movieSeconds(data []byte) int {
	i := bytes.Index(data, []byte("mvhd"))
	if i < 0 || len(data) < i+24 || data[i+4] != 0 {
		return 0
	}
	scale, units := binary.BigEndian.Uint32(data[i+16:]), binary.BigEndian.Uint32(data[i+20:])
	if scale == 0 {
		return 0
	}
	return int(units / scale)
}

// serveMedia serves what posts show.
func (f *Fake) serveMedia(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/media/"), ".bin")
	f.mu.Lock()
	u := f.uploads[id]
	f.mu.Unlock()
	if u == nil || !u.whole || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", u.mime)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(u.data))
}
