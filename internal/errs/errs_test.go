package errs

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestCodeOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  error
		want Code
	}{
		{nil, ""},
		{io.EOF, Internal},
		{New(NotFound, "no post %s", "x"), NotFound},
		{fmt.Errorf("outer: %w", Fieldf("timezone", "unknown zone")), Invalid},
	}
	for _, tt := range tests {
		if got := CodeOf(tt.err); got != tt.want {
			t.Errorf("CodeOf(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
}

func TestWrapKeepsWhatItWraps(t *testing.T) {
	t.Parallel()
	call := func(fail bool) (err error) {
		defer Wrap(&err, "call(%t)", fail)
		if fail {
			return &Error{Code: Conflict, Message: "busy", Err: io.EOF}
		}
		return nil
	}
	if err := call(false); err != nil {
		t.Errorf("a nil error became %v", err)
	}
	err := call(true)
	if got, want := err.Error(), "call(true): conflict: busy: EOF"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if CodeOf(err) != Conflict || !errors.Is(err, io.EOF) {
		t.Errorf("%v lost its code or cause", err)
	}
}
