package wiretest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
)

// rulePages is where the pages of rules are.
const rulePages = "/docs/rules/"

// foreign are the fields whose content is the caller's or a platform's.
var foreign = map[string]bool{"metadata": true, "platformSpecificData": true, "platformError": true, "requestPayload": true}

// linked finds every rule that a body names, and asks h for the page that is said to describe it: the rule's own, and there.
func linked(h http.Handler, body []byte) error {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil // no JSON names a rule
	}
	return visit(v, func(object map[string]any) error {
		rule, named := object["rule"].(string)
		if !named {
			return nil
		}
		address, _ := object["docUrl"].(string)
		_, page, _ := strings.Cut(address, rulePages)
		if page != rule {
			return fmt.Errorf("the rule %q is not in the list of internal/rules: its docUrl is %q", rule, address)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, rulePages+page, nil))
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			return fmt.Errorf("the rule %q has no page: status %d", rule, w.Code)
		}
		return nil
	})
}

// visit calls f for every object of a value that is the server's own.
func visit(v any, f func(map[string]any) error) error {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if err := visit(item, f); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := f(v); err != nil {
			return err
		}
		for name, item := range v {
			if !foreign[name] {
				if err := visit(item, f); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
