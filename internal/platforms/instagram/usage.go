package instagram

import (
	"net/http"
	"strings"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

// Costs counts containers: they are what a POST to an account's media makes.
func (Platform) Costs(req *http.Request) map[string]int {
	if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/media") {
		return map[string]int{budgetContainers: 1}
	}
	return nil
}

// Usage reads Meta's usage headers.
func (Platform) Usage(h http.Header) (platforms.Usage, bool) { return meta.Usage(h, "instagram") }
