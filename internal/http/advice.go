package http

import (
	"errors"
	"maps"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
	"posthorn/internal/rules"
)

// ruleURL is the address of a rule's page.
func (s *Server) ruleURL(name string) string { return s.cfg.PublicURL + rules.Path(name) }

// advise completes a failure with the rule that was broken, what to do about it, and what a platform said.
func (s *Server) advise(body *wire.Error, e *errs.Error) {
	rule, listed := s.rules.Find(e.Rule)
	var remote *platforms.Error
	if errors.As(e.Err, &remote) {
		body.Platform, _ = e.Details["platform"].(string)
		body.PlatformError, body.APIVersion = verbatim(string(remote.Body)), remote.APIVersion
		if !listed && body.Platform != "" {
			rule, listed = s.rules.Failure(body.Platform, remote.Kind, remote.Rule), true
		}
		if body.Code == "platform_api_error" {
			body.Type = "platform_error"
		}
	}
	if !listed {
		rule = s.rules.Answer(e.Code, body.Code)
	}
	body.Rule, body.Remediation, body.DocURL = rule.Name, e.Remedy, s.ruleURL(rule.Name)
	if e.Rule != "" { // one that is missing from the list keeps its name and gets the next best page, which the tests do not let pass
		body.Rule = e.Rule
	}
	if body.Remediation == "" {
		body.Remediation = rule.Remedy
	}
	if problems, ok := body.Details["problems"].([]posts.Problem); ok {
		body.Details = maps.Clone(body.Details) // the error keeps its own
		body.Details["problems"] = s.advised(problems)
	}
}

// problem is a fault of a post as it is shown.
type problem struct {
	posts.Problem
	DocURL string `json:"docUrl,omitempty"`
}

// advised links each fault to its rule's page, and says what to do where the fault itself does not.
func (s *Server) advised(problems []posts.Problem) []problem {
	list := make([]problem, 0, len(problems))
	for _, p := range problems {
		shown := problem{Problem: p}
		if rule, ok := s.rules.Find(p.Rule); ok {
			shown.DocURL = s.ruleURL(p.Rule)
			if shown.Remediation == "" {
				shown.Remediation = rule.Remedy
			}
		}
		list = append(list, shown)
	}
	return list
}
