package blueskyfake

import (
	"net/http"

	"posthorn/internal/platforms/farside"
)

// fault is an error that the next request meets.
type fault struct {
	status int
	name   string
}

// maxRemembered bounds what is remembered about the directives of posts' texts.
const maxRemembered = 10_000

// FailNext lets the next request to a method ("com.atproto.repo.putRecord") fail with a status and an error name; nothing is done.
// Several calls queue up.
func (f *Fake) FailNext(nsid string, status int, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failNext[nsid] = append(f.failNext[nsid], fault{status, name})
}

// DropNext lets the next request to a method be carried out, and its connection be closed without an answer. Several calls add up.
func (f *Fake) DropNext(nsid string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropNext[nsid]++
}

// ExpireAccess lets every access token made so far be answered with ExpiredToken. Refresh tokens go on to work.
func (f *Fake) ExpireAccess() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tokens.generation[accessType]++
}

// RevokeAll ends every session made so far, as when the user withdraws the app password. Logging in goes on to work.
func (f *Fake) RevokeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tokens.generation[accessType]++
	f.tokens.generation[refreshType]++
}

// SetBlobLimit sets how many bytes an image in a post may have: 2,000,000 at first, 1,000,000 on hosts with older schemas.
func (f *Fake) SetBlobLimit(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lexicons = lexiconsFor(n)
}

func (f *Fake) nextFault(nsid string) error {
	queue := f.failNext[nsid]
	if len(queue) == 0 {
		return nil
	}
	f.failNext[nsid] = queue[1:]
	return &failure{Status: queue[0].status, Name: queue[0].name, Message: "The sandbox was asked to fail here"}
}

// obey does what a post's own text asks for before it is stored.
func (f *Fake) obey(text string) error {
	d := farside.ParseDirective(text)
	if d.Flaky > 0 {
		if len(f.stumbles) > maxRemembered {
			clear(f.stumbles)
		}
		if f.stumbles[text] < d.Flaky {
			f.stumbles[text]++
			return &failure{Status: http.StatusBadGateway, Name: "UpstreamFailure", Message: "Upstream service unreachable"}
		}
	}
	if d.Fail {
		name := d.Code
		if name == "" {
			name = "InvalidRequest"
		}
		return named(name, "The sandbox was asked to refuse this post")
	}
	return nil
}

// obeyStored does what a post's own text asks for once it is stored.
func (f *Fake) obeyStored(c *call, text string) {
	if !farside.ParseDirective(text).Drop || f.dropped[text] {
		return
	}
	if len(f.dropped) > maxRemembered {
		clear(f.dropped)
	}
	f.dropped[text] = true
	c.drop = true
}
