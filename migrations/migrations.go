// Package migrations carries the numbered SQL files of the database schema inside the binary.
//
// A file is named NNNN_what_it_does.sql, the numbers rise without a gap from 0001, and a file that has been released is never changed:
// internal/postgres runs each once, in order, in a transaction of its own.
package migrations

import "embed"

//go:embed *.sql
var files embed.FS

// FS returns the folder of SQL files.
func FS() embed.FS { return files }
