package accounts

import (
	"context"

	"posthorn/internal/auth"
	"posthorn/internal/budget"
	"posthorn/internal/errs"
)

// AccountBudgets are how the budgets of an account stand, and those of the app that it was connected with. An account that does not exist, or that
// the principal does not reach, is NotFound.
func (s *Service) AccountBudgets(ctx context.Context, by auth.Principal, accountID string) (a Account, states []budget.State, err error) {
	defer errs.Wrap(&err, "accounts.AccountBudgets(%s)", accountID)
	if a, err = s.Get(ctx, by, accountID); err != nil {
		return Account{}, nil, err
	}
	p, ok := s.Platforms.Get(a.Platform)
	if !ok {
		return a, nil, nil
	}
	x := s.spender(p, a.ID, s.app(p, a.remote()))
	states, err = s.Budgets.States(ctx, a.ID, x.budgets, x.holder)
	return a, states, err
}
