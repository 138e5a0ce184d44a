package blueskyfake

import (
	"errors"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
)

// checker says whether a value of the data model has a form, and if not, where and why. It is what a lexicon schema comes to,
// https://atproto.com/specs/lexicon; the wording of its errors is the reference PDS's.
type checker func(v any, at string) error

func misfit(reason, at string) error { return errors.New(reason + " at " + at) }

func expected(what string, v any, at string) error {
	return misfit("Expected "+what+" value type (got "+got(v)+")", at)
}

// field is a member of an object.
type field struct {
	name string
	need bool
	is   checker
}

// object takes an object with these members, in this order of complaint; others are left alone.
func object(fields ...field) checker {
	return func(v any, at string) error {
		m, ok := v.(map[string]any)
		if !ok {
			return expected("object", v, at)
		}
		for _, f := range fields {
			value, present := m[f.name]
			if !present {
				if f.need {
					return misfit("Missing required key "+strconv.Quote(f.name), at)
				}
				continue
			}
			if err := f.is(value, at+"."+f.name); err != nil {
				return err
			}
		}
		return nil
	}
}

// list takes an array; a most of zero is no limit.
func list(most int, item checker) checker {
	return func(v any, at string) error {
		items, ok := v.([]any)
		if !ok {
			return expected("array", v, at)
		}
		if most > 0 && len(items) > most {
			return misfit("array too big (maximum "+strconv.Itoa(most)+", got "+strconv.Itoa(len(items))+")", at)
		}
		for i, x := range items {
			if err := item(x, at+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
		return nil
	}
}

// text takes a string of so many UTF-8 bytes and grapheme clusters at most; zero is no limit.
func text(maxBytes, maxGraphemes int) checker {
	return func(v any, at string) error {
		s, ok := v.(string)
		if !ok {
			return expected("string", v, at)
		}
		if maxBytes > 0 && len(s) > maxBytes {
			return misfit("string too big (maximum "+strconv.Itoa(maxBytes)+", got "+strconv.Itoa(len(s))+")", at)
		}
		if maxGraphemes > 0 {
			if n := uniseg.GraphemeClusterCount(s); n > maxGraphemes {
				return misfit("grapheme too big (maximum "+strconv.Itoa(maxGraphemes)+", got "+strconv.Itoa(n)+")", at)
			}
		}
		return nil
	}
}

// form takes a string of a named format.
func form(name string, valid func(string) bool) checker {
	return func(v any, at string) error {
		s, ok := v.(string)
		if !ok {
			return expected("string", v, at)
		}
		if !valid(s) {
			return misfit("Invalid "+name+" (got "+strconv.Quote(s)+")", at)
		}
		return nil
	}
}

func integer(least int64) checker {
	return func(v any, at string) error {
		n, ok := v.(int64)
		if !ok {
			return expected("integer", v, at)
		}
		if n < least {
			return misfit("integer too small (minimum "+strconv.FormatInt(least, 10)+", got "+strconv.FormatInt(n, 10)+")", at)
		}
		return nil
	}
}

func boolean(v any, at string) error {
	if _, ok := v.(bool); !ok {
		return expected("boolean", v, at)
	}
	return nil
}

// orNull takes null as well.
func orNull(c checker) checker {
	return func(v any, at string) error {
		if v == nil {
			return nil
		}
		return c(v, at)
	}
}

// union takes an object by its $type; a type that is not listed is left unchecked, as in all of Bluesky's unions.
func union(types map[string]checker) checker {
	return func(v any, at string) error {
		m, _ := v.(map[string]any)
		name, ok := m["$type"].(string)
		if !ok {
			return expected(`an object which includes the "$type" property`, v, at)
		}
		if c, ok := types[strings.TrimSuffix(name, "#main")]; ok {
			return c(v, at)
		}
		return nil
	}
}

// upload takes a blob reference of a type ("image/*") and so many bytes at most.
func upload(accept string, most int) checker {
	return func(v any, at string) error {
		ref, ok := blobRefOf(v)
		if !ok {
			return expected("blob", v, at)
		}
		if most > 0 && ref.size > int64(most) {
			return misfit("blob too big (maximum "+strconv.Itoa(most)+", got "+strconv.FormatInt(ref.size, 10)+")", at)
		}
		prefix, wild := strings.CutSuffix(accept, "*")
		if wild && !strings.HasPrefix(ref.mime, prefix) || !wild && ref.mime != accept {
			return misfit("Expected "+strconv.Quote(accept)+" (got "+strconv.Quote(ref.mime)+")", at+".mimeType")
		}
		return nil
	}
}

// checkInput checks a procedure's input.
func checkInput(c checker, input map[string]any) error {
	if err := c(input, "$"); err != nil {
		return invalid(err.Error())
	}
	return nil
}
