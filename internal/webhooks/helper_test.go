package webhooks_test

import (
	"errors"

	"posthorn/internal/errs"
)

func errorOf(err error) (*errs.Error, bool) {
	var e *errs.Error
	ok := errors.As(err, &e)
	return e, ok
}
