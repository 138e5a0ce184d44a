//go:build !race

package platformtest

// sampled is how many pairs of requests stand for one that is disturbed.
const sampled = 1
