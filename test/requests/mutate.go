package requests

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Nearly makes a request that is valid but for one place.
func (m Maker) Nearly(o Operation) Request {
	r := m.Request(o)
	places := sorted(o.Places())
	if len(places) == 0 {
		return r
	}
	p := places[m.Rand.IntN(len(places))]
	if object, ok := r.Body.(map[string]any); ok && m.Rand.IntN(4) == 0 {
		m.disturb(object)
		return r
	}
	r.Put(p, m.wrong(p), m)
	return r
}

// disturb leaves out a field, renames it, or adds one.
func (m Maker) disturb(object map[string]any) {
	names := slices.Sorted(maps.Keys(object))
	if len(names) == 0 {
		object["unknown"] = true
		return
	}
	name := names[m.Rand.IntN(len(names))]
	switch m.Rand.IntN(3) {
	case 0:
		delete(object, name)
	case 1:
		object[strings.ToUpper(name)] = object[name]
	default:
		object["unknown"] = object[name]
	}
}

// wrong is a value that just misses its schema, or is of another kind.
func (m Maker) wrong(p Place) any {
	s := p.Schema
	options := []any{nil, "", "null", true, -1, 0, 1.5, 1e18, []any{}, map[string]any{}, []any{nil}, []any{[]any{}}, map[string]any{"a": nil}, "x", " ", "000000000000000000000000", "all"}
	if s.Min != nil {
		options = append(options, *s.Min-1, *s.Min)
	}
	if s.Max != nil {
		options = append(options, *s.Max+1, *s.Max)
	}
	if s.MaxLength != nil && *s.MaxLength < 1<<18 {
		options = append(options, strings.Repeat("ä", int(*s.MaxLength)), strings.Repeat("ä", int(*s.MaxLength)+1))
	}
	if s.Type.Is(openapi3.TypeArray) && s.MaxItems != nil && *s.MaxItems < 1<<12 {
		options = append(options, slices.Repeat([]any{m.Value(p.Name, s.Items.Value, 1)}, int(*s.MaxItems)+1))
	}
	return options[m.Rand.IntN(len(options))]
}

// hostileTexts are texts that have broken other servers.
var hostileTexts = []string{
	"\x00", "a\x00b", "\u202e\u202d\u2066abc\u2069", "'; drop table posts; --", "' or '1'='1", "$1", "%s%n%x", "{{7*7}}", "${jndi:ldap://127.0.0.1/a}", "../../../../etc/passwd",
	"a\r\nX-Injected: 1", "<script>alert(1)</script>", "\ufffe\uffff", "\U0010ffff", strings.Repeat("e\u0301", 5000), strings.Repeat("👩‍👩‍👧‍👦", 2000), strings.Repeat("a", 1<<20), strings.Repeat("#a ", 30000),
	strings.Repeat("@a.bsky.social ", 2000), strings.Repeat("https://posthorn.invalid ", 3000), "http://[::1]:1/", "http://127.0.0.1:1/x.jpg", "file:///etc/passwd", "gopher://127.0.0.1:1/_a", "http://0x7f.1:1/",
	"http://user:pw@127.0.0.1:1", "data:image/png;base64,AAAA", "https://posthorn.invalid:99999999/", "9999-99-99T99:99:99Z", "0000-00-00", "2026-02-30T10:00:00Z", "+292277026596-12-04T15:30:07Z", "-1", "1e309",
	"NaN", "99999999999999999999999999", "0x10", "\t\n\v\f\r", "\u0085\u2028\u2029\u200b\ufeff", "Ａｌｌ", "İı", "ß", "\xff\xfe", "America/New_York\x00", "../UTC", "Local", "Etc/GMT+99", "true", "[]", "{}", `{"$ne":null}`,
	"[[sandbox:fail]]", "[[sandbox:drop]]",
}

// Hostile makes a request of a kind that nobody sends in good faith.
func (m Maker) Hostile(o Operation) Request {
	r := m.Request(o)
	places := sorted(o.Places())
	if schema, _ := o.Body(); schema != nil && m.Rand.IntN(2) == 0 {
		m.corrupt(&r)
		return r
	}
	switch n := m.Rand.IntN(10); {
	case n < 5 && len(places) > 0:
		r.Put(places[m.Rand.IntN(len(places))], hostileTexts[m.Rand.IntN(len(hostileTexts))], m)
	case n < 6:
		r.RawPath = m.pick(r.path()+"/", r.path()+"%", r.path()+"%zz", r.path()+"%00", "/"+r.path(), r.path()+"/..%2f..", r.path()+";a=b", strings.Replace(r.path(), "/v1", "/api/v1", 1),
			r.path()+strings.Repeat("a", 8000), strings.ToUpper(r.path()), r.path()+"%e2%80%ae", r.path()+"%ff", strings.ReplaceAll(o.Path, "{", ""), o.Path[:len(o.Path)-1])
	case n < 7:
		r.RawQuery = m.pick("%", "%zz", "a=%00", "a=%ff", "=", "&&&", "a;b", "limit=1&limit=2", "limit[]=1", "limit[$gt]=1", strings.Repeat("a=b&", 20000), "page=1e9", "limit=%2b1", "offset=99999999999999999999", "%6cimit=1", "profileId=%20", "search="+url.QueryEscape("%' or 1=1 --\\"))
	case n < 8:
		r.Operation.Method = m.pick("HEAD", "OPTIONS", "TRACE", "PROPFIND", "get", "PATCH", "PUT", "DELETE", "POST", "GET")
	default:
		m.header(&r)
	}
	return r
}

func (m Maker) header(r *Request) {
	name := m.pick("Authorization", "X-Request-Id", "Idempotency-Key", "Content-Type", "Content-Encoding", "Accept", "Accept-Encoding", "Origin", "X-Forwarded-For", "X-Forwarded-Proto", "Range", "Cookie", "If-None-Match", "Expect",
		"X-HTTP-Method-Override", "Host", "Transfer-Encoding", "Content-Length", "Connection", "Upgrade")
	r.Header[name] = []string{m.pick("", " ", "x", "Bearer", "Bearer  ", "bearer sk_"+strings.Repeat("0", 64), "Basic YTpi", strings.Repeat("a", 4000), "a,b,c", "gzip", "identity", "100-continue", "bytes=0-", "bytes=9-1",
		"\xff\xfe", "a\x00b", "text/plain; charset=utf-16", "multipart/form-data", "application/json; charset", "-1", "chunked", "chunked, chunked", "5", "99999999999999999999", "*", "keep-alive, upgrade", "h2c")}
}

// corrupt replaces the body by one that is not what it should be.
func (m Maker) corrupt(r *Request) {
	good, err := json.Marshal(r.Body)
	if err != nil || len(good) < 2 {
		good = []byte("{}")
	}
	r.ContentType = JSON
	switch m.Rand.IntN(14) {
	case 0:
		r.RawBody = good[:m.Rand.IntN(len(good))+1]
	case 1:
		deep := 1 + m.Rand.IntN(100_000)
		r.RawBody = []byte(`{"metadata":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}")
	case 2:
		deep := 1 + m.Rand.IntN(20_000)
		r.RawBody = []byte(strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep))
	case 3:
		r.RawBody = bytes.Replace(good, []byte(":"), []byte(":"+m.pick("1e400", "-1e-400", strings.Repeat("9", 5000), "0.1e99999999999", "01", "+1", "NaN", "1.")+`,"x":`), 1)
	case 4:
		r.RawBody = []byte(`{"metadata":[` + strings.Repeat("0,", 200_000) + "0]}")
	case 5:
		r.RawBody = bytes.Replace(good, []byte(`"`), []byte(`"`+m.pick("\\u0000", "\\ud800", "\\udc00\\ud800", "\xff", "\xed\xa0\x80", "\x00", "\\x", "\n")), 1+m.Rand.IntN(9))
	case 6: // each field twice
		r.RawBody = append(append(slices.Clone(good[:len(good)-1]), ','), good[1:]...)
	case 7:
		r.RawBody = append(slices.Clone(good), m.pick("x", "{}", "\x00", " \n", "]")...)
	case 8:
		r.RawBody = []byte(m.pick("null", "[]", `""`, "0", "true", "[[]]", "{", "}", "\"", " ", "\xef\xbb\xbf{}", "\xfe\xff\x00{", "a=b"))
	case 9:
		r.RawBody, r.ContentType = good, m.pick("text/plain", "application/xml", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "multipart/form-data", "multipart/form-data; boundary=", "/", ";;;", "application/json, application/json", strings.Repeat("a", 3000))
	case 10:
		m.multipart(r)
	case 11:
		r.RawBody = []byte(`{"` + strings.Repeat("k", 1<<20) + `":1}`)
	case 12:
		r.RawBody = bytes.Repeat([]byte(" "), 1<<20)
	default: // many fields that nobody knows
		var b bytes.Buffer
		b.WriteString("{")
		for i := range 5000 {
			b.WriteString(`"f` + strings.Repeat("x", i%50) + string(rune('a'+i%26)) + `":{},`)
		}
		b.Write(good[1:])
		r.RawBody = b.Bytes()
	}
}

// multipart makes forms that are damaged or absurd.
func (m Maker) multipart(r *Request) {
	const boundary = "xxx"
	part := func(headers, body string) string {
		return "--" + boundary + "\r\n" + headers + "\r\n\r\n" + body + "\r\n"
	}
	file := `Content-Disposition: form-data; name="file"; filename="a.csv"`
	r.ContentType = Multipart + "; boundary=" + boundary
	r.RawBody = []byte(m.pick(
		strings.Repeat(part(`Content-Disposition: form-data; name="a"`, "b"), 3000)+"--"+boundary+"--",
		part(file, "platforms,profiles,content\nbluesky,default,x"), // without its end
		part(file, strings.Repeat("a,", 100_000)+"\n"+strings.Repeat("\"", 9999))+"--"+boundary+"--",
		part(file, strings.Repeat("platforms,profiles\n", 10_000))+"--"+boundary+"--",
		part(file, "\x00\xff\xfe")+part(file, "again")+"--"+boundary+"--",
		part(file, "")+"--"+boundary+"--",
		part("X: "+strings.Repeat("a", 100_000), "b")+"--"+boundary+"--",
		part(`Content-Disposition: form-data; name="file"; filename="../../etc/passwd"`+"\r\nContent-Type: multipart/mixed; boundary="+boundary, part(file, "x"))+"--"+boundary+"--",
		part("Content-Disposition: nothing", "b"),
		"--"+boundary+"--", "--"+boundary, ""))
}

func (m Maker) pick(from ...string) string { return from[m.Rand.IntN(len(from))] }

// sorted are places in a fixed order, so that the same seed picks the same ones.
func sorted(places []Place) []Place {
	slices.SortFunc(places, func(a, b Place) int { return strings.Compare(a.String(), b.String()) })
	return places
}
