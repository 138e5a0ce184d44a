package blueskyfake

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// client talks to a Fake over HTTP as to the real hosts.
type client struct {
	t     *testing.T
	fake  *Fake
	clock *clock
	http  *http.Client
	did   string
	token string
	me    farside.Account
}

// byHost sends everything to one address, under the host asked for.
type byHost string

func (b byHost) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = r.URL.Host
	r.URL.Scheme, r.URL.Host = "http", string(b)
	return http.DefaultTransport.RoundTrip(r)
}

func connect(t *testing.T, o farside.Options) *client {
	t.Helper()
	c := &client{t: t, clock: &clock{t: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}}
	o.Now = c.clock.now
	c.fake = New(o)
	server := httptest.NewServer(c.fake)
	t.Cleanup(server.Close)
	c.http = &http.Client{Transport: byHost(strings.TrimPrefix(server.URL, "http://"))}
	c.me = c.fake.Accounts()[0]
	c.did, c.token = c.me.RemoteID, c.me.Access
	return c
}

// answer is what came back; body is the JSON object, if it was one.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    []byte
}

func (a answer) text(path ...string) string { return stringIn(any(a.body), path...) }

// try sends a request; the error is the transport's.
func (c *client) try(method, address, token, mime string, body []byte) (answer, error) {
	r, err := http.NewRequest(method, address, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if mime != "" {
		r.Header.Set("Content-Type", mime)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: resp.StatusCode, header: resp.Header, raw: raw}
	_ = json.Unmarshal(raw, &a.body)
	return a, nil
}

func (c *client) send(method, address, token, mime string, body []byte) answer {
	c.t.Helper()
	a, err := c.try(method, address, token, mime, body)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func pds(nsid string) string { return "https://" + pdsHost + "/xrpc/" + nsid }

// post calls a procedure of the account's host with JSON.
func (c *client) post(nsid, token string, body any) answer {
	c.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(http.MethodPost, pds(nsid), token, "application/json", data)
}

// get calls a query of a host; params are name, value, name, value.
func (c *client) get(host, nsid, token string, params ...string) answer {
	c.t.Helper()
	q := url.Values{}
	for i := 0; i < len(params); i += 2 {
		q.Add(params[i], params[i+1])
	}
	return c.send(http.MethodGet, "https://"+host+"/xrpc/"+nsid+"?"+q.Encode(), token, "", nil)
}

type obj = map[string]any

// said is a post's record with changes; a nil value takes a member out.
func said(text string, changes obj) obj {
	r := obj{"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-11-23T10:00:00.000Z"}
	for k, v := range changes {
		if v == nil {
			delete(r, k)
		} else {
			r[k] = v
		}
	}
	return r
}

// key makes record keys by hand.
func key(n int) string {
	const digits = "234567abcdefghijklmnopqrstuvwxyz"
	return "3n2zeeyfede" + string(digits[n/32%32]) + string(digits[n%32])
}

// put stores a post under a key if nothing is there, as a careful publisher does.
func (c *client) put(rkey string, record obj, changes ...obj) answer {
	c.t.Helper()
	body := obj{"repo": c.did, "collection": "app.bsky.feed.post", "rkey": rkey, "swapRecord": nil, "record": record}
	for _, change := range changes {
		for k, v := range change {
			if v == "absent" {
				delete(body, k)
			} else {
				body[k] = v
			}
		}
	}
	return c.post("com.atproto.repo.putRecord", c.token, body)
}

// upload sends a file and returns the reference to it.
func (c *client) upload(data []byte, mime string) obj {
	c.t.Helper()
	a := c.send(http.MethodPost, pds("com.atproto.repo.uploadBlob"), c.token, mime, data)
	if a.status != http.StatusOK {
		c.t.Fatalf("uploadBlob: %d %s", a.status, a.raw)
	}
	return a.body["blob"].(obj)
}

func images(alt string, refs ...any) obj {
	list := []any{}
	for _, ref := range refs {
		list = append(list, obj{"image": ref, "alt": alt})
	}
	return obj{"embed": obj{"$type": "app.bsky.embed.images", "images": list}}
}

// want checks status, error name and a part of the message; an empty name is success.
func want(t *testing.T, what string, a answer, status int, name, message string) {
	t.Helper()
	if a.status != status || a.text("error") != name || !strings.Contains(a.text("message"), message) {
		t.Errorf("%s: got %d %s, want %d %s %q", what, a.status, a.raw, status, name, message)
	}
}

// hungUp says whether an error is a connection that was closed without an answer.
func hungUp(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
