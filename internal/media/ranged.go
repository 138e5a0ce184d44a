package media

import (
	"bytes"
	"context"
	"errors"
	"io"
)

const (
	firstLook  = 64 << 10 // what is read of a file at first, and asked for of its parts at least
	probeBytes = 1 << 20  // the beginning of a file: what is read of it without asking for parts
	rangeTotal = 40 << 20 // what is read of one file at most, however its parts lie
)

var (
	errNoRanges = errors.New("the server gives no parts of a file")
	errTooMuch  = errors.New("more than is read of a file")
	errCut      = errors.New("the file ends too early")
)

// ranged is a file that is read here and there. It keeps what it has read: headers lie close together.
type ranged struct {
	size   int64     // -1: not known
	prefix []byte    // its beginning
	stream io.Reader // what comes after the prefix; nil at its end
	parts  []part    // what was fetched
	fetch  func(ctx context.Context, at, n int64) (io.ReadCloser, error)
	fault  func(err error) error // of the stream
	read   int64
}

type part struct {
	at    int64
	bytes []byte
}

// bytesFile is a file that is all there.
func bytesFile(b []byte) *ranged { return &ranged{size: int64(len(b)), prefix: b} }

// reader is an opened file, of which nothing has been read yet. What is read off the answer's body is in the prefix.
func (a *answer) reader() *ranged {
	r := &ranged{size: a.size, stream: a.body, fault: func(err error) error { return a.fault(err) }}
	if a.again != nil {
		r.fetch = func(ctx context.Context, at, n int64) (io.ReadCloser, error) {
			next, err := a.again(ctx, at, n)
			if err != nil {
				return nil, err
			}
			if next.size != a.size {
				next.body.Close()
				return nil, a.fault(errors.New("the file changed while it was read"))
			}
			return next.body, nil
		}
	}
	return r
}

// head gives the first n bytes, or all there are.
func (r *ranged) head(ctx context.Context, n int64) ([]byte, error) {
	if r.size >= 0 {
		n = min(n, r.size)
	}
	if err := r.grow(n); err != nil {
		return nil, err
	}
	if int64(len(r.prefix)) >= n {
		return r.prefix[:n], nil
	}
	if r.size < 0 || r.fetch == nil {
		return r.prefix, nil
	}
	b, err := r.get(ctx, 0, n)
	if err == nil {
		r.prefix = b
	}
	return b, err
}

// grow reads the stream on until n bytes are there, if it has them.
func (r *ranged) grow(n int64) error {
	for r.stream != nil && int64(len(r.prefix)) < n {
		piece, err := io.ReadAll(io.LimitReader(r.stream, firstLook))
		r.prefix = append(r.prefix, piece...)
		if err != nil {
			return r.fault(err)
		}
		if len(piece) < firstLook {
			r.stream = nil
			if r.size < 0 && r.fetch == nil {
				r.size = int64(len(r.prefix))
			}
		}
	}
	return nil
}

// at gives the n bytes from a place on. It is errCut where the file has fewer.
func (r *ranged) at(ctx context.Context, at, n int64) ([]byte, error) {
	if at < 0 || n < 0 || at+n < at {
		return nil, errCut
	}
	if at+n <= probeBytes {
		if err := r.grow(at + n); err != nil {
			return nil, err
		}
	}
	if at+n <= int64(len(r.prefix)) {
		return r.prefix[at : at+n], nil
	}
	for _, p := range r.parts {
		if at >= p.at && at+n <= p.at+int64(len(p.bytes)) {
			return p.bytes[at-p.at : at-p.at+n], nil
		}
	}
	if r.size >= 0 && at+n > r.size {
		return nil, errCut
	}
	if r.fetch == nil {
		return nil, errNoRanges
	}
	b, err := r.get(ctx, at, max(n, firstLook))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) < n {
		return nil, errCut
	}
	r.parts = append(r.parts, part{at, b})
	return b[:n], nil
}

// get fetches a part.
func (r *ranged) get(ctx context.Context, at, n int64) ([]byte, error) {
	if r.size >= 0 {
		n = min(n, r.size-at)
	}
	if r.read += n; r.read > rangeTotal {
		return nil, errTooMuch
	}
	body, err := r.fetch(ctx, at, n)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var b bytes.Buffer // grows with what really comes
	if _, err := io.Copy(&b, io.LimitReader(body, n)); err != nil {
		return nil, r.fault(err)
	}
	return b.Bytes(), nil
}
