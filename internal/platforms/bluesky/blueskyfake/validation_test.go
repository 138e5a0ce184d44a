package blueskyfake

import (
	"strings"
	"testing"

	"posthorn/internal/platforms/farside"
)

const family = "\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466" // one grapheme, 25 bytes

func facetAt(start, end any, feature obj) obj {
	return obj{"facets": []any{obj{"index": obj{"byteStart": start, "byteEnd": end}, "features": []any{feature}}}}
}

func card(changes obj) obj {
	external := obj{"uri": "https://example.com", "title": "", "description": ""}
	for k, v := range changes {
		if v == nil {
			delete(external, k)
		} else {
			external[k] = v
		}
	}
	return obj{"embed": obj{"$type": "app.bsky.embed.external", "external": external}}
}

// TestPostLexicon goes through what the reference PDS was seen to take and refuse; message is empty for what it takes.
func TestPostLexicon(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	linkTo := func(uri string) obj { return obj{"$type": "app.bsky.richtext.facet#link", "uri": uri} }
	ref := obj{"uri": "at://" + c.did + "/app.bsky.feed.post/" + key(0), "cid": cidOther}
	with := func(base, changes obj) obj {
		out := obj{}
		for k, v := range base {
			out[k] = v
		}
		for k, v := range changes {
			out[k] = v
		}
		return out
	}
	labels := func(n int) obj {
		values := []any{}
		for range n {
			values = append(values, obj{"val": "nudity"})
		}
		return obj{"labels": obj{"$type": "com.atproto.label.defs#selfLabels", "values": values}}
	}
	for i, x := range []struct {
		name    string
		text    string
		changes obj
		message string
	}{
		{"300 graphemes", strings.Repeat("a", 300), nil, ""},
		{"301 graphemes", strings.Repeat("a", 301), nil, "grapheme too big (maximum 300, got 301) at $.record.text"},
		{"100 families", strings.Repeat(family, 100), nil, ""},
		{"3000 bytes", strings.Repeat(family, 120), nil, ""},
		{"4000 bytes", strings.Repeat(family, 160), nil, "string too big (maximum 3000, got 4000) at $.record.text"},
		{"empty text", "", nil, ""},
		{"no text", "", obj{"text": nil}, `Missing required key "text" at $.record`},
		{"number for text", "", obj{"text": 5}, "Expected string value type (got 5) at $.record.text"},
		{"no date", "x", obj{"createdAt": nil}, `Missing required key "createdAt" at $.record`},
		{"no zone", "x", obj{"createdAt": "2026-11-23T10:00:00"}, `Invalid datetime (got "2026-11-23T10:00:00") at $.record.createdAt`},
		{"unknown zone", "x", obj{"createdAt": "2026-11-23T10:00:00-00:00"}, "Invalid datetime"},
		{"small letters", "x", obj{"createdAt": "2026-11-23t10:00:00z"}, "Invalid datetime"},
		{"no seconds", "x", obj{"createdAt": "2026-11-23T10:00Z"}, "Invalid datetime"},
		{"month 13", "x", obj{"createdAt": "2026-13-23T10:00:00Z"}, "Invalid datetime"},
		{"other zone", "x", obj{"createdAt": "2026-11-23T10:00:00.123456+01:00"}, ""},
		{"3 languages", "x", obj{"langs": []any{"en", "zh-Hant-TW", "x-foo"}}, ""},
		{"4 languages", "x", obj{"langs": []any{"en", "de", "fr", "es"}}, "array too big (maximum 3, got 4) at $.record.langs"},
		{"underscore", "x", obj{"langs": []any{"en_US"}}, `Invalid language (got "en_US") at $.record.langs[0]`},
		{"one letter", "x", obj{"langs": []any{"e"}}, "Invalid language"},
		{"bare language", "x", obj{"langs": "en"}, `Expected array value type (got "en") at $.record.langs`},
		{"9 tags", "x", obj{"tags": strings.Split("a,b,c,d,e,f,g,h,i", ",")}, "array too big (maximum 8, got 9) at $.record.tags"},
		{"long tag", "x", obj{"tags": []any{strings.Repeat("a", 65)}}, "grapheme too big (maximum 64, got 65) at $.record.tags[0]"},
		{"heavy tag", "x", obj{"tags": []any{strings.Repeat(family, 30)}}, "string too big (maximum 640, got 750)"},
		{"fraction", "x", obj{"extra": obj{"deep": []any{1.5}}}, "Expected one of null, boolean, integer, string, cid, bytes, array or object value type (got 1.5) at $.record.extra.deep[0]"},
		{"unknown member", "x", obj{"extra": obj{"n": 1, "b": true, "s": "y"}}, ""},
		{"wrong type", "x", obj{"$type": "app.bsky.feed.like"}, "Invalid $type: expected app.bsky.feed.post, got app.bsky.feed.like"},
		{"no type", "x", obj{"$type": nil}, ""},
		{"facet", "hello", facetAt(0, 5, linkTo("https://example.com")), ""},
		{"facet out of range", "x", facetAt(0, 900, linkTo("https://example.com")), ""},
		{"facet before the text", "x", facetAt(-1, 1, linkTo("https://example.com")), "integer too small (minimum 0, got -1) at $.record.facets[0].index.byteStart"},
		{"facet of strings", "x", facetAt("0", 1, linkTo("https://example.com")), `Expected integer value type (got "0") at $.record.facets[0].index.byteStart`},
		{"facet without features", "x", obj{"facets": []any{obj{"index": obj{"byteStart": 0, "byteEnd": 1}}}}, `Missing required key "features" at $.record.facets[0]`},
		{"feature without type", "x", facetAt(0, 1, obj{"uri": "https://example.com"}), `an object which includes the "$type" property`},
		{"unknown feature", "x", facetAt(0, 1, obj{"$type": "com.example.glow"}), ""},
		{"bare domain", "x", facetAt(0, 1, linkTo("example.com")), `Invalid uri (got "example.com") at $.record.facets[0].features[0].uri`},
		{"mention by handle", "x", facetAt(0, 1, obj{"$type": "app.bsky.richtext.facet#mention", "did": "a.test"}), `Invalid DID (got "a.test")`},
		{"reply to anything", "x", obj{"reply": obj{"root": ref, "parent": ref}}, ""},
		{"reply without cid", "x", obj{"reply": obj{"root": obj{"uri": ref["uri"]}, "parent": ref}}, `Missing required key "cid" at $.record.reply.root`},
		{"reply with a bad cid", "x", obj{"reply": obj{"root": with(ref, obj{"cid": "x"}), "parent": ref}}, `Invalid CID string (got "x")`},
		{"reply to a page", "x", obj{"reply": obj{"root": with(ref, obj{"uri": "https://x"}), "parent": ref}}, "Invalid at-uri"},
		{"quote", "x", obj{"embed": obj{"$type": "app.bsky.embed.record", "record": ref}}, ""},
		{"card", "x", card(nil), ""},
		{"card without title", "x", card(obj{"title": nil}), `Missing required key "title" at $.record.embed.external`},
		{"card of a bare domain", "x", card(obj{"uri": "example.com"}), "Invalid uri"},
		{"embed without type", "x", obj{"embed": obj{}}, `"$type"`},
		{"unknown embed", "x", obj{"embed": obj{"$type": "com.example.hologram"}}, ""},
		{"10 labels", "x", labels(10), ""},
		{"11 labels", "x", labels(11), "array too big (maximum 10, got 11) at $.record.labels.values"},
	} {
		a := c.put(key(i), said(x.text, x.changes))
		if x.message == "" {
			want(t, x.name, a, 200, "", "")
			continue
		}
		want(t, x.name, a, 400, "InvalidRequest", x.message)
	}
}

func TestWriteInput(t *testing.T) {
	t.Parallel()
	c := connect(t, farside.Options{})
	long := said(strings.Repeat("a", 301), nil)
	for _, x := range []struct {
		name    string
		record  any
		changes obj
		message string
	}{
		{"record is text", said("x", nil), obj{"record": "x"}, `Expected object value type (got "x") at $.record`},
		{"record is null", said("x", nil), obj{"record": nil}, "Expected object value type (got null) at $.record"},
		{"short key", said("x", nil), obj{"rkey": "abc"}, `Invalid record key for app.bsky.feed.post: Invalid TID string (got "abc")`},
		{"late key", said("x", nil), obj{"rkey": "zzzzzzzzzzzzz"}, "Invalid TID string"},
		{"key with a space", said("x", nil), obj{"rkey": "a b"}, `Invalid record key (got "a b") at $.rkey`},
		{"no key", said("x", nil), obj{"rkey": "absent"}, `Missing required key "rkey" at $`},
		{"null key", said("x", nil), obj{"rkey": nil}, "Expected string value type (got null) at $.rkey"},
		{"bad collection", said("x", nil), obj{"collection": "foo"}, `Invalid NSID (got "foo") at $.collection`},
		{"bad swap", said("x", nil), obj{"swapRecord": "zzz"}, `Invalid CID string (got "zzz") at $.swapRecord`},
		{"validate is text", said("x", nil), obj{"validate": "no"}, `Expected boolean value type (got "no") at $.validate`},
		{"unknown type to be validated", obj{"a": 1}, obj{"collection": "com.example.thing", "rkey": "self", "validate": true}, "Unknown lexicon type: com.example.thing"},
	} {
		want(t, x.name, c.put(key(0), x.record.(obj), x.changes), 400, "InvalidRequest", x.message)
	}
	want(t, "too large", c.put(key(0), said("x", obj{"extra": strings.Repeat("a", 1_000_000)})), 413, "PayloadTooLargeError", "")
	if a := c.put(key(0), obj{"a": 1}, obj{"collection": "com.example.thing", "rkey": "self"}); a.text("validationStatus") != "unknown" {
		t.Errorf("unknown type: %d %s", a.status, a.raw)
	}
	a := c.put(key(0), long, obj{"validate": false})
	if a.status != 200 || a.body["validationStatus"] != nil {
		t.Errorf("unvalidated: %d %s", a.status, a.raw)
	}
	if len(c.fake.Posts()) != 0 {
		t.Error("what breaks the rules is visible")
	}
}
