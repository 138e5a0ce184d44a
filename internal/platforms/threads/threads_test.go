package threads

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta/containers"
)

// far answers by path, each answer in turn and the last for ever.
type far struct {
	t      *testing.T
	script map[string][]string // "GET me/threads": bodies; one that begins with a digit has its status in front
	calls  []string
	forms  []url.Values
}

func (f *far) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" || r.URL.Host != "graph.threads.net" {
		f.t.Errorf("a call to %s", r.URL)
	}
	route := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v1.0/")
	form := r.URL.Query()
	if r.Method == http.MethodPost {
		_ = r.ParseForm()
		form = r.PostForm
	}
	f.calls, f.forms = append(f.calls, route), append(f.forms, form)
	list := f.script[route]
	if len(list) == 0 {
		f.t.Errorf("unexpected call %s", route)
		list = []string{"404{}"}
	}
	if len(list) > 1 {
		f.script[route] = list[1:]
	}
	w := httptest.NewRecorder()
	body := list[0]
	if status := map[string]int{"400": 400, "404": 404, "500": 500}[body[:min(3, len(body))]]; status != 0 {
		w.WriteHeader(status)
		body = body[3:]
	}
	_, _ = w.WriteString(body)
	return w.Result(), nil
}

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func (f *far) conn(now time.Time) *platforms.Conn {
	return &platforms.Conn{HTTP: &http.Client{Transport: f}, Account: platforms.Account{RemoteID: "26104178305522901", Username: "harbour.notes"}, Token: platforms.Token{Access: platforms.NewSecret("THAA-secret")},
		Now: func() time.Time { return now }}
}

func saved(step string, st state) platforms.State {
	b, err := json.Marshal(st)
	if err != nil {
		panic(err)
	}
	return platforms.State{Step: step, Data: b}
}

// TestLookingForLostPosts takes one step after a publish whose answer was lost, for what the lists may then say.
func TestLookingForLostPosts(t *testing.T) {
	t.Parallel()
	const published = `{"id":"c1","status":"PUBLISHED"}`
	thread := []byte(`{"threadItems":[{"content":"one"},{"content":"two"},{"content":"two"}],"firstComment":"two"}`)
	item := func(id, text, parent string) string {
		s := `{"id":"` + id + `","text":"` + text + `","media_type":"TEXT_POST","timestamp":"2026-11-23T10:00:05+0000"`
		if parent != "" {
			s += `,"replied_to":{"id":"` + parent + `"}`
		}
		return s + "}"
	}
	page := func(items ...string) string {
		return `{"data":[` + strings.Join(items, ",") + `],"paging":{"cursors":{"after":"x"}}}`
	}
	for _, tt := range []struct {
		name  string
		known []string // the parts that are published
		lists map[string][]string
		want  string // the ID that is found; empty: none
	}{
		{"the first, on a later page", nil, map[string][]string{"GET me/threads": {page(item("m9", "another", "")), page(item("m1", "one", "")), `{"data":[]}`}}, "m1"},
		{"the first, not listed", nil, map[string][]string{"GET me/threads": {page(item("m9", "another", "")), `{"data":[]}`}}, ""},
		{"a reply", []string{"m1"}, map[string][]string{"GET me/replies": {page(item("m2", "two", "m1")), `{"data":[]}`}}, "m2"},
		{"a reply with the same text as the one before", []string{"m1", "m2"}, map[string][]string{"GET me/replies": {page(item("m3", "two", "m2"), item("m2", "two", "m1")), `{"data":[]}`}}, "m3"},
		{"a comment with the text of a reply that is known", []string{"m1", "m2", "m3"}, map[string][]string{"GET me/replies": {page(item("m3", "two", "m2"), item("m2", "two", "m1")), `{"data":[]}`}}, ""},
		{"a comment", []string{"m1", "m2", "m3"}, map[string][]string{"GET me/replies": {page(item("m4", "two", "m1"), item("m3", "two", "m2"), item("m2", "two", "m1")), `{"data":[]}`}}, "m4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &far{t: t, script: tt.lists}
			f.script["GET c1"] = []string{published}
			st := state{State: containers.State{Container: "c1", CreatedAt: start, FirstTry: start, LastTry: start, Publishes: 1}, IDs: tt.known}
			task := platforms.Task{Content: platforms.Content{Options: thread}, State: saved(containers.Publishing, st), InDoubt: true}
			s, err := Platform{}.Publish(context.Background(), f.conn(start.Add(time.Minute)), task)
			if tt.want == "" {
				if e := platforms.AsError(err); e == nil || e.Kind != platforms.NotReady {
					t.Fatalf("%+v, %v", s, err)
				}
				return
			}
			var got state
			if err != nil || json.Unmarshal(s.State.Data, &got) != nil || !slices.Equal(got.IDs, append(slices.Clone(tt.known), tt.want)) {
				t.Fatalf("%+v, %v", s, err)
			}
			if s.Done == nil || s.Done.ID != got.IDs[0] {
				t.Errorf("it says that %+v is published", s.Done)
			}
		})
	}
}

// TestPublishRefusals takes the step that publishes, for what the platform may answer.
func TestPublishRefusals(t *testing.T) {
	t.Parallel()
	refusal := func(status, code, subcode string) string {
		return status + `{"error":{"message":"no","code":` + code + `,"error_subcode":` + subcode + `,"fbtrace_id":"Afake"}}`
	}
	for name, tt := range map[string]struct {
		answer string
		step   string         // that follows
		kind   platforms.Kind // or the error
	}{
		"not found though finished":           {refusal("400", "24", "4279009"), containers.Processing, ""},
		"not ready":                           {refusal("400", "9007", "2207027"), containers.Processing, ""},
		"no permission":                       {refusal("400", "10", "0"), "", platforms.Unauthorized},
		"no permission, by an internal error": {refusal("500", "10", "0"), "", platforms.Ambiguous},
		"an internal error":                   {refusal("500", "2", "0"), "", platforms.Ambiguous},
		"blocked":                             {refusal("400", "4", "2207051"), containers.Confirming, ""},
		"the container is gone":               {refusal("400", "24", "2207008"), "", platforms.Ambiguous},
		"the quota is used up":                {refusal("400", "9", "2207042"), "", platforms.RateLimited},
		"an answer without an ID":             {`{"success":true}`, "", platforms.Ambiguous},
	} {
		f := &far{t: t, script: map[string][]string{"POST me/threads_publish": {tt.answer}}}
		st := state{State: containers.State{Container: "c1", CreatedAt: start, FirstTry: start, LastTry: start, Publishes: 1}}
		s, err := Platform{}.Publish(context.Background(), f.conn(start), platforms.Task{Content: platforms.Content{Text: "one"}, State: saved(containers.Publishing, st)})
		switch e := platforms.AsError(err); {
		case tt.kind != "" && (e == nil || e.Kind != tt.kind):
			t.Errorf("%s: %+v, %v", name, s, err)
		case tt.kind == "" && (err != nil || s.State.Step != tt.step):
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// TestForms looks at what is sent for each kind of part.
func TestForms(t *testing.T) {
	t.Parallel()
	f := &far{t: t, script: map[string][]string{"POST me/threads": {`{"id":"c1"}`}}}
	publish := func(content platforms.Content, st state) url.Values {
		t.Helper()
		if _, err := (Platform{}).Publish(context.Background(), f.conn(start), platforms.Task{Content: content, State: saved(containers.Creating, st)}); err != nil {
			t.Fatal(err)
		}
		return f.forms[len(f.forms)-1]
	}
	if got := publish(platforms.Content{Text: "Grüße & 🌊", Options: []byte(`{"topic_tag":" #harbours "}`)}, state{}); got.Encode() != (url.Values{"media_type": {"TEXT"}, "text": {"Grüße & 🌊"}, "topic_tag": {"harbours"}}).Encode() {
		t.Errorf("a text: %v", got)
	}
	chain := platforms.Content{Options: []byte(`{"topic_tag":"x","threadItems":[{"content":"one"},{"content":"two"}],"firstComment":"three"}`)}
	if got := publish(chain, state{IDs: []string{"m1"}}); got.Get("reply_to_id") != "m1" || got.Get("text") != "two" || got.Has("topic_tag") {
		t.Errorf("a reply: %v", got)
	}
	if got := publish(chain, state{IDs: []string{"m1", "m2"}}); got.Get("reply_to_id") != "m1" || got.Get("text") != "three" {
		t.Errorf("the first comment answers %v", got)
	}
	_, err := Platform{}.Publish(context.Background(), f.conn(start), platforms.Task{Content: platforms.Content{Text: "one"}, State: saved(containers.Creating, state{IDs: []string{"m1", "m2"}})})
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.Rejected {
		t.Errorf("a post that has fewer parts than were published: %v", err)
	}
}
