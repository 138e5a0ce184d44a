package platforms

import (
	"fmt"
	"sort"
)

// A Registry finds platforms by name.
type Registry struct {
	byName map[string]Platform
	names  []string
}

// NewRegistry makes a registry of the given platforms. Two of one name are a fault of the program.
func NewRegistry(list ...Platform) *Registry {
	r := &Registry{byName: make(map[string]Platform, len(list))}
	for _, p := range list {
		name := p.Info().Name
		if _, twice := r.byName[name]; twice {
			panic(fmt.Sprintf("platforms: %q is registered twice", name))
		}
		r.byName[name] = p
		r.names = append(r.names, name)
	}
	sort.Strings(r.names)
	return r
}

// Get finds a platform by its name.
func (r *Registry) Get(name string) (Platform, bool) {
	p, ok := r.byName[name]
	return p, ok
}

// Names lists the names of all platforms in alphabetical order.
func (r *Registry) Names() []string { return append([]string(nil), r.names...) }
