package instagram

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/rest"
)

// documented is a file of testdata/errors: an answer, and what it means.
type documented struct {
	Status      int             `json:"status"`
	Body        json.RawMessage `json:"body"`
	Kind        platforms.Kind  `json:"kind"`
	PublishKind platforms.Kind  `json:"publishKind"` // at media_publish, where that differs
}

func TestDocumentedErrors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/errors/*.json")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var d documented
			if err := json.Unmarshal(b, &d); err != nil {
				t.Fatal(err)
			}
			e := Classify(rest.Response{Status: d.Status, Body: d.Body})
			if e == nil || e.Kind != d.Kind || e.Message == "" || e.Remediation == "" || e.Category == "" || e.RequestID != "Afake" {
				t.Fatalf("got %+v, want %s", e, d.Kind)
			}
			if want := strings.Replace(strings.Replace(strings.TrimSuffix(filepath.Base(name), ".json"), "minus", "m", 1), "-", "/", 1); strings.Replace(e.Code, "-", "m", 1) != want {
				t.Errorf("code %q, want that of %s", e.Code, name)
			}
			if want := userMessage(d.Body); want != "" && e.Message != want {
				t.Errorf("message %q, want Instagram's own %q", e.Message, want)
			}
			if d.PublishKind == "" {
				return
			}
			f := newFar(t, map[string][]answer{routePublish: {{status: d.Status, body: string(d.Body)}}})
			a, err := newClient(f.conn())
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.Publish(context.Background(), "c1")
			if got := platforms.AsError(platforms.Answered(err)); got.Kind != d.PublishKind {
				t.Errorf("at the publish: %+v, want %s", got, d.PublishKind)
			}
		})
	}
}

func userMessage(body []byte) string {
	var b struct {
		Error struct {
			Msg string `json:"error_user_msg"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &b)
	return b.Error.Msg
}

func TestUndocumentedErrors(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]platforms.Kind{
		`{"error":{"message":"new","code":100,"error_subcode":2207999}}`:      platforms.Unavailable,
		`{"error":{"message":"new","code":190,"error_subcode":999}}`:          platforms.Unauthorized,
		`{"error":{"message":"new","code":9007}}`:                             platforms.NotReady,
		`{"error":{"message":"new","code":9}}`:                                platforms.RateLimited,
		`{"error":{"message":"new","code":352}}`:                              platforms.Rejected,
		`{"error":{"message":"new","code":-2}}`:                               platforms.Unavailable,
		`{"error":{"message":"new","code":36000,"error_subcode":1}}`:          platforms.Unknown,
		`{"error":{"message":"new","code":4711}}`:                             platforms.Unknown,
		`{"error":{"message":"other code in front","error_subcode":2207026}}`: platforms.Rejected,
	} {
		e := Classify(rest.Response{Status: 400, Body: []byte(body)})
		if e == nil || e.Kind != want || e.Message == "" {
			t.Errorf("%s: %+v, want %s", body, e, want)
		}
	}
	for _, body := range []string{``, `<html>`, `{}`, `{"error":null}`, `{"error":"text"}`, `[]`, `{"error":{}}`} {
		if e := Classify(rest.Response{Status: 400, Body: []byte(body)}); e != nil {
			t.Errorf("%q: %+v, want none", body, e)
		}
	}
}

func TestEveryRowHasAdvice(t *testing.T) {
	t.Parallel()
	for code, r := range table.All() {
		if r.Remedy == "" || r.Category == "" || (r.Message == "" && code != "100") {
			t.Errorf("%s: %+v", code, r)
		}
		if r.Kind == platforms.NotReady && r.Tries == 0 {
			t.Errorf("%s would be waited for without end", code)
		}
	}
}

func TestLimitsSayWhenToComeBack(t *testing.T) {
	t.Parallel()
	usage := http.Header{"X-Business-Use-Case-Usage": {`{"17841400000000001":[{"type":"instagram","call_count":100,"total_cputime":1,"total_time":2,"estimated_time_to_regain_access":17}]}`}}
	tests := []struct {
		name   string
		answer answer
		want   time.Duration // zero: the core decides
	}{
		{"told by the header", answer{status: 400, body: `{"error":{"code":80002,"message":"too many"}}`, header: usage}, 17 * time.Minute},
		{"told by Retry-After", answer{status: 429, body: `{"error":{"code":4,"message":"too many"}}`, header: http.Header{"Retry-After": {"90"}}}, 90 * time.Second},
		{"not told", answer{status: 400, body: `{"error":{"code":80002,"message":"too many"}}`}, 0},
		{"a block for policies", refusal(368, 0), 24 * time.Hour},
		{"the daily limit", refusal(9, 2207042), 30 * time.Minute},
	}
	for _, tt := range tests {
		f := newFar(t, map[string][]answer{routeStatus: {tt.answer}})
		a, err := newClient(f.conn())
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Status(context.Background(), "c1")
		e := platforms.AsError(err)
		if e.Kind != platforms.RateLimited {
			t.Errorf("%s: %+v", tt.name, e)
		}
		if got := e.Reset; (tt.want == 0) != got.IsZero() || (tt.want > 0 && !got.Equal(start.Add(tt.want))) {
			t.Errorf("%s: comes back at %v, want %v later", tt.name, got, tt.want)
		}
	}
}

func TestStatusCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Error: Media upload has failed with error code 2207082": "2207082",
		"2207026":                         "2207026",
		"Error: code 12207082 or 2207":    "",
		"Finished: Media has been posted": "",
		"":                                "",
	} {
		if got := meta.StatusCode(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
