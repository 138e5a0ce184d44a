package farside

import "net/http"

// A Sharer answers at hosts at which another fake answers too, and knows its own requests.
type Sharer interface {
	// Owns reports whether a request is about something that this fake made: a token, a code, a page of its own. It leaves the request as it was.
	Owns(r *http.Request) bool
}

// Pick is the server that a request to a shared host is for: the first that owns it, or else the first that is no Sharer, or else the first.
func Pick(servers []Server, r *http.Request) Server {
	if len(servers) == 1 {
		return servers[0]
	}
	var otherwise Server
	for _, s := range servers {
		sharer, shares := s.(Sharer)
		switch {
		case shares && sharer.Owns(r):
			return s
		case !shares && otherwise == nil:
			otherwise = s
		}
	}
	if otherwise == nil && len(servers) > 0 {
		otherwise = servers[0]
	}
	return otherwise
}
