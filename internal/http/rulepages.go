package http

import (
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/platforms"
	"posthorn/internal/rules"
)

// area is a part of the list of rules.
type area struct {
	Name  string
	Rules []rules.Rule
}

// rulesPage lists all rules.
func (s *Server) rulesPage(w http.ResponseWriter, _ *http.Request) error {
	var areas []area
	for _, rule := range s.rules.All() {
		if len(areas) == 0 || areas[len(areas)-1].Name != rule.Area {
			areas = append(areas, area{Name: rule.Area})
		}
		last := &areas[len(areas)-1]
		last.Rules = append(last.Rules, rule)
	}
	return s.writeDocs(w, http.StatusOK, "rules.html", areas)
}

// rulePage shows one rule.
func (s *Server) rulePage(w http.ResponseWriter, r *http.Request) error {
	name := chi.URLParam(r, "rule")
	rule, ok := s.rules.Find(name)
	if !ok {
		return s.writeDocs(w, http.StatusNotFound, "norule.html", clip(name, 100))
	}
	return s.writeDocs(w, http.StatusOK, "rule.html", struct {
		rules.Rule
		Phrase, Example string
	}{rule, http.StatusText(rule.Status), s.example(rule)})
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
