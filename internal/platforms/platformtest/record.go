package platformtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// RecordVariable names the folder in which Run leaves what the adapter sent, for whoever wants to hold that to something: a file for each
// platform, with a Sent a line, each kind of request once. Unset, nothing is kept.
const RecordVariable = "POSTHORN_RECORD_REQUESTS"

// keptBody bounds what is kept of a request; only files are longer.
const keptBody = 1 << 20

// Sent is a request that reached the far side.
type Sent struct {
	Platform string      `json:"platform"`
	During   string      `json:"during"` // the sample it was sent for, which may have been disturbed before
	Method   string      `json:"method"`
	URL      string      `json:"url"`
	Header   http.Header `json:"header"`
	Body     []byte      `json:"body"`
	Long     bool        `json:"long,omitempty"` // Body was too long to keep
}

// recorder keeps requests that differ. A nil one keeps none.
type recorder struct {
	platform string
	mu       sync.Mutex
	seen     map[[sha256.Size]byte]bool
	list     []Sent
}

// newRecorder gives a recorder that writes its file when the test ends, or nil where nobody wants one.
func newRecorder(t *testing.T, platform string) *recorder {
	folder := os.Getenv(RecordVariable)
	if folder == "" {
		return nil
	}
	r := &recorder{platform: platform, seen: map[[sha256.Size]byte]bool{}}
	t.Cleanup(func() {
		if err := r.write(folder); err != nil {
			t.Errorf("keeping what was sent: %v", err)
		}
	})
	return r
}

func (r *recorder) add(during string, req *http.Request, body []byte) {
	if r == nil {
		return
	}
	s := Sent{Platform: r.platform, During: during, Method: req.Method, URL: req.URL.String(), Header: req.Header.Clone(), Body: body, Long: len(body) > keptBody}
	if s.Long {
		s.Body = nil
	}
	key := s.key()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.seen[key] {
		r.seen[key] = true
		r.list = append(r.list, s)
	}
}

// key tells requests apart, but not by the sample nor by the random boundary of a form's parts.
func (s Sent) key() [sha256.Size]byte {
	var b bytes.Buffer
	b.WriteString(s.Method + " " + s.URL + "\n")
	_ = s.Header.Write(&b) // a buffer takes everything
	b.Write(s.Body)
	text := b.String()
	if _, params, err := mime.ParseMediaType(s.Header.Get("Content-Type")); err == nil && params["boundary"] != "" {
		text = strings.ReplaceAll(text, params["boundary"], "")
	}
	return sha256.Sum256([]byte(text))
}

func (r *recorder) write(folder string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := os.OpenFile(filepath.Join(folder, r.platform+".jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	out := json.NewEncoder(f)
	for _, s := range r.list {
		if err := out.Encode(s); err != nil {
			_ = f.Close()
			return err
		}
	}
	return f.Close()
}
