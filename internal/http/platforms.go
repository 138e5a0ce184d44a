package http

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3gen"

	"posthorn/internal/http/wire"
	"posthorn/internal/platforms"
)

// listPlatforms tells what each platform takes. The answer was made when the server was: it is the same for everyone.
func (s *Server) listPlatforms(w http.ResponseWriter, _ *http.Request) error {
	s.send(w, http.StatusOK, jsonType, s.platforms)
	return nil
}

// describe reads off the adapters what they take and can do.
func describe(registry *platforms.Registry) (wire.PlatformList, error) {
	list := wire.PlatformList{Platforms: []wire.Platform{}}
	for _, name := range registry.Names() {
		p, _ := registry.Get(name)
		info := p.Info()
		options, err := optionSchema(info)
		if err != nil {
			return list, fmt.Errorf("options of %s: %w", name, err)
		}
		raw, err := json.Marshal(options)
		if err != nil {
			return list, fmt.Errorf("options of %s: %w", name, err)
		}
		out := wire.Platform{Name: info.Name, Title: info.Title, Docs: info.Docs, Capabilities: platforms.Capabilities(p), Rules: info.Rules,
			Budgets: []wire.Budget{}, Options: raw}
		if out.Rules.Kinds == nil {
			out.Rules.Kinds = []platforms.PostKind{}
		}
		for _, b := range info.Budgets {
			out.Budgets = append(out.Budgets, wire.Budget{Name: b.Name, Scope: b.Scope, Limit: b.Limit, WindowSeconds: int64(b.Window / time.Second), Source: b.Source})
		}
		list.Platforms = append(list.Platforms, out)
	}
	return list, nil
}

// optionSchema is the JSON schema of a platform's options, made from their Go type.
func optionSchema(info platforms.Info) (*openapi3.Schema, error) {
	if info.Options == nil {
		return openapi3.NewObjectSchema(), nil
	}
	ref, err := openapi3gen.NewSchemaRefForValue(info.Options, nil)
	if err != nil {
		return nil, err
	}
	return ref.Value, nil
}
