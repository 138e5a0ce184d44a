package api

import "strings"

// exampleMedia uploads a picture both ways.
func exampleMedia(w *world) {
	p := w.do("POST", "/v1/media/presign", map[string]any{"filename": "coast.jpg", "contentType": "image/jpeg"}).want(200)
	w.do("POST", "/v1/media/presign", map[string]any{"filename": "page.html", "contentType": "text/html"}).want(400)
	_, path, _ := strings.Cut(p.text("uploadUrl"), "/media/")
	w.put("/media/"+path, "image/jpeg", photo())
	w.upload("/v1/media/upload-direct", "file", "coast.jpg", string(photo())).want(200)
	w.upload("/v1/media/upload-direct", "file", "page.html", "<html>").want(400)
}
