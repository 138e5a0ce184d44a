// Package openapi makes the description that the server publishes: openapi.yaml, without what only our own generator needs and second names
// of parameters, and with the examples that the tests have seen.
package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"posthorn"
)

// Description is the published description, in its two forms and as a value. They are shared and not to be changed.
type Description struct {
	YAML, JSON []byte
	Doc        *openapi3.T
}

// Source is openapi.yaml as it is written: what the server holds requests to.
var Source = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(posthorn.OpenAPI)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return doc, doc.Validate(context.Background())
})

// Load makes the description, once.
var Load = sync.OnceValues(load)

func load() (*Description, error) {
	examples := map[string]Example{}
	if err := json.Unmarshal(posthorn.Examples, &examples); err != nil {
		return nil, fmt.Errorf("examples.gen.json: %w", err)
	}
	d, err := Build(posthorn.OpenAPI, examples)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return d, nil
}

// Example is what was seen of an operation: the request that did what it is for, and an answer of each status.
type Example struct {
	Parameters map[string]string          `json:"parameters,omitempty"` // in path and query
	Body       json.RawMessage            `json:"body,omitempty"`
	Responses  map[string]json.RawMessage `json:"responses"` // by status; null: no JSON
}

// Build makes a description of a hand-written one and examples by operationId.
func Build(source []byte, examples map[string]Example) (*Description, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(source, &document); err != nil {
		return nil, err
	}
	root := document.Content[0]
	clean(root)
	if err := merge(root, examples); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	out := yaml.NewEncoder(&b)
	out.SetIndent(2)
	if err := out.Encode(&document); err != nil {
		return nil, err
	}
	d := &Description{YAML: b.Bytes()}
	var err error
	if d.JSON, err = toJSON(root); err != nil {
		return nil, err
	}
	if d.Doc, err = openapi3.NewLoader().LoadFromData(d.JSON); err != nil {
		return nil, err
	}
	return d, d.Doc.Validate(context.Background(), openapi3.DisableExamplesValidation()) // the examples have a test, which takes longer
}
