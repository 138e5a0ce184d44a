package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the formats whose header image.DecodeConfig reads
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"
	"sync"
	"time"

	_ "golang.org/x/image/webp" // one more format that image.Decode knows
)

const (
	probeBytes   = 1 << 20 // what is read of a file at most
	firstLook    = 64 << 10
	probeTimeout = 10 * time.Second
	probeAllTime = 20 * time.Second
	probeWidth   = 8 // addresses looked at at the same time
)

// Info is what the first part of a file tells of it. What it does not tell is zero.
type Info struct {
	MIME     string // by its bytes
	Size     int64  // bytes
	Width    int    // pixels as shown: after orientation
	Height   int
	Duration time.Duration // of a video
	Animated bool          // an image that moves
	traits   traits
}

// Result is the outcome for one address of ProbeAll. Err is a *Fault.
type Result struct {
	Info Info
	Err  error
}

// Prober looks at files by address. It may be used by many goroutines.
type Prober struct {
	Client *http.Client // a guarded one
	// Timeout bounds one probe, Total all of one ProbeAll; zero: 10 s, 20 s.
	Timeout, Total time.Duration
}

// Probe reads the first part of a file, at most 1 MiB, and says what it is. Its error is a *Fault: the address cannot be read, or
// what lies there is no media.
func (p *Prober) Probe(ctx context.Context, address string) (Info, error) {
	ctx, cancel := context.WithTimeout(ctx, orTime(p.Timeout, probeTimeout))
	defer cancel()
	a, err := get(ctx, p.Client, address, probeBytes)
	if err != nil {
		return Info{}, err
	}
	defer a.body.Close()
	info, _, err := inspect(a)
	return info, err
}

// ProbeAll probes each distinct address, eight at a time. Those that the total time does not reach have a temporary Fault.
func (p *Prober) ProbeAll(ctx context.Context, addresses []string) map[string]Result {
	ctx, cancel := context.WithTimeout(ctx, orTime(p.Total, probeAllTime))
	defer cancel()
	results := make(map[string]Result, len(addresses))
	for _, a := range addresses {
		results[a] = Result{}
	}
	work := make(chan string, len(results))
	for a := range results {
		work <- a
	}
	close(work)
	var (
		mu sync.Mutex
		wg sync.WaitGroup
	)
	for range min(probeWidth, len(results)) {
		wg.Go(func() {
			for a := range work {
				info, err := p.Probe(ctx, a)
				mu.Lock()
				results[a] = Result{info, err}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return results
}

func orTime(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// inspect reads as much of an answer as it takes to know the media, and gives that prefix back for whoever reads on.
func inspect(a *answer) (Info, []byte, error) {
	var prefix []byte
	for _, size := range []int{firstLook, probeBytes} {
		piece, err := io.ReadAll(io.LimitReader(a.body, int64(size-len(prefix))))
		prefix = append(prefix, piece...)
		if err != nil {
			return Info{}, nil, a.fault(err)
		}
		whole := len(prefix) < size // the file ended
		if whole && a.size < 0 {
			a.size = int64(len(prefix))
		}
		info, more, err := describe(prefix)
		info.Size = max(a.size, 0)
		if !more || whole {
			return info, prefix, faultOf(a.host, info.MIME, err)
		}
		if size == probeBytes { // a megabyte without the end of the header: some cameras write that much before it
			return info, prefix, nil
		}
	}
	panic("unreachable: the last look returns")
}

var (
	errEmpty   = errors.New("the file is empty")
	errUnknown = errors.New("not a known format")
	errPage    = errors.New("a web page")
)

// describe tells what it can from the first bytes of a file, and whether more of them could tell more, or mend the error.
func describe(b []byte) (info Info, more bool, err error) {
	info.MIME = Sniff(b)
	switch info.MIME {
	case JPEG, PNG, GIF, WebP:
		info.traits = traitsOf(info.MIME, b)
		info.Animated = info.traits.animated
		c, _, err := image.DecodeConfig(bytes.NewReader(b))
		if err != nil {
			return info, true, err
		}
		info.Width, info.Height = c.Width, c.Height
		if info.traits.swaps() {
			info.Width, info.Height = c.Height, c.Width
		}
		return info, info.MIME == GIF && !info.Animated, nil
	case MP4, QuickTime:
		info.Width, info.Height, info.Duration = movie(b)
		return info, info.Duration == 0, nil
	case HTML:
		return info, false, errPage
	case "":
		if len(b) == 0 {
			return info, false, errEmpty
		}
		return info, false, errUnknown
	}
	return info, false, nil
}

// faultOf puts what describe found wrong in words.
func faultOf(host, mime string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errPage):
		return &Fault{Rule: RuleNotMedia, Message: host + " answered with a web page, not with a file", Remediation: adviseLink}
	case errors.Is(err, errEmpty):
		return &Fault{Rule: RuleUnsupported, Message: "the file is empty", Remediation: "Upload the file again."}
	case errors.Is(err, errUnknown):
		return &Fault{Rule: RuleUnsupported, Message: "the file is of no format that can be published",
			Remediation: "Use JPEG, PNG, GIF, WebP, MP4, MOV, WebM or PDF."}
	default:
		return damaged(mime, err)
	}
}

func damaged(mime string, err error) *Fault {
	return &Fault{Rule: RuleUnsupported, Message: fmt.Sprintf("the file begins like %s and cannot be read as such", mime),
		Remediation: "Save the file again; it may be cut off or damaged.", Err: err}
}
