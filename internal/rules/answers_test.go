package rules

import "testing"

// TestCodesHaveRules holds that every machine code and every code of ours leads to a rule that exists.
func TestCodesHaveRules(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, r := range own {
		names[r.Name] = true
	}
	for wire, name := range byWire {
		if !names[name] {
			t.Errorf("the code %s leads to %q, which is no rule", wire, name)
		}
	}
	for code, name := range byCode {
		if !names[name] {
			t.Errorf("the code %s leads to %q, which is no rule", code, name)
		}
	}
	for _, r := range own {
		if wire := r.Code; wire != "" && r.Status == 0 {
			t.Errorf("%s has the code %s and no status", r.Name, wire)
		}
	}
}
