package webhooks_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/events"
	"posthorn/internal/outbound"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/tokens"
	"posthorn/internal/webhooks"
)

// world is a service on a database of its own, whose jobs are run by hand.
type world struct {
	*webhooks.Service
	pool  *pgxpool.Pool
	owner auth.Principal
	now   time.Time
	due   []webhooks.Due // jobs, in the order of their making
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{pool: pgtest.New(t), now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	keys, err := tokens.ParseKeys(tokens.NewKey("k1"))
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return w.now }
	w.Service = &webhooks.Service{Pool: w.pool, Keys: keys, Queue: w, Client: outbound.NewGuarded(outbound.Options{AllowPrivate: true}), Now: clock, Retries: webhooks.DefaultRetries}
	w.tx(t, func(tx pgx.Tx) error {
		id, _, err := (&auth.Service{Pool: w.pool, Now: clock}).EnsureOwner(t.Context(), tx, "owner")
		w.owner = auth.Root(id)
		return err
	})
	return w
}

// Deliver is the queue.
func (w *world) Deliver(_ context.Context, _ pgx.Tx, due []webhooks.Due) error {
	w.due = append(w.due, due...)
	return nil
}

func (w *world) tx(t *testing.T, fn func(pgx.Tx) error) {
	t.Helper()
	if err := postgres.InTx(t.Context(), w.pool, fn); err != nil {
		t.Fatal(err)
	}
}

func (w *world) emit(t *testing.T, name events.Name, subject string) {
	t.Helper()
	w.tx(t, func(tx pgx.Tx) error {
		return w.Emit(t.Context(), tx, events.Event{Name: name, OwnerID: w.owner.OwnerID, Subject: subject, Body: map[string]any{"post": map[string]any{"id": subject}}})
	})
}

func (w *world) listen(t *testing.T, url string, names ...string) webhooks.Endpoint {
	t.Helper()
	name := "test"
	e, err := w.Create(t.Context(), w.owner, webhooks.Change{Name: &name, URL: &url, Events: &names})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// dispatch hands out so many events. Transactions of other tests on the same server may hold it up for a moment.
func (w *world) dispatch(t *testing.T, want int) {
	t.Helper()
	taken := 0
	for end := time.Now().Add(20 * time.Second); taken < want; {
		n, err := w.Dispatch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if taken += n; n == 0 && time.Now().After(end) {
			t.Fatalf("%d events were handed out, want %d", taken, want)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if n, err := w.Dispatch(t.Context()); err != nil || n != 0 || taken != want {
		t.Errorf("%d events were handed out and %d more, want %d (%v)", taken, n, want, err)
	}
}

// receiver is a customer's server.
type receiver struct {
	mu       sync.Mutex
	got      []*http.Request
	bodies   []string
	answer   func(w http.ResponseWriter)
	endpoint string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{answer: func(w http.ResponseWriter) { w.WriteHeader(204) }}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.got, r.bodies = append(r.got, req), append(r.bodies, string(body))
		answer := r.answer
		r.mu.Unlock()
		answer(w)
	}))
	t.Cleanup(srv.Close)
	r.endpoint = srv.URL
	return r
}

func TestDeliverySignedAndOnce(t *testing.T) {
	t.Parallel()
	w, far := newWorld(t), newReceiver(t)
	e := w.listen(t, far.endpoint, "post.published")
	w.emit(t, events.PostPublished, "p1")
	w.emit(t, events.PostFailed, "p1") // nobody listens
	if w.dispatch(t, 2); len(w.due) != 1 {
		t.Fatalf("2 events gave %d deliveries", len(w.due))
	}
	again, err := w.Service.Deliver(t.Context(), w.due[0].DeliveryID)
	if err != nil || !again.IsZero() {
		t.Fatalf("again %v, %v", again, err)
	}
	if _, err := w.Service.Deliver(t.Context(), w.due[0].DeliveryID); err != nil || len(far.got) != 1 {
		t.Errorf("it was delivered %d times, %v", len(far.got), err)
	}
	r, body := far.got[0], far.bodies[0]
	m := hmac.New(sha256.New, []byte(e.Secret))
	m.Write([]byte(body))
	if got := r.Header.Get("X-Zernio-Signature"); got != hex.EncodeToString(m.Sum(nil)) || r.Header.Get("X-Late-Signature") != got {
		t.Errorf("signature %q", got)
	}
	if r.Header.Get("X-Zernio-Event") != "post.published" || r.Header.Get("X-Zernio-Event-Id") != r.Header.Get("webhook-id") || !strings.Contains(body, r.Header.Get("webhook-id")) {
		t.Errorf("headers %v for %s", r.Header, body)
	}
	list, total, err := w.Log(t.Context(), w.owner, webhooks.LogFilter{Limit: 10, Status: "success"})
	if err != nil || total != 1 || string(list[0].Payload) != body || list[0].Number != 1 {
		t.Errorf("the log: %+v, %v", list, err)
	}
}

func TestRetriesAndSwitchingOff(t *testing.T) {
	t.Parallel()
	w, far := newWorld(t), newReceiver(t)
	far.answer = func(w http.ResponseWriter) { http.Error(w, "broken", 500) }
	e := w.listen(t, far.endpoint, "post.published")
	w.emit(t, events.PostPublished, "p1")
	w.dispatch(t, 1)
	begun := w.now
	for {
		again, err := w.Service.Deliver(t.Context(), w.due[0].DeliveryID)
		if err != nil {
			t.Fatal(err)
		}
		if again.IsZero() {
			break
		}
		w.now = again
	}
	if n := len(far.got); n != 7 || w.now.Sub(begun) < 20*time.Hour || w.now.Sub(begun) > 36*time.Hour {
		t.Errorf("%d attempts over %v", n, w.now.Sub(begun))
	}
	if first := far.got[0].Header.Get("webhook-id"); first != far.got[6].Header.Get("webhook-id") || far.bodies[0] != far.bodies[6] {
		t.Error("an attempt differs from the first")
	}
	active := true
	for hours := 0; active && hours < 4*24; hours++ {
		w.now = w.now.Add(time.Hour)
		w.emit(t, events.PostPublished, fmt.Sprint("q", hours))
		w.dispatch(t, 1)
		if _, err := w.Service.Deliver(t.Context(), w.due[len(w.due)-1].DeliveryID); err != nil {
			t.Fatal(err)
		}
		if err := w.pool.QueryRow(t.Context(), `select active from endpoints where id = $1`, e.ID).Scan(&active); err != nil {
			t.Fatal(err)
		}
	}
	list, err := w.List(t.Context(), w.owner)
	if err != nil || list[0].Active || !strings.Contains(list[0].DisabledReason, "3 days") {
		t.Errorf("after four days: %+v, %v", list, err)
	}
	told, err := w.Events(t.Context(), w.owner, webhooks.Cursor{}, []string{"webhook.disabled"}, 10)
	if err != nil || len(told) != 1 {
		t.Errorf("the event of it: %v, %v", told, err)
	}
	on := true
	if e, err := w.Update(t.Context(), w.owner, e.ID, webhooks.Change{Active: &on}); err != nil || !e.Active || e.DisabledReason != "" || e.FailureCount != 0 {
		t.Errorf("switched on again: %+v, %v", e, err)
	}
}

func TestGoneSwitchesOffAtOnce(t *testing.T) {
	t.Parallel()
	w, far := newWorld(t), newReceiver(t)
	far.answer = func(w http.ResponseWriter) { w.WriteHeader(410) }
	w.listen(t, far.endpoint, "post.published")
	w.emit(t, events.PostPublished, "p1")
	w.dispatch(t, 1)
	if again, err := w.Service.Deliver(t.Context(), w.due[0].DeliveryID); err != nil || !again.IsZero() {
		t.Errorf("again %v, %v", again, err)
	}
	if list, err := w.List(t.Context(), w.owner); err != nil || list[0].Active {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestOrderWithinASubject(t *testing.T) {
	t.Parallel()
	w, far := newWorld(t), newReceiver(t)
	w.listen(t, far.endpoint, "post.published", "post.scheduled")
	w.emit(t, events.PostScheduled, "p1")
	w.emit(t, events.PostPublished, "p1")
	w.dispatch(t, 2)
	if again, err := w.Service.Deliver(t.Context(), w.due[1].DeliveryID); err != nil || again.IsZero() || len(far.got) != 0 {
		t.Errorf("the second went first: again %v, %v", again, err)
	}
	for _, d := range w.due {
		if _, err := w.Service.Deliver(t.Context(), d.DeliveryID); err != nil {
			t.Fatal(err)
		}
	}
	if len(far.got) != 2 || far.got[0].Header.Get("X-Posthorn-Sequence") != "1" || far.got[1].Header.Get("X-Posthorn-Sequence") != "2" {
		t.Errorf("%d deliveries, the first numbered %s", len(far.got), far.got[0].Header.Get("X-Posthorn-Sequence"))
	}
}

func TestALateCommitIsNotPassedOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slow, err := w.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Emit(t.Context(), slow, events.Event{Name: events.PostPublished, OwnerID: w.owner.OwnerID, Subject: "slow"}); err != nil {
		t.Fatal(err)
	}
	w.emit(t, events.PostPublished, "fast")
	if n, err := w.Dispatch(t.Context()); err != nil || n != 0 {
		t.Errorf("%d events were handed out before an earlier one was known (%v)", n, err)
	}
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.dispatch(t, 2)
}

func TestRotationSignsWithBoth(t *testing.T) {
	t.Parallel()
	w, far := newWorld(t), newReceiver(t)
	e := w.listen(t, far.endpoint, "post.published")
	fresh := ""
	changed, err := w.Update(t.Context(), w.owner, e.ID, webhooks.Change{Secret: &fresh})
	if err != nil || changed.Secret == "" || changed.Secret == e.Secret {
		t.Fatalf("%+v, %v", changed, err)
	}
	for _, want := range []int{2, 1} {
		if _, err := w.Test(t.Context(), w.owner, e.ID); err != nil {
			t.Fatal(err)
		}
		if got := strings.Fields(far.got[len(far.got)-1].Header.Get("webhook-signature")); len(got) != want {
			t.Errorf("%d signatures, want %d", len(got), want)
		}
		w.now = w.now.Add(25 * time.Hour)
	}
	list, err := w.List(t.Context(), w.owner)
	if err != nil || len(list) != 1 {
		t.Fatal(err)
	}
	var stored string
	if err := w.pool.QueryRow(t.Context(), `select string_agg(e::text, ' ') from endpoints e`).Scan(&stored); err != nil || strings.Contains(stored, strings.TrimPrefix(changed.Secret, "whsec_")[:20]) {
		t.Errorf("the secret can be read in the table: %v", err)
	}
}

func TestRedeliver(t *testing.T) {
	t.Parallel()
	w, far := newWorld(t), newReceiver(t)
	e := w.listen(t, far.endpoint, "post.published")
	w.emit(t, events.PostPublished, "p1")
	w.emit(t, events.PostFailed, "p1")
	w.dispatch(t, 2)
	if _, err := w.Service.Deliver(t.Context(), w.due[0].DeliveryID); err != nil {
		t.Fatal(err)
	}
	all, err := w.Events(t.Context(), w.owner, webhooks.Cursor{}, nil, 10)
	if err != nil || len(all) != 2 {
		t.Fatal(err)
	}
	if got, err := w.Redeliver(t.Context(), w.owner, e.ID, all[0].ID); err != nil || !got.Succeeded || far.bodies[1] != far.bodies[0] || got.Number != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := w.Redeliver(t.Context(), w.owner, e.ID, all[1].ID); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("an event that it never heard of: %v", err)
	}
	if _, err := w.Redeliver(t.Context(), auth.Root("6745a1b2c3d4e5f600000000"), e.ID, all[0].ID); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("a stranger: %v", err)
	}
}

func TestEndpointsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := func() webhooks.Change {
		name, url, names := "n", "https://example.com/hook", []string{"post.published"}
		return webhooks.Change{Name: &name, URL: &url, Events: &names}
	}
	text := func(s string) *string { return &s }
	for field, c := range map[string]func(*webhooks.Change){
		"name":                   func(c *webhooks.Change) { c.Name = text(" ") },
		"url":                    func(c *webhooks.Change) { c.URL = text("ftp://example.com") },
		"events":                 func(c *webhooks.Change) { c.Events = &[]string{"webhook.test"} },
		"customHeaders":          func(c *webhooks.Change) { c.Headers = &map[string]string{"X-A": "b\r\nX-C: d"} },
		"disabledResourceGroups": func(c *webhooks.Change) { c.DisabledGroups = &[]string{"everything"} },
	} {
		change := good()
		c(&change)
		_, err := w.Create(t.Context(), w.owner, change)
		if e, ok := errorOf(err); !ok || e.Code != errs.Invalid || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, name := range []string{"Host", "content-length", "Transfer-Encoding", "X-Zernio-Signature", "webhook-id", "bad name"} {
		change := good()
		change.Headers = &map[string]string{name: "x"}
		if _, err := w.Create(t.Context(), w.owner, change); errs.CodeOf(err) != errs.Invalid {
			t.Errorf("header %q: %v", name, err)
		}
	}
	for i := range 51 {
		_, err := w.Create(t.Context(), w.owner, good())
		if (err != nil) != (i == 50) {
			t.Fatalf("endpoint %d: %v", i+1, err)
		}
	}
}
