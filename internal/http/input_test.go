package http

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"posthorn/internal/posts"
)

// target is a valid target for a request.
const target = `{"platform":"bluesky","accountId":"` + accountID + `"}`

func TestBadInput(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code, param              string
	}{
		{name: "no body", status: 400, code: "missing_required_field", param: "body"},
		{name: "blank body", body: " \n", status: 400, code: "missing_required_field", param: "body"},
		{name: "not JSON", body: "hello", status: 400, code: "invalid_field_value"},
		{name: "trailing garbage", body: `{} {}`, status: 400, code: "invalid_field_value"},
		{name: "cut", body: `{"content":"a`, status: 400, code: "invalid_field_value"},
		{name: "a list", body: `[]`, status: 400, code: "invalid_field_value", param: "body"},
		{name: "null", body: `null`, status: 400, code: "invalid_field_value", param: "body"},
		{name: "invalid UTF-8", body: "{\"content\":\"\xff\"}", status: 400, code: "invalid_field_value"},
		{name: "NUL", body: `{"content":"a\u0000b"}`, status: 400, code: "invalid_field_value", param: "content"},
		{name: "NUL deep within metadata", body: `{"metadata":{"a":[{"b":"\u0000"}]}}`, status: 400, code: "invalid_field_value", param: "metadata.a[0].b"},
		{name: "NUL in a key", body: `{"metadata":{"\u0000":1}}`, status: 400, code: "invalid_field_value", param: "metadata"},
		{name: "half a pair", body: `{"metadata":{"a":"\ud83d"}}`, status: 400, code: "invalid_field_value", param: "metadata.a"},
		{name: "the other half", body: `{"metadata":{"a":"\ude00\ud83d"}}`, status: 400, code: "invalid_field_value", param: "metadata.a"},
		{name: "two first halves", body: `{"metadata":{"a":"\ud83d\ud83d"}}`, status: 400, code: "invalid_field_value", param: "metadata.a"},
		{name: "a number too large", body: `{"metadata":{"a":1e999}}`, status: 400, code: "invalid_field_value", param: "metadata.a"},
		{name: "a number too small", body: `{"metadata":{"a":1e-99999}}`, status: 400, code: "invalid_field_value", param: "metadata.a"},
		{name: "a number too long", body: `{"metadata":{"a":0.` + strings.Repeat("1", 500) + `}}`, status: 400, code: "invalid_field_value", param: "metadata.a"},
		{name: "deep nesting", body: `{"metadata":` + strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat("}", 101), status: 400, code: "invalid_field_value", param: "metadata"},
		{name: "very deep nesting", body: `{"metadata":` + strings.Repeat(`[`, 1e6) + strings.Repeat("]", 1e6) + `}`, status: 400, code: "invalid_field_value"},
		{name: "many values", body: `{"platforms":[` + strings.Repeat(`1,`, 200000) + `1]}`, status: 400, code: "invalid_field_value"},
		{name: "many faults", body: `{"platforms":[` + strings.Repeat(`1,`, 90000) + `1]}`, status: 400, code: "invalid_field_value"},
		{name: "too large", body: `{"content":"` + strings.Repeat("a", 12<<20) + `"}`, status: 413, code: "request_too_large"},
		{name: "form", body: "content=a", headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, code: "unsupported_media_type"},
		{name: "multipart", body: "x", headers: []string{"Content-Type", "multipart/form-data; boundary=x"}, status: 415, code: "unsupported_media_type"},
		{name: "nonsense type", body: "{}", headers: []string{"Content-Type", ";;;"}, status: 415, code: "unsupported_media_type"},
		{name: "Latin 1", body: "{}", headers: []string{"Content-Type", "application/json; charset=iso-8859-1"}, status: 415, code: "unsupported_media_type"},
		{name: "compressed", body: "{}", headers: []string{"Content-Encoding", "gzip"}, status: 415, code: "unsupported_media_type"},
		{name: "content of another type", body: `{"content":5}`, status: 400, code: "invalid_field_value", param: "content"},
		{name: "platforms of another type", body: `{"platforms":{}}`, status: 400, code: "invalid_field_value", param: "platforms"},
		{name: "a target that is none", body: `{"platforms":[5]}`, status: 400, code: "invalid_field_value", param: "platforms[0]"},
		{name: "a target without account", body: `{"platforms":[{"platform":"bluesky"}]}`, status: 400, code: "missing_required_field", param: "platforms[0].accountId"},
		{name: "an empty account", body: `{"platforms":[{"platform":"bluesky","accountId":""}]}`, status: 400, code: "invalid_field_value", param: "platforms[0].accountId"},
		{name: "options of another type", body: `{"platforms":[{"platform":"bluesky","accountId":"a","platformSpecificData":[]}]}`, status: 400, code: "invalid_field_value", param: "platforms[0].platformSpecificData"},
		{name: "a null target", body: `{"platforms":[null]}`, status: 400, code: "invalid_field_value", param: "platforms[0]"},
		{name: "a null item", body: `{"mediaItems":[null]}`, status: 400, code: "invalid_field_value", param: "mediaItems[0]"},
		{name: "an unknown type of media", body: `{"mediaItems":[{"type":"hologram","url":"https://a.test/b"}]}`, status: 400, code: "invalid_field_value", param: "mediaItems[0].type"},
		{name: "a type against the extension", body: `{"mediaItems":[{"type":"video","url":"https://a.test/b.jpg?x=1"}]}`, status: 400, code: "invalid_field_value", param: "mediaItems[0].type"},
		{name: "the same in a target", body: `{"platforms":[{"platform":"bluesky","accountId":"a","customMedia":[{"type":"image","url":"https://a.test/b.MP4"}]}]}`, status: 400, code: "invalid_field_value", param: "platforms[0].customMedia[0].type"},
		{name: "visibility", body: `{"visibility":"nobody"}`, status: 400, code: "invalid_field_value", param: "visibility"},
		{name: "a tag too long", body: `{"tags":["` + strings.Repeat("a", 101) + `"]}`, status: 400, code: "invalid_field_value", param: "tags[0]"},
		{name: "publishNow of another type", body: `{"publishNow":"yes"}`, status: 400, code: "invalid_field_value", param: "publishNow"},
		{name: "recycling without a gap", body: `{"recycling":{"gap":0}}`, status: 400, code: "invalid_field_value", param: "recycling.gap"},
		{name: "recycling by fractions", body: `{"recycling":{"gap":1.0}}`, status: 400, code: "invalid_field_value", param: "recycling"},
		{name: "recycling of another type", body: `{"recycling":{"enabled":"x"}}`, status: 400, code: "invalid_field_value", param: "recycling.enabled"},
		{name: "an empty Idempotency-Key", body: `{"content":"a"}`, headers: []string{"Idempotency-Key", " "}, status: 400, code: "invalid_field_value", param: "Idempotency-Key"},
		{name: "a long Idempotency-Key", body: `{"content":"a"}`, headers: []string{"Idempotency-Key", strings.Repeat("k", 256)}, status: 400, code: "invalid_field_value", param: "Idempotency-Key"},
		{name: "an Idempotency-Key that is not ASCII", body: `{"content":"a"}`, headers: []string{"Idempotency-Key", "schlüssel"}, status: 400, code: "invalid_field_value", param: "Idempotency-Key"},
		{name: "facebookSettings within options", body: `{"facebookSettings":{"draft":true},"platforms":[{"platform":"facebook","accountId":"a","platformSpecificData":{"facebookSettings":5}}]}`, status: 400, code: "invalid_field_value"},

		{name: "unknown parameter", method: "GET", path: "/v1/posts?colour=red", status: 400, code: "invalid_field_value", param: "colour"},
		{name: "limit too high", method: "GET", path: "/v1/posts?limit=501", status: 400, code: "invalid_field_value", param: "limit"},
		{name: "limit zero", method: "GET", path: "/v1/posts?limit=0", status: 400, code: "invalid_field_value", param: "limit"},
		{name: "limit empty", method: "GET", path: "/v1/posts?limit=", status: 400, code: "invalid_field_value", param: "limit"},
		{name: "limit no number", method: "GET", path: "/v1/posts?limit=ten", status: 400, code: "invalid_field_value", param: "limit"},
		{name: "limit a fraction", method: "GET", path: "/v1/posts?limit=1.5", status: 400, code: "invalid_field_value", param: "limit"},
		{name: "limit with an exponent", method: "GET", path: "/v1/posts?limit=1e2", status: 400, code: "invalid_field_value", param: "limit"},
		{name: "page zero", method: "GET", path: "/v1/posts?page=0", status: 400, code: "invalid_field_value", param: "page"},
		{name: "page huge", method: "GET", path: "/v1/posts?page=99999999999999999999", status: 400, code: "invalid_field_value", param: "page"},
		{name: "offset negative", method: "GET", path: "/v1/posts?offset=-1", status: 400, code: "invalid_field_value", param: "offset"},
		{name: "status", method: "GET", path: "/v1/posts?status=lost", status: 400, code: "invalid_field_value", param: "status"},
		{name: "sort", method: "GET", path: "/v1/posts?sortBy=colour", status: 400, code: "invalid_field_value", param: "sortBy"},
		{name: "source", method: "GET", path: "/v1/posts?source=moon", status: 400, code: "invalid_field_value", param: "source"},
		{name: "date", method: "GET", path: "/v1/posts?fromDate=yesterday", status: 400, code: "invalid_field_value", param: "fromDate"},
		{name: "date by its other name", method: "GET", path: "/v1/posts?dateTo=2026-02-30", status: 400, code: "invalid_field_value", param: "dateTo"},
		{name: "boolean", method: "GET", path: "/v1/posts?includeHidden=maybe", status: 400, code: "invalid_field_value", param: "includeHidden"},
		{name: "profile", method: "GET", path: "/v1/posts?profileId=xyz", status: 400, code: "invalid_field_value", param: "profileId"},
		{name: "platform", method: "GET", path: "/v1/posts?platform=myspace", status: 400, code: "invalid_field_value", param: "platform"},
		{name: "NUL in the query", method: "GET", path: "/v1/posts?search=%00", status: 400, code: "invalid_field_value", param: "search"},
		{name: "invalid UTF-8 in the query", method: "GET", path: "/v1/posts?search=%ff", status: 400, code: "invalid_field_value", param: "search"},
		{name: "a damaged query", method: "GET", path: "/v1/posts?search=%zz", status: 400, code: "invalid_field_value"},
		{name: "a page without limit", method: "GET", path: "/v1/accounts?page=1", status: 400, code: "missing_required_field", param: "limit"},
		{name: "a limit without page", method: "GET", path: "/v1/accounts?limit=1", status: 400, code: "missing_required_field", param: "page"},
		{name: "account limit", method: "GET", path: "/v1/accounts?limit=101&page=1", status: 400, code: "invalid_field_value", param: "limit"},
		{name: "account status", method: "GET", path: "/v1/accounts?status=lost", status: 400, code: "invalid_field_value", param: "status"},
		{name: "account platform", method: "GET", path: "/v1/accounts?platform=myspace", status: 400, code: "invalid_field_value", param: "platform"},
		{name: "profile limit", method: "GET", path: "/v1/profiles?limit=1001", status: 400, code: "invalid_field_value", param: "limit"},
		{name: "malformed ID", method: "GET", path: "/v1/posts/xyz", status: 404, code: "not_found"},
		{name: "upper case ID", method: "GET", path: "/v1/posts/" + strings.ToUpper(postID), status: 404, code: "not_found"},
		{name: "NUL in an ID", method: "DELETE", path: "/v1/posts/%00", status: 404, code: "not_found"},
		{name: "slash in an ID", method: "GET", path: "/v1/posts/a%2Fb", status: 404, code: "not_found"},
		{name: "unknown ID", method: "GET", path: "/v1/posts/" + accountID, status: 404, code: "not_found"},
		{name: "unknown path", method: "GET", path: "/v1/nothing", status: 404, code: "not_found"},
		{name: "connect without password", path: "/v1/connect/bluesky/credentials", body: `{"identifier":"a","profileId":"` + profileID + `"}`, status: 400, code: "missing_required_field", param: "appPassword"},
		{name: "connect without profile", path: "/v1/connect/bluesky/credentials", body: `{"identifier":"a","appPassword":"b"}`, status: 400, code: "missing_required_field", param: "profileId"},
		{name: "connect with another's state", path: "/v1/connect/bluesky/credentials", body: `{"identifier":"a","appPassword":"b","state":"x-y"}`, status: 400, code: "invalid_field_value", param: "state"},
		{name: "connect with a broken state", path: "/v1/connect/bluesky/credentials", body: `{"identifier":"a","appPassword":"b","state":"` + ownerID + `"}`, status: 400, code: "invalid_field_value", param: "state"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			if tt.method == "" {
				tt.method = http.MethodPost
			}
			if tt.path == "" {
				tt.path = "/v1/posts"
			}
			got := a.do(tt.method, tt.path, tt.body, tt.headers...)
			if got.status != tt.status {
				t.Fatalf("status %d, want %d: %s", got.status, tt.status, clip(string(got.body), 500))
			}
			body := got.json(t)
			if body["code"] != tt.code {
				t.Errorf("code %v, want %s: %s", body["code"], tt.code, clip(string(got.body), 500))
			}
			if param, _ := body["param"].(string); tt.param != "" && param != tt.param {
				t.Errorf("param %q, want %q: %s", param, tt.param, clip(string(got.body), 500))
			}
			if len(got.body) > 20000 {
				t.Errorf("the answer has %d bytes", len(got.body))
			}
			if len(a.posts.asked) > 0 {
				t.Error("the post reached the domain")
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	body := a.do("POST", "/v1/posts", `{"content":5,"visibility":"x","platforms":[{"platform":"bluesky"},{"platform":7,"accountId":"a"}]}`).json(t)
	fields := body["details"].(map[string]any)["fields"].(map[string]any)
	for _, name := range []string{"content", "visibility", "platforms[0].accountId", "platforms[1].platform"} {
		if fields[name] == nil {
			t.Errorf("details.fields lacks %s: %v", name, fields)
		}
	}
	if len(fields) != 4 {
		t.Errorf("%d fields, want 4: %v", len(fields), fields)
	}
}

func TestUnknownParameterNamesTheAccepted(t *testing.T) {
	t.Parallel()
	text := newAPI(t).do("GET", "/v1/posts?colour=red&limit=5", "").json(t)["error"].(string)
	for _, name := range []string{"colour", "page", "sortBy", "dateFrom"} {
		if !strings.Contains(text, name) {
			t.Errorf("%q does not name %s", text, name)
		}
	}
}

func TestToleratedInput(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		headers    []string
	}{
		{"unknown fields", `{"isDraft":true,"colour":{"a":[1]},"platforms":[{"platform":"bluesky","accountId":"a","x":1}]}`, nil},
		{"nulls", `{"isDraft":true,"title":null,"content":null,"mediaItems":null,"platforms":null,"scheduledFor":null,"timezone":null,"publishNow":null,"tags":null,` +
			`"hashtags":null,"mentions":null,"visibility":null,"crosspostingEnabled":null,"metadata":null,"tiktokSettings":null,"facebookSettings":null,"recycling":null,` +
			`"queuedFromProfile":null,"queueId":null,"dryRun":null}`, nil},
		{"nulls in a target", `{"platforms":[{"platform":"bluesky","accountId":"a","customContent":null,"customMedia":null,"scheduledFor":null,"platformSpecificData":null}]}`, nil},
		{"nulls in media", `{"mediaItems":[{"type":null,"url":"https://a.test/b.jpg","title":null,"altText":null,"thumbnail":null,"instagramThumbnail":null}]}`, nil},
		{"recycling switched off", `{"recycling":{"enabled":false}}`, nil},
		{"no content type", `{"content":"a"}`, []string{"Content-Type", ""}},
		{"charset", `{"content":"a"}`, []string{"Content-Type", "Application/JSON; charset=UTF-8"}},
		{"byte order mark", "\xef\xbb\xbf{\"content\":\"a\"}", nil},
		{"white space", " \r\n\t{ \"content\" : \"a\" , \"tags\" : [ ] } ", nil},
		{"escapes", `{"content":"\ud83d\ude00 \"\\ \/ \u00e9"}`, nil},
		{"names in another case", `{"content":"a","CONTENT":5,"Platforms":"x","mediaitems":1}`, nil},
		{"names twice", `{"content":"a","platforms":[{"platform":"x","accountId":"y","customContent":"z"}],"platforms":[` + target + `]}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			if got := a.do("POST", "/v1/posts", tt.body, tt.headers...); got.status != 201 {
				t.Errorf("status %d: %s", got.status, got.body)
			}
		})
	}
}

func TestOnlyWhatWasValidatedIsRead(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.do("POST", "/v1/posts", `{"content":"a","CONTENT":"b","platforms":[{"platform":"x","accountId":"y","customContent":"z"}],"platforms":[`+target+`]}`)
	p := a.posts.asked[0]
	if p.Content != "a" || len(p.Targets) != 1 || p.Targets[0].CustomContent != nil {
		t.Errorf("read %+v", p)
	}
}

// FuzzBody throws bytes at every operation that takes a body: none may be answered with 5xx.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{}`, `{"content":"\u0000"}`, `{"platforms":[` + target + `],"publishNow":true}`, `[[[[`, "\xff\xfe", `{"a":1e400}`, `{"mediaItems":[{"url":"%"}]}`,
		`{"content":"\ud800\u"}`, `"\`, `-`, `{"metadata":{"":{"":""}}}`, `{"identifier":"a","appPassword":"b","state":"-"}`} {
		f.Add([]byte(seed))
	}
	shared := newAPI(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		a := shared.with(t)
		for _, path := range []string{"/v1/posts", "/v1/connect/bluesky/credentials"} {
			if got := a.do("POST", path, string(body)); got.status >= 500 {
				t.Errorf("%s: status %d for %q: %s\n%s", path, got.status, body, got.body, a.log)
			}
		}
	})
}

// FuzzTarget throws request targets at the server.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"/v1/posts/%00", "/v1/posts?limit=%", "/v1/posts?status[]=a&status=b", "//v1/posts", "/v1/posts/../posts", "/v1/accounts?page=1&limit=1&page=x",
		"/v1/posts?fromDate=0000-00-00", "/v1/posts?fromDate=9999-12-31&toDate=-1", "/v1/posts?search=%E2%80%A8", "/v1/posts;a=b", "/media/..%2f", "/v1/posts?profileId=all%0a", "/v1/profiles?skip=5&name=%"} {
		f.Add(seed)
	}
	shared := newAPI(f)
	f.Fuzz(func(t *testing.T, target string) {
		r := httptest.NewRequest(http.MethodGet, "http://posthorn.test/", nil)
		u, err := r.URL.Parse(target)
		if err != nil || u.Path == "" || u.Path[0] != '/' {
			t.Skip()
		}
		r.URL = u
		r.Header.Set("Authorization", "Bearer "+testKey)
		w := httptest.NewRecorder()
		shared.server.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%q: status %d: %s", target, w.Code, w.Body)
		}
	})
}

func TestMode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		body string
		want posts.Mode
	}{
		{`{"content":"a","platforms":[%s]}`, posts.AsDraft},
		{`{"isDraft":true,"publishNow":true,"scheduledFor":"2027-01-01T00:00:00Z","platforms":[%s]}`, posts.AsDraft},
		{`{"publishNow":true,"scheduledFor":"2027-01-01T00:00:00Z","platforms":[%s]}`, posts.Now},
		{`{"publishNow":false,"scheduledFor":"2027-01-01T00:00:00Z","platforms":[%s]}`, posts.At},
		{`{"scheduledFor":"","platforms":[%s]}`, posts.AsDraft},
		{`{"platforms":[%s,{"platform":"bluesky","accountId":"b","scheduledFor":"2027-01-01T00:00:00Z"}]}`, posts.At},
	}
	for _, tt := range tests {
		a := newAPI(t)
		a.do("POST", "/v1/posts", fmt.Sprintf(tt.body, target))
		if got := a.posts.asked[0].Mode; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.body, got, tt.want)
		}
	}
}
