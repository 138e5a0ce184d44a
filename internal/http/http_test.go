package http

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/http/wiretest"
	"posthorn/internal/logs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
	"posthorn/internal/usage"
)

const (
	testKey   = "sk_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	ownerID   = "6745a1b2c3d4e5f600000001"
	postID    = "6745a1b2c3d4e5f600000002"
	targetID  = "6745a1b2c3d4e5f600000003"
	accountID = "6745a1b2c3d4e5f600000004"
	profileID = "6745a1b2c3d4e5f600000005"
)

var testNow = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// logsInMemory has one entry, usageInMemory nothing used.
type (
	logsInMemory  struct{}
	usageInMemory struct{}
)

func (logsInMemory) CallsOf(context.Context, string, time.Time) ([]logs.Calls, error) {
	return nil, nil
}

func (logsInMemory) List(_ context.Context, by auth.Principal, f logs.Filter) (logs.Page, error) {
	e := logs.Entry{ID: targetID, At: testNow, Status: logs.Success, About: logs.About{Type: logs.Publishing, Action: logs.PlatformCall, OwnerID: by.OwnerID, PostID: f.PostID}}
	return logs.Page{Entries: []logs.Entry{e}, Total: 1}, nil
}

func (usageInMemory) Report(_ context.Context, _ auth.Principal, q usage.Query) (usage.Report, error) {
	return usage.Report{Granularity: q.Granularity, From: testNow, To: testNow}, nil
}

// api is a server over domains in memory, whose every answer is held to openapi.yaml.
type api struct {
	t        testing.TB
	server   *Server
	posts    *postsInMemory
	accounts *accountsInMemory
	health   map[string]error
	log      *lockedBuffer
}

func newAPI(t testing.TB, change ...func(*Config)) *api {
	t.Helper()
	a := &api{t: t, posts: &postsInMemory{}, accounts: &accountsInMemory{}, health: map[string]error{"database": nil}, log: &lockedBuffer{}}
	cfg := Config{
		Posts: a.posts, Accounts: a.accounts, Keys: keysInMemory{}, People: peopleInMemory{}, Platforms: platforms.NewRegistry(bluesky{}), PublicURL: "https://posthorn.test", Health: a,
		Logs: logsInMemory{}, Usage: usageInMemory{},
		Log: zerolog.New(a.log), Now: func() time.Time { return testNow }, PublishWait: time.Second,
		IsUnavailable: func(err error) bool { return errors.Is(err, errAway) },
	}
	for _, c := range change {
		c(&cfg)
	}
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.server = server
	return a
}

// with is the same server in another test: making one for each input would slow a fuzzer down.
func (a *api) with(t testing.TB) *api {
	other := *a
	other.t = t
	return &other
}

func (a *api) Check(context.Context) map[string]error { return a.health }

// An answer is what the server said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// json reads the answer's body.
func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return m
}

// do sends a request and holds the answer to openapi.yaml. Headers come as name, value.
func (a *api) do(method, target, body string, headers ...string) answer {
	a.t.Helper()
	return a.send(a.request(method, target, body, headers...))
}

// request makes a request with the key. An empty header is left out.
func (a *api) request(method, target, body string, headers ...string) *http.Request {
	a.t.Helper()
	r := httptest.NewRequest(method, "http://posthorn.test/", strings.NewReader(body))
	u, err := r.URL.Parse(target)
	if err != nil {
		a.t.Fatal(err)
	}
	r.URL, r.RequestURI = u, target
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+testKey)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	return r
}

func (a *api) send(r *http.Request) answer {
	a.t.Helper()
	w := httptest.NewRecorder()
	wiretest.Wrap(a.t, a.server).ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}

var errAway = errors.New("connection refused")

type keysInMemory struct{}

func (keysInMemory) Authenticate(_ context.Context, key string) (auth.Principal, error) {
	switch key {
	case testKey:
		p := auth.Root(ownerID)
		p.KeyID = "key1"
		return p, nil
	case "sk_away":
		return auth.Principal{}, fmt.Errorf("auth.Authenticate: %w", errAway)
	}
	return auth.Principal{}, errs.New(errs.Unauthorized, "Invalid API key")
}

// peopleInMemory knows one person.
type peopleInMemory struct {
	People // what is not overridden here is not called
}

func (peopleInMemory) User(_ context.Context, by auth.Principal, userID string) (auth.User, error) {
	return auth.User{ID: userID, OwnerID: by.OwnerID, Name: "Anna", Role: by.Role, CreatedAt: testNow}, nil
}

func (peopleInMemory) PollDevice(context.Context, string) (auth.DeviceState, platforms.Secret, error) {
	return "", platforms.Secret{}, errs.New(errs.Unauthorized, "No such device")
}

// postsInMemory answers with what a test puts in, and keeps what it was asked.
type postsInMemory struct {
	Posts   // what is not overridden here is not called
	mu      sync.Mutex
	created posts.Created
	awaited *posts.Post
	list    []posts.Post
	total   int
	steps   []posts.Step
	err     error // of every call
	waitErr error // of Await
	await   func(context.Context)

	asked  []posts.NewPost
	filter posts.Filter
	calls  int
}

func (p *postsInMemory) Create(_ context.Context, by auth.Principal, n posts.NewPost) (posts.Created, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, n)
	p.calls++
	if p.err != nil {
		return posts.Created{}, p.err
	}
	if p.created.Post.ID == "" {
		post := aPost(posts.Draft)
		post.OwnerID, post.Media = by.OwnerID, n.Media
		return posts.Created{Post: post}, nil
	}
	return p.created, nil
}

func (p *postsInMemory) Await(ctx context.Context, _ auth.Principal, _ string, _ time.Duration) (posts.Post, error) {
	if p.await != nil {
		p.await(ctx)
	}
	if p.waitErr != nil {
		return posts.Post{}, p.waitErr
	}
	return *p.awaited, nil
}

func (p *postsInMemory) Get(_ context.Context, _ auth.Principal, id string) (posts.Post, error) {
	p.calls++
	if p.err == nil && id != postID {
		return posts.Post{}, errs.New(errs.NotFound, "Post not found")
	}
	return aPost(posts.Scheduled), p.err
}

func (p *postsInMemory) List(_ context.Context, _ auth.Principal, f posts.Filter) ([]posts.Post, int, error) {
	p.filter = f
	p.calls++
	return p.list, p.total, p.err
}

func (p *postsInMemory) Delete(_ context.Context, _ auth.Principal, id string) error {
	p.calls++
	if p.err == nil && id != postID {
		return errs.New(errs.NotFound, "Post not found")
	}
	return p.err
}

func (p *postsInMemory) Timeline(context.Context, auth.Principal, string) ([]posts.Step, error) {
	return p.steps, p.err
}

type accountsInMemory struct {
	Accounts // what is not overridden here is not called
	list     []accounts.Account
	profiles []accounts.Profile
	total    int
	err      error

	filter        accounts.Filter
	profileFilter accounts.ProfileFilter
	connected     struct {
		profile, platform string
		fields            map[string]platforms.Secret
	}
}

func (m *accountsInMemory) List(_ context.Context, _ auth.Principal, f accounts.Filter) ([]accounts.Account, int, error) {
	m.filter = f
	return m.list, m.total, m.err
}

func (m *accountsInMemory) Profiles(_ context.Context, _ auth.Principal, f accounts.ProfileFilter) ([]accounts.Profile, int, error) {
	m.profileFilter = f
	return m.profiles, m.total, m.err
}

func (m *accountsInMemory) ConnectCredentials(_ context.Context, _ auth.Principal, profile, platform string, fields map[string]platforms.Secret) (accounts.Account, error) {
	m.connected.profile, m.connected.platform, m.connected.fields = profile, platform, fields
	return anAccount(), m.err
}

// bluesky is a platform that can be described; nothing is published here.
type bluesky struct{}

func (bluesky) Info() platforms.Info {
	return platforms.Info{
		Name: "bluesky", Title: "Bluesky", Docs: "https://docs.bsky.app",
		Rules: platforms.Rules{Text: platforms.TextLimit{Max: 300, Count: "graphemes"}, Source: "https://docs.bsky.app",
			Kinds: []platforms.PostKind{{Name: "post", Title: "Post", MaxMedia: 4, Types: []platforms.MediaType{platforms.Image}}}},
		Budgets: []platforms.Budget{{Name: "calls", Scope: "account", Limit: 3000, Window: 5 * time.Minute, Source: "https://docs.bsky.app"}},
		Options: struct {
			Langs []string `json:"langs,omitempty"`
		}{},
	}
}

func (bluesky) Publish(context.Context, *platforms.Conn, platforms.Task) (platforms.Step, error) {
	return platforms.Step{}, errors.New("not here")
}

func (bluesky) Login(context.Context, *platforms.Conn, map[string]platforms.Secret) (platforms.Token, []platforms.Account, error) {
	return platforms.Token{}, nil, errors.New("not here")
}

func aPost(status posts.Status, targets ...posts.Target) posts.Post {
	return posts.Post{ID: postID, OwnerID: ownerID, Content: "a <b> & c", Timezone: "UTC", Status: status, Crossposting: true, CreatedAt: testNow, UpdatedAt: testNow, Targets: targets}
}

func aTarget(status posts.Status) posts.Target {
	return posts.Target{ID: targetID, PostID: postID, Platform: "bluesky", Status: status, Open: status == posts.Pending || status == posts.Processing, NextAt: testNow,
		Account: posts.Account{ID: accountID, Platform: "bluesky", ProfileID: profileID, Username: "alice.test", DisplayName: "Alice", Active: true}}
}

func anAccount() accounts.Account {
	return accounts.Account{ID: accountID, OwnerID: ownerID, ProfileID: profileID, ProfileName: "Side Project", Platform: "bluesky", Username: "alice.test",
		DisplayName: "Alice", Active: true, CreatedAt: testNow, UpdatedAt: testNow}
}

// lockedBuffer is a log that several goroutines write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var _ io.Writer = (*lockedBuffer)(nil)
