// Command openapi prints the description that the server publishes, for linters and generators: YAML, or with -json JSON.
package main

import (
	"flag"
	"fmt"
	"os"

	"posthorn/internal/openapi"
)

func main() {
	asJSON := flag.Bool("json", false, "print JSON")
	flag.Parse()
	d, err := openapi.Load()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	out := d.YAML
	if *asJSON {
		out = d.JSON
	}
	if _, err := os.Stdout.Write(out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
