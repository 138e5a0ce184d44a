package bluesky

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"posthorn/internal/platforms"
)

func TestFindPDS(t *testing.T) {
	t.Parallel()
	const directory = "GET plc.directory/" + aliceDID
	service := func(body string) string { return `{"id":"` + aliceDID + `","service":[` + body + `]}` }
	pds := func(endpoint string) string {
		b, _ := json.Marshal(endpoint)
		return service(`{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":` + string(b) + `}`)
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   string         // empty: an error
		kind   platforms.Kind // of it
	}{
		{"found", answer(200, pds("https://new.example.com")), "https://new.example.com", ""},
		{"a slash and a path", answer(200, pds("https://new.example.com/a/b/?c=d#e")), "https://new.example.com", ""},
		{"a port", answer(200, pds("https://new.example.com:8443/")), "https://new.example.com:8443", ""},
		{"the full id", answer(200, service(`{"id":"`+aliceDID+`#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"https://new.example.com"}`)), "https://new.example.com", ""},
		{"http for this machine", answer(200, pds("http://localhost:2583")), "http://localhost:2583", ""},
		{"http for a loopback address", answer(200, pds("http://127.0.0.1:2583")), "http://127.0.0.1:2583", ""},
		{"http for IPv6 loopback", answer(200, pds("http://[::1]:2583/")), "http://[::1]:2583", ""},
		{"http for the world", answer(200, pds("http://new.example.com")), "", platforms.Rejected},
		{"http that looks local", answer(200, pds("http://localhost.example.com")), "", platforms.Rejected},
		{"a password in the address", answer(200, pds("https://a:b@new.example.com")), "", platforms.Rejected},
		{"another scheme", answer(200, pds("file:///etc/passwd")), "", platforms.Rejected},
		{"a script", answer(200, pds("javascript:alert(1)")), "", platforms.Rejected},
		{"no host", answer(200, pds("https:///a")), "", platforms.Rejected},
		{"not an address", answer(200, pds("https://a b")), "", platforms.Rejected},
		{"a relative address", answer(200, pds("/xrpc")), "", platforms.Rejected},
		{"an endpoint of another shape", answer(200, service(`{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":["https://new.example.com"]}`)), "", platforms.Rejected},
		{"a service of another type", answer(200, service(`{"id":"#atproto_pds","type":"Other","serviceEndpoint":"https://new.example.com"}`)), "", platforms.Rejected},
		{"services of other shapes", answer(200, service(`1,"a",null,[]`)), "", platforms.Rejected},
		{"the document of another DID", answer(200, didDoc(bobDID, "https://new.example.com")), "", platforms.Rejected},
		{"an account that is gone", answer(410, `{"message":"DID not available"}`), "", platforms.Rejected},
		{"a DID that the directory does not know", answer(404, `{"message":"DID not registered"}`), "https://old.example.com", ""},
		{"a directory that is down", answer(503, ""), "https://old.example.com", ""},
		{"a directory that is cut off", hangUp, "https://old.example.com", ""},
		{"a directory that refuses", answer(403, ""), "https://old.example.com", ""},
		{"a directory that limits", answer(429, ""), "https://old.example.com", ""},
		{"a page for a document", answer(200, "<html>"), "https://old.example.com", ""},
		{"a list for a document", answer(200, "[]"), "https://old.example.com", ""},
		{"a document without end", func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"id":"` + strings.Repeat("x", 5<<20)))
		}, "https://old.example.com", ""},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(302) }, "https://old.example.com", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.on(directory, tt.answer)
			got, err := findPDS(context.Background(), w.conn(t))
			if tt.want == "" {
				wantKind(t, err, tt.kind)
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("%q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestFindPDSWithNothingKnown(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]platforms.Kind{404: platforms.Rejected, 503: platforms.Unavailable} {
		w := newWorld(t)
		w.on("GET plc.directory/"+aliceDID, answer(status, ""))
		c := w.conn(t)
		c.Account.Data = nil
		_, err := findPDS(context.Background(), c)
		wantKind(t, err, want)
	}
}

func TestDocumentURL(t *testing.T) {
	t.Parallel()
	for did, want := range map[string]string{
		aliceDID:                       "https://plc.directory/" + aliceDID,
		"did:web:alice.example.com":    "https://alice.example.com/.well-known/did.json",
		"did:web:localhost%3A2583":     "http://localhost:2583/.well-known/did.json",
		"did:web:example.com%3A2583":   "",
		"did:web:10.0.0.1":             "",
		"did:web:localhost":            "",
		"did:web:example.com:u:alice":  "",
		"did:web:example.com/../x":     "",
		"did:web:alice@example.com":    "",
		"did:plc:../../secrets":        "",
		"did:plc:":                     "",
		"did:key:z6Mk":                 "",
		"alice.example.com":            "",
		"":                             "",
		"did:plc:a?b=c":                "",
		"did:web:example.com%2F..%2Fx": "",
	} {
		got, err := documentURL(did)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", did, got, err, want)
		}
	}
}

func TestMentionFallsBackOnThePublicResolver(t *testing.T) {
	t.Parallel()
	const local, public = "GET " + pdsHost + "/xrpc/com.atproto.identity.resolveHandle", "GET public.api.bsky.app/xrpc/com.atproto.identity.resolveHandle"
	yes := answer(200, `{"did":"`+bobDID+`"}`)
	no := answer(400, `{"error":"InvalidRequest","message":"Unable to resolve handle"}`)
	down := answer(502, `{"error":"UpstreamFailure"}`)
	tests := []struct {
		name          string
		local, public http.HandlerFunc
		want          string
		kind          platforms.Kind
	}{
		{"known at home", yes, no, bobDID, ""},
		{"known to nobody", no, yes, "", ""},
		{"home cannot tell", down, yes, bobDID, ""},
		{"home cannot tell and the public knows none", down, no, "", ""},
		{"nobody can tell", down, hangUp, "", platforms.Unavailable},
		{"an answer that is no DID", answer(200, `{"did":"bob"}`), no, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.on(local, tt.local)
			w.on(public, tt.public)
			got, err := mentioned(context.Background(), w.conn(t), "https://"+pdsHost, "bob.example.com")
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
			} else if err != nil || got != tt.want {
				t.Errorf("%q, %v; want %q", got, err, tt.want)
			}
		})
	}
}
