package platforms

import (
	"fmt"
	"regexp"
)

// GeoRestriction names the only countries in which a post is shown, or its media.
type GeoRestriction struct {
	Countries []string `json:"countries,omitempty"` // ISO 3166-1 alpha-2, at most 25
}

const maxCountries = 25 // the contract's

var country = regexp.MustCompile(`^[A-Z]{2}$`)

// Problems are what is wrong with it; nothing is with none.
func (g *GeoRestriction) Problems() (list []Problem) {
	if g == nil {
		return nil
	}
	const field = "platformSpecificData.geoRestriction.countries"
	if n := len(g.Countries); n == 0 || n > maxCountries {
		list = append(list, Problem{Rule: "geo.countries", Field: field, Message: fmt.Sprintf("the restriction names %d countries", n), Remediation: "Send 1 to 25 countries."})
	}
	for i, name := range g.Countries {
		if !country.MatchString(name) {
			list = append(list, Problem{Rule: "geo.country", Field: fmt.Sprintf("%s[%d]", field, i), Message: fmt.Sprintf("%q is no ISO 3166-1 code of a country", name), Remediation: `Send codes such as "DE".`})
		}
	}
	return list
}

// GeoRuleDocs describe what Problems finds.
func GeoRuleDocs(source string) []RuleDoc {
	const field, meaning = "platformSpecificData.geoRestriction.countries", "An option of the post is one that the platform would refuse: platformSpecificData.geoRestriction."
	return []RuleDoc{
		{Name: "geo.countries", Field: field, Title: "A restriction names 1 to 25 countries", Meaning: meaning, Remedy: "Send 1 to 25 countries.", Source: source},
		{Name: "geo.country", Field: field + "[0]", Title: "A country is not named by its code", Meaning: meaning, Remedy: `Send codes such as "DE".`, Source: source},
	}
}
