package platformtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/verdict"
)

// The ends of a run.
const (
	published   = "published"
	failed      = "failed"
	unconfirmed = "unconfirmed"
	stuck       = "stuck"
)

const (
	maxSteps = 2000
	maxTime  = 72 * time.Hour // of the run's own clock
)

// clock is the time of one run.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if to.After(c.now) {
		c.now = to
	}
}

// world is one run's far side, clock and account.
type world struct {
	suite   Suite
	sample  Sample
	files   *Files
	clock   *clock
	fake    farside.Server
	account farside.Account
	// cancelEachStepFirst calls every step once with a cancelled context before it is really taken.
	cancelEachStepFirst bool
	gate                string // that the stored state opens
}

func newWorld(t *testing.T, s Suite, files *Files, sample Sample) *world {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	fake := s.Fake(farside.Options{Now: c.Now, Fetch: files.client})
	accounts := fake.Accounts()
	if sample.Account >= len(accounts) {
		t.Fatalf("the fake has %d accounts, sample %s wants number %d", len(accounts), sample.Name, sample.Account)
	}
	return &world{suite: s, sample: sample, files: files, clock: c, fake: fake, account: accounts[sample.Account]}
}

// outcome is how a run ended.
type outcome struct {
	status   string
	remote   platforms.Remote
	state    platforms.State // the last one
	last     *platforms.Error
	requests int
	said     []string // every text and state that the run produced
}

// durable is what the database would hold of the target.
type durable struct {
	state    platforms.State
	inDoubt  bool
	attempts int
	remote   *platforms.Remote
}

// drive publishes the sample as the engine does: claim, step, settle, wait. A kill leaves what was stored before the step.
func (w *world) drive(t *testing.T, p plan) outcome {
	t.Helper()
	tr := w.transport(p)
	info := w.suite.Platform.Info()
	token := w.token()
	var o outcome
	var row durable
	end := w.clock.Now().Add(maxTime)
	for range maxSteps {
		if w.clock.Now().After(end) {
			break
		}
		row = w.restart(t, row)
		older := row.inDoubt
		if info.IsVisible(row.state.Step) {
			row.inDoubt = true // the claim commits this before the step begins
		}
		task := platforms.Task{ID: "65f1c0a9e2b5af0012ab34cd", Content: w.sample.Content, State: row.state, InDoubt: older, Published: row.remote}
		conn := w.conn(tr, token)
		if w.cancelEachStepFirst {
			w.cancelled(t, tr, conn, task)
		}
		step, err, died := w.step(conn, task)
		if died {
			w.clock.advance(w.clock.Now().Add(10 * time.Second)) // another worker comes
			continue
		}
		v := verdict.Decide(verdict.Situation{Now: w.clock.Now(), Info: info, State: row.state, Remote: row.remote, InDoubt: older, Attempts: row.attempts},
			step, err, verdict.Defaults, 0.5)
		row = durable{state: v.State, inDoubt: v.InDoubt, attempts: v.Attempts, remote: v.Remote}
		w.openGate(platforms.OpenGate(v.State))
		o.note(step, v)
		if v.Refresh {
			token = w.refresh(conn, token)
		}
		if v.Done {
			o.status = published
			if v.Failed {
				o.status = failed
			}
			if v.Unconfirmed() {
				o.status = unconfirmed
			}
			if v.Remote != nil {
				o.remote = *v.Remote
			}
			o.requests, o.state = tr.requests, v.State
			return o
		}
		w.clock.advance(v.Next)
	}
	o.status, o.requests = stuck, tr.requests
	return o
}

// transport is the way to the far side for one run.
func (w *world) transport(p plan) *transport {
	return &transport{fake: w.fake, plan: p, heard: func(req *http.Request, body []byte) { w.suite.recorder.add(w.sample.Name, req, body) }}
}

func (w *world) conn(tr *transport, token platforms.Token) *platforms.Conn {
	data, _ := json.Marshal(w.account.Data)
	app := platforms.App{ID: "app-id", Secret: platforms.NewSecret("app-secret-of-the-suite")}
	if w.suite.Change != nil {
		w.suite.Change(&app)
	}
	return &platforms.Conn{
		HTTP: &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		App:  app, Token: token, Now: w.clock.Now, Media: gated{w.files}, Sealer: Sealer{},
		Account: platforms.Account{ID: "65f1c0a9e2b5af0012ab34ce", RemoteID: w.account.RemoteID, Username: w.account.Username, DisplayName: w.account.DisplayName, Data: data},
	}
}

// step takes one step and catches the worker's death.
func (w *world) step(c *platforms.Conn, task platforms.Task) (step platforms.Step, err error, died bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			died = true
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	step, err = w.suite.Platform.Publish(ctx, c, task)
	return step, err, false
}

// cancelled takes a step that is cancelled before it begins: no request may be made, and whatever the step says must not be success.
func (w *world) cancelled(t *testing.T, tr *transport, c *platforms.Conn, task platforms.Task) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	before := tr.requests
	step, err := w.suite.Platform.Publish(ctx, c, task)
	if tr.requests != before {
		t.Errorf("step %q with a cancelled context made %d requests", task.State.Step, tr.requests-before)
	}
	if err == nil && step.Done != nil && task.Published == nil {
		t.Errorf("step %q with a cancelled context says that it published", task.State.Step)
	}
}

// restart sends what is stored through JSON, as a new process would read it.
func (w *world) restart(t *testing.T, row durable) durable {
	b, err := json.Marshal(row.state)
	if err != nil {
		t.Fatalf("the state cannot be stored: %v", err)
	}
	var state platforms.State
	if err := json.Unmarshal(b, &state); err != nil {
		t.Fatalf("the state cannot be read back: %v", err)
	}
	if len(b) > 64<<10 {
		t.Errorf("the state takes %d bytes", len(b))
	}
	row.state = state
	return row
}

// refresh changes the token. A worker that dies of it leaves the old one.
func (w *world) refresh(c *platforms.Conn, token platforms.Token) (kept platforms.Token) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			kept = token
		}
	}()
	if r, ok := w.suite.Platform.(platforms.Refresher); ok {
		if fresh, err := r.Refresh(context.Background(), c); err == nil {
			return fresh
		}
	}
	return token
}

func (o *outcome) note(step platforms.Step, v verdict.Verdict) {
	o.said = append(o.said, step.Note, string(v.State.Data), v.State.Step)
	if v.Error != nil {
		o.last = v.Error
		o.noteError(v.Error)
	}
}

func (o *outcome) noteError(e *platforms.Error) {
	o.said = append(o.said, e.Error(), e.Message, e.Remediation, e.Endpoint, string(e.Body), fmt.Sprintf("%+v", e))
}

// visible is what the public sees of the account, newest first.
func (w *world) visible() []farside.Post {
	return slices.DeleteFunc(w.fake.Posts(), func(p farside.Post) bool { return p.Account != w.account.RemoteID })
}

// judge holds a run to the promises: never two posts, no "published" without all, no "failed" with one, no secret.
func (w *world) judge(t *testing.T, o outcome, what string) {
	t.Helper()
	seen := w.visible()
	switch {
	case len(seen) > w.sample.posts():
		t.Errorf("%s: the public sees %d posts, want at most %d: %s", what, len(seen), w.sample.posts(), describe(seen))
	case o.status == stuck:
		t.Errorf("%s: it never ended, at %d requests; the last error: %v", what, o.requests, o.last)
	case o.status == failed && len(seen) > 0:
		t.Errorf("%s: it ended as failed, and the public sees %s; the last error: %v", what, describe(seen), o.last)
	case o.status == published && o.last == nil && len(seen) != w.sample.posts():
		t.Errorf("%s: it ended as published, and the public sees %d posts of %d", what, len(seen), w.sample.posts())
	case o.status == published && len(seen) == 0:
		t.Errorf("%s: it ended as published, and the public sees nothing", what)
	}
	for _, p := range seen {
		if len(p.Comments) > w.sample.Comments {
			t.Errorf("%s: the post has %d comments, want at most %d", what, len(p.Comments), w.sample.Comments)
		}
	}
	w.judgeSecrets(t, o, what)
}

// judgeSecrets looks for the account's secrets in everything that a run said.
func (w *world) judgeSecrets(t *testing.T, o outcome, what string) {
	t.Helper()
	secrets := []string{w.account.Access, w.account.Refresh, w.account.Password, "app-secret-of-the-suite"}
	if keeper, ok := w.fake.(interface{ Secrets() []string }); ok { // what it has handed out beside tokens: addresses of uploads
		secrets = append(secrets, keeper.Secrets()...)
	}
	for _, secret := range secrets {
		for _, text := range o.said {
			if secret != "" && strings.Contains(text, secret) {
				t.Errorf("%s: a secret shows in %q", what, text)
			}
		}
	}
}

func describe(list []farside.Post) string {
	var b strings.Builder
	for _, p := range list {
		fmt.Fprintf(&b, "[%s %s %q]", p.Kind, p.ID, p.Text)
	}
	return b.String()
}
