// Package e2e runs the real api and worker processes against the sandbox, and kills them.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"posthorn/internal/app"
	"posthorn/internal/auth"
	"posthorn/internal/config"
	"posthorn/internal/media/mediatest"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/all"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/sandbox"
	"posthorn/internal/tokens"
)

// processing is how long the sandbox takes over an image; a video takes ten times that.
const processing = 200 * time.Millisecond

var binaries struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if binaries.dir != "" {
		os.RemoveAll(binaries.dir)
	}
	os.Exit(code)
}

// program is the path of a freshly built command.
func program(t *testing.T, name string) string {
	t.Helper()
	binaries.once.Do(func() {
		if binaries.dir, binaries.err = os.MkdirTemp("", "posthorn-e2e-"); binaries.err != nil {
			return
		}
		build := exec.Command("go", "build", "-o", binaries.dir+string(filepath.Separator), "posthorn/cmd/api", "posthorn/cmd/worker", "posthorn/cmd/posthorn")
		if out, err := build.CombinedOutput(); err != nil {
			binaries.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if binaries.err != nil {
		t.Fatal(binaries.err)
	}
	return filepath.Join(binaries.dir, name)
}

// system is one database, one sandbox, and the processes on them.
type system struct {
	env      []string
	sandbox  *sandbox.Sandbox
	fakes    map[string]farside.Server
	gateway  string
	key      string
	api      string
	film     string            // the address of a video
	accounts map[string]string // "platform/username" -> our ID
}

// newSystem starts the API; workers are started one by one. Around the sandbox may stand what sends some hosts elsewhere.
func newSystem(t *testing.T, around func(http.Handler) http.Handler) *system {
	t.Helper()
	return newSystemOn(t, pgtest.NewURL(t), around)
}

// newSystemOn is newSystem on a database of the caller's, migrated.
func newSystemOn(t *testing.T, database string, around func(http.Handler) http.Handler) *system {
	t.Helper()
	return newSystemAt(t, database, around, time.Now)
}

// newSystemAt is newSystemOn with platforms that have a clock of the caller's.
func newSystemAt(t *testing.T, database string, around func(http.Handler) http.Handler, now func() time.Time) *system {
	t.Helper()
	s := &system{accounts: map[string]string{}}
	s.fakes = all.Fakes(farside.Options{Now: now, Fetch: http.DefaultClient, Processing: processing, Generous: true})
	s.sandbox = sandbox.New(sandbox.Options{Fakes: s.fakes, Now: time.Now})
	var far http.Handler = s.sandbox
	if around != nil {
		far = around(far)
	}
	srv := httptest.NewServer(far)
	t.Cleanup(srv.Close)
	t.Cleanup(s.sandbox.Close)
	s.gateway = srv.URL
	film := mediatest.Movie{Seconds: 2}.File()
	films := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "film.mp4", time.Time{}, bytes.NewReader(film))
	}))
	t.Cleanup(films.Close)
	s.film = films.URL + "/film.mp4"
	port := freePort(t)
	s.api = "http://127.0.0.1:" + port
	s.env = []string{"DATABASE_URL=" + database, "POSTHORN_ADDR=127.0.0.1:" + port, "POSTHORN_PUBLIC_URL=" + s.api, "POSTHORN_MASTER_KEYS=" + tokens.NewKey("k1"),
		"POSTHORN_PLATFORM_GATEWAY=" + s.gateway, "POSTHORN_DATA_DIR=" + t.TempDir(), "POSTHORN_ALLOW_PRIVATE_NETWORKS=true", "POSTHORN_PUBLISH_WAIT=3m",
		"POSTHORN_TWITTER_CLIENT_ID=x-app", "POSTHORN_TWITTER_CLIENT_SECRET=x-app-secret",
		"POSTHORN_API_RATE_LIMIT=1000000", "POSTHORN_VELOCITY_LIMIT=0", "POSTHORN_DAILY_CAPS=*=0", "POSTHORN_BUDGETS=*=0"}
	s.seed(t)
	s.start(t, "api")
	for _, name := range []string{"coast.jpg", "peaks.jpg"} { // painted when first asked for, which takes a while
		resp, err := http.Get(s.gateway + "/_sandbox/samples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	s.eventually(t, 20*time.Second, "the API answers", func() bool {
		resp, err := http.Get(s.api + "/healthz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == 200
	})
	return s
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// seed connects every account that the fakes hold to one owner.
func (s *system) seed(t *testing.T) {
	t.Helper()
	c, err := config.Load(func(name string) string {
		for _, kv := range s.env {
			if k, v, _ := strings.Cut(kv, "="); k == name {
				return v
			}
		}
		return ""
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), c, zerolog.Nop(), "e2e", 4)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s.key = auth.NewKey()
	err = postgres.InTx(t.Context(), a.Pool, func(tx pgx.Tx) error {
		owner, _, err := a.Auth.EnsureOwner(t.Context(), tx, "e2e")
		if err != nil {
			return err
		}
		if err := a.Auth.StoreKey(t.Context(), tx, owner, "e2e", s.key); err != nil {
			return err
		}
		profile, err := a.Accounts.EnsureDefaultProfile(t.Context(), tx, owner)
		if err != nil {
			return err
		}
		for name, fake := range s.fakes {
			for _, f := range fake.Accounts() {
				data, err := json.Marshal(f.Data)
				if err != nil {
					return err
				}
				id, err := a.Accounts.Connect(t.Context(), tx, owner, profile, name, platforms.Account{RemoteID: f.RemoteID, Username: f.Username, Data: data},
					platforms.Token{Access: platforms.NewSecret(f.Access), Refresh: platforms.NewSecret(f.Refresh), ExpiresAt: f.ExpiresAt})
				if err != nil {
					return err
				}
				s.accounts[name+"/"+f.Username] = id
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// process is one running program.
type process struct {
	*exec.Cmd
	log   *transcript
	ended chan struct{}
}

// transcript is what a process says, to be read while it speaks.
type transcript struct {
	mu   sync.Mutex
	said bytes.Buffer
}

// Write keeps what is said.
func (r *transcript) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(p)
}

// String is all that was said so far.
func (r *transcript) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

// start runs a program until the test ends; its log is shown when the test fails.
func (s *system) start(t *testing.T, name string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(program(t, name)), log: new(transcript), ended: make(chan struct{})}
	p.Env = append(os.Environ(), s.env...)
	p.Stdout, p.Stderr = p.log, p.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s (process %d) said:\n%s", name, p.Process.Pid, tail(p.log.String(), 20_000))
		}
	})
	return p
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.Process.Kill()
	<-p.ended
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// post is what the API shows, as far as these tests look.
type post struct {
	ID        string `json:"_id"`
	Status    string `json:"status"`
	Content   string `json:"content"`
	Platforms []struct {
		Status          string          `json:"status"`
		PlatformPostID  string          `json:"platformPostId"`
		PlatformPostURL string          `json:"platformPostUrl"`
		ErrorMessage    string          `json:"errorMessage"`
		Error           json.RawMessage `json:"error"`
	} `json:"platforms"`
}

func (s *system) call(ctx context.Context, method, path string, body any, out any) (int, error) {
	return s.callAs(ctx, method, path, body, out, nil)
}

// callAs is call with further headers.
func (s *system) callAs(ctx context.Context, method, path string, body any, out any, header http.Header) (int, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.api+path, bytes.NewReader(b))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return resp.StatusCode, fmt.Errorf("%s %s answered %d with %q: %w", method, path, resp.StatusCode, answer, err)
	}
	if resp.StatusCode > 299 {
		return resp.StatusCode, fmt.Errorf("%s %s answered %d: %s", method, path, resp.StatusCode, answer)
	}
	return resp.StatusCode, nil
}

// raw gives the whole answer.
func (s *system) raw(t *testing.T, method, path string, body any) (code int, header http.Header, answer string) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Error(err)
		return
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, s.api+path, bytes.NewReader(b))
	if err != nil {
		t.Error(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, resp.Header, string(raw)
}

// create makes a post that is due at once and answers without waiting for it: its time is a second from now.
func (s *system) create(t *testing.T, body map[string]any) post {
	t.Helper()
	body["scheduledFor"] = time.Now().Add(700 * time.Millisecond).UTC().Format(time.RFC3339Nano)
	var out struct{ Post post }
	if code, err := s.call(t.Context(), "POST", "/v1/posts", body, &out); err != nil || code != 201 {
		t.Fatalf("creating answered %d: %v", code, err)
	}
	return out.Post
}

func (s *system) get(t *testing.T, id string) post {
	t.Helper()
	var out struct{ Post post }
	if _, err := s.call(t.Context(), "GET", "/v1/posts/"+id, nil, &out); err != nil {
		t.Fatal(err)
	}
	return out.Post
}

// visible is what the public sees of posts with this text.
func (s *system) visible(text string) (list []farside.Post) {
	for _, fake := range s.fakes {
		for _, p := range fake.Posts() {
			if strings.Contains(p.Text, text) {
				list = append(list, p)
			}
		}
	}
	return list
}

func (s *system) eventually(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("after %v it is still not so that %s", limit, what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// photo is the address of a sample of the sandbox's.
func (s *system) photo(name string) map[string]any {
	return map[string]any{"type": "image", "url": s.gateway + "/_sandbox/samples/" + name, "altText": "a sample"}
}
