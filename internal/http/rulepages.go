package http

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/platforms"
	"posthorn/internal/rules"
)

//go:embed page
var ruleFiles embed.FS

// rulePages are the pages of rules. They need nothing but themselves: their style is in them, and there is no script.
var rulePages = template.Must(template.New("").ParseFS(ruleFiles, "page/*.html"))

// rulePolicy lets a page use its own style and nothing else.
var rulePolicy = func() string {
	style, err := ruleFiles.ReadFile("page/rules.css")
	if err != nil {
		panic(err) // it is embedded
	}
	sum := sha256.Sum256(style)
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// ruleRoutes serve the pages that the errors link to. They are for people and no part of openapi.yaml.
func (s *Server) ruleRoutes() {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		s.router.MethodFunc(method, strings.TrimSuffix(rules.PathPrefix, "/"), s.rulesPage)
		s.router.MethodFunc(method, rules.PathPrefix+"{rule}", s.rulePage)
	}
}

// area is a part of the list of rules.
type area struct {
	Name  string
	Rules []rules.Rule
}

// rulesPage lists all rules.
func (s *Server) rulesPage(w http.ResponseWriter, r *http.Request) {
	var areas []area
	for _, rule := range s.rules.All() {
		if len(areas) == 0 || areas[len(areas)-1].Name != rule.Area {
			areas = append(areas, area{Name: rule.Area})
		}
		last := &areas[len(areas)-1]
		last.Rules = append(last.Rules, rule)
	}
	s.showRules(w, r, http.StatusOK, "list", areas)
}

// rulePage shows one rule.
func (s *Server) rulePage(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "rule")
	rule, ok := s.rules.Find(name)
	if !ok {
		s.showRules(w, r, http.StatusNotFound, "missing", clip(name, 100))
		return
	}
	s.showRules(w, r, http.StatusOK, "rule", struct {
		rules.Rule
		Phrase, Example string
	}{rule, http.StatusText(rule.Status), s.example(rule)})
}

// showRules writes a page about rules.
func (s *Server) showRules(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	noteOf(r).quiet = true
	style, err := ruleFiles.ReadFile("page/rules.css")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	var b bytes.Buffer
	err = rulePages.ExecuteTemplate(&b, name, struct {
		Style template.CSS
		Home  string
		Data  any
	}{template.CSS(style), s.cfg.PublicURL + strings.TrimSuffix(rules.PathPrefix, "/"), data})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", rulePolicy)
	h.Set("Referrer-Policy", "no-referrer")
	s.send(w, status, "text/html; charset=utf-8", b.Bytes())
}

// example is what an answer that breaks a rule looks like.
func (s *Server) example(r rules.Rule) string {
	var shown any
	if r.Status == 0 {
		shown = map[string]any{"platform": r.Platform, "status": "failed", "errorMessage": r.Title, "error": wire.TargetError{
			Message: r.Title, Remediation: r.Remedy, Category: platforms.UnknownCategory, Rule: r.Name, DocURL: s.ruleURL(r.Name), Field: r.Field}}
	} else {
		body := s.errorBody(&errs.Error{Code: codeOf(r.Status), Wire: r.Code, Field: r.Field, Message: r.Title, Rule: r.Name})
		shown = body
	}
	text, err := json.MarshalIndent(shown, "", "  ")
	if err != nil {
		return "" // plain values always encode
	}
	return string(text)
}

// codeOf is the code of ours that is answered with a status.
func codeOf(status int) errs.Code {
	for code, k := range kinds {
		if k.status == status {
			return code
		}
	}
	return errs.Invalid
}

// listRules tells the same to programs.
func (s *Server) listRules(w http.ResponseWriter, r *http.Request) error {
	platform := r.URL.Query().Get("platform")
	out := wire.RuleList{Rules: []wire.Rule{}}
	for _, rule := range s.rules.All() {
		if platform != "" && rule.Platform != platform {
			continue
		}
		out.Rules = append(out.Rules, wire.Rule{Name: rule.Name, Platform: rule.Platform, Title: rule.Title, Meaning: rule.Meaning, Remediation: rule.Remedy, Field: rule.Field,
			Limit: rule.Limit, Source: rule.Source, HTTPStatus: rule.Status, Code: rule.Code, DocURL: s.ruleURL(rule.Name)})
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}
