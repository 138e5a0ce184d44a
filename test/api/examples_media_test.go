package api

import "net/http"

// exampleMedia uploads a picture for a post, and one with the request itself.
func exampleMedia(w *world) {
	a := w.do("POST", "/v1/media/presign", map[string]any{"filename": "coast.jpg", "contentType": "image/jpeg", "size": len(photo())}).want(http.StatusOK)
	w.raw("PUT", a.text("uploadUrl"), photo(), "Content-Type", "image/jpeg").want(http.StatusOK)
	w.do("POST", "/v1/media/presign", map[string]any{"filename": "page.html", "contentType": "text/html"}).want(http.StatusBadRequest)
	w.upload("/v1/media/upload-direct", "file", "coast.jpg", string(photo())).want(http.StatusOK)
	w.upload("/v1/media/upload-direct", "file", "page.html", "<!doctype html>").want(http.StatusBadRequest)
}
