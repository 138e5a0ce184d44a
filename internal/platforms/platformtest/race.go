//go:build race

package platformtest

// sampled is how many pairs of requests stand for one that is disturbed: with the race detector all of them take many times as long, and find no
// other races. The tests run them all without it.
const sampled = 16
