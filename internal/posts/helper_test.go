package posts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/budget"
	"posthorn/internal/errs"
	"posthorn/internal/media"
	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/posts"
	"posthorn/internal/tokens"
	"posthorn/internal/verdict"
)

// demo is a platform with one visible step; what it answers does not matter to these tests, which settle by hand.
type demo struct{ name string }

func (d demo) Info() platforms.Info {
	return platforms.Info{Name: d.name, Title: "Demo", Visible: []string{"publishing"}, Rules: platforms.Rules{
		Text: platforms.TextLimit{Max: 50, Count: platforms.CodePoints}, Source: "https://example.com",
		Kinds: []platforms.PostKind{
			{Name: "text", Title: "text post", NeedText: true},
			{Name: "photo", Title: "photo", MinMedia: 1, MaxMedia: 2, Types: []platforms.MediaType{platforms.Image}, Image: &platforms.ImageLimits{Formats: []string{"image/jpeg"}}},
		},
		KindOf: func(c platforms.Content) string {
			if len(c.Media) > 0 {
				return "photo"
			}
			return "text"
		},
	}}
}

func (demo) Publish(context.Context, *platforms.Conn, platforms.Task) (platforms.Step, error) {
	return platforms.Step{}, errors.New("not called")
}

// changer is a platform that can change what it has published. The tests say what it answers, and see what it was asked.
type changer struct {
	demo
	mu     sync.Mutex
	asked  []string
	delete func(platforms.Existing) error
	edit   func(platforms.Edit) (platforms.Remote, error)
	update func(videoID string, m platforms.Metadata) error
}

func (c *changer) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, fmt.Sprintf(format, args...))
}

func (c *changer) seen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

func (c *changer) Delete(_ context.Context, conn *platforms.Conn, x platforms.Existing) error {
	c.note("delete %s of %s", x.Remote.ID, conn.Account.RemoteID)
	if c.delete == nil {
		return nil
	}
	return c.delete(x)
}

func (c *changer) Edit(_ context.Context, conn *platforms.Conn, e platforms.Edit) (platforms.Remote, error) {
	c.note("edit %s of %s to %q, in doubt %v", e.Remote.ID, conn.Account.RemoteID, e.Text, e.InDoubt)
	if c.edit == nil {
		return e.Remote, nil
	}
	return c.edit(e)
}

func (c *changer) UpdateMetadata(_ context.Context, conn *platforms.Conn, videoID string, m platforms.Metadata) error {
	c.note("update %s of %s", videoID, conn.Account.RemoteID)
	if c.update == nil {
		return nil
	}
	return c.update(videoID, m)
}

// prober knows two files.
type prober struct{}

func (prober) ProbeAll(_ context.Context, urls []string) map[string]media.Result {
	found := map[string]media.Result{}
	for _, u := range urls {
		switch u {
		case "https://example.com/a.jpg":
			found[u] = media.Result{Info: media.Info{MIME: "image/jpeg", Size: 1000, Width: 100, Height: 100}}
		case "https://example.com/a.pdf":
			found[u] = media.Result{Info: media.Info{MIME: "application/pdf", Size: 1000}}
		default:
			found[u] = media.Result{Err: &media.Fault{Rule: "media.not_found", Message: "there is nothing at this address"}}
		}
	}
	return found
}

// world is a service on a database of its own, with two owners.
type world struct {
	*posts.Service
	pool            *pgxpool.Pool
	owner, stranger auth.Principal
	account, second string            // of owner, at demo and at other
	gone            string            // of owner, disconnected
	foreign         string            // of stranger
	at              map[string]string // the owner's accounts by platform, also those at further platforms
	video           string            // of owner, at changer
	changer         *changer
	accounts        *accounts.Service

	mu  sync.Mutex
	now time.Time
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func newWorld(t *testing.T, further ...platforms.Platform) *world {
	t.Helper()
	pool := pgtest.New(t)
	w := &world{pool: pool, at: map[string]string{}, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), changer: &changer{demo: demo{"youtube"}}}
	registry := platforms.NewRegistry(append([]platforms.Platform{demo{"demo"}, demo{"other"}, w.changer}, further...)...)
	keys, err := tokens.ParseKeys(tokens.NewKey("k1"))
	if err != nil {
		t.Fatal(err)
	}
	w.accounts = &accounts.Service{Pool: pool, Platforms: registry, Vault: &tokens.Vault{Pool: pool, Keys: keys, Now: w.clock}, Now: w.clock,
		Budgets: &budget.Store{Pool: pool, Now: w.clock}, Outbound: outbound.NewPlatforms(outbound.PlatformOptions{Now: w.clock}), Apps: func(string) platforms.App { return platforms.App{} }}
	w.Service = &posts.Service{Pool: pool, Platforms: registry, Accounts: w.accounts, Dialer: w.accounts, Prober: prober{}, Now: w.clock, Limits: verdict.Defaults}
	people := &auth.Service{Pool: pool, Now: w.clock}
	err = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		for _, o := range []struct {
			name string
			id   *auth.Principal
			at   map[string]*string
		}{{"owner", &w.owner, map[string]*string{"demo": &w.account, "other": &w.second, "youtube": &w.video, "demo gone": &w.gone}}, {"stranger", &w.stranger, map[string]*string{"demo": &w.foreign}}} {
			id, _, err := people.EnsureOwner(t.Context(), tx, o.name)
			if err != nil {
				return err
			}
			*o.id = auth.Root(id)
			profile, err := w.accounts.EnsureDefaultProfile(t.Context(), tx, id)
			if err != nil {
				return err
			}
			for at, accountID := range o.at {
				platform := at
				if at == "demo gone" {
					platform = "demo"
				}
				*accountID, err = w.connect(t.Context(), tx, id, profile, platform, o.name, at)
				if err != nil {
					return err
				}
			}
			for _, p := range further {
				if o.name != "owner" {
					break
				}
				name := p.Info().Name
				if w.at[name], err = w.connect(t.Context(), tx, id, profile, name, o.name, name); err != nil {
					return err
				}
			}
		}
		w.at["demo"], w.at["other"] = w.account, w.second
		_, err := tx.Exec(t.Context(), `update accounts set active = false where id = $1`, w.gone)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) connect(ctx context.Context, tx pgx.Tx, ownerID, profile, platform, owner, at string) (accountID string, err error) {
	return w.accounts.Connect(ctx, tx, ownerID, profile, platform, platforms.Account{RemoteID: at, Username: owner + " at " + at}, platforms.Token{Access: platforms.NewSecret("token of " + at)})
}

func (w *world) target(accountID string) posts.NewTarget {
	platform := "demo"
	switch accountID {
	case w.second:
		platform = "other"
	case w.video:
		platform = "youtube"
	}
	return posts.NewTarget{Platform: platform, AccountID: accountID}
}

// create makes a post for now, to the given accounts.
func (w *world) create(t *testing.T, text string, accountIDs ...string) posts.Post {
	t.Helper()
	p := posts.NewPost{Content: text, Mode: posts.Now}
	for _, id := range accountIDs {
		p.Targets = append(p.Targets, w.target(id))
	}
	created, err := w.Create(t.Context(), w.owner, p)
	if err != nil {
		t.Fatal(err)
	}
	return created.Post
}

// claim takes one target, which must be there to be taken.
func (w *world) claim(t *testing.T, targetID, worker string) posts.Claim {
	t.Helper()
	c, ok := w.tryClaim(t, targetID, worker)
	if !ok {
		t.Fatalf("the target %s cannot be claimed", targetID)
	}
	return c
}

// tryClaim takes one target if it can be claimed. Those beside it are out of sight meanwhile, among the uploads, of which demo has none.
func (w *world) tryClaim(t *testing.T, targetID, worker string) (c posts.Claim, ok bool) {
	t.Helper()
	var lane posts.Lane
	err := w.pool.QueryRow(t.Context(), `with hidden as (update targets set uploads = true where id <> $1 and not uploads) select owner_id, platform from targets where id = $1`, targetID).Scan(&lane.OwnerID, &lane.Platform)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatal(err)
	}
	list, err := w.Claim(t.Context(), worker, time.Minute, false, []posts.Share{{Lane: lane, N: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.pool.Exec(t.Context(), `update targets set uploads = false where uploads`); err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		return c, false
	}
	return list[0], true
}

// show shows a post as being published, as the engine does after a moment.
func (w *world) show(t *testing.T, p posts.Post) {
	t.Helper()
	if err := w.ShowPublishing(t.Context(), []string{p.ID}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) settle(t *testing.T, c posts.Claim, step platforms.Step, stepErr error) verdict.Verdict {
	t.Helper()
	s := w.trySettle(t, c, step, stepErr)
	if s.Stale {
		t.Fatal("the claim was overtaken")
	}
	return s.Verdict
}

func (w *world) trySettle(t *testing.T, c posts.Claim, step platforms.Step, stepErr error) posts.Settled {
	t.Helper()
	s, err := w.Settle(t.Context(), []posts.Outcome{{Claim: c, Step: step, Err: stepErr}})
	if err != nil {
		t.Fatal(err)
	}
	return s[0]
}

// publishPost makes a post for now and lets it be published at each of the accounts.
func (w *world) publishPost(t *testing.T, text string, accountIDs ...string) posts.Post {
	t.Helper()
	p := w.create(t, text, accountIDs...)
	for _, target := range p.Targets {
		w.settle(t, w.claim(t, target.ID, "w1"), platforms.Step{Done: &platforms.Remote{ID: "remote of " + target.Platform, URL: "https://example.com/" + target.Platform}}, nil)
	}
	return w.get(t, p.ID)
}

func (w *world) get(t *testing.T, id string) posts.Post {
	t.Helper()
	p, err := w.Get(t.Context(), w.owner, id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rows counts what is stored, to see that a refused post leaves nothing.
func (w *world) rows(t *testing.T) (n int) {
	t.Helper()
	if err := w.pool.QueryRow(t.Context(), `select (select count(*) from posts) + (select count(*) from targets) + (select count(*) from requests) `).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func codeOf(err error) errs.Code { return errs.CodeOf(err) }
