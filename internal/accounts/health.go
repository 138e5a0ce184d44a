package accounts

import (
	"context"
	"errors"
	"time"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/tokens"
)

// HealthStatus sums up whether an account can be used.
type HealthStatus string

// The states of health.
const (
	Healthy HealthStatus = "healthy"
	Warning HealthStatus = "warning" // it works now; somebody should look, or will have to
	Failing HealthStatus = "error"   // nothing can be published to it
)

// Health is how an account stands, as far as this server knows without asking its platform.
type Health struct {
	Account         Account
	Status          HealthStatus
	Token           TokenHealth
	Permissions     Permissions
	NeedsReconnect  bool
	CanPost         bool
	Issues          []string // each a sentence: what is wrong
	Recommendations []string // and what to do about it
}

// TokenHealth is how an account's token stands.
type TokenHealth struct {
	Valid     bool          // good now, or renewed by this server at its next use
	Renewed   bool          // this server renews it by itself
	ExpiresAt time.Time     // zero: unknown, or never
	Left      time.Duration // until then; negative once it has passed
}

// Permissions are what the account's user was asked to permit.
type Permissions struct {
	Posting, Analytics, Optional []Permission
	Missing                      []string // of those that posting needs
	Source                       string   // link to the page that states them
}

// Permission is one that a platform's login can grant.
type Permission struct {
	Scope    string
	Granted  *bool // nil: the platform did not say
	Required bool
}

// HealthSummary counts accounts.
type HealthSummary struct {
	Total, Healthy, Warning, Failing, NeedsReconnect int
}

// HealthFilter selects accounts of one owner. Zero values select everything.
type HealthFilter struct {
	ProfileID string
	Platform  string
	Status    HealthStatus // of the list only: the summary counts all
}

// AllHealth tells how the accounts stand that a filter selects.
func (s *Service) AllHealth(ctx context.Context, by auth.Principal, f HealthFilter) (list []Health, sum HealthSummary, err error) {
	defer errs.Wrap(&err, "accounts.AllHealth")
	found, _, err := s.List(ctx, by, Filter{ProfileID: f.ProfileID, Platform: f.Platform})
	if err != nil {
		return nil, HealthSummary{}, err
	}
	all, err := s.health(ctx, found)
	if err != nil {
		return nil, HealthSummary{}, err
	}
	for _, h := range all {
		sum.add(h)
		if f.Status == "" || f.Status == h.Status {
			list = append(list, h)
		}
	}
	return list, sum, nil
}

// Health tells how one account stands. One that does not exist, or that the principal does not reach, is NotFound.
func (s *Service) Health(ctx context.Context, by auth.Principal, accountID string) (h Health, err error) {
	defer errs.Wrap(&err, "accounts.Health(%s)", accountID)
	a, err := s.Get(ctx, by, accountID)
	if err != nil {
		return Health{}, err
	}
	all, err := s.health(ctx, []Account{a})
	if err != nil {
		return Health{}, err
	}
	return all[0], nil
}

func (s *HealthSummary) add(h Health) {
	s.Total++
	switch h.Status {
	case Healthy:
		s.Healthy++
	case Warning:
		s.Warning++
	case Failing:
		s.Failing++
	}
	if h.NeedsReconnect {
		s.NeedsReconnect++
	}
}

// health gathers what is known of accounts and assesses each.
func (s *Service) health(ctx context.Context, list []Account) ([]Health, error) {
	ids := make([]string, len(list))
	for i, a := range list {
		ids[i] = a.ID
	}
	states, tokensErr := s.Vault.States(ctx, ids)
	blocked, budgetsErr := s.Budgets.Blocked(ctx, ids)
	if err := errors.Join(tokensErr, budgetsErr); err != nil {
		return nil, err
	}
	out := make([]Health, len(list))
	for i, a := range list {
		known := facts{now: s.Now(), blocked: blocked[a.ID]}
		if state, ok := states[a.ID]; ok {
			known.token = &state
		}
		known.platform, _ = s.Platforms.Get(a.Platform)
		out[i] = assess(a, known)
	}
	return out, nil
}

// facts are what an account's health is told from.
type facts struct {
	now      time.Time
	token    *tokens.State      // nil: none
	blocked  time.Time          // zero: not
	platform platforms.Platform // nil: this server has no adapter for it
}
