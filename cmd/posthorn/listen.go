package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/webhooks"
)

// A listener shows the events of a server and passes them on.
type listener struct {
	server, key, names string
	forward, secret    string
	out                io.Writer
	cursor             string        // of the last event that came; empty: from now on
	pause              time.Duration // before it connects again; it doubles up to the longest
}

const (
	firstPause     = 500 * time.Millisecond
	longestPause   = 15 * time.Second
	silentFor      = 40 * time.Second // a stream beats every 15 seconds
	forwardTimeout = 10 * time.Second // as a delivery's
	longestLine    = 4 << 20
)

// refusal is an answer that another try would not change.
type refusal struct{ message string }

func (r *refusal) Error() string { return r.message }

func runListen(ctx context.Context, args []string, out io.Writer) error {
	l := listener{server: os.Getenv("POSTHORN_URL"), key: os.Getenv("POSTHORN_API_KEY"), out: out, pause: firstPause}
	if err := parse("listen", args, out, func(f *flag.FlagSet) {
		f.StringVar(&l.forward, "forward", "", "address that each event is sent to as a webhook would be, such as http://localhost:3000/hook")
		f.StringVar(&l.names, "events", "", "names of events, joined by commas; empty for all")
		f.StringVar(&l.secret, "secret", "", "signs what is passed on, as an endpoint's secret would")
		f.StringVar(&l.cursor, "cursor", "", "where to begin, as an earlier line of listen showed it; 0.0 for the oldest event that is kept; empty for now")
	}); err != nil {
		return err
	}
	switch {
	case l.server == "":
		return errors.New("POSTHORN_URL is missing: set it to the server's address, such as http://localhost:8080")
	case l.key == "":
		return errors.New("POSTHORN_API_KEY is missing: set it to an API key that may read webhooks")
	}
	if u, err := url.Parse(l.forward); l.forward != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
		return fmt.Errorf("-forward %q is not an http address", l.forward)
	}
	return l.run(ctx)
}

// run listens until the context ends, connecting again whenever the stream breaks off.
func (l *listener) run(ctx context.Context) error {
	for {
		err := l.listen(ctx)
		var no *refusal
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &no):
			return no
		case err != nil:
			fmt.Fprintf(l.out, "the stream broke off (%v); connecting again\n", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(l.pause):
			l.pause = min(2*l.pause, longestPause)
		}
	}
}

// listen reads one stream to its end.
func (l *listener) listen(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	address := strings.TrimSuffix(l.server, "/") + "/v1/events/stream?" + url.Values{"events": {l.names}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return &refusal{fmt.Sprintf("POSTHORN_URL %q is not an address", l.server)}
	}
	req.Header.Set("Authorization", "Bearer "+l.key)
	if l.cursor != "" {
		req.Header.Set("Last-Event-ID", l.cursor)
	}
	watch := time.AfterFunc(silentFor, cancel)
	defer watch.Stop()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return answered(resp)
	}
	fmt.Fprintf(l.out, "listening to %s\n", l.server)
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, longestLine)
	event := streamed{}
	for lines.Scan() {
		watch.Reset(silentFor)
		if lines.Text() != "" {
			event.take(lines.Text())
			continue
		}
		if event.data != "" {
			l.pause = firstPause
			l.cursor = event.cursor
			l.show(ctx, event)
		}
		event = streamed{}
	}
	if lines.Err() != nil {
		return lines.Err()
	}
	return io.ErrUnexpectedEOF
}

// answered turns an answer that is no stream into an error.
func answered(resp *http.Response) error {
	var said struct{ Error string }
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 10<<10)) // what there is of it
	_ = json.Unmarshal(body, &said)
	message := fmt.Sprintf("the server answered %d: %s", resp.StatusCode, said.Error)
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests {
		return errors.New(message)
	}
	return &refusal{message}
}

// streamed is an event of the stream.
type streamed struct {
	cursor, name, data string
	sequence           int
}

// take reads one line of it; comments and fields that it does not know are passed over.
func (e *streamed) take(line string) {
	field, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "id":
		e.cursor = value
	case "event":
		e.name = value
	case "sequence":
		e.sequence, _ = strconv.Atoi(value) // 0 when it is not a number
	case "data":
		e.data += value
	}
}

// show prints an event's line, and passes the event on. What the program makes of it is on the line; nothing is sent twice.
func (l *listener) show(ctx context.Context, e streamed) {
	var payload struct {
		ID      string
		Post    struct{ ID, Status string }
		Account struct{ AccountID, Username string }
	}
	_ = json.Unmarshal([]byte(e.data), &payload) // a payload of another shape is shown without its subject
	line := fmt.Sprintf("%s %s %s", e.cursor, e.name, payload.ID)
	switch {
	case payload.Post.ID != "":
		line += fmt.Sprintf(" post %s (%s)", payload.Post.ID, payload.Post.Status)
	case payload.Account.AccountID != "":
		line += fmt.Sprintf(" account %s (@%s)", payload.Account.AccountID, payload.Account.Username)
	}
	if l.forward != "" {
		line += " -> " + l.pass(ctx, e, payload.ID)
	}
	fmt.Fprintln(l.out, line)
}

// pass sends an event on, and says what became of it.
func (l *listener) pass(ctx context.Context, e streamed, eventID string) string {
	ctx, cancel := context.WithTimeout(ctx, forwardTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.forward, bytes.NewReader([]byte(e.data)))
	if err != nil {
		return err.Error()
	}
	var secrets []string
	if l.secret != "" {
		secrets = []string{l.secret}
	}
	webhooks.Sign(req.Header, secrets, eventID, e.name, e.sequence, time.Now(), []byte(e.data))
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return err.Error()
	}
	resp.Body.Close()
	return strconv.Itoa(resp.StatusCode)
}
