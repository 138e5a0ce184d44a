package app

import (
	"fmt"
	"strings"
)

// checkBudgets refuses limits of budgets that no platform has: a misspelt name would go unnoticed until the real limit is met.
func (a *App) checkBudgets() error {
	var known []string
	for _, name := range a.Platforms.Names() {
		p, _ := a.Platforms.Get(name)
		for _, b := range p.Info().Budgets {
			known = append(known, name+"."+b.Name)
		}
	}
	for name := range a.Config.Budgets {
		found := name == "*"
		for _, k := range known {
			found = found || k == name
		}
		if !found {
			return fmt.Errorf("POSTHORN_BUDGETS: there is no budget %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}
