package meta

import (
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// ClockSlack is how far our clock and Meta's may be apart.
const ClockSlack = 2 * time.Minute

// SameText compares two texts as Meta may have changed them: composed letters, and white space of any kind and number.
func SameText(a, b string) bool { return folded(a) == folded(b) }

func folded(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }
