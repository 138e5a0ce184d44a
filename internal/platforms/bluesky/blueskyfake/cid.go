package blueskyfake

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// Content ids as AT Protocol uses them: version 1, SHA-256, in base32. https://atproto.com/specs/data-model#link-and-cid-formats
const (
	codecRaw  = 0x55 // files: bafkrei...
	codecCBOR = 0x71 // records and commits: bafyrei...
)

func cidOf(codec byte, data []byte) string {
	digest := sha256.Sum256(data)
	return "b" + lower.EncodeToString(append([]byte{1, codec, 0x12, 32}, digest[:]...))
}

// recordCID is the id of a record's content.
func recordCID(v any) string { return cidOf(codecCBOR, appendCBOR(nil, v)) }

// parseCID returns a cid's codec and bytes.
func parseCID(s string) (codec byte, raw []byte, ok bool) {
	body, found := strings.CutPrefix(s, "b")
	raw, err := lower.DecodeString(body)
	if !found || err != nil || len(raw) != 36 || raw[0] != 1 || raw[2] != 0x12 || raw[3] != 32 {
		return 0, nil, false
	}
	return raw[1], raw, raw[1] == codecRaw || raw[1] == codecCBOR
}

func validCID(s string) bool { _, _, ok := parseCID(s); return ok }

// appendCBOR writes a value of the data model in DAG-CBOR, https://ipld.io/specs/codecs/dag-cbor/spec: shortest lengths, map keys sorted
// by length and then by bytes, links as tag 42.
func appendCBOR(out []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(out, 0xf6)
	case bool:
		if v {
			return append(out, 0xf5)
		}
		return append(out, 0xf4)
	case int64:
		if v < 0 {
			return appendHead(out, 1, uint64(-(v + 1)))
		}
		return appendHead(out, 0, uint64(v))
	case string:
		return append(appendHead(out, 3, uint64(len(v))), v...)
	case octets:
		return append(appendHead(out, 2, uint64(len(v))), v...)
	case link:
		_, raw, _ := parseCID(string(v))
		out = appendHead(appendHead(out, 6, 42), 2, uint64(len(raw)+1))
		return append(append(out, 0), raw...)
	case []any:
		out = appendHead(out, 4, uint64(len(v)))
		for _, item := range v {
			out = appendCBOR(out, item)
		}
		return out
	case map[string]any:
		out = appendHead(out, 5, uint64(len(v)))
		names := keys(v)
		slices.SortFunc(names, func(a, b string) int {
			return cmp.Or(cmp.Compare(len(a), len(b)), bytes.Compare([]byte(a), []byte(b)))
		})
		for _, k := range names {
			out = appendCBOR(appendCBOR(out, k), v[k])
		}
		return out
	default:
		return append(out, 0xf7) // no such value in the data model
	}
}

// appendHead writes a major type with its number in the shortest form.
func appendHead(out []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(out, major|byte(n))
	case n < 1<<8:
		return append(out, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(out, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(out, major|26), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(out, major|27), n)
	}
}
