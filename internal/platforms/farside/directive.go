package farside

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Directive is what a post's own text asks of the sandbox, so that a user's tests can steer it without any other access:
// [[sandbox:fail]], [[sandbox:fail:9004]], [[sandbox:slow:30s]], [[sandbox:flaky:2]], [[sandbox:drop]].
type Directive struct {
	Fail  bool          // refuse for good
	Code  string        // with this code of the platform's own; empty: the platform's usual one
	Slow  time.Duration // process for that long
	Flaky int           // fail this many times first
	Drop  bool          // accept, and drop the answer once
}

// maxSlow bounds what a text may ask for.
const maxSlow = time.Hour

var directive = regexp.MustCompile(`\[\[sandbox:([a-z]+)(?::([^\]]*))?\]\]`)

// ParseDirective reads the directives in a text; several add up, what makes no sense is ignored.
func ParseDirective(text string) Directive {
	var d Directive
	for _, m := range directive.FindAllStringSubmatch(text, -1) {
		arg := strings.TrimSpace(m[2])
		switch m[1] {
		case "fail":
			d.Fail, d.Code = true, arg
		case "slow":
			if v, err := time.ParseDuration(arg); err == nil && v > 0 {
				d.Slow = min(v, maxSlow)
			}
		case "flaky":
			if n, err := strconv.Atoi(arg); err == nil && n > 0 {
				d.Flaky = min(n, 100)
			}
		case "drop":
			d.Drop = true
		}
	}
	return d
}
