package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"posthorn"
	"posthorn/internal/openapi"
	"posthorn/test/requests"
)

var update = flag.Bool("update", false, "write examples.gen.json and docs/events anew")

const examplesFile = "../../examples.gen.json"

// scenarios use the API as its users would, each in a world of its own. What they send and get become the examples of the description: of
// each operation the first request that succeeded, and the first answer of each status. An area's scenario has a file of its own, and is
// left out of a server that lacks the operation it begins with.
var scenarios = []struct {
	begins string
	run    func(w *world)
}{
	{"createPost", examplePosts},
	{"updatePost", exampleChanges},
	{"bulkUploadPosts", exampleBulk},
	{"listAccounts", exampleAccounts},
	{"getConnectUrl", exampleConnect},
	{"createProfile", exampleProfiles},
	{"createAccountGroup", exampleGroups},
	{"createApiKey", exampleKeys},
	{"createInviteToken", exampleUsers},
	{"startDeviceLogin", exampleDevice},
	{"createQueueSlot", exampleQueues},
	{"listLogs", exampleLogs},
	{"getUsageStats", exampleUsage},
	{"getMediaPresignedUrl", exampleMedia},
	{"validatePost", exampleTools},
	{"getMediaPresignedUrl", exampleMedia},
	{"createWebhookSettings", exampleWebhooks},
	{"getHealth", exampleServer},
}

// impossible are the operations that no platform of this server can do: their examples are of refusals.
var impossible = map[string]bool{"editPost": true, "updatePostMetadata": true, "getPendingOAuthData": true}

// TestExamples runs the scenarios. With -update it writes down what was seen; without, every operation must have its example, and each
// answer must still look like the one that is written down.
func TestExamples(t *testing.T) {
	t.Parallel()
	seen, has := map[string]openapi.Example{}, map[string]bool{}
	for _, o := range operations(t) {
		has[o.ID] = true
	}
	for _, s := range scenarios {
		if !has[s.begins] {
			continue
		}
		w := newWorld(t)
		r := &exampleRecorder{t: t, handler: w.handler, all: operations(t), seen: seen, names: newStableNames(w)}
		w.handler = r
		s.run(w)
	}
	withoutKey(t, seen)
	if *update {
		write(t, seen)
	}
	stored := map[string]openapi.Example{}
	raw := posthorn.Examples
	if *update {
		var err error
		if raw, err = os.ReadFile(examplesFile); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(raw, &stored); err != nil {
		t.Fatal(err)
	}
	complete(t, stored)
	for id, example := range seen {
		for status, body := range example.Responses {
			was, ok := stored[id].Responses[status]
			switch {
			case !ok:
				t.Errorf("%s answers %s, and there is no such example: run make examples", id, status)
			case !slices.Equal(shapeOf(was), shapeOf(body)):
				t.Errorf("%s answers %s, which no longer looks like its example (run make examples where that is meant):\n%s\nthe example:\n%s", id, status, body, was)
			}
		}
	}
	for id := range stored {
		if _, ok := seen[id]; !ok {
			t.Errorf("there is an example of %s, which no scenario uses: run make examples", id)
		}
	}
}

// withoutKey asks every operation that wants a key without one.
func withoutKey(t *testing.T, seen map[string]openapi.Example) {
	w := newWorld(t)
	w.handler = &exampleRecorder{t: t, handler: w.handler, all: operations(t), seen: seen, names: newStableNames(w)}
	for _, o := range operations(t) {
		if !o.Open {
			w.as("", o.Method, pathWith(o, "6745a1b2c3d4e5f600000000"), nil).want(http.StatusUnauthorized)
		}
	}
}

// complete fails for what an operation lacks: a request, where it takes one, an answer that is a success, and one that is none.
func complete(t *testing.T, stored map[string]openapi.Example) {
	t.Helper()
	for _, o := range operations(t) {
		e := stored[o.ID]
		statuses := ""
		for status := range e.Responses {
			statuses += status[:1]
		}
		if schema, _ := o.Body(); schema != nil && e.Body == nil && o.Spec.RequestBody.Value.Required {
			t.Errorf("%s has no example request: add a step to a scenario, and run make examples", o.ID)
		}
		if !strings.Contains(statuses, "2") && !impossible[o.ID] || !strings.Contains(statuses, "4") {
			t.Errorf("%s needs an example of success and one of failure, and has those of %v: add steps to a scenario, and run make examples", o.ID, statuses)
		}
	}
}

func write(t *testing.T, seen map[string]openapi.Example) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(seen); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(examplesFile, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// exampleRecorder passes requests on and keeps the first of each kind.
type exampleRecorder struct {
	t       *testing.T
	handler http.Handler
	all     []requests.Operation
	seen    map[string]openapi.Example
	names   *stableNames
}

// ServeHTTP answers with what the handler says.
func (r *exampleRecorder) ServeHTTP(w http.ResponseWriter, asked *http.Request) {
	var body bytes.Buffer
	if asked.Body != nil {
		if _, err := body.ReadFrom(asked.Body); err != nil {
			r.t.Error(err)
		}
		asked.Body = http.NoBody
		if body.Len() > 0 {
			asked.Body = readCloser{bytes.NewReader(body.Bytes())}
		}
	}
	kept := httptest.NewRecorder()
	r.handler.ServeHTTP(kept, asked)
	for name, values := range kept.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(kept.Code)
	_, _ = w.Write(kept.Body.Bytes())
	for _, o := range r.all {
		if parameters, ok := match(o, asked); ok {
			r.keep(o, parameters, asked, body.Bytes(), kept)
		}
	}
}

type readCloser struct{ *bytes.Reader }

// Close has nothing to do.
func (readCloser) Close() error { return nil }

// match finds the parameters of a path that is an operation's. A literal path goes before one with parameters.
func match(o requests.Operation, r *http.Request) (map[string]string, bool) {
	pattern, asked := strings.Split(o.Path, "/"), strings.Split(r.URL.EscapedPath(), "/")
	if o.Method != r.Method || len(pattern) != len(asked) {
		return nil, false
	}
	found := map[string]string{}
	for i, p := range pattern {
		if name, ok := strings.CutPrefix(p, "{"); ok {
			found[strings.TrimSuffix(name, "}")] = asked[i]
		} else if p != asked[i] {
			return nil, false
		}
	}
	return found, true
}

func (r *exampleRecorder) keep(o requests.Operation, parameters map[string]string, asked *http.Request, body []byte, got *httptest.ResponseRecorder) {
	if len(parameters) > 0 && slices.ContainsFunc(r.all, func(other requests.Operation) bool {
		_, ok := match(other, asked)
		return ok && strings.Count(other.Path, "{") < strings.Count(o.Path, "{")
	}) {
		return // another operation is meant
	}
	e := r.seen[o.ID]
	if e.Responses == nil {
		e.Responses = map[string]json.RawMessage{}
	}
	first := got.Code < 300 && !hasSuccess(e) || impossible[o.ID] && e.Body == nil
	status := strconv.Itoa(got.Code)
	if _, ok := e.Responses[status]; !ok {
		e.Responses[status] = json.RawMessage("null")
		if isJSON(got.Header()) && o.ID != "getOpenAPIJSON" {
			e.Responses[status] = r.names.json(got.Body.Bytes())
		}
	}
	if first {
		e.Parameters = map[string]string{}
		for name, values := range asked.URL.Query() {
			parameters[name] = strings.Join(values, ",")
		}
		for name, value := range parameters {
			e.Parameters[name] = r.names.text(value)
		}
		if len(body) > 0 && isJSON(asked.Header) {
			e.Body = r.names.json(body)
		} else if len(body) > 0 {
			e.Body = r.names.form(asked.Header.Get("Content-Type"), body)
		}
	}
	r.seen[o.ID] = e
}

func hasSuccess(e openapi.Example) bool {
	for status := range e.Responses {
		if status < "300" {
			return true
		}
	}
	return false
}

func isJSON(h http.Header) bool { return strings.HasPrefix(h.Get("Content-Type"), "application/json") }
