// Package platformspecs holds what the adapters send to descriptions that others made of the platforms' APIs. What differs is either a fault
// of ours, or is listed in deviations.yaml with its reason.
package platformspecs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// Open reads the description of a platform, a file of its name in the folder; fs.ErrNotExist where there is none.
func Open(folder, platform string) (*openapi3.T, error) {
	for _, end := range []string{".yaml", ".json"} {
		b, err := os.ReadFile(filepath.Join(folder, platform+end))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return Parse(b)
	}
	return nil, fmt.Errorf("a description of %s: %w", platform, fs.ErrNotExist)
}

// Parse reads what a description says of requests. It puts up with what hand-written ones have and the format does not: a path that is there
// twice, with different methods, counts as one; and what is not asked, answers and the description's own name, may be wrong.
func Parse(b []byte) (*openapi3.T, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	root, ok := plain(&doc).(map[string]any)
	if !ok {
		return nil, errors.New("the description is not an object")
	}
	root["info"] = map[string]any{"title": "a platform", "version": "1"}
	withoutAnswers(root)
	text, err := json.Marshal(root)
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(text)
}

// withoutAnswers takes the answers out of all operations.
func withoutAnswers(root map[string]any) {
	if components, ok := root["components"].(map[string]any); ok {
		delete(components, "responses")
	}
	paths, _ := root["paths"].(map[string]any)
	for _, item := range paths {
		operations, _ := item.(map[string]any)
		for _, o := range operations {
			if operation, ok := o.(map[string]any); ok {
				delete(operation, "responses")
			}
		}
	}
}

// plain makes values of a node. Of a key that comes twice the values are merged.
func plain(n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		return plain(n.Content[0])
	case yaml.AliasNode:
		return plain(n.Alias)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			list = append(list, plain(c))
		}
		return list
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i].Value
			m[key] = merged(m[key], plain(n.Content[i+1]))
		}
		return m
	}
	var v any
	if n.Tag == "!!timestamp" || n.Decode(&v) != nil {
		return n.Value
	}
	return v
}

func merged(old, add any) any {
	a, ok := old.(map[string]any)
	b, also := add.(map[string]any)
	if !ok || !also {
		return add
	}
	for key, v := range b {
		a[key] = merged(a[key], v)
	}
	return a
}
