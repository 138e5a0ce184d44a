package http

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"posthorn/internal/platforms"
)

// optionNames are the names of each platform's options, read off their Go types.
type optionNames map[string][]string

func namesOfOptions(registry *platforms.Registry) optionNames {
	names := optionNames{}
	for _, name := range registry.Names() {
		p, _ := registry.Get(name)
		names[name] = fieldNames(reflect.TypeOf(p.Info().Options))
	}
	return names
}

// fieldNames are the names that encoding/json gives the fields of a struct, those of embedded ones too.
func fieldNames(t reflect.Type) []string {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			names = append(names, fieldNames(f.Type)...)
		case !f.IsExported() || name == "-":
		case name == "":
			names = append(names, f.Name)
		default:
			names = append(names, name)
		}
	}
	return names
}

// takers are the platforms that have an option of a name.
func (n optionNames) takers(option string) []string {
	var list []string
	for name, options := range n {
		if slices.Contains(options, option) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// common are options that so many platforms of the contract have, that whoever sets one at the wrong place means it, also while this
// server has none of those platforms.
var common = []string{"contentType", "firstComment", "threadItems", "platformSpecificData"}

// misplaced tells the caller of a post which options stand where nobody reads them: in the post's root, beside platformSpecificData, or in
// the platformSpecificData of a platform that has no such option. It is advice; nothing is refused.
func (s *Server) misplaced(r *http.Request) []string {
	var root map[string]json.RawMessage
	var rest struct {
		Platforms []map[string]json.RawMessage `json:"platforms"`
	}
	raw := bodyOf(r)
	if json.Unmarshal(raw, &root) != nil || json.Unmarshal(raw, &rest) != nil {
		return nil // an empty one
	}
	var advice []string
	for _, option := range s.optionsAmong(root, "CreatePostRequest") {
		advice = append(advice, fmt.Sprintf("%s in the post's root has no effect; set it in platforms[].platformSpecificData%s", option, s.of(option)))
	}
	for i, target := range rest.Platforms {
		for _, option := range s.optionsAmong(target, "NewTarget") {
			advice = append(advice, fmt.Sprintf("platforms[%d].%s has no effect; set it in platforms[%d].platformSpecificData", i, option, i))
		}
		var platform string
		var data map[string]json.RawMessage
		if json.Unmarshal(target["platform"], &platform) != nil || json.Unmarshal(target["platformSpecificData"], &data) != nil {
			continue
		}
		for _, option := range sortedKeys(data) {
			takers := s.options.takers(option)
			if len(takers) > 0 && !slices.Contains(takers, platform) {
				advice = append(advice, fmt.Sprintf("platforms[%d].platformSpecificData.%s has no effect: %s has no such option, but %s", i, option, platform, strings.Join(takers, ", ")))
			}
		}
	}
	return advice
}

// optionsAmong are those fields of an object that its schema does not have and that are options of some platform.
func (s *Server) optionsAmong(object map[string]json.RawMessage, schema string) []string {
	known := s.doc.Components.Schemas[schema].Value.Properties
	var list []string
	for _, name := range sortedKeys(object) {
		if _, ok := known[name]; !ok && (slices.Contains(common, name) || len(s.options.takers(name)) > 0) {
			list = append(list, name)
		}
	}
	return list
}

// of names the platforms that have an option, for people.
func (s *Server) of(option string) string {
	takers := s.options.takers(option)
	if len(takers) == 0 {
		return ""
	}
	return " of a target at " + strings.Join(takers, " or ")
}

func sortedKeys(object map[string]json.RawMessage) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// bodyOf is the body of a request that was validated, whether or not it has been read since.
func bodyOf(r *http.Request) []byte {
	if r.GetBody == nil {
		return nil
	}
	again, err := r.GetBody()
	if err != nil {
		return nil
	}
	raw, err := io.ReadAll(again)
	if err != nil {
		return nil
	}
	return raw
}
