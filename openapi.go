// Package posthorn holds what the whole program is described by: the wire contract.
package posthorn

import _ "embed"

// OpenAPI is openapi.yaml. The server registers its routes from it and validates every request against it.
//
//go:embed openapi.yaml
var OpenAPI []byte
