package platformspecs

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Book is what is known to differ between the adapters and the descriptions: deviations.yaml.
type Book map[string]*Chapter // by platform

// Chapter is the part of one platform.
type Chapter struct {
	Servers    []*Server    `yaml:"servers"`
	Deviations []*Deviation `yaml:"deviations"`
}

// Server is one that the description leaves out, or has without a part of its path. What it describes holds there, too.
type Server struct {
	URL     string `yaml:"url"`
	Grounds `yaml:",inline"`

	used bool
}

// Deviation excuses each of some differences at each of some addresses.
type Deviation struct {
	At      []string `yaml:"at"`      // method and address, with placeholders: POST https://host/{user}/media
	Differs []string `yaml:"differs"` // as Check words it
	Grounds `yaml:",inline"`

	used map[[2]string]bool // pairs of the two
}

// Grounds are why the adapter is right.
type Grounds struct {
	Because string `yaml:"because"`
	Source  string `yaml:"source"` // a link to the page that shows it
}

// ReadBook reads and checks a book.
func ReadBook(b []byte) (Book, error) {
	book := Book{}
	in := yaml.NewDecoder(bytes.NewReader(b))
	in.KnownFields(true)
	if err := in.Decode(&book); err != nil {
		return nil, err
	}
	for platform, c := range book {
		for _, s := range c.Servers {
			if s.URL == "" || !s.complete() {
				return nil, fmt.Errorf("%s: the server %q lacks its URL, its reason or the link to its source", platform, s.URL)
			}
		}
		for _, d := range c.Deviations {
			if len(d.At) == 0 || len(d.Differs) == 0 || !d.complete() {
				return nil, fmt.Errorf("%s: the deviation at %q lacks an address, a difference, its reason or the link to its source", platform, d.At)
			}
			d.used = map[[2]string]bool{}
		}
	}
	return book, nil
}

func (g Grounds) complete() bool {
	return strings.TrimSpace(g.Because) != "" && strings.HasPrefix(g.Source, "https://")
}

// Servers are the templates of the book's servers.
func (c *Chapter) servers() (list []string) {
	if c == nil {
		return nil
	}
	for _, s := range c.Servers {
		list = append(list, s.URL)
	}
	return list
}

// visit notes that something is described at one of the book's servers.
func (c *Chapter) visit(at string) {
	if c == nil {
		return
	}
	_, address, _ := strings.Cut(at, " ")
	for _, s := range c.Servers {
		s.used = s.used || strings.HasPrefix(address, strings.TrimSuffix(s.URL, "/")+"/")
	}
}

// excuses reports whether a difference is listed.
func (c *Chapter) excuses(method string, address *url.URL, difference string) bool {
	if c == nil {
		return false
	}
	excused := false
	for _, d := range c.Deviations {
		if !slices.Contains(d.Differs, difference) {
			continue
		}
		for _, at := range d.At {
			m, template, _ := strings.Cut(at, " ")
			if _, ok := fits(template, address); ok && m == method {
				d.used[[2]string{at, difference}] = true
				excused = true
			}
		}
	}
	return excused
}

// stale lists what of the chapter nothing was excused by.
func (c *Chapter) stale() (list []string) {
	if c == nil {
		return nil
	}
	for _, s := range c.Servers {
		if !s.used {
			list = append(list, "nothing is sent to "+s.URL)
		}
	}
	for _, d := range c.Deviations {
		for _, at := range d.At {
			for _, difference := range d.Differs {
				if !d.used[[2]string{at, difference}] {
					list = append(list, at+": "+difference)
				}
			}
		}
	}
	return list
}
