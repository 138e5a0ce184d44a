package http

import (
	"net/http"
	"time"

	"posthorn/internal/budget"
	"posthorn/internal/http/wire"
)

// forecastFor is how far ahead the forecast of budgets looks.
const forecastFor = 24 * time.Hour

// accountBudgets tells what is used of an account's budgets, what for, and whether what is scheduled will fit.
func (s *Server) accountBudgets(w http.ResponseWriter, r *http.Request) error {
	a, states, err := s.cfg.Accounts.AccountBudgets(r.Context(), principalOf(r), pathParam(r, "accountId"))
	if err != nil {
		return err
	}
	upcoming, err := s.cfg.Posts.Upcoming(r.Context(), a.ID, forecastFor)
	if err != nil {
		return err
	}
	calls, err := s.cfg.Logs.CallsOf(r.Context(), a.ID, s.cfg.Now().Add(-time.Hour))
	if err != nil {
		return err
	}
	out := wire.AccountBudgets{AccountID: a.ID, Platform: a.Platform, ScheduledPosts: upcoming, Budgets: make([]wire.BudgetState, 0, len(states)), Calls: make([]wire.EndpointCalls, 0, len(calls))}
	for _, c := range calls {
		out.Calls = append(out.Calls, wire.EndpointCalls{Endpoint: c.Endpoint, Count: c.Count})
	}
	for _, st := range states {
		out.Budgets = append(out.Budgets, budgetState(st, upcoming))
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func budgetState(st budget.State, upcoming int) wire.BudgetState {
	out := wire.BudgetState{Name: st.Name, Scope: st.Scope, Limit: st.Limit, Used: st.Used, Percent: st.Percent, WindowSeconds: int64(st.Window / time.Second), Source: st.Source,
		FreesAt: wire.At(st.Frees), BlockedUntil: wire.At(st.Blocked), ToldAt: wire.At(st.Told)}
	if st.Limit > 0 && st.PerPost > 0 {
		needed := upcoming * st.PerPost
		room := st.Limit - st.Used
		if st.Window < forecastFor { // it comes back so often until then
			room += st.Limit * int(forecastFor/st.Window-1)
		}
		out.Forecast = &wire.BudgetForecast{Needed: needed, Fits: needed <= room}
	}
	return out
}
