package platformtest

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecorder(t *testing.T) {
	folder := t.TempDir()
	t.Setenv(RecordVariable, folder)
	send := func(r *recorder, during, contentType, body string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example/posts", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		r.add(during, req, []byte(body))
	}
	t.Run("suite", func(t *testing.T) {
		r := newRecorder(t, "example")
		send(r, "first", "application/json", "{}")
		send(r, "again", "application/json", "{}")
		send(r, "other", "application/json", "[]")
		send(r, "form", "multipart/form-data; boundary=abc", "--abc--")
		send(r, "the same form", "multipart/form-data; boundary=def", "--def--")
		send(r, "long", "video/mp4", strings.Repeat("x", keptBody+1))
	})
	b, err := os.ReadFile(filepath.Join(folder, "example.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(b)) {
		var s Sent
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		if s.Platform != "example" || s.Method != http.MethodPost || s.URL != "https://api.example/posts" || s.Long != (s.During == "long") || s.Long != (s.Body == nil) {
			t.Errorf("%+v", s)
		}
		got = append(got, s.During)
	}
	if want := "first other form long"; strings.Join(got, " ") != want {
		t.Errorf("kept %q, want %s", got, want)
	}
	t.Setenv(RecordVariable, "")
	send(newRecorder(t, "example"), "unasked", "application/json", "{}") // keeps nothing, and harms nobody
}
