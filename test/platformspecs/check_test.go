package platformspecs_test

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"posthorn/internal/platforms/platformtest"
	"posthorn/test/platformspecs"
)

// described has what hand-written descriptions have: a path twice, paths of one shape, a reference to nothing in an answer.
const described = `
openapi: 3.0.3
info: {title: A platform, version: 2026.01}
servers: [{url: https://api.example/v1}]
security: [{login: []}]
components:
  securitySchemes:
    login:
      type: oauth2
      flows: {authorizationCode: {authorizationUrl: https://login.example/authorize, tokenUrl: https://login.example/token, scopes: {}}}
  schemas:
    Post:
      allOf:
        - {type: object, required: [text], properties: {text: {type: string, maxLength: 5}, kind: {type: string, enum: [note, story]}}}
        - {type: object, properties: {media: {type: object, properties: {ids: {type: array, items: {type: string}}}}, at: {type: integer}, open: {type: object, additionalProperties: true}}}
    Shape:
      oneOf:
        - {type: object, required: [kind, text], properties: {kind: {type: string, enum: [text]}, text: {type: string}}}
        - {type: object, required: [kind, url], properties: {kind: {type: string, enum: [link]}, url: {type: string}, title: {type: string}, words: {type: integer}}}
paths:
  /posts:
    get:
      parameters:
        - {name: fields, in: query, required: true, schema: {type: string}}
        - {name: limit, in: query, schema: {type: integer, maximum: 50}}
        - {name: X-Version, in: header, required: true, schema: {type: string}}
      responses: {'200': {$ref: '#/components/responses/Missing'}}
  /posts/{post-id}:
    get: {parameters: [{name: post-id, in: path, required: true, schema: {type: string}}], responses: {'200': {description: ok}}}
    delete: {parameters: [{name: post-id, in: path, required: true, schema: {type: string}}], responses: {'200': {description: ok}}}
  /posts/{media-id}:
    get: {parameters: [{name: media-id, in: path, required: true, schema: {type: string}}, {name: width, in: query, schema: {type: integer}}], responses: {'200': {description: ok}}}
  /posts:
    post:
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Post'}}}}
      responses: {'201': {description: ok}}
  /shapes:
    post:
      security: []
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Shape'}}}}
      responses: {'201': {description: ok}}
  /files:
    post:
      requestBody: {content: {multipart/form-data: {schema: {type: object, required: [file, part], properties: {file: {type: string, format: binary}, part: {type: integer}}}}}}
      responses: {'201': {description: ok}}
  /raw:
    servers: [{url: https://upload.example}]
    put:
      requestBody: {required: true, content: {video/*: {schema: {type: string, format: binary}}}}
      responses: {'201': {description: ok}}
`

const form = "multipart/form-data; boundary=b"

func part(name, rest, body string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"" + rest + "\r\n\r\n" + body + "\r\n"
}

func TestCheck(t *testing.T) {
	t.Parallel()
	doc, err := platformspecs.Parse([]byte(described))
	if err != nil {
		t.Fatal(err)
	}
	d := platformspecs.Description{Doc: doc, Servers: []string{"https://api.example/v1", "https://{host}/v1/more"}}
	const url = "https://api.example/v1/"
	const urlencoded = "application/x-www-form-urlencoded"
	for name, tt := range map[string]struct {
		request     string   // method and address
		contentType string   // of the body
		body        string   //
		header      []string // more of it; "-" sends no token
		at          string   // empty: as the request
		want        []string // differences
	}{
		"as described":            {request: "GET " + url + "posts?fields=id&limit=50", header: []string{"X-Version", "1"}, at: "GET " + url + "posts"},
		"elsewhere":               {request: "GET https://other.example/posts/12345?a=b", at: "GET https://other.example/posts/{id}", want: []string{"there is nothing at this address"}},
		"another method":          {request: "PATCH " + url + "posts", want: []string{"there is no PATCH at this address"}},
		"another server":          {request: "DELETE https://any.example/v1/more/posts/7", at: "DELETE https://{host}/v1/more/posts/{post-id}"},
		"a word for an ID":        {request: "GET " + url + "posts/drafts", at: "GET https://api.example/{version}/posts/drafts", want: []string{"there is nothing at this address"}},
		"the operation that fits": {request: "GET " + url + "posts/7?width=3", at: "GET " + url + "posts/{media-id}"},
		"parameters": {request: "GET " + url + "posts?limit=51&since=1", header: []string{"X-Version", "1", "X-Other", "2"}, at: "GET " + url + "posts", want: []string{
			"header X-Other is not described", "query parameter fields is missing", "query parameter limit breaks its maximum", "query parameter since is not described"}},
		"a missing header":    {request: "GET " + url + "posts?fields=id", at: "GET " + url + "posts", want: []string{"header parameter X-Version is missing"}},
		"not a number":        {request: "GET " + url + "posts?fields=id&limit=x", header: []string{"X-Version", "1"}, at: "GET " + url + "posts", want: []string{"query parameter limit cannot be read as what is described"}},
		"no credentials":      {request: "DELETE " + url + "posts/7", header: []string{"-"}, at: "DELETE " + url + "posts/{post-id}", want: []string{"credentials are missing"}},
		"a token as a query":  {request: "DELETE " + url + "posts/7?access_token=t", header: []string{"-"}, at: "DELETE " + url + "posts/{post-id}"},
		"two tokens":          {request: "DELETE " + url + "posts/7?access_token=t", at: "DELETE " + url + "posts/{post-id}", want: []string{"query parameter access_token is not described"}},
		"a body":              {request: "POST " + url + "posts", contentType: "application/json", body: `{"text":"abc","kind":"note","media":{"ids":["1"]},"open":{"any":1},"at":3}`},
		"a body's faults":     {request: "POST " + url + "posts", contentType: "application/json", body: `{"kind":"poll","media":{"ids":[1],"alt":"x"},"more":null}`, want: []string{`body/kind may not be "poll"`, "body/media/alt is not described", "body/media/ids/* is not of type string", "body/more is not described", "body/text is missing"}},
		"a body's limits":     {request: "POST " + url + "posts", contentType: "application/json; charset=utf-8", body: `{"text":"abcdef","at":1.5}`, want: []string{"body/at is not of type integer", "body/text breaks its maxLength"}},
		"null":                {request: "POST " + url + "posts", contentType: "application/json", body: `{"text":null}`, want: []string{"body/text breaks its nullable"}},
		"not JSON":            {request: "POST " + url + "posts", contentType: "application/json", body: `{"text"`, want: []string{"the body is not JSON"}},
		"no body":             {request: "POST " + url + "posts", want: []string{"the body is missing"}},
		"a body too many":     {request: "DELETE " + url + "posts/7", contentType: "application/json", body: "{}", at: "DELETE " + url + "posts/{post-id}", want: []string{"no body is described"}},
		"a form for JSON":     {request: "POST " + url + "posts", contentType: urlencoded, body: "text=abc&at=3&extra=1&media=%7B%22ids%22%3A%5B%221%22%5D%7D", want: []string{"body/extra is not described", "the body is application/x-www-form-urlencoded, not application/json"}},
		"a token in a form":   {request: "POST " + url + "posts", header: []string{"-"}, contentType: urlencoded, body: "text=abc&access_token=t", want: []string{"the body is application/x-www-form-urlencoded, not application/json"}},
		"the form that fits":  {request: "POST " + url + "shapes", header: []string{"-"}, contentType: "application/json", body: `{"kind":"link","words":"many","text":"x"}`, want: []string{"body/url is missing", "body/words is not of type integer"}},
		"one of the forms":    {request: "POST " + url + "shapes", contentType: "application/json", body: `{"kind":"text","text":"x"}`},
		"a file":              {request: "POST " + url + "files", contentType: form, body: part("part", "", "1") + part("file", `; filename="f"`, "\xff\xd8") + "--b--\r\n"},
		"a file without part": {request: "POST " + url + "files", contentType: form, body: part("file", `; filename="f"`, "\xff\xd8") + part("size", "", "2") + "--b--\r\n", want: []string{"body/part is missing", "body/size is not described"}},
		"raw":                 {request: "PUT https://upload.example/raw", contentType: "video/mp4", body: "\x00"},
		"raw of another type": {request: "PUT https://upload.example/raw", contentType: "image/png", body: "\x00", want: []string{"the body is image/png, not video/*"}},
		"a consent page":      {request: "GET https://login.example/authorize?client_id=1&state=s", header: []string{"-"}, at: "GET https://login.example/authorize"},
		"tokens":              {request: "POST https://login.example/token", contentType: urlencoded, body: "grant_type=refresh_token&device=1", want: []string{"parameter device is not one of OAuth's"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method, address, _ := strings.Cut(tt.request, " ")
			s := platformtest.Sent{Method: method, URL: address, Body: []byte(tt.body), Header: http.Header{"Authorization": {"Bearer t"}, "Accept": {"*/*"}}}
			if tt.contentType != "" {
				s.Header.Set("Content-Type", tt.contentType)
			}
			if slices.Equal(tt.header, []string{"-"}) {
				s.Header.Del("Authorization")
			} else {
				for i := 0; i < len(tt.header); i += 2 {
					s.Header.Set(tt.header[i], tt.header[i+1])
				}
			}
			if tt.at == "" {
				tt.at = tt.request
			}
			if at, got := d.Check(s); at != tt.at || !slices.Equal(got, tt.want) {
				t.Errorf("%s: %q, want %s: %q", at, got, tt.at, tt.want)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, text := range map[string]string{"one.yaml": described, "two.json": `{"openapi":"3.1.0","paths":{"/a":{"get":{}}}}`, "bad.yaml": "[1]"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, paths := range map[string]int{"one": 6, "two": 1} {
		if doc, err := platformspecs.Open(folder, name); err != nil || doc.Paths.Len() != paths {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := platformspecs.Open(folder, "three"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is none: %v", err)
	}
	if _, err := platformspecs.Open(folder, "bad"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is no description: %v", err)
	}
}

const excused = `
example:
  servers:
    - {url: "https://more.example/{version}", because: "It is newer.", source: "https://docs.example/versions"}
    - {url: "https://gone.example", because: "It was there.", source: "https://docs.example/gone"}
  deviations:
    - at: ["DELETE https://api.example/v1/posts/{post}", "PUT https://upload.example/raw"]
      differs: [no body is described, the body is missing]
      because: They say so.
      source: https://docs.example/posts
`

func TestBook(t *testing.T) {
	t.Parallel()
	doc, err := platformspecs.Parse([]byte(described))
	if err != nil {
		t.Fatal(err)
	}
	book, err := platformspecs.ReadBook([]byte(excused))
	if err != nil {
		t.Fatal(err)
	}
	token := http.Header{"Authorization": {"Bearer t"}, "Content-Type": {"application/json"}}
	sent := []platformtest.Sent{
		{Method: "DELETE", URL: "https://api.example/v1/posts/1", Header: token, Body: []byte("{}")},
		{Method: "DELETE", URL: "https://api.example/v1/posts/2", Header: token, Body: []byte("{}")},
		{Method: "DELETE", URL: "https://api.example/v1/posts/2?force=1", Header: token, During: "this"},
		{Method: "DELETE", URL: "https://api.example/v1/posts/3?force=1", Header: token, During: "that"},
		{Method: "DELETE", URL: "https://more.example/v9/posts/2", Header: token},
	}
	r, err := book.Examine("example", doc, sent)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 || r.Findings[0].Count != 2 || r.Findings[0].Example.During != "this" || r.Requests != 5 || r.Addresses != 2 || r.Differing != 2 {
		t.Errorf("%+v", r)
	}
	if text := r.Findings[0].String(); !strings.Contains(text, "query parameter force is not described") || !strings.Contains(text, "https://api.example/v1/posts/{post-id}") {
		t.Error(text)
	}
	want := []string{
		"nothing is sent to https://gone.example",
		"DELETE https://api.example/v1/posts/{post}: the body is missing",
		"PUT https://upload.example/raw: no body is described",
		"PUT https://upload.example/raw: the body is missing",
	}
	if !slices.Equal(r.Stale, want) {
		t.Errorf("stale: %q", r.Stale)
	}
	for name, faulty := range map[string]string{
		"no reason":        `{x: {servers: [{url: "https://a.example", source: "https://b.example"}]}}`,
		"no link":          `{x: {deviations: [{at: ["GET https://a.example"], differs: [it], because: so, source: a book}]}}`,
		"no address":       `{x: {deviations: [{differs: [it], because: so, source: "https://b.example"}]}}`,
		"an unknown field": `{x: {deviations: [{at: ["GET https://a.example"], differs: [it], because: so, source: "https://b.example", until: 2030}]}}`,
	} {
		if _, err := platformspecs.ReadBook([]byte(faulty)); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
