package http

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"posthorn/internal/errs"
)

// The contract's codes of a request that does not fit its schema.
const (
	codeMissing = "missing_required_field"
	codeInvalid = "invalid_field_value"
)

// maxFaults bounds how many faults of a request are told.
const maxFaults = 50

// A fault is one place where a request does not fit openapi.yaml.
type fault struct {
	field, code, message string
}

// faultError makes one error of all that kin-openapi found; nil of nothing.
func faultError(err error) error {
	if err == nil {
		return nil
	}
	var faults []fault
	for _, e := range each(err) {
		var re *openapi3filter.RequestError
		if !errors.As(e, &re) {
			return fmt.Errorf("validating a request: %w", e)
		}
		if re.Parameter != nil && re.Parameter.In == openapi3.ParameterInPath {
			return errs.New(errs.NotFound, "Not found")
		}
		faults = append(faults, requestFaults(re)...)
	}
	fields, messages := map[string][]string{}, []string{}
	for _, f := range faults[:min(len(faults), maxFaults)] {
		fields[f.field] = append(fields[f.field], f.message)
		messages = append(messages, f.message)
	}
	message := strings.Join(messages[:min(len(messages), 3)], "; ")
	if more := len(faults) - 3; more > 0 {
		message += fmt.Sprintf(" (and %d more, see details)", more)
	}
	return &errs.Error{Code: errs.Invalid, Wire: faults[0].code, Field: faults[0].field, Message: message, Details: map[string]any{"fields": fields}}
}

// each lists the errors within an error of kin-openapi's.
func each(err error) []error {
	if many, ok := err.(openapi3.MultiError); ok {
		var list []error
		for _, e := range many {
			list = append(list, each(e)...)
		}
		return list
	}
	return []error{err}
}

// requestFaults are the faults of one parameter, or of the body.
func requestFaults(re *openapi3filter.RequestError) []fault {
	base := "body"
	if re.Parameter != nil {
		base = re.Parameter.Name
	}
	switch {
	case errors.Is(re.Err, openapi3filter.ErrInvalidRequired):
		return []fault{{base, codeMissing, base + " is required"}}
	case errors.Is(re.Err, openapi3filter.ErrInvalidEmptyValue):
		return []fault{{base, codeInvalid, base + " must not be empty"}}
	}
	var list []fault
	for _, e := range each(re.Err) {
		var se *openapi3.SchemaError
		if !errors.As(e, &se) { // a parameter that cannot be read as its type
			list = append(list, fault{base, codeInvalid, base + " must be " + kindOf(schemaOf(re.Parameter))})
			continue
		}
		list = append(list, schemaFault(re, base, se))
	}
	return list
}

func schemaOf(p *openapi3.Parameter) *openapi3.Schema {
	if p == nil || p.Schema == nil {
		return &openapi3.Schema{}
	}
	return p.Schema.Value
}

func schemaFault(re *openapi3filter.RequestError, base string, se *openapi3.SchemaError) fault {
	var path []string
	if re.Parameter != nil {
		path = append(path, base)
	}
	for _, p := range se.JSONPointer() {
		if _, err := strconv.Atoi(p); err == nil {
			p = "[" + p + "]"
		}
		path = append(path, p)
	}
	field := fieldName(path)
	if field == "" {
		field = base
	}
	if se.SchemaField == "required" {
		return fault{field, codeMissing, field + " is required"}
	}
	return fault{field, codeInvalid, field + " " + schemaMessage(se)}
}

// schemaMessage says what a value must be. It never shows the value, which may be a password.
func schemaMessage(se *openapi3.SchemaError) string {
	s := se.Schema
	switch se.SchemaField {
	case "type":
		return "must be " + kindOf(s)
	case "nullable":
		return "must be " + kindOf(s) + ", not null"
	case "enum":
		var names []string
		for _, v := range s.Enum {
			names = append(names, fmt.Sprint(v))
		}
		return "must be one of " + strings.Join(names, ", ")
	case "minLength":
		if s.MinLength == 1 {
			return "must not be empty"
		}
		return fmt.Sprintf("must have at least %d characters", s.MinLength)
	case "maxLength":
		return fmt.Sprintf("must have at most %d characters", *s.MaxLength)
	case "minimum":
		return fmt.Sprintf("must be at least %.0f", *s.Min)
	case "maximum":
		return fmt.Sprintf("must be at most %.0f", *s.Max)
	case "maxItems":
		return fmt.Sprintf("must have at most %d entries", *s.MaxItems)
	case "pattern":
		return "is not a valid ID"
	default:
		return "is not valid: " + se.Reason
	}
}

// kindOf names a schema's type for people.
func kindOf(s *openapi3.Schema) string {
	switch {
	case s.Type.Is(openapi3.TypeString):
		return "a string"
	case s.Type.Is(openapi3.TypeBoolean):
		return "true or false"
	case s.Type.Is(openapi3.TypeInteger):
		return "a whole number"
	case s.Type.Is(openapi3.TypeNumber):
		return "a number"
	case s.Type.Is(openapi3.TypeArray):
		return "a list"
	default:
		return "an object"
	}
}
