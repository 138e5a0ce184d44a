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
	var remote *platforms.Error
	if platform, _ := e.Details["platform"].(string); platform != "" && errors.As(e.Err, &remote) {
		s.quote(body, platform, remote)
		if body.Code == "platform_api_error" {
			body.Type = "platform_error"
		}
	}
	rule, listed := s.rules.Find(e.Rule)
	if !listed {
		rule = s.rules.Answer(e.Code, body.Code)
	}
	if e.Rule != "" || body.Rule == "" {
		s.cite(body, e.Rule, rule)
	}
	if e.Remedy != "" {
		body.Remediation = e.Remedy
	}
	if problems, ok := body.Details["problems"].([]posts.Problem); ok {
		body.Details = maps.Clone(body.Details) // the error keeps its own
		body.Details["problems"] = s.advised(problems)
	}
}

// quote completes a failure at a platform with what the platform said, and the rule that this breaks.
func (s *Server) quote(body *wire.Error, platform string, e *platforms.Error) {
	body.Platform, body.PlatformError, body.APIVersion = platform, verbatim(string(e.Body)), e.APIVersion
	s.cite(body, e.Rule, s.rules.Failure(platform, e.Kind, e.Rule))
	if e.Remediation != "" {
		body.Remediation = e.Remediation
	}
}

// cite names a rule and links to its page. A name that is missing from the list stays, and gets the next best page: the tests do not let
// that pass.
func (s *Server) cite(body *wire.Error, name string, rule rules.Rule) {
	body.Rule, body.Remediation, body.DocURL = rule.Name, rule.Remedy, s.ruleURL(rule.Name)
	if name != "" {
		body.Rule = name
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
