package logs

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"posthorn/internal/id"
	"posthorn/internal/postgres"
)

const (
	// flushEvery is how long entries are gathered before they are written together.
	flushEvery = 200 * time.Millisecond
	// maxEntries and maxBytes bound what waits to be written. What comes on top is dropped and counted.
	maxEntries = 20_000
	maxBytes   = 32 << 20
	// overhead is about what an entry takes beside its long texts.
	overhead = 800
	// writeTimeout bounds one writing; a log that waits longer for its database had better lose entries than hold a connection.
	writeTimeout = 10 * time.Second
	// retryEvery is how long the entries wait for a database that could not take them.
	retryEvery = 2 * time.Second
	// byeTimeout bounds the last writing of a process that ends.
	byeTimeout = 3 * time.Second
)

// Writer takes entries and writes them a little later, many at once. Add never waits and never fails: when more comes in than the database
// takes, entries are dropped and the log of the process says how many. A nil *Writer drops everything, for the tests of others.
type Writer struct {
	pool *pgxpool.Pool
	log  zerolog.Logger
	wake chan struct{}
	stop context.CancelFunc
	done chan struct{}

	mu      sync.Mutex
	waiting []Entry
	bytes   int
	dropped int

	flushing sync.Mutex // one writing at a time, so that Flush finds everything written when it returns
}

// NewWriter starts a Writer. Close it to write what is left.
func NewWriter(pool *pgxpool.Pool, log zerolog.Logger) *Writer {
	ctx, stop := context.WithCancel(context.Background())
	w := &Writer{pool: pool, log: log, wake: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	go w.run(ctx)
	return w
}

// Add takes an entry.
func (w *Writer) Add(e Entry) {
	if w == nil || e.OwnerID == "" {
		return // nobody could read it
	}
	if e.ID == "" {
		e.ID = id.New(e.At)
	}
	size := overhead + len(e.RequestBody) + len(e.ResponseBody) + len(e.Endpoint) + len(e.ErrorMessage) + len(e.Metadata)
	w.mu.Lock()
	if len(w.waiting) >= maxEntries || w.bytes+size > maxBytes {
		w.dropped++
		w.mu.Unlock()
		return
	}
	w.waiting = append(w.waiting, e)
	w.bytes += size
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Close writes what is waiting, within a few seconds, and ends the Writer.
func (w *Writer) Close() {
	w.stop()
	<-w.done
}

func (w *Writer) run(ctx context.Context) {
	defer close(w.done)
	timer := time.NewTimer(flushEvery)
	defer timer.Stop()
	pause := flushEvery
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-w.wake:
			timer.Reset(pause)
			select {
			case <-ctx.Done():
			case <-timer.C:
				pause = flushEvery
				if !w.tryFlush(ctx, writeTimeout) {
					pause = retryEvery
				}
			}
		}
	}
	w.tryFlush(ctx, byeTimeout)
}

// tryFlush writes also when ctx has ended: what was logged before is not lost to a shutdown.
func (w *Writer) tryFlush(ctx context.Context, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	err := w.Flush(ctx)
	if err != nil {
		w.log.Warn().Err(err).Msg("the log could not be written")
	}
	return err == nil
}

// Flush writes what is waiting now. While the database is away the entries keep waiting; what it refuses for another reason is dropped.
func (w *Writer) Flush(ctx context.Context) error {
	if w == nil {
		return nil
	}
	w.flushing.Lock()
	defer w.flushing.Unlock()
	w.mu.Lock()
	batch, bytes, dropped := w.waiting, w.bytes, w.dropped
	w.waiting, w.bytes, w.dropped = nil, 0, 0
	w.mu.Unlock()
	if dropped > 0 {
		w.log.Warn().Int("entries", dropped).Msg("the log was full; entries were dropped")
	}
	if len(batch) == 0 {
		return nil
	}
	write := func() error {
		_, err := w.pool.CopyFrom(ctx, pgx.Identifier{"logs"}, columns, pgx.CopyFromSlice(len(batch), func(i int) ([]any, error) { return batch[i].row(), nil }))
		return err
	}
	err := write()
	if err != nil && !postgres.IsUnavailable(err) && ctx.Err() == nil { // a partition that is being made may refuse what it takes a moment later
		err = write()
	}
	switch {
	case err == nil:
		return nil
	case postgres.IsUnavailable(err), errors.Is(err, context.DeadlineExceeded):
		w.putBack(batch, bytes)
	default:
		w.log.Warn().Int("entries", len(batch)).Msg("entries of the log were refused by the database and are lost")
	}
	return err
}

// putBack keeps a batch for the next try, and wakes the one who makes it.
func (w *Writer) putBack(batch []Entry, bytes int) {
	w.mu.Lock()
	w.waiting, w.bytes = append(batch, w.waiting...), w.bytes+bytes
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

var columns = []string{"at", "id", "owner_id", "type", "action", "status", "status_code", "platform", "account_id", "post_id", "target_id", "user_id", "api_key_id",
	"request_id", "event", "method", "path", "endpoint", "error_code", "error_message", "request_body", "response_body", "duration_ms", "ip_address", "user_agent", "metadata"}

// row is the entry as columns has it. Every text is bounded and made valid here, so that no entry can spoil the others of its batch.
func (e Entry) row() []any {
	text := func(s string, n int) *string {
		if s == "" {
			return nil
		}
		s = cut(s, n)
		return &s
	}
	var code *int
	if e.StatusCode != 0 {
		code = &e.StatusCode
	}
	var meta *string
	if len(e.Metadata) > 0 && string(e.Metadata) != "{}" {
		s := string(e.Metadata)
		meta = &s
	}
	must := func(s string) string { return cut(s, maxText) }
	return []any{e.At, e.ID, e.OwnerID, string(e.Type), must(e.Action), string(e.Status), code, text(e.Platform, maxText), text(e.AccountID, maxText), text(e.PostID, maxText),
		text(e.TargetID, maxText), text(e.UserID, maxText), text(e.KeyID, maxText), text(e.RequestID, maxText), text(e.Event, maxText), text(e.Method, maxText),
		text(e.Path, maxText), text(e.Endpoint, 4*maxText), text(e.ErrorCode, maxText), text(e.ErrorMessage, 4*maxText), text(e.RequestBody, maxRequestBody),
		text(e.ResponseBody, maxResponseBody), e.Duration.Milliseconds(), text(e.IPAddress, maxText), text(e.UserAgent, maxText), meta}
}
