package media

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// skipByRange is from how many bytes on a server is asked for the rest of a file instead of reading what is passed over.
const skipByRange = 1 << 20

// download is a file on its way from its server.
type download struct {
	io.Reader
	from   *answer
	at     int64 // of the next byte
	reopen func(at, n int64) (*answer, error)
}

// newDownload hands on what of an answer was read already, and then the rest of it. ctx must live until it is closed.
func (p *Prober) newDownload(ctx context.Context, address string, a *answer, prefix io.Reader) *download {
	d := &download{Reader: io.MultiReader(prefix, a.body), from: a}
	d.reopen = func(at, n int64) (*answer, error) {
		if a.again != nil {
			return a.again(ctx, at, n)
		}
		return get(ctx, p.Client, address, at, n)
	}
	return d
}

// Read reads on.
func (d *download) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	d.at += int64(n)
	return n, err
}

// Close gives up what was not read.
func (d *download) Close() error { return d.from.body.Close() }

// Seek goes forward from where it is, and nowhere else. A server that gives no parts of a file is read on from.
func (d *download) Seek(n int64, whence int) (int64, error) {
	if whence != io.SeekCurrent || n < 0 || d.at+n > d.from.size {
		return d.at, fmt.Errorf("a download goes forward only, and to its end of %d bytes", d.from.size)
	}
	to := d.at + n
	if n >= skipByRange && to < d.from.size {
		switch next, err := d.reopen(to, d.from.size-to); {
		case err == nil && (next.size != d.from.size || next.name != "" && d.from.name != "" && next.name != d.from.name):
			next.body.Close()
			return d.at, d.from.fault(errors.New("the file changed while it was read"))
		case err == nil:
			d.from.body.Close()
			d.from, d.Reader, d.at = next, next.body, to
			return to, nil
		case !errors.Is(err, errNoRanges):
			return d.at, err
		}
	}
	_, err := io.CopyN(io.Discard, d, to-d.at)
	return d.at, err
}
