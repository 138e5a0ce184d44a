package http

import (
	"bytes"
	"strconv"
	"strings"

	"posthorn/internal/errs"
)

// The bounds of a body's JSON. No client comes near them.
const (
	maxDepth  = 64
	maxValues = 100_000
	maxNumber = 400 // characters of a number
)

// scanJSON refuses what valid JSON may say and the database, or a decoder, cannot hold: NUL characters, halves of surrogate pairs,
// numbers beyond float64, nesting and lengths without bound. The error names the field. raw must be valid JSON.
func scanJSON(raw []byte) error {
	s := scanner{raw: raw}
	s.value(0)
	if s.fault == "" {
		return nil
	}
	field := fieldName(s.path)
	if field == "" {
		field = "body"
	}
	return &errs.Error{Code: errs.Invalid, Rule: "request.unstorable_value", Field: field, Message: field + " " + s.fault}
}

// A scanner walks through valid JSON. It stops at the first fault, with path at its place.
type scanner struct {
	raw    []byte
	pos    int
	values int
	path   []string
	fault  string
}

func (s *scanner) fail(fault string) {
	if s.fault == "" {
		s.fault = fault
	}
}

// next skips white space and returns the byte there.
func (s *scanner) next() byte {
	for strings.IndexByte(" \t\r\n", s.raw[s.pos]) >= 0 {
		s.pos++
	}
	return s.raw[s.pos]
}

func (s *scanner) value(depth int) {
	s.values++
	c := s.next()
	switch {
	case depth > maxDepth:
		s.path = s.path[:1] // the whole path would be as long as the nesting is deep
		s.fail("is nested too deeply; " + strconv.Itoa(maxDepth) + " levels are allowed")
	case s.values > maxValues:
		s.fail("is where the body exceeds " + strconv.Itoa(maxValues) + " values")
	case c == '{' || c == '[':
		s.collection(depth)
	case c == '"':
		s.text()
	case c == '-' || c >= '0' && c <= '9':
		s.number()
	default: // true, false, null
		for s.pos < len(s.raw) && s.raw[s.pos] >= 'a' && s.raw[s.pos] <= 'z' {
			s.pos++
		}
	}
}

// collection walks through an object or an array.
func (s *scanner) collection(depth int) {
	object := s.raw[s.pos] == '{'
	s.pos++
	if c := s.next(); c == '}' || c == ']' {
		s.pos++
		return
	}
	for i := 0; ; i++ {
		name := "[" + strconv.Itoa(i) + "]"
		if object {
			s.next()
			if name = s.text(); s.fault != "" {
				return
			}
			s.next()
			s.pos++ // the colon
		}
		s.path = append(s.path, name)
		if s.value(depth + 1); s.fault != "" {
			return
		}
		s.path = s.path[:len(s.path)-1]
		c := s.next()
		s.pos++
		if c != ',' {
			return
		}
	}
}

// text passes a string and returns it as it is written.
func (s *scanner) text() string {
	s.pos++
	start := s.pos
	for s.raw[s.pos] != '"' {
		if s.raw[s.pos] != '\\' {
			s.pos++
			continue
		}
		if s.raw[s.pos+1] != 'u' {
			s.pos += 2
			continue
		}
		s.escape()
	}
	text := string(s.raw[start:s.pos])
	s.pos++
	return text
}

// escape passes \uXXXX, or a pair of them.
func (s *scanner) escape() {
	unit := s.unit(s.pos)
	s.pos += 6
	switch {
	case unit == 0:
		s.fail(`contains a NUL character (\u0000), which cannot be stored`)
	case unit >= 0xd800 && unit < 0xdc00 && bytes.HasPrefix(s.raw[s.pos:], []byte(`\u`)):
		if low := s.unit(s.pos); low < 0xdc00 || low > 0xdfff {
			s.fail("contains half of a surrogate pair, which is no character")
		}
		s.pos += 6
	case unit >= 0xd800 && unit < 0xe000:
		s.fail("contains half of a surrogate pair, which is no character")
	}
}

func (s *scanner) unit(at int) uint64 {
	n, _ := strconv.ParseUint(string(s.raw[at+2:at+6]), 16, 32) // valid JSON has four hex digits here
	return n
}

func (s *scanner) number() {
	start := s.pos
	for s.pos < len(s.raw) && strings.IndexByte("+-.eE0123456789", s.raw[s.pos]) >= 0 {
		s.pos++
	}
	text := string(s.raw[start:s.pos])
	f, err := strconv.ParseFloat(text, 64)
	digits, _, _ := strings.Cut(strings.ToLower(text), "e")
	if vanished := f == 0 && strings.Trim(digits, "-0.") != ""; err != nil || vanished || len(text) > maxNumber {
		s.fail("is a number out of range")
	}
}

// fieldName writes a path as callers know it: platforms[0].accountId.
func fieldName(path []string) string {
	var b strings.Builder
	for _, p := range path {
		if b.Len() > 0 && !strings.HasPrefix(p, "[") {
			b.WriteByte('.')
		}
		b.WriteString(clip(p, 60))
	}
	return b.String()
}
