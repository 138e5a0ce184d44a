package fuzz

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"

	"posthorn/internal/http/wiretest"
	"posthorn/test/requests"
)

// answerWithin is how long any answer may take: well beyond what publishNow waits.
const answerWithin = 20 * time.Second

// A client sends one request after the other. All that it does follows from its seed, but for the IDs.
type client struct {
	w      *world
	rand   *rand.Rand
	all    []requests.Operation
	counts counts

	key    string
	things map[string]string
	seen   []string // IDs that answers told of
	name   string
	sent   int
}

// counts are what came back, by operation and status.
type counts map[string]map[int]int

// ownerLasts is after how many requests a client goes on as a new owner: it deletes what it finds, its key too.
const ownerLasts = 250

// kinds say which of an owner's things a name stands for. The rest is found among the IDs that answers told of.
var kinds = map[string]string{"profileId": "profile", "profileIds": "profile", "profile": "profile", "queuedFromProfile": "profile", "userId": "user", "createdBy": "user", "accountId": "bluesky", "accountIds": "bluesky"}

func (c *client) maker() requests.Maker {
	return requests.Maker{Rand: c.rand, Known: c.known, Full: []float64{0, 0.15, 0.6}[c.rand.IntN(3)]}
}

// known gives values that reach deep, most of the time.
func (c *client) known(name string) (any, bool) {
	roll, pick := c.rand.IntN(10), c.rand.Int()
	if roll == 0 {
		return nil, false
	}
	var found any
	switch id := c.things[kinds[name]]; {
	case id != "" && roll < 9:
		found = id
	case (strings.HasSuffix(name, "Id") || strings.HasSuffix(name, "Ids") || id != "") && len(c.seen) > 0:
		found = c.seen[pick%len(c.seen)]
	default:
		return c.usual(name, pick)
	}
	if strings.HasSuffix(name, "Ids") {
		return []any{found}, true
	}
	return found, true
}

func (c *client) usual(name string, pick int) (any, bool) {
	one := func(values ...any) (any, bool) { return values[pick%len(values)], true }
	switch name {
	case "platform":
		return one("bluesky", "bluesky", "bluesky", "instagram")
	case "url", "thumbnail":
		return one(c.w.photo, c.w.photo, "http://127.0.0.1:1/gone.jpg")
	case "events": // a list in a body, a text in a query
		return one([]any{"post.scheduled", "post.published"}, "post.scheduled,post.published")
	case "contentType":
		return one("image/jpeg", "video/mp4", "audio/mpeg")
	case "timezone", "tz":
		return one("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")
	case "scheduledFor", "startDate", "expireDate":
		return one("2035-03-25T02:30:00", "2035-01-15T10:00:00Z", "2035-10-28T02:30:00+02:00", "2020-01-01T00:00:00Z")
	case "time":
		return one("09:30", "00:00", "23:59", "02:30")
	case "file":
		return one("platforms,profiles,post_content,schedule_time\nbluesky,"+c.things["profile"]+",hello,2035-01-01T10:00:00Z\n", "platforms,profiles\n", "")
	case "identifier", "appPassword":
		far := c.w.fakes["bluesky"].Accounts()[0]
		return map[string]any{"identifier": far.Login, "appPassword": far.Password}[name], true
	}
	return nil, false
}

// step sends one request and says what is wrong with the answer.
func (c *client) step() error {
	if c.sent%ownerLasts == 0 {
		c.key, c.things = c.w.owner(fmt.Sprintf("%s %d", c.name, c.sent))
		c.seen = c.seen[:0]
	}
	c.sent++
	o, m := c.all[c.rand.IntN(len(c.all))], c.maker()
	var r requests.Request
	switch n := c.rand.IntN(10); {
	case n < 4:
		r = m.Request(o)
	case n < 7:
		r = m.Nearly(o)
	default:
		r = m.Hostile(o)
	}
	if _, own := r.Header["Authorization"]; !own {
		r.Header["Authorization"] = []string{"Bearer " + c.key}
	}
	wire, err := r.Wire(c.w.addr)
	if err != nil {
		return err
	}
	resp, body, err := exchange(c.w.addr, r.Operation.Method, wire, endless(r))
	if errors.Is(err, syscall.ECONNRESET) && damaged(r) { // net/http has refused it and hung up before all of it had arrived
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %.1500q", err, wire)
	}
	if c.counts[o.ID] == nil {
		c.counts[o.ID] = map[int]int{}
	}
	c.counts[o.ID][resp.StatusCode]++
	c.harvest(resp.StatusCode, body)
	if err := judge(r, wire, resp, body); err != nil {
		return fmt.Errorf("%d %.1500s\nto %.1500q\n%w", resp.StatusCode, body, wire, err)
	}
	return nil
}

var anID = regexp.MustCompile(`"(?:_id|id)":"([0-9a-f]{24})"`)

// harvest keeps IDs of what was made.
func (c *client) harvest(status int, body []byte) {
	if status >= 300 {
		return
	}
	for _, found := range anID.FindAllSubmatch(body, 5) {
		c.seen = append(c.seen, string(found[1]))
	}
	if len(c.seen) > 200 {
		c.seen = c.seen[100:]
	}
}

// endless reports whether a request promises more than it sends, so that the server waits for the rest.
func endless(r requests.Request) bool {
	for _, name := range []string{"Content-Length", "Transfer-Encoding"} {
		if _, own := r.Header[name]; own {
			return true
		}
	}
	return false
}

// damaged reports whether a request may be none that net/http hands on.
func damaged(r requests.Request) bool {
	return len(r.Header) > 1 || r.RawPath != "" || r.RawQuery != ""
}

// exchange sends bytes on a connection of their own and reads the answer to them. With end it says that nothing more comes.
func exchange(addr, method string, wire []byte, end bool) (*http.Response, []byte, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return nil, nil, err
	}
	written := make(chan struct{})
	go func() { // an answer may come before everything is sent
		defer close(written)
		if _, err := conn.Write(wire); err == nil && end {
			_ = conn.(*net.TCPConn).CloseWrite()
		}
	}()
	defer func() { conn.Close(); <-written }()
	from := bufio.NewReader(conn)
	for {
		resp, err := http.ReadResponse(from, &http.Request{Method: method})
		if err != nil {
			return nil, nil, fmt.Errorf("no answer: %w", err)
		}
		if streams(resp) { // it has no end
			resp.Body = http.NoBody
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return nil, nil, fmt.Errorf("half an answer: %w", err)
		}
		if resp.StatusCode != http.StatusContinue {
			return resp, body, nil
		}
	}
}

// streams reports whether an answer goes on for as long as both sides want.
func streams(resp *http.Response) bool {
	return resp.StatusCode == http.StatusOK && resp.Header.Get("Content-Type") == "text/event-stream"
}

// judge says what is wrong with an answer. What net/http refuses before the API sees it has no shape of ours.
func judge(r requests.Request, wire []byte, resp *http.Response, body []byte) error {
	ours, o := resp.Header.Get("X-Request-Id") != "", r.Operation.ID
	switch {
	case resp.Header.Get("X-Injected") != "":
		return fmt.Errorf("a header was injected")
	case r.Operation.ID == "getReadyz" && resp.StatusCode == http.StatusServiceUnavailable:
		return fmt.Errorf("the server is not ready")
	case o == "testWebhook" && resp.StatusCode == http.StatusInternalServerError, o == "redeliverWebhookEvent" && resp.StatusCode == http.StatusBadGateway:
		if !bytes.Contains(body, []byte(`"success":false`)) {
			return fmt.Errorf("a failure of the server's own, and not of the webhook's endpoint")
		}
		return nil // it is what the contract says of an endpoint that fails
	case resp.StatusCode >= 500 && ours:
		return fmt.Errorf("a failure of the server's own")
	case !ours && resp.StatusCode >= 400: // 501: a Transfer-Encoding that HTTP/1.1 does not know
		return nil
	case r.Operation.Method == http.MethodHead, streams(resp):
		return nil
	}
	line, _, _ := strings.Cut(string(wire), "\r\n")
	parts := strings.Split(line, " ")
	if len(parts) != 3 {
		return nil
	}
	asked, err := url.ParseRequestURI(parts[1])
	if err != nil || strings.HasPrefix(asked.Path, "/media/") || strings.HasPrefix(asked.Path, "/docs") {
		return nil
	}
	return wiretest.Fits(&http.Request{Method: parts[0], URL: asked}, resp.StatusCode, resp.Header, body)
}
