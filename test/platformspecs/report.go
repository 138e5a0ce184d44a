package platformspecs

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"posthorn/internal/platforms/platformtest"
)

// Finding is a difference that nothing excuses.
type Finding struct {
	At      string // method and address, with placeholders
	Differs string
	Example platformtest.Sent // the first request that had it
	Count   int
}

// Report is what a platform's requests come to.
type Report struct {
	Requests  int // checked
	Addresses int // of different kinds
	Differing int // differences of different kinds, excused ones included
	Findings  []Finding
	Stale     []string // of the book: what none of the requests needs
}

// Examine holds all requests of a platform to its description, and the book to them.
func (b Book) Examine(platform string, doc *openapi3.T, sent []platformtest.Sent) (Report, error) {
	c := b[platform]
	d := Description{Doc: doc, Servers: slices.Concat(serverURLs(doc.Servers), c.servers())}
	r := Report{Requests: len(sent)}
	addresses, differing, at := map[string]bool{}, map[string]bool{}, map[string]int{}
	for _, s := range sent {
		address, err := url.Parse(s.URL)
		if err != nil {
			return Report{}, err
		}
		kind, differences := d.Check(s)
		c.visit(kind)
		addresses[kind] = true
		for _, difference := range differences {
			key := kind + ": " + difference
			differing[key] = true
			if c.excuses(s.Method, address, difference) {
				continue
			}
			i, ok := at[key]
			if !ok {
				i = len(r.Findings)
				at[key] = i
				r.Findings = append(r.Findings, Finding{At: kind, Differs: difference, Example: s})
			}
			r.Findings[i].Count++
		}
	}
	r.Stale = c.stale()
	r.Addresses, r.Differing = len(addresses), len(differing)
	slices.SortFunc(r.Findings, func(a, b Finding) int { return strings.Compare(a.At+a.Differs, b.At+b.Differs) })
	return r, nil
}

// String is the finding for whoever has to settle it.
func (f Finding) String() string {
	body := string(f.Example.Body)
	if len(body) > 300 {
		body = body[:300] + "..."
	}
	return fmt.Sprintf("%s\n  %s (%d requests, the first for the sample %q)\n  %s %q", f.At, f.Differs, f.Count, f.Example.During, f.Example.URL, body)
}
