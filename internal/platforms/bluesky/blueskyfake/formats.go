package blueskyfake

import (
	"regexp"
	"strconv"
	"strings"
)

// The string formats of lexicons, https://atproto.com/specs/lexicon#string-formats.
var (
	didForm      = regexp.MustCompile(`^did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]$`)
	handleForm   = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)
	nsidForm     = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{0,62}(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+\.[a-zA-Z][a-zA-Z0-9]{0,62}$`)
	tidForm      = regexp.MustCompile(`^[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}$`)
	rkeyForm     = regexp.MustCompile(`^[a-zA-Z0-9_~.:-]{1,512}$`)
	uriForm      = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:(//)?[^\s/]\S*$`)
	oldCIDForm   = regexp.MustCompile(`^(Qm[1-9A-HJ-NP-Za-km-z]{44}|z[1-9A-HJ-NP-Za-km-z]{20,})$`)
	datetimeForm = regexp.MustCompile(`^\d{4}-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(\.\d{1,20})?(Z|[+-](\d{2}):(\d{2}))$`)
	// languageForm is a well-formed tag of BCP 47 (RFC 5646, section 2.1): language, script, region, variants, extensions, private use.
	languageForm = regexp.MustCompile(`^(?i:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?` +
		`(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?` +
		`|x(?:-[a-z0-9]{1,8})+|i(?:-[a-z0-9]{2,8})+|en-gb-oed|sgn-(?:be-fr|be-nl|ch-de))$`)
)

var (
	isDID      = form("DID", didForm.MatchString)
	isActor    = form("AT identifier", func(s string) bool { return didForm.MatchString(s) || handleForm.MatchString(s) })
	isNSID     = form("NSID", nsidForm.MatchString)
	isKey      = form("record key", validKey)
	isURI      = form("uri", func(s string) bool { return len(s) <= 8192 && uriForm.MatchString(s) })
	isATURI    = form("at-uri", func(s string) bool { _, _, _, ok := splitURI(s); return ok })
	isCID      = form("CID string", func(s string) bool { return validCID(s) || oldCIDForm.MatchString(s) })
	isDatetime = form("datetime", validDatetime)
	isLanguage = form("language", languageForm.MatchString)
)

func validKey(s string) bool { return rkeyForm.MatchString(s) && s != "." && s != ".." }

// validDatetime takes dates as the reference PDS does: with seconds and a zone, and not so strict about the length of months.
func validDatetime(s string) bool {
	m := datetimeForm.FindStringSubmatch(s)
	if m == nil || strings.HasSuffix(s, "-00:00") {
		return false
	}
	for i, limit := range map[int]int{1: 12, 2: 31, 3: 23, 4: 59, 5: 59, 8: 23, 9: 59} {
		if n, _ := strconv.Atoi(m[i]); n > limit { // the zone's parts may be absent: zero
			return false
		}
	}
	return m[1] != "00" && m[2] != "00"
}

// splitURI takes at://actor/collection/key apart; the last two may be absent. https://atproto.com/specs/at-uri-scheme
func splitURI(s string) (actor, collection, key string, ok bool) {
	rest, found := strings.CutPrefix(s, "at://")
	parts := strings.Split(rest, "/")
	if !found || len(s) > 8192 || len(parts) > 3 {
		return "", "", "", false
	}
	actor = parts[0]
	ok = didForm.MatchString(actor) || handleForm.MatchString(actor)
	if len(parts) > 1 {
		collection = parts[1]
		ok = ok && nsidForm.MatchString(collection)
	}
	if len(parts) > 2 {
		key = parts[2]
		ok = ok && validKey(key)
	}
	return actor, collection, key, ok
}
