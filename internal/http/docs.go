package http

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	viewer "github.com/swaggest/swgui/v5/static"

	"posthorn/internal/errs"
	"posthorn/internal/rules"
)

// docsFiles are the pages for people, and what is ours of the files that they link to. The viewer's own come out of its module.
//
//go:embed docs
var docsFiles embed.FS

// The pages are no operations: the description is for programs, and a generated client has no use for them.
const (
	docsPath   = "/docs"
	docsAssets = docsPath + "/assets/"
)

// docsPolicy lets the pages use what this server serves and nothing else. The viewer draws its icons from data addresses.
const docsPolicy = "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

var docsPages = template.Must(template.ParseFS(docsFiles, "docs/*.html"))

// viewerFiles are those of the viewer's files that the reference needs; the module has them compressed.
var viewerFiles = []string{"swagger-ui-bundle.js", "swagger-ui.css"}

// A docsAsset is a file that the pages link to.
type docsAsset struct {
	contentType, tag string
	plain, zipped    []byte // zipped may be nil
}

// routeDocs registers the pages and their files.
func (s *Server) routeDocs() error {
	assets, err := loadDocsAssets()
	if err != nil {
		return fmt.Errorf("docs: %w", err)
	}
	get := func(pattern string, h handler) {
		answer := func(w http.ResponseWriter, r *http.Request) {
			noteOf(r).quiet = true
			if err := h(w, r); err != nil {
				s.fail(w, r, err)
			}
		}
		s.router.MethodFunc(http.MethodGet, pattern, answer)
		s.router.MethodFunc(http.MethodHead, pattern, answer)
	}
	get(docsPath, s.docsPage("reference.html"))
	get(docsPath+"/guides", s.docsPage("guides.html"))
	get(strings.TrimSuffix(rules.PathPrefix, "/"), s.rulesPage)
	get(rules.PathPrefix+"{rule}", s.rulePage)
	get(docsAssets+"{file}", func(w http.ResponseWriter, r *http.Request) error {
		asset, ok := assets[chi.URLParam(r, "file")]
		if !ok {
			return errs.New(errs.NotFound, "There is nothing at %s", clip(r.URL.Path, 200))
		}
		asset.serve(w, r)
		return nil
	})
	return nil
}

// docsPage serves one of the pages that are always the same.
func (s *Server) docsPage(name string) handler {
	return func(w http.ResponseWriter, _ *http.Request) error { return s.writeDocs(w, http.StatusOK, name, nil) }
}

func (s *Server) writeDocs(w http.ResponseWriter, status int, name string, data any) error {
	var page bytes.Buffer
	if err := docsPages.ExecuteTemplate(&page, name, data); err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", docsPolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-cache")
	s.send(w, status, "text/html; charset=utf-8", page.Bytes())
	return nil
}

func loadDocsAssets() (map[string]docsAsset, error) {
	assets := map[string]docsAsset{}
	entries, err := docsFiles.ReadDir("docs")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if path.Ext(entry.Name()) == ".html" {
			continue
		}
		plain, err := docsFiles.ReadFile("docs/" + entry.Name())
		if err != nil {
			return nil, err
		}
		assets[entry.Name()] = newDocsAsset(entry.Name(), plain, nil)
	}
	for _, name := range viewerFiles {
		zipped, err := fs.ReadFile(viewer.FS, name+".gz")
		if err != nil {
			return nil, err
		}
		plain, err := unzip(zipped)
		if err != nil {
			return nil, err
		}
		assets[name] = newDocsAsset(name, plain, zipped)
	}
	return assets, nil
}

func unzip(zipped []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func newDocsAsset(name string, plain, zipped []byte) docsAsset {
	sum := sha256.Sum256(plain)
	return docsAsset{contentType: mime.TypeByExtension(path.Ext(name)), tag: hex.EncodeToString(sum[:8]), plain: plain, zipped: zipped}
}

// serve answers with the file. Browsers keep it and ask whether it has changed.
func (a docsAsset) serve(w http.ResponseWriter, r *http.Request) {
	h, contents, tag := w.Header(), a.plain, a.tag
	if a.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		contents, tag = a.zipped, a.tag+"-gzip"
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Type", a.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(contents))
}
