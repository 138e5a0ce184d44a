package youtubefake

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"strings"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/page"
)

// measures reads the length and the size in an MP4's headers; zeros where it does not tell.
func measures(data []byte) (seconds, width, height int) {
	if i := bytes.Index(data, []byte("mvhd")); i >= 0 && len(data) >= i+24 && data[i+4] == 0 {
		if scale := binary.BigEndian.Uint32(data[i+16:]); scale > 0 {
			seconds = int(binary.BigEndian.Uint32(data[i+20:]) / scale)
		}
	}
	const sizes = 80 // from the name of the box, in its first version
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte("tkhd"))
		if i < 0 || len(data) < at+i+sizes+8 {
			return seconds, width, height
		}
		at += i
		if w, h := binary.BigEndian.Uint32(data[at+sizes:])>>16, binary.BigEndian.Uint32(data[at+sizes+4:])>>16; w > 0 {
			return seconds, int(w), int(h)
		}
		at += 4
	}
}

// serveFiles serves the films, and the thumbnails.
func (f *Fake) serveFiles(w http.ResponseWriter, r *http.Request) {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(path) < 2 || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	id := strings.TrimSuffix(path[1], ".mp4")
	f.mu.Lock()
	var kind string
	var data []byte
	for _, v := range f.videos {
		if v.id == id && path[0] == "videoplayback" {
			kind, data = v.mime, v.data
		} else if v.id == id && path[0] == "vi" {
			kind, data = http.DetectContentType(v.thumbnail), v.thumbnail
		}
	}
	f.mu.Unlock()
	if data == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// serveWeb is the site: a video's page, and a channel's. A Short has a page of its own, which for another video leads to its usual one.
func (f *Fake) serveWeb(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("v")
	short := strings.HasPrefix(r.URL.Path, "/shorts/")
	if short {
		id = strings.TrimPrefix(r.URL.Path, "/shorts/")
	}
	var found []farside.Post
	for _, p := range f.Posts() {
		if p.ID == id || r.URL.Path == "/@"+p.Username || r.URL.Path == "/channel/"+p.Account {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 0:
		page.Write(w, http.StatusNotFound, "This page isn't available", nil)
	case short && found[0].Kind != "short":
		http.Redirect(w, r, "https://"+hostWeb+"/watch?v="+id, http.StatusSeeOther)
	default:
		page.Write(w, http.StatusOK, "YouTube, in the sandbox", found)
	}
}
