package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/budget"
	"posthorn/internal/errs"
	"posthorn/internal/gather"
	"posthorn/internal/logs"
	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
	"posthorn/internal/tokens"
)

const (
	// lookupsAtOnce bounds the accounts that are read together, and lookers how often that goes on at a time.
	lookupsAtOnce = 200
	lookers       = 1
	lookTimeout   = 10 * time.Second
)

// Session is an account's open connection, for one step.
type Session struct {
	Conn         *platforms.Conn
	TokenVersion int64
	service      *Service
	about        logs.About // what its entries in the log are about
	mu           sync.Mutex
	refreshing   *platforms.Conn            // with the token that a refresh changes for a new one
	usage        map[string]platforms.Usage // the platform's last word on each budget
	spender      spender
	level        float64           // how full the fullest budget is by our own count, from 0 to 1
	taken        []budget.Spending // of budgets that are given back when nothing was published
}

// Dial opens the connection through which an adapter talks for an account: its token, refreshed when that is due, and a transport that
// calls before ahead of every request (its error stops the request) and listens to what the platform says of its budgets.
//
// Its errors are what keeps the account from being used: a *platforms.Error of kind Unauthorized (disconnected, or its token is dead),
// RateLimited (its budget is used up) or what a refresh met; anything else is a fault of ours.
func (s *Service) Dial(ctx context.Context, accountID string, before func() error) (*Session, error) {
	known, err := s.lookups().Do(ctx, accountID)
	if err != nil {
		return nil, err
	}
	a := known.account
	switch {
	case a.ID == "":
		return nil, fmt.Errorf("accounts.Dial: there is no account %s", accountID)
	case !a.Active:
		return nil, &platforms.Error{Kind: platforms.Unauthorized, Category: platforms.AccountIssue, Rule: "account.disconnected", Message: fmt.Sprintf("the account @%s is disconnected", a.Username)}
	case !known.blocked.IsZero():
		return nil, spent(known.blocked)
	}
	session, platform, err := s.open(a, before)
	if err != nil {
		return nil, err
	}
	token, err := s.Vault.Fresh(ctx, accountID, known.token, session.refresh(platform))
	if err != nil {
		return nil, err
	}
	session.Conn.Token, session.TokenVersion = token.Token, token.Version
	return session, nil
}

// open is the connection without its token.
func (s *Service) open(a Account, before func() error) (*Session, platforms.Platform, error) {
	platform, ok := s.Platforms.Get(a.Platform)
	if !ok {
		return nil, nil, fmt.Errorf("this program has no adapter for %q", a.Platform)
	}
	session := &Session{service: s, usage: map[string]platforms.Usage{}, about: logs.About{OwnerID: a.OwnerID, Platform: a.Platform, AccountID: a.ID}}
	app := s.app(platform, a.remote())
	session.spender = s.spender(platform, a.ID, app)
	session.Conn = &platforms.Conn{HTTP: s.Outbound.Client(session.hooks(platform, before)), App: app, Account: a.remote(), Media: s.Media,
		Sealer: s.Vault.Sealer(a.ID), Now: s.Now}
	return session, platform, nil
}

func spent(until time.Time) *platforms.Error {
	return &platforms.Error{Kind: platforms.RateLimited, Category: platforms.QuotaExhausted, Rule: "budget.exhausted", Reset: until,
		Message:     "the platform says that the account's budget of calls is used up until " + until.UTC().Format("15:04:05 MST"),
		Remediation: "Nothing: it goes on by itself then."}
}

// known is what is read of an account when it is dialled.
type known struct {
	account Account // zero when there is none
	blocked time.Time
	token   *tokens.Held
}

// lookups read accounts that are dialled at about the same time together.
func (s *Service) lookups() *gather.Calls[string, known] {
	s.onceDialled.Do(func() { s.dialled = gather.New(lookupsAtOnce, lookers, s.lookMany) })
	return s.dialled
}

func (s *Service) lookMany(ctx context.Context, ids []string) (list []known, err error) {
	defer errs.Wrap(&err, "accounts.Dial")
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	byID, err := readByID(ctx, s.Pool, ids)
	if err != nil {
		return nil, err
	}
	blocked, err := s.Budgets.Blocked(ctx, ids)
	if err != nil {
		return nil, err
	}
	held, err := s.Vault.Many(ctx, ids)
	if err != nil {
		return nil, err
	}
	list = make([]known, len(ids))
	for i, id := range ids {
		list[i] = known{byID[id], blocked[id], held[id]}
	}
	return list, nil
}

func (s *Service) byID(ctx context.Context, accountID string) (a Account, err error) {
	defer errs.Wrap(&err, "accounts.Dial(%s)", accountID)
	rows, err := s.Pool.Query(ctx, `select `+accountColumns+` from accounts a join profiles p on p.id = a.profile_id where a.id = $1`, accountID)
	if err != nil {
		return Account{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Account])
}

func (s *Service) app(p platforms.Platform, a platforms.Account) platforms.App {
	return s.Apps(appName(p, a))
}

// appName is the name of the registration through which an account was connected.
func appName(p platforms.Platform, a platforms.Account) string {
	if c, ok := p.(platforms.AppChooser); ok {
		return c.AppName(a)
	}
	return p.Info().Name
}

// refresh is what the vault calls when the token is due; nil where the platform cannot refresh.
func (x *Session) refresh(p platforms.Platform) func(context.Context, platforms.Token) (platforms.Token, error) {
	r, ok := p.(platforms.Refresher)
	if !ok {
		return nil
	}
	return func(ctx context.Context, current platforms.Token) (platforms.Token, error) {
		c := *x.Conn
		c.Token = current
		ctx = logs.With(ctx, logs.About{Type: logs.Connections, Action: logs.TokenRefresh})
		x.mu.Lock()
		x.refreshing = &c // its token is not the session's yet, and must not show in the log either
		x.mu.Unlock()
		return r.Refresh(ctx, &c)
	}
}

// hooks stand around every request of the session.
func (x *Session) hooks(p platforms.Platform, before func() error) outbound.Hooks {
	reader, _ := p.(platforms.UsageReader)
	return outbound.Hooks{
		Before: func(req *http.Request) error {
			if err := before(); err != nil {
				return err
			}
			return x.allow(req)
		},
		After: func(req *http.Request, resp *http.Response, err error, _ time.Duration) {
			x.service.Breaker.Report(req.URL.Host, resp, err)
			if resp == nil || reader == nil {
				return
			}
			if u, ok := reader.Usage(resp.Header); ok {
				x.mu.Lock()
				x.usage[u.Budget] = u
				x.mu.Unlock()
			}
		},
		Done: func(e outbound.Exchange) {
			x.service.Logs.Add(logs.OfExchange(x.service.Now(), e, x.about, x.redact))
		},
	}
}

// redact blanks the secrets that the session has or had.
func (x *Session) redact(b []byte) []byte {
	x.mu.Lock()
	former := x.refreshing
	x.mu.Unlock()
	if former != nil {
		b = former.Redact(b)
	}
	return x.Conn.Redact(b)
}

// full refuses further requests of this step once the platform has said that a budget is used up.
func (x *Session) full() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, u := range x.usage {
		if u.Percent >= 100 {
			return spent(x.Conn.Now().Add(max(u.Regain, time.Minute)))
		}
	}
	return nil
}

// Close stores what the platform said of the account's budgets during the session.
func (x *Session) Close(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []error
	for _, u := range x.usage {
		all = append(all, x.service.Budgets.Note(ctx, x.Conn.Account.ID, u))
		for _, b := range x.spender.budgets {
			if b.Name == u.Budget {
				all = append(all, x.service.Budgets.Correct(ctx, x.spender.holder(b), b, u.Percent))
			}
		}
	}
	clear(x.usage)
	return errors.Join(all...)
}

// StaleToken marks the session's token as one to refresh before its next use.
func (x *Session) StaleToken(ctx context.Context) error {
	return x.service.Vault.Expire(ctx, x.Conn.Account.ID, x.TokenVersion)
}

// Visitor opens a connection to a platform for nobody yet: to log in.
func (s *Service) Visitor(platform string) *platforms.Conn {
	c := &platforms.Conn{Media: s.Media, Now: s.Now}
	c.HTTP = s.Outbound.Client(outbound.Hooks{Done: func(e outbound.Exchange) {
		s.Logs.Add(logs.OfExchange(s.Now(), e, logs.About{Type: logs.Connections, Action: logs.AccountLogin, Platform: platform}, c.Redact))
	}})
	if p, ok := s.Platforms.Get(platform); ok {
		c.App = s.app(p, platforms.Account{})
	}
	return c
}

// VisitorOf is a Visitor with one of the operator's registrations, of which a platform may have several.
func (s *Service) VisitorOf(platform string, app platforms.App) *platforms.Conn {
	c := s.Visitor(platform)
	c.App = app
	return c
}
