package accounts

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"posthorn/internal/errs"
)

// Limits of what owners write, in characters.
const (
	maxName        = 100
	maxDescription = 2000
	maxOwnName     = 200 // of an account
)

// defaultColor is the colour of a profile whose owner chose none.
const defaultColor = "#ffeda0"

// colors are those of the web: # and 3, 4, 6 or 8 hexadecimal digits, or the name of a colour.
var colors = regexp.MustCompile(`^(#([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})|[a-zA-Z]{3,30})$`)

// cleanName is a name without the space around it. It may not be empty, too long, or hold what cannot be read.
func cleanName(field, name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Field: field, Message: field + " must not be empty"}
	}
	return name, checkText(field, name, maxName)
}

// checkText holds one line of text to a length.
func checkText(field, text string, most int) error {
	if n := utf8.RuneCountInString(text); n > most {
		return errs.Fieldf(field, "%s must have at most %d characters; it has %d", field, most, n)
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return errs.Fieldf(field, "%s must be one line of text, without control characters", field)
	}
	return nil
}

func cleanDescription(text string) (string, error) {
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n > maxDescription {
		return "", errs.Fieldf("description", "description must have at most %d characters; it has %d", maxDescription, n)
	}
	return text, nil
}

// cleanColor is a colour as it was sent; that of an empty text is the default one.
func cleanColor(color string) (string, error) {
	color = strings.TrimSpace(color)
	if color == "" {
		return defaultColor, nil
	}
	if !colors.MatchString(color) {
		return "", errs.Fieldf("color", "color must be a hexadecimal colour such as %s, or the name of a colour", defaultColor)
	}
	return color, nil
}
