//go:build pds

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"posthorn/internal/sandbox/fault"
)

// pds is a real Bluesky host with a directory of its own; test/pds/run.sh starts it and names it in the environment.
type pds struct{ url, plc string }

func realPDS(t *testing.T) pds {
	t.Helper()
	p := pds{os.Getenv("POSTHORN_TEST_PDS"), os.Getenv("POSTHORN_TEST_PLC")}
	if p.url == "" || p.plc == "" {
		t.Fatal("POSTHORN_TEST_PDS and POSTHORN_TEST_PLC must name a running PDS; test/pds/run.sh starts one")
	}
	return p
}

// around sends the hosts of the Bluesky network to the real servers, and everything else to the sandbox.
func (p pds) around(t *testing.T, faults *fault.Engine) func(http.Handler) http.Handler {
	host, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	directory, err := url.Parse(p.plc)
	if err != nil {
		t.Fatal(err)
	}
	to := map[string]*url.URL{"plc.directory": directory, "public.api.bsky.app": host, "bsky.social": host, host.Host: host}
	return func(sandbox http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
			upstream, ok := to[name]
			if !ok {
				sandbox.ServeHTTP(w, r)
				return
			}
			r.URL.Path, r.URL.RawPath, r.Host = "/"+path, "", name
			proxy := &httputil.ReverseProxy{Rewrite: func(pr *httputil.ProxyRequest) {
				pr.SetURL(upstream)
				pr.Out.Host = upstream.Host
			}}
			faults.Wrap(proxy).ServeHTTP(w, r)
		})
	}
}

// xrpc calls the PDS itself, past Posthorn.
func (p pds) xrpc(t *testing.T, nsid, token string, in, out any) {
	t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		method, body = http.MethodPost, bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, p.url+"/xrpc/"+nsid, body)
	if err != nil {
		t.Fatal(err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%s answered %d: %s (%v)", nsid, resp.StatusCode, answer, err)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatal(err)
	}
}

type record struct {
	URI   string `json:"uri"`
	Value struct {
		Text   string `json:"text"`
		Facets []struct {
			Index    struct{ ByteStart, ByteEnd int }
			Features []map[string]any
		}
		Embed struct {
			Images []struct {
				Alt   string
				Image struct {
					MimeType string
					Size     int
				}
			}
		}
	} `json:"value"`
}

// records are the account's posts whose text holds a mark.
func (p pds) records(t *testing.T, did, mark string) (list []record) {
	t.Helper()
	var out struct{ Records []record }
	p.xrpc(t, "com.atproto.repo.listRecords?collection=app.bsky.feed.post&limit=100&repo="+url.QueryEscape(did), "", nil, &out)
	for _, r := range out.Records {
		if strings.Contains(r.Value.Text, mark) {
			list = append(list, r)
		}
	}
	return list
}

// connected makes an account with an app password at the PDS and connects it, as a user would.
func (s *system) connected(t *testing.T, p pds) (accountID, did, handle string) {
	t.Helper()
	handle = fmt.Sprintf("e2e%d.test", time.Now().UnixNano()%1e9)
	var made struct{ DID, AccessJwt string }
	p.xrpc(t, "com.atproto.server.createAccount", "", map[string]string{"handle": handle, "email": handle + "@example.test", "password": "correct horse battery"}, &made)
	var app struct{ Password string }
	p.xrpc(t, "com.atproto.server.createAppPassword", made.AccessJwt, map[string]string{"name": "posthorn"}, &app)
	var profiles struct {
		Profiles []struct {
			ID string `json:"_id"`
		}
	}
	if _, err := s.call(t.Context(), "GET", "/v1/profiles", nil, &profiles); err != nil {
		t.Fatal(err)
	}
	var out struct {
		Account map[string]any `json:"account"`
	}
	if _, err := s.call(t.Context(), "POST", "/v1/connect/bluesky/credentials",
		map[string]string{"identifier": handle, "appPassword": app.Password, "profileId": profiles.Profiles[0].ID}, &out); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"accountId", "_id"} {
		if id, ok := out.Account[key].(string); ok {
			return id, made.DID, handle
		}
	}
	t.Fatalf("connecting answered without an account ID: %v", out.Account)
	return "", "", ""
}

func bluesky(s *system, accountID, text string) map[string]any {
	return map[string]any{"content": text, "mediaItems": []any{s.photo("coast.jpg")}, "platforms": []any{map[string]any{"platform": "bluesky", "accountId": accountID}}}
}

// TestRealPDS publishes a text with facets and a JPEG to a real Bluesky host and reads the record back.
func TestRealPDS(t *testing.T) {
	p := realPDS(t)
	s := newSystem(t, p.around(t, fault.New()))
	s.start(t, "worker")
	accountID, did, handle := s.connected(t, p)
	text := "Grüße 👋 an @" + handle + ": https://example.com/a?b=c #café"
	body := bluesky(s, accountID, text)
	body["publishNow"] = true
	var out struct{ Post post }
	if code, err := s.call(t.Context(), "POST", "/v1/posts", body, &out); err != nil || code != 201 {
		t.Fatalf("publishing answered %d: %v", code, err)
	}
	found := p.records(t, did, "Grüße")
	if len(found) != 1 || found[0].URI != out.Post.Platforms[0].PlatformPostID {
		t.Fatalf("the PDS holds %+v, the API says %s", found, out.Post.Platforms[0].PlatformPostID)
	}
	v := found[0].Value
	kinds := map[string]string{}
	for _, f := range v.Facets {
		kinds[fmt.Sprint(f.Features[0]["$type"])] = v.Text[f.Index.ByteStart:f.Index.ByteEnd]
	}
	want := map[string]string{"app.bsky.richtext.facet#mention": "@" + handle, "app.bsky.richtext.facet#link": "https://example.com/a?b=c", "app.bsky.richtext.facet#tag": "#café"}
	if v.Text != text || fmt.Sprint(kinds) != fmt.Sprint(want) {
		t.Errorf("the record says %q with facets %v, want %v", v.Text, kinds, want)
	}
	if im := v.Embed.Images; len(im) != 1 || im[0].Alt != "a sample" || im[0].Image.MimeType != "image/jpeg" || im[0].Image.Size == 0 {
		t.Errorf("its images are %+v", im)
	}
}

// TestRealPDSKill kills the worker at each request of a publication to the real host.
func TestRealPDSKill(t *testing.T) {
	p := realPDS(t)
	faults := fault.New()
	t.Cleanup(faults.Close)
	s := newSystem(t, p.around(t, faults))
	victim := s.start(t, "worker")
	accountID, did, _ := s.connected(t, p)
	host, _ := url.Parse(p.url)
	type heldPost struct {
		mark string
		post post
		rule *fault.Handle
	}
	var held []heldPost
	for _, call := range []string{"com.atproto.repo.uploadBlob", "com.atproto.repo.putRecord"} {
		for _, when := range []fault.Moment{fault.Before, fault.After} {
			rule, err := faults.Add(fault.Rule{Host: host.Hostname(), Path: "/xrpc/" + call, Action: fault.Hold, When: when})
			if err != nil {
				t.Fatal(err)
			}
			h := heldPost{mark: fmt.Sprintf("kill at %s %s", call, when), rule: rule}
			h.post = s.create(t, bluesky(s, accountID, h.mark))
			if err := rule.Wait(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: held", h.mark)
			held = append(held, h)
		}
	}
	victim.kill()
	killed := time.Now()
	for _, h := range held {
		if err := h.rule.WaitGone(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	s.start(t, "worker")
	for _, h := range held {
		s.eventually(t, time.Minute, h.mark+" is published", func() bool { return s.get(t, h.post.ID).Status == "published" })
		t.Logf("%s: published %v after the kill", h.mark, time.Since(killed).Round(100*time.Millisecond))
		if found := p.records(t, did, h.mark); len(found) != 1 {
			t.Errorf("%s: the PDS holds %d records", h.mark, len(found))
		}
	}
}
