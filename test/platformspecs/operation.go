package platformspecs

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is one that an address may mean. An address may mean several, where a description gives one shape of path many names:
// "/{page-id}", "/{post-id}".
type operation struct {
	path    string // as the description has it
	address string // the same with its server
	item    *openapi3.PathItem
	method  *openapi3.Operation // nil: the description has the address, but not with this method
	params  map[string]string   // from the path
}

// find lists the operations that a request may mean.
func find(doc *openapi3.T, servers []string, method string, address *url.URL) []operation {
	var list []operation
	for path, item := range doc.Paths.Map() {
		at := servers
		if len(item.Servers) > 0 {
			at = serverURLs(item.Servers)
		}
		if op := item.GetOperation(method); op != nil && op.Servers != nil && len(*op.Servers) > 0 {
			at = serverURLs(*op.Servers)
		}
		for _, server := range at {
			clean, _, _ := strings.Cut(path, "?")
			whole := strings.TrimSuffix(server, "/") + clean
			if params, ok := fits(whole, address); ok {
				list = append(list, operation{path: path, address: whole, item: item, method: item.GetOperation(method), params: params})
				break
			}
		}
	}
	slices.SortFunc(list, func(a, b operation) int { return strings.Compare(a.path, b.path) })
	return list
}

// flow reports whether an address is where a flow of OAuth begins or where its tokens are.
func flow(doc *openapi3.T, address *url.URL) bool {
	if doc.Components == nil {
		return false
	}
	for _, scheme := range doc.Components.SecuritySchemes {
		if scheme.Value == nil || scheme.Value.Flows == nil {
			continue
		}
		flows := scheme.Value.Flows
		for _, f := range []*openapi3.OAuthFlow{flows.AuthorizationCode, flows.ClientCredentials, flows.Implicit, flows.Password} {
			if f == nil {
				continue
			}
			for _, at := range []string{f.AuthorizationURL, f.TokenURL, f.RefreshURL} {
				if _, ok := fits(at, address); ok && at != "" {
					return true
				}
			}
		}
	}
	return false
}

func serverURLs(servers openapi3.Servers) []string {
	var list []string
	for _, s := range servers {
		list = append(list, s.URL)
	}
	return list
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// fits reports whether an address has the form of a template such as https://{host}/v1/{id}, and what stands for its placeholders. One
// stands for all or a part of one element; one that is called an ID stands for no word.
func fits(template string, address *url.URL) (map[string]string, bool) {
	want := strings.Split(strings.TrimPrefix(template, "https://"), "/")
	got := strings.Split(address.Host+address.EscapedPath(), "/")
	if len(want) != len(got) {
		return nil, false
	}
	params := map[string]string{}
	for i, w := range want {
		names := placeholder.FindAllString(w, -1)
		if len(names) == 0 {
			if w != got[i] {
				return nil, false
			}
			continue
		}
		values := element(w).FindStringSubmatch(got[i])
		if values == nil {
			return nil, false
		}
		for k, name := range names {
			value, err := url.PathUnescape(values[k+1])
			if err != nil {
				return nil, false
			}
			name = strings.Trim(name, "{}")
			if strings.HasSuffix(name, "id") && value != "me" && !strings.ContainsAny(value, "0123456789") {
				return nil, false
			}
			params[name] = value
		}
	}
	return params, true
}

// element is the form of one element of a path.
func element(template string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^")
	at := 0
	for _, m := range placeholder.FindAllStringIndex(template, -1) {
		b.WriteString(regexp.QuoteMeta(template[at:m[0]]) + "(.+)")
		at = m[1]
	}
	b.WriteString(regexp.QuoteMeta(template[at:]) + "$")
	return regexp.MustCompile(b.String())
}

// variable are the elements of a path that are names of things rather than of kinds.
var variable = regexp.MustCompile(`[0-9]{4}|^v[0-9.]+$|:|%3A`)

// general is an address with placeholders for what another request would have otherwise; for people, who give them better names.
func general(address *url.URL) string {
	parts := strings.Split(address.Host+address.EscapedPath(), "/")
	for i, p := range parts[1:] {
		if variable.MatchString(p) {
			parts[i+1] = "{id}"
			if strings.HasPrefix(p, "v") {
				parts[i+1] = "{version}"
			}
		}
	}
	return "https://" + strings.Join(parts, "/")
}
