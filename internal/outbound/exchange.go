package outbound

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// KeptAnswer is how many bytes of an answer an Exchange keeps.
const KeptAnswer = 14 << 10

// Exchange is one call that was sent, and what came of it.
type Exchange struct {
	Request  *http.Request  // under the platform's real address; its body has been sent
	Response *http.Response // nil when there was none; its body has been read, or given up
	Err      error          // why there was no answer, or why it could not be read to its end
	Body     []byte         // the beginning of the answer's body
	Size     int64          // how much of it was read in all
	Took     time.Duration  // until the answer's header was there
}

// tee hands on an answer's body and keeps its beginning. It reports once: when the body has ended, has failed or is closed.
type tee struct {
	io.ReadCloser
	exchange Exchange
	report   func(Exchange)
	once     sync.Once
}

// watched makes an answer report itself when it has been read. An answer without a body reports at once.
func watched(e Exchange, report func(Exchange)) {
	if e.Response == nil || e.Response.Body == nil || e.Response.Body == http.NoBody {
		report(e)
		return
	}
	e.Response.Body = &tee{ReadCloser: e.Response.Body, exchange: e, report: report}
}

// Read keeps what passes.
func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.exchange.Size += int64(n)
	if room := KeptAnswer - len(t.exchange.Body); room > 0 {
		t.exchange.Body = append(t.exchange.Body, p[:min(n, room)]...)
	}
	if err != nil {
		if err != io.EOF {
			t.exchange.Err = err
		}
		t.once.Do(func() { t.report(t.exchange) })
	}
	return n, err
}

// Close gives up what was not read.
func (t *tee) Close() error {
	err := t.ReadCloser.Close()
	t.once.Do(func() { t.report(t.exchange) })
	return err
}
