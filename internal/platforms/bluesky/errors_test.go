package bluesky

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

func TestClassifyTestdata(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/errors/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var f struct {
				Status int
				Body   json.RawMessage
				At     string
				Kind   platforms.Kind
			}
			if err := json.Unmarshal(b, &f); err != nil {
				t.Fatal(err)
			}
			e := Classify(rest.Response{Status: f.Status, Body: f.Body, Header: http.Header{}})
			if e == nil {
				t.Fatal("not classified")
			}
			if got := e.Kind; got != f.Kind && !(f.At == "write" && f.Kind == platforms.Ambiguous && got == platforms.Unavailable && f.Status >= 500) {
				t.Errorf("%s, want %s", got, f.Kind)
			}
			if e.Code == "" || e.Message == "" {
				t.Errorf("no code or no message: %+v", e)
			}
		})
	}
}

func TestClassifyOddBodies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		body   string
		want   platforms.Kind // empty: not known
	}{
		{502, "<html>Bad gateway</html>", ""},
		{400, "", ""},
		{400, `{"error":{"code":1}}`, ""},
		{400, `[]`, ""},
		{429, "<html>slow down</html>", platforms.RateLimited},
		{429, `{"error":"SomethingNew"}`, platforms.RateLimited},
		{400, `{"error":"SomethingNew"}`, platforms.Rejected},
		{401, `{"error":"SomethingNew"}`, platforms.Unauthorized},
		{501, `{"error":"MethodNotImplemented"}`, platforms.Rejected},
		{503, `{"error":"SomethingNew"}`, platforms.Unavailable},
		{302, `{"error":"SomethingNew"}`, platforms.Unknown},
	}
	for _, tt := range tests {
		e := Classify(rest.Response{Status: tt.status, Body: []byte(tt.body), Header: http.Header{}})
		switch {
		case e == nil && tt.want != "":
			t.Errorf("%d %s: not known, want %s", tt.status, tt.body, tt.want)
		case e != nil && e.Kind != tt.want:
			t.Errorf("%d %s: %s, want %q", tt.status, tt.body, e.Kind, tt.want)
		}
	}
}

func TestRateLimitReset(t *testing.T) {
	t.Parallel()
	body := []byte(`{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}`)
	e := Classify(rest.Response{Status: 429, Body: body, Header: http.Header{"Ratelimit-Reset": {"1795428300"}}})
	if want := time.Unix(1795428300, 0); !e.Reset.Equal(want) {
		t.Errorf("reset %v, want %v", e.Reset, want)
	}
	e = Classify(rest.Response{Status: 429, Body: body, Header: http.Header{"Ratelimit-Reset": {"1795428300"}, "Retry-After": {"30"}}})
	if !e.Reset.IsZero() {
		t.Errorf("reset %v, want none: Retry-After counts from our own clock", e.Reset)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	date := time.Unix(1_000_000, 0).UTC().Format(http.TimeFormat)
	tests := []struct {
		name                                  string
		limit, remaining, reset, date, policy string
		want                                  platforms.Usage
		ok                                    bool
	}{
		{"half", "3000", "1500", "1000300", date, "3000;w=300", platforms.Usage{Budget: "requests", Percent: 50, Regain: 5 * time.Minute}, true},
		{"none left", "30", "0", "1000060", date, "", platforms.Usage{Budget: "requests", Percent: 100, Regain: time.Minute}, true},
		{"no date", "30", "0", "1000060", "", "", platforms.Usage{Budget: "requests", Percent: 100}, true},
		{"reset in the past", "30", "0", "999", date, "30;w=300", platforms.Usage{Budget: "requests", Percent: 100}, true},
		{"no headers", "", "", "", date, "", platforms.Usage{}, false},
		{"nonsense", "0", "0", "1", date, "", platforms.Usage{}, false},
		{"more left than there was", "10", "11", "1", date, "", platforms.Usage{}, false},
		{"the day's limit of one method", "1000", "0", "1080000", date, "1000;w=86400", platforms.Usage{}, false},
	}
	for _, tt := range tests {
		h := http.Header{}
		for k, v := range map[string]string{"RateLimit-Limit": tt.limit, "RateLimit-Remaining": tt.remaining, "RateLimit-Reset": tt.reset, "Date": tt.date, "RateLimit-Policy": tt.policy} {
			if v != "" {
				h.Set(k, v)
			}
		}
		if got, ok := (Platform{}).Usage(h); ok != tt.ok || got != tt.want {
			t.Errorf("%s: %+v %t, want %+v %t", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}
