package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"posthorn/internal/platforms/farside"
)

// hostTable finds the fakes that answer for a host, by name of the platform where there are several.
type hostTable struct {
	exact map[string][]farside.Server
	below map[string][]farside.Server // by suffix with its dot: ".example.com" for a fake that names "*.example.com"
}

func newHostTable(names []string, fakes map[string]farside.Server) hostTable {
	t := hostTable{map[string][]farside.Server{}, map[string][]farside.Server{}}
	for _, name := range names {
		for _, host := range fakes[name].Hosts() {
			host = strings.ToLower(host)
			into := t.exact
			if rest, wild := strings.CutPrefix(host, "*"); wild {
				host, into = rest, t.below
			}
			into[host] = append(into[host], fakes[name])
		}
	}
	return t
}

// find returns the fakes for a host in lower case and without port, none if nothing answers for it.
func (t hostTable) find(host string) []farside.Server {
	if fakes, ok := t.exact[host]; ok {
		return fakes
	}
	for i, c := range host {
		if c == '.' {
			if fakes, ok := t.below[host[i:]]; ok {
				return fakes
			}
		}
	}
	return nil
}

// list returns every host that has a fake, sorted.
func (t hostTable) list() []string {
	all := sortedKeys(t.exact)
	for suffix := range t.below {
		all = append(all, "*"+suffix)
	}
	slices.Sort(all)
	return all
}

// serveGateway hands /{host}/{path} to the fake that answers for the host, past the fault rules, and records it.
func (s *Sandbox) serveGateway(w http.ResponseWriter, r *http.Request) {
	forward, err := behindGateway(r)
	if err != nil {
		writeError(w, err)
		return
	}
	fakes := s.hosts.find(forward.Host)
	if len(fakes) == 0 {
		writeError(w, &apiError{http.StatusBadGateway, "unknown_host",
			fmt.Sprintf("nothing here answers for the host %q; there are: %s", forward.Host, strings.Join(s.hosts.list(), ", "))})
		return
	}
	fake := farside.Pick(fakes, forward)
	if shownOnPage(r) {
		fake.ServeHTTP(w, forward)
		return
	}
	started := s.now()
	watch := &watcher{ResponseWriter: w, log: s.log, entry: s.log.start(forward, started)}
	defer func() { s.log.finish(watch.entry, watch.status, watch.Header(), s.now().Sub(started)) }()
	s.faults.Wrap(fake).ServeHTTP(watch, forward)
	if watch.status == 0 { // net/http answers 200 for a handler that says nothing; a dropped connection has panicked past this
		watch.status = http.StatusOK
	}
}

// behindGateway returns the request that the platform's host would have seen: escaped path and query byte for byte as sent.
func behindGateway(r *http.Request) (*http.Request, error) {
	segment, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	rest = "/" + rest
	host, err := url.PathUnescape(segment)
	if err == nil {
		host, err = bareHost(host)
	}
	if err != nil {
		return nil, &apiError{http.StatusNotFound, "not_found",
			"the path of a platform request begins with the platform's host: /{host}/{path}"}
	}
	path, err := url.PathUnescape(rest)
	if err != nil {
		return nil, &apiError{http.StatusBadRequest, "invalid", "the path is not validly escaped"}
	}
	forward := r.Clone(r.Context())
	forward.Host = host
	forward.URL.Scheme, forward.URL.Host = "https", host
	forward.URL.Path, forward.URL.RawPath = path, rest
	forward.RequestURI = forward.URL.RequestURI()
	return forward, nil
}

// bareHost returns a host in lower case and without its port.
func bareHost(host string) (string, error) {
	u, err := url.Parse("https://" + host)
	if err != nil || u.Hostname() == "" || u.Host != host {
		return "", fmt.Errorf("%q is not a host", host)
	}
	return strings.ToLower(u.Hostname()), nil
}

// shownOnPage tells whether a browser loads this request's answer as a picture or video of a page that it shows. Those are no
// platform calls: they are neither recorded nor met with faults.
func shownOnPage(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "image", "video":
		return true
	case "":
		return strings.HasPrefix(r.Header.Get("Accept"), "image/") && r.Header.Get("Referer") != ""
	default:
		return false
	}
}
