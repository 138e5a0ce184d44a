package accounts_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/budget"
	"posthorn/internal/errs"
	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/tokens"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// demo takes one password and has an app for each kind of login.
type demo struct{}

func (demo) Info() platforms.Info { return platforms.Info{Name: "demo", Title: "Demo"} }

func (demo) Publish(context.Context, *platforms.Conn, platforms.Task) (platforms.Step, error) {
	return platforms.Step{}, nil
}

func (demo) AppName(a platforms.Account) string { return "app of " + a.Username }

func (demo) Login(_ context.Context, _ *platforms.Conn, fields map[string]platforms.Secret) (platforms.Token, []platforms.Account, error) {
	switch fields["password"].Reveal() {
	case "right":
		return platforms.Token{Access: platforms.NewSecret("token")}, []platforms.Account{{RemoteID: "r1", Username: fields["identifier"].Reveal(), Data: []byte(`{"a":1}`)}}, nil
	case "away":
		return platforms.Token{}, nil, platforms.Errorf(platforms.Unavailable, "Demo is away")
	default:
		return platforms.Token{}, nil, platforms.Errorf(platforms.Unauthorized, "wrong password")
	}
}

type world struct {
	*accounts.Service
	owner, stranger auth.Principal
}

func newWorld(t *testing.T) world {
	t.Helper()
	pool := pgtest.New(t)
	clock := func() time.Time { return now }
	keys, err := tokens.ParseKeys(tokens.NewKey("k1"))
	if err != nil {
		t.Fatal(err)
	}
	w := world{Service: &accounts.Service{Pool: pool, Platforms: platforms.NewRegistry(demo{}), Vault: &tokens.Vault{Pool: pool, Keys: keys, Now: clock},
		Budgets: &budget.Store{Pool: pool, Now: clock}, Apps: func(name string) platforms.App { return platforms.App{ID: name} },
		Outbound: outbound.NewPlatforms(outbound.PlatformOptions{AllowPrivate: true, Now: clock}), Now: clock}}
	people := &auth.Service{Pool: pool, Now: clock}
	err = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) (err error) {
		id, _, err := people.EnsureOwner(t.Context(), tx, "owner")
		if err != nil {
			return err
		}
		w.owner = auth.Root(id)
		id, _, err = people.EnsureOwner(t.Context(), tx, "stranger")
		w.stranger = auth.Root(id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w world) connect(ctx context.Context, profile, user, password string) (accounts.Account, error) {
	return w.ConnectCredentials(ctx, w.owner, profile, "demo", map[string]platforms.Secret{"identifier": platforms.NewSecret(user), "password": platforms.NewSecret(password)})
}

func TestConnectCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.connect(t.Context(), "", "anna", "right")
	if err != nil || a.Username != "anna" || !a.Active || a.ProfileName != "Default" {
		t.Fatalf("connected %+v, %v", a, err)
	}
	if err := w.NeedsReconnection(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	b, err := w.connect(t.Context(), a.ProfileID, "anna.renamed", "right")
	if err != nil || b.ID != a.ID || b.Username != "anna.renamed" || b.NeedsReconnection {
		t.Errorf("connected again: %+v, %v; want the same account, well again", b, err)
	}
	for _, tt := range []struct {
		profile, password string
		want              errs.Code
	}{{"", "wrong", errs.Unauthorized}, {"", "away", errs.Unavailable}, {"65f1c0a9e2b5af0012ab34cd", "right", errs.NotFound}, {"nonsense", "right", errs.NotFound}} {
		if _, err := w.connect(t.Context(), tt.profile, "anna", tt.password); errs.CodeOf(err) != tt.want {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	if _, err := w.ConnectCredentials(t.Context(), w.owner, "", "other", nil); errs.CodeOf(err) != errs.Invalid {
		t.Errorf("a platform that is not there: %v", err)
	}
	if found, err := w.Lookup(t.Context(), w.stranger, []string{a.ID, "x\x00"}); err != nil || len(found) != 0 {
		t.Errorf("a stranger finds %v, %v", found, err)
	}
	if _, n, err := w.List(t.Context(), w.owner, accounts.Filter{Platform: "demo", Status: "connected", ProfileID: a.ProfileID}); err != nil || n != 1 {
		t.Errorf("%d are listed, %v", n, err)
	}
	if list, n, err := w.Profiles(t.Context(), w.owner, accounts.ProfileFilter{Name: "Default", Limit: 5}); err != nil || n != 1 || !list[0].IsDefault {
		t.Errorf("profiles are %+v, %v", list, err)
	}
}

func TestDial(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.connect(t.Context(), "", "anna", "right")
	if err != nil {
		t.Fatal(err)
	}
	free := func() error { return nil }
	kindOf := func() platforms.Kind {
		_, err := w.Dial(t.Context(), a.ID, free)
		if err == nil {
			return ""
		}
		return platforms.AsError(err).Kind
	}
	session, err := w.Dial(t.Context(), a.ID, func() error { return platforms.Errorf(platforms.Unavailable, "not now") })
	if err != nil || session.Conn.Token.Access.Reveal() != "token" || session.Conn.App.ID != "app of anna" || session.Conn.Account.RemoteID != "r1" {
		t.Fatalf("dialled %+v, %v", session, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := session.Conn.HTTP.Do(req); err == nil || platforms.AsError(err).Message != "not now" {
		t.Errorf("a request that must not be sent: %v, %v", resp, err)
	}
	if err := w.Budgets.Note(t.Context(), a.ID, platforms.Usage{Budget: "calls", Percent: 99}); err != nil || kindOf() != "" {
		t.Errorf("at 99 percent: %v, %q", err, kindOf())
	}
	if err := w.Budgets.Note(t.Context(), a.ID, platforms.Usage{Budget: "calls", Percent: 100, Regain: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Dial(t.Context(), a.ID, free); platforms.AsError(err).Kind != platforms.RateLimited || !platforms.AsError(err).Reset.Equal(now.Add(time.Hour)) {
		t.Errorf("at 100 percent: %v", err)
	}
	if err := w.Budgets.Note(t.Context(), a.ID, platforms.Usage{Budget: "calls", Percent: 10}); err != nil || kindOf() != "" {
		t.Errorf("freed again: %v, %q", err, kindOf())
	}
	if _, err := w.Pool.Exec(t.Context(), `update accounts set active = false`); err != nil {
		t.Fatal(err)
	}
	if kindOf() != platforms.Unauthorized {
		t.Errorf("disconnected: %q", kindOf())
	}
}
