package farside

import (
	"testing"
	"time"
)

func TestParseDirective(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Directive{
		"plain":                                      {},
		"[[sandbox:fail]]":                           {Fail: true},
		"a [[sandbox:fail:9004]] b":                  {Fail: true, Code: "9004"},
		"[[sandbox:slow:30s]] [[sandbox:drop]]":      {Slow: 30 * time.Second, Drop: true},
		"[[sandbox:slow:9999h]]":                     {Slow: time.Hour},
		"[[sandbox:flaky:2]]":                        {Flaky: 2},
		"[[sandbox:flaky:-2]] [[sandbox:slow:soon]]": {},
		"[[sandbox:dance]] [sandbox:fail]":           {},
	} {
		if got := ParseDirective(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}
