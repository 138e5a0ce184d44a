package http

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/webhooks"
)

// EventLog is what has happened, in order.
type EventLog interface {
	Events(ctx context.Context, by auth.Principal, after webhooks.Cursor, names []string, limit int) ([]webhooks.Event, error)
	End(ctx context.Context) (webhooks.Cursor, error)
}

const (
	streamEvery = 500 * time.Millisecond // how often a stream looks for what is new
	streamBeat  = 15 * time.Second       // how often it shows that it lives
	streamBatch = 200
)

func (s *Server) listEvents(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	cursor, err := webhooks.ParseCursor(q.Get("cursor"))
	if err != nil {
		return err
	}
	names, err := eventNames(q.Get("events"))
	if err != nil {
		return err
	}
	limit := number(q, "limit", 100)
	list, err := s.cfg.Webhooks.Events(r.Context(), principalOf(r), cursor, names, limit)
	if err != nil {
		return err
	}
	out := wire.EventList{Events: make([]wire.Event, 0, len(list)), HasMore: len(list) == limit}
	for _, e := range list {
		cursor = e.Cursor
		out.Events = append(out.Events, wire.Event{ID: e.ID, Event: string(e.Name), Subject: e.Subject, Sequence: e.Sequence, Cursor: e.Cursor.String(),
			CreatedAt: wire.At(&e.CreatedAt), Payload: e.Payload})
	}
	out.NextCursor = cursor.String()
	s.write(w, r, http.StatusOK, out)
	return nil
}

// streamEvents sends events as they become known, until the caller leaves or the server stops.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) error {
	from := r.Header.Get("Last-Event-ID")
	if from == "" {
		from = r.URL.Query().Get("cursor")
	}
	cursor, err := webhooks.ParseCursor(from)
	if err != nil {
		return err
	}
	if from == "" {
		if cursor, err = s.cfg.Webhooks.End(r.Context()); err != nil {
			return err
		}
	}
	names, err := eventNames(r.URL.Query().Get("events"))
	if err != nil {
		return err
	}
	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(time.Time{}); err != nil && r.ProtoMajor == 1 {
		noteOf(r).err = err // the stream is then cut by the server's own limit, and the client reconnects
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	s.stream(r.Context(), w, out, principalOf(r), cursor, names)
	return nil
}

// stream is the loop of streamEvents. Once the answer has begun there is no other way to tell of a failure than to end it: the client
// reconnects with the last cursor that it saw.
func (s *Server) stream(ctx context.Context, w http.ResponseWriter, out *http.ResponseController, by auth.Principal, cursor webhooks.Cursor, names []string) {
	fmt.Fprint(w, ": the events of this owner\n\n")
	look := time.NewTicker(streamEvery)
	defer look.Stop()
	quiet := time.Duration(0)
	for out.Flush() == nil {
		list, err := s.cfg.Webhooks.Events(ctx, by, cursor, names, streamBatch)
		if err != nil {
			return
		}
		for _, e := range list {
			cursor = e.Cursor
			fmt.Fprintf(w, "id: %s\nevent: %s\nsequence: %d\ndata: %s\n\n", e.Cursor, e.Name, e.Sequence, bytes.ReplaceAll(e.Payload, []byte("\n"), nil))
		}
		switch {
		case len(list) == streamBatch:
			continue
		case len(list) > 0:
			quiet = 0
			if out.Flush() != nil {
				return
			}
		case quiet >= streamBeat:
			quiet = 0
			fmt.Fprint(w, ": still here\n\n")
		}
		select {
		case <-ctx.Done():
			return
		case <-s.stopping:
			return
		case <-look.C:
			quiet += streamEvery
		}
	}
}

// Stop ends the answers that have no end of their own, so that the server can shut down.
func (s *Server) Stop() { s.stop.Do(func() { close(s.stopping) }) }

func eventNames(list string) ([]string, error) {
	if strings.TrimSpace(list) == "" {
		return nil, nil
	}
	var names []string
	for _, name := range strings.Split(list, ",") {
		name = strings.TrimSpace(name)
		if !webhooks.Subscribable(name) && name != "webhook.test" {
			return nil, errs.Fieldf("events", "%q is not the name of an event", clip(name, 60))
		}
		names = append(names, name)
	}
	return names, nil
}
