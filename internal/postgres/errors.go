package postgres

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// SQLSTATE codes, from https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	codeForeignKeyViolation  = "23503"
	codeUniqueViolation      = "23505"
	codeReadOnly             = "25006"
	codeSerializationFailure = "40001"
	codeDeadlock             = "40P01"
	codeUndefinedTable       = "42P01"
	codeLockNotAvailable     = "55P03"
	codeQueryCanceled        = "57014" // by statement_timeout
	codeAdminShutdown        = "57P01"
	codeCrashShutdown        = "57P02"
	codeCannotConnectNow     = "57P03"
	classConnection          = "08"
	classResources           = "53" // disk full, out of memory, too many connections
)

// IsUnique reports whether err is a violation of the named unique constraint or index; an empty name stands for any.
func IsUnique(err error, constraint string) bool {
	pgErr := (*pgconn.PgError)(nil)
	return errors.As(err, &pgErr) && pgErr.Code == codeUniqueViolation && (constraint == "" || pgErr.ConstraintName == constraint)
}

// IsForeignKey reports whether err is a violation of the named foreign key: what a row refers to is not there, or no longer.
func IsForeignKey(err error, constraint string) bool {
	pgErr := (*pgconn.PgError)(nil)
	return errors.As(err, &pgErr) && pgErr.Code == codeForeignKeyViolation && pgErr.ConstraintName == constraint
}

// IsLockTimeout reports whether err says that a lock was not to be had within lock_timeout.
func IsLockTimeout(err error) bool {
	pgErr := (*pgconn.PgError)(nil)
	return errors.As(err, &pgErr) && pgErr.Code == codeLockNotAvailable
}

// IsUnavailable reports whether err says that the database cannot serve at the moment: refused or broken connections, a server that
// starts, stops, has fallen back to read-only, or is out of connections, memory or disk, and statements and waits that ran into a bound of ours. The
// same request may succeed later. It says nothing about whether a statement that was under way took effect. A caller that went away is not counted.
func IsUnavailable(err error) bool {
	if err == nil {
		return false
	}
	if pgErr := (*pgconn.PgError)(nil); errors.As(err, &pgErr) {
		switch pgErr.Code {
		case codeAdminShutdown, codeCrashShutdown, codeCannotConnectNow, codeReadOnly, codeQueryCanceled:
			return true
		}
		return len(pgErr.Code) == 5 && (pgErr.Code[:2] == classConnection || pgErr.Code[:2] == classResources)
	}
	for _, target := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, puddle.ErrClosedPool, context.DeadlineExceeded} {
		if errors.Is(err, target) {
			return true
		}
	}
	connectErr, opErr := (*pgconn.ConnectError)(nil), (*net.OpError)(nil)
	// SafeToRetry is how pgx marks "the connection was closed before anything was sent".
	return errors.As(err, &connectErr) || errors.As(err, &opErr) || pgconn.SafeToRetry(err)
}
