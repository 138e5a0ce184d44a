package graph

import (
	"encoding/base64"
	"math/big"
	"strings"
	"time"
)

// Day is the window of every quota, and how long a container lives.
const Day = 24 * time.Hour

// WithinDay drops from times, which are in order, what is a day old or more.
func WithinDay(times []time.Time, now time.Time) []time.Time {
	i := 0
	for i < len(times) && now.Sub(times[i]) >= Day {
		i++
	}
	return times[i:]
}

// Shortcode writes a number as permalinks do, in base 64.
func Shortcode(id string) string {
	n, _ := new(big.Int).SetString(id, 10) // ours are all numbers
	return strings.TrimLeft(base64.RawURLEncoding.EncodeToString(append(make([]byte, 1), n.FillBytes(make([]byte, 8))...)), "A")
}
