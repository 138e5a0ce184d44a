package instagramfake

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"posthorn/internal/platforms/farside/graph"
)

// serveUpload is the upload host: POST /ig-api-upload/{version}/{container-id}, with the video as body or by a file_url header.
// https://developers.facebook.com/docs/instagram-platform/content-publishing/resumable-uploads
func (f *Fake) serveUpload(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) != 3 || parts[0] != "ig-api-upload" || !version.MatchString(parts[1]) {
		graph.Answer(w, nil, graph.UnknownPath(r.URL.Path))
		return
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme != "OAuth" { // the literal word; Bearer is for the Graph hosts
		graph.Answer(w, nil, failNoToken)
		return
	}
	f.mu.Lock()
	now := f.now()
	acct, fail := f.authorize(hostFacebook, token, now)
	ct := f.containers[parts[2]]
	waiting := ct != nil && ct.acct == acct && ct.spec.resumable && ct.ready.IsZero() && ct.state(now) == inProgress
	f.mu.Unlock()
	switch {
	case fail != nil:
		graph.Answer(w, nil, fail)
	case !waiting:
		graph.Answer(w, nil, graph.NoObject(r.Method, parts[2]))
	case r.Method == http.MethodGet:
		graph.Answer(w, map[string]any{"id": ct.id, "offset": 0}, nil) // an upload that broke off is not kept
	case r.Method != http.MethodPost:
		graph.Answer(w, nil, graph.NoObject(r.Method, parts[2]))
	default:
		f.receive(w, r, ct)
	}
}

// receive takes a container's video and begins to process it.
func (f *Fake) receive(w http.ResponseWriter, r *http.Request, ct *container) {
	var a *graph.Asset
	var sub int
	if link := r.Header.Get("File_url"); link != "" {
		a, sub = f.fetchVideo(r.Context(), link, ct.spec.kind)
	} else {
		data, problem, retriable := readUpload(w, r, ct.spec.kind.maxVideo())
		if problem != "" {
			refuseUpload(w, problem, retriable)
			return
		}
		a, sub = f.keepVideo(data, ct.spec.kind)
	}
	f.mu.Lock()
	if ct.ready.IsZero() { // of two uploads at once the first counts
		ct.asset, ct.ready = a, f.now().Add(f.processingTime(ct))
		if sub == 0 && ct.checkThumb() != nil {
			sub = failThumb.Sub
		}
		if sub != 0 {
			ct.failed = sub
		}
	}
	f.mu.Unlock()
	if sub != 0 {
		refuseUpload(w, "Request processing failed", false)
		return
	}
	graph.Answer(w, map[string]any{"success": true, "message": "Upload successful."}, nil)
}

// readUpload reads a body that must be as long as its file_size header says.
func readUpload(w http.ResponseWriter, r *http.Request, limit int) (data []byte, problem string, retriable bool) {
	size, err := strconv.Atoi(r.Header.Get("File_size"))
	if err != nil || size <= 0 {
		return nil, "The header file_size is missing", false
	}
	if r.Header.Get("Offset") != "0" {
		return nil, "The header offset must be 0", false
	}
	if size > limit {
		return nil, "The file is too large", false
	}
	data, err = io.ReadAll(http.MaxBytesReader(w, r.Body, int64(size)))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) || (err == nil && len(data) != size) {
		return nil, "The body is not as long as file_size says", true
	}
	if err != nil {
		return nil, "The upload broke off", true
	}
	return data, "", false
}

// refuseUpload answers in the upload host's own shape.
func refuseUpload(w http.ResponseWriter, message string, retriable bool) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(http.StatusBadRequest)
	graph.WriteJSON(w, map[string]any{"debug_info": map[string]any{
		"retriable": retriable, "type": "ProcessingFailedError", "message": message,
	}})
}
