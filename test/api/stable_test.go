package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"regexp"
	"slices"
	"strings"
	"time"
)

// stableNames puts what is the same in every run in the place of what differs: IDs, keys, times, ports and the platforms' own names. Equal
// things stay equal.
type stableNames struct {
	sandbox, photos string
	start           time.Time
	names           map[string]string
	counts          map[string]int
}

func newStableNames(w *world) *stableNames {
	return &stableNames{sandbox: w.sandbox, photos: w.photos, start: start, names: map[string]string{}, counts: map[string]int{}}
}

// A pattern finds what differs, and form is what stands in its place; %d counts.
var unstable = []struct {
	kind    string
	pattern *regexp.Regexp
	form    string
}{
	{"hook", regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`), "https://hooks.example.com/posthorn"},
	{"key", regexp.MustCompile(`\b(sk|zrk|inv|dev)_[0-9a-f]{64}\b`), "${1}_" + strings.Repeat("0123456789abcdef", 4)},
	{"preview", regexp.MustCompile(`\b(sk|zrk)_[0-9a-f]{8}\.\.\.[0-9a-f]{8}\b`), "${1}_01234567...89abcdef"},
	{"code", regexp.MustCompile(`\b[A-Z]{4}-[A-Z]{4}\b`), "BCDF-GHJK"},
	{"request", regexp.MustCompile(`\b[a-z2-7]{26}\b`), "examplerequestexample00%03d"},
	{"id", regexp.MustCompile(`\b[0-9a-f]{24}\b`), "6745a1b2c3d4e5f60000%04x"},
	{"did", regexp.MustCompile(`did:plc:[a-z2-7]{24}`), "did:plc:posthornexampleaccount%02d"},
	{"cid", regexp.MustCompile(`\bbafy[a-z2-7]{40,}\b`), "bafyreiexampleexampleexampleexampleexampleexampleexample%03d"},
	{"record", regexp.MustCompile(`\b3[a-z2-7]{12}\b`), "3lexample2%03d"},
	{"shortcode", regexp.MustCompile(`(instagram\.com/(?:p|reel|stories/[^/]+)/)[A-Za-z0-9_-]+`), "${1}DExample%03d"},
	{"number", regexp.MustCompile(`\b1[0-9]{15,17}\b`), "17900000000000%03d"},
	{"word", regexp.MustCompile(`\b[0-9a-f]{32,}\b`), "0123456789abcdef0123456789abc%03d"},
	{"time", regexp.MustCompile(`\b20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z`), ""},
}

// took are fields that say how long something took.
var took = []string{"tookMs", "waitMs", "duration_ms", "responseTime"}

func (n *stableNames) text(s string) string {
	s = strings.ReplaceAll(s, n.sandbox+"/_sandbox/samples", "https://media.example.com")
	s = strings.ReplaceAll(s, n.sandbox, "https://sandbox.example.com")
	s = strings.ReplaceAll(s, n.photos, "https://media.example.com/")
	for _, u := range unstable {
		s = u.pattern.ReplaceAllStringFunc(s, func(found string) string {
			if name, ok := n.names[found]; ok {
				return name
			}
			n.counts[u.kind]++
			name := u.pattern.ReplaceAllString(found, u.form)
			if u.kind == "time" {
				name = n.time(found)
			} else if strings.Contains(name, "%") {
				name = fmt.Sprintf(name, n.counts[u.kind])
			}
			n.names[found], n.names[name] = name, name
			return name
		})
	}
	return s
}

// time keeps a time that the scenario chose, and puts the world's own day in the place of today.
func (n *stableNames) time(found string) string {
	at, err := time.Parse(time.RFC3339, found)
	if err != nil || time.Until(at).Abs() > 24*time.Hour {
		return found
	}
	return n.start.Add(time.Duration(n.counts["time"]) * time.Second).Format("2006-01-02T15:04:05.000Z")
}

// listed is how many entries of a list an example shows.
const listed = 2

// json does the same for all texts of a JSON value. Fields keep their order; long lists are cut.
func (n *stableNames) json(raw []byte) json.RawMessage {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var b bytes.Buffer
	if err := n.value(dec, &b, ""); err != nil {
		panic(fmt.Sprintf("%v in %s", err, raw)) // it was JSON when it was sent
	}
	return b.Bytes()
}

func (n *stableNames) value(dec *json.Decoder, b *bytes.Buffer, field string) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case json.Delim:
		b.WriteString(v.String())
		for i := 0; dec.More(); i++ {
			var entry bytes.Buffer
			if v == '{' {
				name, err := dec.Token()
				if err != nil {
					return err
				}
				encode(&entry, n.text(name.(string)))
				entry.WriteByte(':')
				field = name.(string)
			}
			if err := n.value(dec, &entry, field); err != nil {
				return err
			}
			if v == '[' && i >= listed {
				continue
			}
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(entry.Bytes())
		}
		end, err := dec.Token()
		if err != nil {
			return err
		}
		b.WriteString(end.(json.Delim).String())
	case string:
		encode(b, n.text(v))
	case json.Number:
		if slices.Contains(took, field) && v.String() != "0" {
			v = "120"
		}
		b.WriteString(v.String())
	default:
		encode(b, v)
	}
	return nil
}

func encode(b *bytes.Buffer, v any) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // plain values always encode
	}
	b.Truncate(b.Len() - 1)
}

// form is a form as an object of its fields.
func (n *stableNames) form(contentType string, body []byte) json.RawMessage {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil
	}
	fields := map[string]string{}
	for r := multipart.NewReader(bytes.NewReader(body), params["boundary"]); ; {
		part, err := r.NextPart()
		if err != nil {
			break
		}
		contents, err := io.ReadAll(part)
		if err != nil {
			break
		}
		fields[part.FormName()] = n.text(string(contents))
	}
	var b bytes.Buffer
	encode(&b, fields)
	return b.Bytes()
}

// shapeOf lists the fields of a JSON value, those within fields too, with the kinds of their values.
func shapeOf(raw json.RawMessage) []string {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return []string{err.Error()}
	}
	found := map[string]bool{}
	shape(v, "", found)
	list := make([]string, 0, len(found))
	for s := range found {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

func shape(v any, at string, found map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		found[at+" {}"] = true
		for name, value := range v {
			shape(value, at+"."+name, found)
		}
	case []any:
		found[at+" []"] = true
		for _, value := range v {
			shape(value, at+"[]", found)
		}
	default:
		found[fmt.Sprintf("%s %T", at, v)] = true
	}
}
