package accounts

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"posthorn/internal/budget"
	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
)

const (
	// tight is how full a budget may be until what can wait takes longer, and veryTight until it takes longer still.
	tight, veryTight = 0.8, 0.9
	// longestSpread bounds how far apart those come back who wait for the same budget.
	longestSpread = time.Minute
)

// spender takes from the budgets of a session's account and app whatever each request costs.
type spender struct {
	service  *Service
	platform platforms.Platform
	budgets  []platforms.Budget
	account  string
	app      string
}

func (s *Service) spender(p platforms.Platform, accountID string, app platforms.App) spender {
	return spender{service: s, platform: p, budgets: s.Budgets.Of(p.Info()), account: accountID, app: budget.AppHolder(p.Info().Name, app.ID)}
}

// holder is whose budget it is.
func (x spender) holder(b platforms.Budget) string {
	if b.Scope == "app" {
		return x.app
	}
	return x.account
}

// spend takes what a request costs, before it is sent. Its error is a *platforms.Error where a budget has no room; level is how full the
// fullest is.
func (x spender) spend(ctx context.Context, req *http.Request) (level float64, taken []budget.Spending, err error) {
	var costs map[string]int
	if s, ok := x.platform.(platforms.Spender); ok {
		costs = s.Costs(req)
	}
	var list []budget.Spending
	for _, b := range x.budgets {
		n := costs[b.Name]
		if b.EveryCall {
			n++
		}
		list = append(list, budget.Spending{Holder: x.holder(b), Budget: b, N: n})
		if b.Refund && costs[b.Name] > 0 {
			taken = append(taken, budget.Spending{Holder: x.holder(b), Budget: b, N: costs[b.Name]})
		}
	}
	level, spent, err := x.service.Budgets.Spend(ctx, list...)
	if err != nil || spent == nil {
		return level, taken, err
	}
	return level, nil, x.exhausted(*spent)
}

// exhausted is the error of a budget without room.
func (x spender) exhausted(s budget.Spent) *platforms.Error {
	now := x.service.Now()
	free := s.Free
	if free.IsZero() { // the operator's limit is less than one post needs
		free = now.Add(s.Budget.Window)
	}
	whose := "account's"
	if s.Budget.Scope == "app" {
		whose = "app's"
	}
	title := x.platform.Info().Title
	return &platforms.Error{Kind: platforms.RateLimited, Category: platforms.QuotaExhausted, Rule: "budget.exhausted", Reset: free.Add(rand.N(min(s.Budget.Window/60, longestSpread) + 1)),
		Message: fmt.Sprintf("waiting for %s: the %s budget of %d %s in %s is used up until %s", title, whose, s.Budget.Limit, strings.ReplaceAll(s.Budget.Name, "_", " "), s.Budget.Per(),
			free.UTC().Format("15:04:05 MST")),
		Remediation: "Nothing: it goes on by itself then. Space posts out to avoid the wait."}
}

// allow stands before every request of the session.
func (x *Session) allow(req *http.Request) error {
	if err := x.full(); err != nil {
		return err
	}
	if err := x.service.Breaker.Allow(req.URL.Host); err != nil {
		var down *outbound.DownError
		if !errors.As(err, &down) {
			return err
		}
		return &platforms.Error{Kind: platforms.NotReady, Category: platforms.PlatformError, Rule: "platform.down", Reset: down.Until,
			Message: down.Host + " has not answered for a while; it is tried again at " + down.Until.UTC().Format("15:04:05 MST"), Remediation: "Nothing: it goes on by itself when the platform answers again."}
	}
	level, taken, err := x.spender.spend(req.Context(), req)
	if err != nil {
		x.service.Breaker.Report(req.URL.Host, nil, context.Canceled) // it was allowed and is not made
		return err
	}
	x.mu.Lock()
	x.level = max(x.level, level)
	x.taken = append(x.taken, taken...)
	x.mu.Unlock()
	return nil
}

// GiveBack returns what the session took of budgets that count what was published: nothing was.
func (x *Session) GiveBack(ctx context.Context) error {
	x.mu.Lock()
	taken := x.taken
	x.taken = nil
	x.mu.Unlock()
	return x.service.Budgets.GiveBack(ctx, taken...)
}

// Patience is how long to wait in place of a time after which the platform would be asked whether it is ready: longer while a budget of the
// session is nearly used up, so that what is left goes into publishing.
func (x *Session) Patience(wait time.Duration) time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	level := x.level
	for _, u := range x.usage {
		level = max(level, u.Percent/100)
	}
	switch {
	case level >= veryTight:
		return 4 * wait
	case level >= tight:
		return 2 * wait
	default:
		return wait
	}
}

// Throttled notes that the platform refused a call of the session for being one too many without saying for how long, and says until when.
func (x *Session) Throttled(ctx context.Context) (time.Time, error) {
	return x.service.Budgets.Throttle(ctx, x.Conn.Account.ID)
}
