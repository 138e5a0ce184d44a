package config

import (
	"regexp"
	"strconv"
	"strings"
)

// maxLimit is the highest number that a limit may be; above it there might as well be none.
const maxLimit = 1_000_000_000

var (
	platformName = regexp.MustCompile(`^(\*|[a-z0-9_]+)$`)
	budgetName   = regexp.MustCompile(`^(\*|[a-z0-9_]+\.[a-z0-9_]+)$`)
)

// number reads a whole number within bounds.
func (r *reader) number(name string, otherwise, least, most int) int {
	v := r.text(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		r.fault("%s=%q is not a whole number from %d to %d", name, v, least, most)
	}
	return n
}

// limits reads three numbers, or one that counts for all three.
func (r *reader) limits(name, otherwise string) (out [3]int) {
	parts := strings.Split(r.or(name, otherwise), ",")
	if len(parts) == 1 {
		parts = []string{parts[0], parts[0], parts[0]}
	}
	bad := len(parts) != len(out)
	for i := 0; i < len(out) && !bad; i++ {
		n, err := strconv.Atoi(strings.TrimSpace(parts[i]))
		bad = err != nil || n < 0 || n > maxLimit
		out[i] = n
	}
	if bad {
		r.fault("%s=%q is neither one number nor three, such as 600 or 60,600,1200", name, r.text(name))
	}
	return out
}

// caps reads numbers by platform.
func (r *reader) caps(name, otherwise string) map[string]int {
	return r.numbers(name, otherwise, platformName, "a platform and its number, such as instagram=100 or *=50")
}

// budgets reads numbers by platform and budget; there may be none.
func (r *reader) budgets(name, otherwise string) map[string]int {
	if r.or(name, otherwise) == "" {
		return nil
	}
	return r.numbers(name, otherwise, budgetName, "a platform's budget and its number, such as instagram.calls_hour=400 or *=0")
}

// numbers reads numbers by names that match a pattern.
func (r *reader) numbers(name, otherwise string, pattern *regexp.Regexp, wanted string) map[string]int {
	numbers := map[string]int{}
	for _, part := range strings.Split(r.or(name, otherwise), ",") {
		key, number, ok := strings.Cut(strings.TrimSpace(part), "=")
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if key = strings.TrimSpace(key); !ok || err != nil || n < 0 || n > maxLimit || !pattern.MatchString(key) {
			r.fault("%s: %q is not %s", name, part, wanted)
			continue
		}
		numbers[key] = n
	}
	return numbers
}
