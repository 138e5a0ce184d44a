// Package posthorn holds what the whole program is described by: the wire contract.
package posthorn

import _ "embed"

// OpenAPI is openapi.yaml, as it is written by hand. The server validates every request against it; what it publishes is made from it by
// internal/openapi.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Examples are requests and answers that the tests have seen, by operation. TestExamples in test/api writes them.
//
//go:embed examples.gen.json
var Examples []byte
