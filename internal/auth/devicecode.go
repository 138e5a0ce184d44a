package auth

import (
	"crypto/rand"
	"math/big"
	"strings"
	"unicode"
)

// A code that people read and type has letters that cannot be confused, nor spell a word: https://www.rfc-editor.org/rfc/rfc8628#section-6.1
const (
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 8
)

// deviceName is what a device calls itself, as far as it fits on a line.
func deviceName(name string) string {
	name = strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(name, "")))
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName])
	}
	if name == "" {
		return "CLI"
	}
	return name
}

func newUserCode() string {
	code := make([]byte, userCodeLength)
	for i := range code {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(userCodeLetters))))
		if err != nil {
			panic(err) // never, says crypto/rand
		}
		code[i] = userCodeLetters[n.Int64()]
	}
	return string(code[:userCodeLength/2]) + "-" + string(code[userCodeLength/2:])
}

// cleanUserCode is a code as it is stored, however it was typed.
func cleanUserCode(code string) string {
	code = strings.Map(func(c rune) rune {
		if c = unicode.ToUpper(c); strings.ContainsRune(userCodeLetters, c) {
			return c
		}
		return -1
	}, code)
	if len(code) != userCodeLength {
		return ""
	}
	return code[:userCodeLength/2] + "-" + code[userCodeLength/2:]
}
