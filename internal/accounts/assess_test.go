package accounts

import (
	"context"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/tokens"
)

// plain is a platform whose tokens only a login can renew.
type plain struct{}

func (plain) Info() platforms.Info { return platforms.Info{Name: "plain", Title: "Plain"} }

func (plain) Publish(context.Context, *platforms.Conn, platforms.Task) (platforms.Step, error) {
	return platforms.Step{}, nil
}

func (plain) Scopes(platforms.Account) platforms.Scopes {
	return platforms.Scopes{Posting: []string{"read", "write"}, Optional: []string{"more"}}
}

// renewing is one whose tokens this server renews.
type renewing struct{ plain }

func (renewing) Refresh(context.Context, *platforms.Conn) (platforms.Token, error) {
	return platforms.Token{}, nil
}

func TestAssess(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	well := Account{Active: true, Platform: "plain"}
	disconnected, dead := well, well
	disconnected.Active, dead.NeedsReconnection = false, true
	some, all, none := well, well, well
	some.Scopes, all.Scopes, none.Scopes = []string{"read"}, []string{"write", "read"}, []string{}
	expiring := func(in time.Duration) *tokens.State { return &tokens.State{Opens: true, ExpiresAt: at.Add(in)} }
	good := &tokens.State{Opens: true}
	for name, tt := range map[string]struct {
		account   Account
		token     *tokens.State
		platform  platforms.Platform
		blocked   time.Time
		status    HealthStatus
		valid     bool
		reconnect bool
		issues    int
	}{
		"well":                     {well, good, plain{}, time.Time{}, Healthy, true, false, 0},
		"long":                     {well, expiring(expirySoon + time.Second), plain{}, time.Time{}, Healthy, true, false, 0},
		"7 days":                   {well, expiring(expirySoon), plain{}, time.Time{}, Warning, true, false, 1},
		"a moment":                 {well, expiring(time.Second), plain{}, time.Time{}, Warning, true, false, 1},
		"expired":                  {well, expiring(0), plain{}, time.Time{}, Failing, false, true, 1},
		"soon, and renewed":        {well, expiring(time.Minute), renewing{}, time.Time{}, Healthy, true, false, 0},
		"expired, and renewed":     {well, expiring(-time.Hour), renewing{}, time.Time{}, Healthy, true, false, 0},
		"dead, though renewed":     {dead, expiring(-time.Hour), renewing{}, time.Time{}, Failing, false, true, 1},
		"disconnected":             {disconnected, nil, plain{}, at.Add(time.Hour), Failing, false, true, 1},
		"no token":                 {well, nil, plain{}, time.Time{}, Failing, false, true, 1},
		"sealed with a lost key":   {well, &tokens.State{}, plain{}, time.Time{}, Failing, false, true, 1},
		"blocked":                  {well, good, plain{}, at.Add(time.Hour), Warning, true, false, 1},
		"blocked and soon expired": {well, expiring(time.Hour), plain{}, at.Add(time.Hour), Warning, true, false, 2},
		"blocked and expired":      {well, expiring(-time.Hour), plain{}, at.Add(time.Hour), Failing, false, true, 2},
		"all permissions":          {all, good, plain{}, time.Time{}, Healthy, true, false, 0},
		"a permission missing":     {some, good, plain{}, time.Time{}, Failing, true, true, 1},
		"no permission":            {none, good, plain{}, time.Time{}, Failing, true, true, 2},
		"no adapter":               {well, good, nil, time.Time{}, Failing, true, false, 1},
	} {
		h := assess(tt.account, facts{now: at, token: tt.token, blocked: tt.blocked, platform: tt.platform})
		if h.Status != tt.status || h.Token.Valid != tt.valid || h.NeedsReconnect != tt.reconnect || len(h.Issues) != tt.issues || h.CanPost != (tt.status != Failing) {
			t.Errorf("%s: %+v", name, h)
		}
		if (len(h.Recommendations) == 0) != (tt.issues == 0) {
			t.Errorf("%s: %d issues and the advice %q", name, tt.issues, h.Recommendations)
		}
	}
	h := assess(some, facts{now: at, token: good, platform: plain{}})
	if p := h.Permissions.Posting; len(p) != 2 || !*p[0].Granted || *p[1].Granted || !p[1].Required || len(h.Permissions.Missing) != 1 || h.Permissions.Missing[0] != "write" {
		t.Errorf("permissions %+v", h.Permissions)
	}
	if p := h.Permissions.Optional; len(p) != 1 || *p[0].Granted || p[0].Required {
		t.Errorf("optional permissions %+v", p)
	}
}
