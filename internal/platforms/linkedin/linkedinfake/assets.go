package linkedinfake

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif" // what images may be
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms/farside"
)

var assetKinds = []string{"images", "videos", "documents"}

const (
	partSize   = 4 << 20
	uploadLife = 24 * time.Hour
	maxImage   = 10 << 20
	maxDoc     = 100 << 20
	maxVideo   = 500 << 20
)

// asset is an upload.
type asset struct {
	urn, kind, key string
	owner          string
	mime           string
	size           int64
	parts          [][]byte
	tags           []string
	data           []byte
	whole          bool
	fault          bool
	ready          time.Time
	ends           time.Time // of its addresses
}

func (a *asset) status(now time.Time) string {
	switch {
	case !a.whole:
		return "WAITING_UPLOAD"
	case now.Before(a.ready):
		return "PROCESSING"
	case a.fault:
		return "PROCESSING_FAILED"
	}
	return "AVAILABLE"
}

// assetAction is POST /rest/images and the like, with an action.
func (f *Fake) assetAction(c *call, kind string) {
	switch action := c.r.URL.Query().Get("action"); {
	case action == "initializeUpload":
		f.initialize(c, kind)
	case action == "finalizeUpload" && kind == "videos":
		f.finalize(c)
	default:
		refuse(c.w, invalid("ILLEGAL_ARGUMENT", "The action is not one of this resource"))
	}
}

func (f *Fake) initialize(c *call, kind string) {
	var in struct {
		Request struct {
			Owner     string `json:"owner"`
			Size      *int64 `json:"fileSizeBytes"`
			Captions  bool   `json:"uploadCaptions"`
			Thumbnail bool   `json:"uploadThumbnail"`
		} `json:"initializeUploadRequest"`
	}
	if !decode(c.w, c.r, &in) {
		return
	}
	r := in.Request
	switch {
	case r.Owner == "":
		refuse(c.w, invalid("MISSING_FIELD", "/owner is required"))
		return
	case (r.Size != nil) != (kind == "videos"):
		refuse(c.w, invalid("MISSING_FIELD", "/fileSizeBytes is required of videos, and of nothing else"))
		return
	case kind == "videos" && (*r.Size < 1 || *r.Size > maxVideo):
		refuse(c.w, invalid("INVALID_VALUE_FOR_FIELD", "/fileSizeBytes is out of range"))
		return
	case !f.mayPost(c, r.Owner):
		refuse(c.w, denied(kind+".ACTION-initializeUpload"))
		return
	}
	id := f.nextID()
	a := &asset{kind: kind, key: "D4D" + strconv.FormatInt(id, 36), owner: r.Owner, ends: c.now.Add(uploadLife)}
	a.urn = "urn:li:" + strings.TrimSuffix(kind, "s") + ":" + a.key
	f.assets[a.urn] = a
	to := func(n int) string {
		return fmt.Sprintf("https://%s/dms-uploads/%s/%d?ut=%s", hostWeb, a.key, n, strconv.FormatInt(id%1e9, 36))
	}
	value := map[string]any{strings.TrimSuffix(kind, "s"): a.urn}
	if kind != "videos" {
		value["uploadUrl"], value["uploadUrlExpiresAt"] = to(0), a.ends.UnixMilli()
		answer(c.w, 200, map[string]any{"value": value})
		return
	}
	a.size = *r.Size
	var instructions []any
	for first, n := int64(0), 0; first < a.size; first, n = first+partSize, n+1 {
		instructions = append(instructions, map[string]any{"uploadUrl": to(n), "firstByte": first, "lastByte": min(first+partSize, a.size) - 1})
	}
	a.parts, a.tags = make([][]byte, len(instructions)), make([]string, len(instructions))
	value["uploadInstructions"], value["uploadUrlsExpireAt"], value["uploadToken"] = instructions, a.ends.UnixMilli(), ""
	answer(c.w, 200, map[string]any{"value": value})
}

// serveUpload takes what is sent to an address of an upload: a picture or a document with the token, a part of a video without.
func (f *Fake) serveUpload(w http.ResponseWriter, r *http.Request) {
	key, number, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/dms-uploads/"), "/")
	n, err := strconv.Atoi(number)
	body, err2 := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDoc+1))
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	var a *asset
	for _, x := range f.assets {
		if x.key == key {
			a = x
		}
	}
	if r.Method != http.MethodPut || err != nil || err2 != nil || a == nil || n < 0 || (a.kind == "videos") != (n < len(a.parts)) {
		refuse(w, failNotFound)
		return
	}
	if !now.Before(a.ends) {
		refuse(w, failUpload)
		return
	}
	if a.kind != "videos" {
		f.takeWhole(w, r, a, body, now)
		return
	}
	first := int64(n) * partSize
	if r.Header.Get("Authorization") != "" || r.Header.Get("Content-Type") != "application/octet-stream" || int64(len(body)) != min(partSize, a.size-first) {
		refuse(w, invalid("ILLEGAL_ARGUMENT", "The part is not the one that belongs here, or carries a token"))
		return
	}
	if a.whole {
		refuse(w, invalid("ILLEGAL_ARGUMENT", "The upload has been finalized"))
		return
	}
	a.parts[n], a.tags[n] = body, fmt.Sprintf("%q", strconv.FormatInt(f.nextID(), 36)) // the tag of the latest one is good
	w.Header().Set("ETag", a.tags[n])
	answer(w, 200, nil)
}

func (f *Fake) takeWhole(w http.ResponseWriter, r *http.Request, a *asset, body []byte, now time.Time) {
	if _, fail := f.bearer(r, now); fail != nil {
		refuse(w, fail)
		return
	}
	a.data, a.whole, a.ready, a.fault = body, true, now.Add(f.processingTime(a)), false
	if a.kind == "documents" {
		a.mime = "application/pdf"
		a.fault = len(body) > maxDoc || !bytes.HasPrefix(body, []byte("%PDF-")) && !bytes.HasPrefix(body, []byte("PK")) && !bytes.HasPrefix(body, []byte("\xd0\xcf\x11\xe0"))
	} else {
		config, format, err := image.DecodeConfig(bytes.NewReader(body))
		a.mime, a.fault = "image/"+format, err != nil || len(body) > maxImage || config.Width*config.Height >= 36_152_320
	}
	answer(w, 201, nil)
}

// finalize is POST /rest/videos?action=finalizeUpload. A second one is fine.
func (f *Fake) finalize(c *call) {
	var in struct {
		Request struct {
			Video string   `json:"video"`
			Token *string  `json:"uploadToken"`
			Parts []string `json:"uploadedPartIds"`
		} `json:"finalizeUploadRequest"`
	}
	if !decode(c.w, c.r, &in) {
		return
	}
	a := f.assets[in.Request.Video]
	switch {
	case a == nil || a.kind != "videos" || !f.mayPost(c, a.owner):
		refuse(c.w, invalid("INVALID_VIDEO_ID", "The video is not known"))
		return
	case in.Request.Token == nil:
		refuse(c.w, invalid("MISSING_FIELD", "/uploadToken is required"))
		return
	case !slices.Equal(in.Request.Parts, a.tags) || slices.Contains(a.tags, ""):
		refuse(c.w, invalid("INVALID_VALUE_FOR_FIELD", "/uploadedPartIds are not those of the parts, in their order"))
		return
	}
	if !a.whole {
		a.data = bytes.Join(a.parts, nil)
		a.whole, a.mime, a.ready, a.fault = true, "video/mp4", c.now.Add(f.processingTime(a)), len(a.data) < 12 || string(a.data[4:8]) != "ftyp"
		a.parts = nil
	}
	answer(c.w, 200, nil)
}

func (f *Fake) processingTime(a *asset) time.Duration {
	if f.processing > 0 {
		if a.kind == "videos" {
			return 10 * f.processing
		}
		return f.processing
	}
	return map[string]time.Duration{"images": 2 * time.Second, "documents": 6 * time.Second, "videos": 20 * time.Second}[a.kind]
}

// assetStatus is GET /rest/images/{urn} and the like. A login that may only post as a member may not ask.
func (f *Fake) assetStatus(c *call, kind, urn string) {
	a := f.assets[urn]
	switch {
	case !c.may("r_organization_social", "rw_organization_admin", "r_member_social"):
		refuse(c.w, &failure{403, "ACCESS_DENIED", "Accessing this " + strings.TrimSuffix(kind, "s") + " resource is forbidden for the viewer", 100})
	case a == nil || a.kind != kind:
		refuse(c.w, failNotFound)
	default:
		out := map[string]any{"id": a.urn, "owner": a.owner, "status": a.status(c.now)}
		if out["status"] == "AVAILABLE" {
			out["downloadUrl"] = "https://" + hostCDN + "/dms/" + a.key
		}
		if out["status"] == "PROCESSING_FAILED" && kind == "videos" {
			out["processingFailureReason"] = "UNSUPPORTED_FORMAT"
		}
		answer(c.w, 200, out)
	}
}

// serveMedia serves what posts show.
func (f *Fake) serveMedia(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, "/dms/")
	f.mu.Lock()
	var found *asset
	for _, a := range f.assets {
		if a.key == key && a.whole {
			found = a
		}
	}
	f.mu.Unlock()
	if found == nil || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", found.mime)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(found.data))
}

func (a *asset) shown(alt string) farside.Media {
	m := farside.Media{Type: "image", URL: "/" + hostCDN + "/dms/" + a.key, Alt: alt, MIME: a.mime}
	if a.kind == "videos" {
		m.Type = "video"
	}
	return m
}
