// Command which prints the Postgres server that the tests will use, and fails with the reason when there is none; `make test` begins with it.
package main

import (
	"fmt"
	"os"

	"posthorn/internal/postgres/pgtest"
)

func main() {
	line, err := pgtest.Describe()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("Postgres for tests:", line)
}
