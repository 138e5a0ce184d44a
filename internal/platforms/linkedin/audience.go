package linkedin

import (
	"fmt"
	"regexp"
	"slices"

	"posthorn/internal/platforms"
)

// Audience says who sees a page's post: of each part any, and of all parts one. LinkedIn takes one of at least 300 members.
type Audience struct {
	Countries        []string `json:"countries,omitempty"`        // ISO 3166-1 alpha-2, of those that this server knows LinkedIn's URN of
	GeoLocations     []string `json:"geoLocations,omitempty"`     // urn:li:geo:123, or 123
	InterfaceLocales []Locale `json:"interfaceLocales,omitempty"` // in which members use LinkedIn
	Industries       []string `json:"industries,omitempty"`       // urn:li:industry:4, or 4
	JobFunctions     []string `json:"jobFunctions,omitempty"`     // urn:li:function:8, or 8
	Seniorities      []string `json:"seniorities,omitempty"`      // urn:li:seniority:3, or 3
	StaffCountRanges []string `json:"staffCountRanges,omitempty"` // "SIZE_1", "SIZE_2_TO_10" to "SIZE_10001_OR_MORE"
	Degrees          []string `json:"degrees,omitempty"`          // urn:li:degree:200, or 200
	FieldsOfStudy    []string `json:"fieldsOfStudy,omitempty"`    // urn:li:fieldOfStudy:100, or 100
	Organizations    []string `json:"organizations,omitempty"`    // schools: urn:li:organization:123, or 123
}

// Locale is a language as it is spoken in a country.
type Locale struct {
	Language string `json:"language"` // ISO 639-1: "es"
	Country  string `json:"country"`  // ISO 3166-1 alpha-2: "ES"
}

// GeoRestriction names the only countries in which a page's post is seen.
type GeoRestriction struct {
	Countries []string `json:"countries,omitempty"` // ISO 3166-1 alpha-2, at most 25
}

// targeting is an audience as LinkedIn takes it.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api
type targeting struct {
	GeoLocations     []string `json:"geoLocations,omitempty"`
	InterfaceLocales []Locale `json:"interfaceLocales,omitempty"`
	Industries       []string `json:"industries,omitempty"`
	JobFunctions     []string `json:"jobFunctions,omitempty"`
	Seniorities      []string `json:"seniorities,omitempty"`
	StaffCountRanges []string `json:"staffCountRanges,omitempty"`
	Degrees          []string `json:"degrees,omitempty"`
	FieldsOfStudy    []string `json:"fieldsOfStudy,omitempty"`
	Organizations    []string `json:"organizations,omitempty"`
}

// restricted tells whether a post is not for everybody.
func (o Options) restricted() bool { return o.Audience != nil || o.GeoRestriction != nil }

// facet is one part of an audience that is named by URNs.
type facet struct {
	field, kind string
	from        []string
	into        *[]string
}

func (a *Audience) facets(t *targeting) []facet {
	return []facet{
		{"geoLocations", "geo", a.GeoLocations, &t.GeoLocations}, {"industries", "industry", a.Industries, &t.Industries}, {"jobFunctions", "function", a.JobFunctions, &t.JobFunctions},
		{"seniorities", "seniority", a.Seniorities, &t.Seniorities}, {"degrees", "degree", a.Degrees, &t.Degrees}, {"fieldsOfStudy", "fieldOfStudy", a.FieldsOfStudy, &t.FieldsOfStudy},
		{"organizations", "organization", a.Organizations, &t.Organizations},
	}
}

// targeting is who sees the post; nil stands for everybody.
func (o Options) targeting() []targeting {
	if !o.restricted() {
		return nil
	}
	var t targeting
	var a Audience
	if o.Audience != nil {
		a = *o.Audience
	}
	for _, f := range a.facets(&t) {
		for _, value := range f.from {
			*f.into = append(*f.into, urnOf(f.kind, value))
		}
	}
	t.InterfaceLocales, t.StaffCountRanges = a.InterfaceLocales, a.StaffCountRanges
	countries := a.Countries
	if o.GeoRestriction != nil {
		countries = slices.Concat(countries, o.GeoRestriction.Countries)
	}
	for _, c := range countries {
		if urn := "urn:li:geo:" + geos[c]; !slices.Contains(t.GeoLocations, urn) {
			t.GeoLocations = append(t.GeoLocations, urn)
		}
	}
	return []targeting{t}
}

var digits = regexp.MustCompile(`^[0-9]{1,20}$`)

// urnOf is the URN of a kind that a value names, by itself or by its number.
func urnOf(kind, value string) string {
	if digits.MatchString(value) {
		return "urn:li:" + kind + ":" + value
	}
	return value
}

var (
	staffCounts = []string{"SIZE_1", "SIZE_2_TO_10", "SIZE_11_TO_50", "SIZE_51_TO_200", "SIZE_201_TO_500", "SIZE_501_TO_1000", "SIZE_1001_TO_5000", "SIZE_5001_TO_10000", "SIZE_10001_OR_MORE"}
	language    = regexp.MustCompile(`^[a-z]{2}$`)
	country     = regexp.MustCompile(`^[A-Z]{2}$`)
)

// audience holds the options that say who sees the post to what LinkedIn takes.
func (v *validator) audience() {
	if g := v.o.GeoRestriction; g != nil {
		if n := len(g.Countries); n == 0 || n > maxCountries {
			v.add("geo.countries", "geoRestriction.countries", "Send 1 to 25 countries.", "the restriction names %d countries", n)
		}
		v.countries("geoRestriction.countries", g.Countries)
	}
	a := v.o.Audience
	if a == nil {
		return
	}
	v.countries("audience.countries", a.Countries)
	n := len(a.Countries) + len(a.InterfaceLocales) + len(a.StaffCountRanges)
	for _, f := range a.facets(&targeting{}) {
		form := regexp.MustCompile(`^urn:li:` + f.kind + `:[0-9]{1,20}$`)
		n += len(f.from)
		for i, value := range f.from {
			if !form.MatchString(urnOf(f.kind, value)) {
				v.add("audience.urn", fmt.Sprintf("audience.%s[%d]", f.field, i), "Send urn:li:"+f.kind+":<number>, or the number.", "%q is no %s of LinkedIn's", value, f.kind)
			}
		}
	}
	for i, s := range a.StaffCountRanges {
		if !slices.Contains(staffCounts, s) {
			v.add("audience.staff_count", fmt.Sprintf("audience.staffCountRanges[%d]", i), "Send one of "+staffCounts[0]+" to "+staffCounts[len(staffCounts)-1]+".", "%q is no size of a company", s)
		}
	}
	for i, l := range a.InterfaceLocales {
		if !language.MatchString(l.Language) || !country.MatchString(l.Country) {
			v.add("audience.locale", fmt.Sprintf("audience.interfaceLocales[%d]", i), `Send a language such as "es" with a country such as "ES".`, "%q in %q is no locale", l.Language, l.Country)
		}
	}
	if n == 0 {
		v.add("audience.empty", "audience", "Say who is to see the post, or leave audience out.", "the audience names nobody")
	}
}

func (v *validator) countries(field string, list []string) {
	for i, c := range list {
		switch {
		case !country.MatchString(c):
			v.add("geo.country", fmt.Sprintf("%s[%d]", field, i), `Send codes such as "DE".`, "%q is no ISO 3166-1 code of a country", c)
		case geos[c] == "":
			v.add("geo.unknown_country", fmt.Sprintf("%s[%d]", field, i), "Send LinkedIn's own URN of the country in audience.geoLocations.", "this server does not know LinkedIn's URN of %q", c)
		}
	}
}

// outsider is why a member's own post cannot be for some only.
func outsider() error {
	return &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Rule: platformName + "." + ruleOrganization, Field: "platformSpecificData.audience",
		Message: "only a page's posts can be for some members only, and this account is a member", Remediation: "Publish as a page, or remove audience and geoRestriction."}
}

// geos are the numbers of countries in LinkedIn's URNs of places, as its own search for members and jobs names them in geoUrn.
var geos = map[string]string{
	"AE": "104305776", "AR": "100446943", "AT": "103883259", "AU": "101452733", "BD": "106215326", "BE": "100565514", "BR": "106057199", "CA": "101174742", "CH": "106693272", "CL": "104621616",
	"CN": "102890883", "CO": "100876405", "CZ": "104508036", "DE": "101282230", "DK": "104514075", "EG": "106155005", "ES": "105646813", "FI": "100456013", "FR": "105015875", "GB": "101165590",
	"GR": "104677530", "HK": "103291313", "HU": "100288700", "ID": "102478259", "IE": "104738515", "IL": "101620260", "IN": "102713980", "IT": "103350119", "JP": "101355337", "KE": "100710459",
	"KR": "105149562", "MX": "103323778", "MY": "106808692", "NG": "105365761", "NL": "102890719", "NO": "103819153", "NZ": "105490917", "PE": "102927786", "PH": "103121230", "PK": "101022442",
	"PL": "105072130", "PT": "100364837", "RO": "106670623", "SA": "100459316", "SE": "105117694", "SG": "102454443", "TH": "105146118", "TR": "102105699", "TW": "104187078", "UA": "102264497",
	"US": "103644278", "VN": "104195383", "ZA": "104035573",
}
