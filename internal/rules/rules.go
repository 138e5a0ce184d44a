// Package rules is the one list of everything that a request or a post can break: what it means, what to do about it, and where the limit
// comes from. Answers link to it, GET /v1/rules and the pages under /docs/rules show it, and what a platform's posts can break is read off
// the adapters' own data.
package rules

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/outline"
)

// Rule is one entry of the list.
type Rule struct {
	Name     string // stable: "instagram.carousel.max_items"
	Platform string // the platform's name; empty for the rules of this server
	Area     string // for people: "Instagram", "Requests"
	Title    string // what was broken, without a full stop
	Meaning  string // one or more sentences
	Remedy   string // what to do about it
	Field    string // the field that is usually at fault; empty: none
	Limit    string // what is allowed, where there is a limit to tell
	Source   string // link to the page of the platform that states it
	Status   int    // of the answer that a request gets; 0: the rule ends a target, not a request
	Code     string // the answer's code
}

// Path is where the page of a rule is, below the server's address.
func Path(name string) string { return PathPrefix + name }

// PathPrefix is where the pages of all rules are.
const PathPrefix = "/docs/rules/"

// Book is the list for a set of platforms.
type Book struct {
	byName map[string]Rule
	sorted []Rule
}

var validName = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.-?[a-z0-9_-]+)+$`)

// New makes the list: the server's own rules, those of each adapter, and those of the contract's platforms without one. Two of one name, or
// one without a meaning, are faults of the program.
func New(registry *platforms.Registry) (*Book, error) {
	b := &Book{byName: map[string]Rule{}}
	for _, r := range own {
		if err := b.add(r); err != nil {
			return nil, err
		}
	}
	for _, name := range registry.Names() {
		p, _ := registry.Get(name)
		if err := b.platform(p.Info(), true); err != nil {
			return nil, err
		}
	}
	for _, info := range outline.All() {
		if _, adapted := registry.Get(info.Name); !adapted {
			if err := b.platform(info, false); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(b.sorted, func(x, y Rule) int {
		return cmp.Or(cmp.Compare(x.Platform, y.Platform), cmp.Compare(x.Area, y.Area), cmp.Compare(x.Name, y.Name))
	})
	return b, nil
}

func (b *Book) platform(info platforms.Info, publishes bool) error {
	docs := platforms.Documented(info)
	if publishes {
		docs = append(docs, platforms.FailureRules(info)...)
	}
	for _, d := range docs {
		r := Rule{Name: info.Name + "." + d.Name, Platform: info.Name, Area: info.Title, Title: d.Title, Meaning: d.Meaning, Remedy: d.Remedy, Field: d.Field, Limit: d.Limit, Source: d.Source}
		if !d.Failure {
			r.Status, r.Code = 400, "invalid_field_value"
		}
		if err := b.add(r); err != nil {
			return err
		}
	}
	return nil
}

func (b *Book) add(r Rule) error {
	switch _, twice := b.byName[r.Name]; {
	case twice:
		return fmt.Errorf("rules: %q is listed twice", r.Name)
	case !validName.MatchString(r.Name):
		return fmt.Errorf("rules: %q is no name for a rule", r.Name)
	case r.Title == "" || r.Meaning == "" || r.Remedy == "":
		return fmt.Errorf("rules: %q lacks a title, a meaning or a remedy", r.Name)
	}
	if r.Area == "" {
		r.Area = areas[r.Name[:strings.IndexByte(r.Name, '.')]]
	}
	b.byName[r.Name] = r
	b.sorted = append(b.sorted, r)
	return nil
}

// Find looks a rule up.
func (b *Book) Find(name string) (Rule, bool) {
	r, ok := b.byName[name]
	return r, ok
}

// All lists every rule: those of the server first, then platform by platform.
func (b *Book) All() []Rule { return b.sorted }

// Failure is the rule of a target that failed: the one that is named, or else the platform's of that kind of failure.
func (b *Book) Failure(platform string, kind platforms.Kind, name string) Rule {
	for _, n := range []string{name, platform + "." + string(kind), platform + "." + string(platforms.Unknown)} {
		if r, ok := b.byName[n]; ok {
			return r
		}
	}
	return b.byName[NoAdapter]
}
