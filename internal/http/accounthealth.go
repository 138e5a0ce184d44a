package http

import (
	"fmt"
	"net/http"
	"time"

	"posthorn/internal/accounts"
	"posthorn/internal/http/wire"
)

// accountHealthHandlers tell how accounts stand.
func (s *Server) accountHealthHandlers() map[string]handler {
	return map[string]handler{
		"getAllAccountsHealth": s.allAccountsHealth,
		"getAccountHealth":     s.accountHealth,
		"getAccountBudgets":    s.accountBudgets,
	}
}

func (s *Server) allAccountsHealth(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := accounts.HealthFilter{ProfileID: idFilter(q.Get("profileId")), Platform: q.Get("platform"), Status: accounts.HealthStatus(q.Get("status"))}
	if err := s.knownPlatform(f.Platform); err != nil {
		return err
	}
	all, sum, err := s.cfg.Accounts.AllHealth(r.Context(), principalOf(r), f)
	if err != nil {
		return err
	}
	out := wire.AccountHealthList{Accounts: make([]wire.AccountHealth, 0, len(all)),
		Summary: wire.HealthSummary{Total: sum.Total, Healthy: sum.Healthy, Warning: sum.Warning, Error: sum.Failing, NeedsReconnect: sum.NeedsReconnect}}
	for _, h := range all {
		a := h.Account
		out.Accounts = append(out.Accounts, wire.AccountHealth{
			AccountID: a.ID, Platform: a.Platform, Username: a.Username, DisplayName: a.DisplayName, ProfileID: a.ProfileID, Status: string(h.Status),
			CanPost: h.CanPost, TokenValid: h.Token.Valid, TokenExpiresAt: wire.At(&h.Token.ExpiresAt), NeedsReconnect: h.NeedsReconnect, Issues: list(h.Issues),
		})
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func (s *Server) accountHealth(w http.ResponseWriter, r *http.Request) error {
	h, err := s.cfg.Accounts.Health(r.Context(), principalOf(r), pathParam(r, "accountId"))
	if err != nil {
		return err
	}
	a, p := h.Account, h.Permissions
	s.write(w, r, http.StatusOK, wire.AccountHealthReport{
		AccountID: a.ID, Platform: a.Platform, Username: a.Username, DisplayName: a.DisplayName, Status: string(h.Status), TokenStatus: tokenStatus(h.Token),
		Permissions: wire.Permissions{Posting: permissions(p.Posting), Analytics: permissions(p.Analytics), Optional: permissions(p.Optional),
			CanPost: h.CanPost, MissingRequired: list(p.Missing)},
		Issues: list(h.Issues), Recommendations: list(h.Recommendations),
	})
	return nil
}

func permissions(of []accounts.Permission) []wire.Permission {
	out := make([]wire.Permission, 0, len(of))
	for _, p := range of {
		out = append(out, wire.Permission{Scope: p.Scope, Granted: p.Granted, Required: p.Required})
	}
	return out
}

const day = 24 * time.Hour

func tokenStatus(t accounts.TokenHealth) wire.TokenStatus {
	out := wire.TokenStatus{Valid: t.Valid, ExpiresAt: wire.At(&t.ExpiresAt)}
	if t.ExpiresAt.IsZero() {
		return out
	}
	out.ExpiresIn, out.NeedsRefresh = inWords(t.Left), t.Left < day
	if t.Renewed {
		out.ExpiresIn += ", renewed automatically"
	}
	return out
}

// inWords is a time from now for people: whole days where there are two, else hours, else minutes.
func inWords(left time.Duration) string {
	count := func(n time.Duration, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	switch {
	case left <= 0:
		return "expired"
	case left >= 2*day:
		return count(left/day, "day")
	case left >= 2*time.Hour:
		return count(left/time.Hour, "hour")
	case left >= time.Minute:
		return count(left/time.Minute, "minute")
	default:
		return "less than a minute"
	}
}
