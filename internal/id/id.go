// Package id makes the identifiers of every row: 24 lower-case hex digits, the first 8 of them the seconds since 1970, the rest random.
// That is the form the wire contract uses, and it keeps new rows at the end of every index.
package id

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// Length is the number of characters of an ID.
const Length = 24

// New returns a fresh ID for a thing made at now.
func New(now time.Time) string {
	var b [Length / 2]byte
	binary.BigEndian.PutUint32(b[:4], uint32(now.Unix()))
	rand.Read(b[4:]) // never fails, says crypto/rand
	return hex.EncodeToString(b[:])
}

// Valid reports whether s has the form of an ID; it says nothing about whether such a thing exists.
func Valid(s string) bool {
	if len(s) != Length {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Time is the second at which the ID was made; zero for a string that is no ID.
func Time(s string) time.Time {
	if !Valid(s) {
		return time.Time{}
	}
	b, err := hex.DecodeString(s[:8])
	if err != nil {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint32(b)), 0).UTC()
}

// First is the lowest ID that a thing made in the second of now can have: what has a lower one is older.
func First(now time.Time) string {
	return fmt.Sprintf("%08x%016x", uint32(now.Unix()), 0)
}
