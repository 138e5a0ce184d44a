package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // the formats whose header image.DecodeConfig reads
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"sync"
	"time"

	_ "golang.org/x/image/webp" // one more format that image.Decode knows

	"posthorn/internal/platforms"
)

const (
	probeTimeout = 10 * time.Second
	probeAllTime = 20 * time.Second
	probeWidth   = 8 // addresses looked at at the same time
)

// Result is the outcome for one address of ProbeAll. Err is a *Fault.
type Result struct {
	Info Info
	Err  error
}

// Prober looks at files by address. It may be used by many goroutines.
type Prober struct {
	Client *http.Client // a guarded one
	// Files knows our own files, which are read from the store and not over the network, and remembers what was found. Nil: there are
	// none, and nothing is remembered.
	Files *Uploads
	// Timeout bounds one probe, Total all of one ProbeAll; zero: 10 s, 20 s.
	Timeout, Total time.Duration
}

// Probe reads what it takes of a file, parts of it where its server gives parts, and says what it is. Its error is a *Fault: the address
// cannot be read, or what lies there is no media.
func (p *Prober) Probe(ctx context.Context, address string) (Info, error) {
	ctx, cancel := context.WithTimeout(ctx, orTime(p.Timeout, probeTimeout))
	defer cancel()
	a, err := p.get(ctx, address, firstLook)
	if err != nil {
		return Info{}, err
	}
	defer a.body.Close()
	if info, ok := p.Files.recall(ctx, a.name); ok {
		return info, nil
	}
	info, _, err := inspect(ctx, a)
	if err == nil {
		p.Files.remember(ctx, a.name, info)
	}
	return info, err
}

// get opens a file of ours or at an address, or with first > 0 its beginning.
func (p *Prober) get(ctx context.Context, address string, first int64) (*answer, error) {
	if p.Files != nil && p.Files.ours(address) {
		key, _ := p.Files.Store.KeyOf(address)
		return p.Files.answer(ctx, key)
	}
	return get(ctx, p.Client, address, 0, first)
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

// inspect reads as much of an answer as it takes to know the media, and gives the part of it that was read off its body back for whoever
// reads on.
func inspect(ctx context.Context, a *answer) (Info, []byte, error) {
	r := a.reader()
	info, err := describe(ctx, r)
	if a.size < 0 {
		a.size = r.size
	}
	info.Size = max(a.size, 0)
	return info, r.prefix, faultOf(a, info.MIME, err)
}

var (
	errEmpty   = errors.New("the file is empty")
	errUnknown = errors.New("not a known format")
	errPage    = errors.New("a web page")
	errSound   = errors.New("a sound")
)

// describe tells what a file is.
func describe(ctx context.Context, f *ranged) (info Info, err error) {
	b, err := f.head(ctx, firstLook)
	if err != nil {
		return info, err
	}
	info.MIME, info.Size = Sniff(b), max(f.size, 0)
	switch info.MIME {
	case JPEG, PNG, GIF, WebP:
		if info, err = picture(info, b); err == nil && (info.MIME != GIF || info.Picture.Animated) {
			return info, nil
		}
		if b, err = f.head(ctx, probeBytes); err != nil {
			return info, err
		}
		info, err = picture(info, b)
		if err != nil && len(b) == probeBytes { // a megabyte without the end of the header: some cameras write that much before it
			err = nil
		}
		return info, err
	case HEIC, AVIF:
		if b, err = f.head(ctx, probeBytes); err == nil {
			readHEIF(b, &info)
		}
		return info, err
	case MP4, QuickTime:
		err := readFilm(ctx, f, &info)
		if errors.Is(err, errNoRanges) || errors.Is(err, errTooMuch) { // what cannot be looked at is not judged
			err = nil
		}
		return info, err
	case WebM:
		if b, err = f.head(ctx, probeBytes); err == nil {
			readWebM(b, &info)
		}
		return info, err
	case HTML:
		return info, errPage
	case MP3, M4A, AAC, Ogg, WAV:
		return info, errSound
	case "":
		if len(b) == 0 {
			return info, errEmpty
		}
		return info, errUnknown
	}
	return info, nil
}

// picture reads what the beginning of an image tells.
func picture(info Info, b []byte) (Info, error) {
	t := traitsOf(info.MIME, b)
	info.Tagged = t.tagged
	info.Picture = platforms.Picture{Animated: t.animated, Located: t.located, Orientation: t.orientation}
	c, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return info, err
	}
	info.Width, info.Height = c.Width, c.Height
	if t.swaps() {
		info.Width, info.Height = c.Height, c.Width
	}
	info.Picture.Colours = platforms.RGB
	switch {
	case info.MIME == JPEG:
		info.Picture.Colours = jpegColour(b)
	case c.ColorModel == color.GrayModel, c.ColorModel == color.Gray16Model:
		info.Picture.Colours = platforms.Grey
	}
	return info, nil
}

// faultOf puts what describe found wrong in words.
func faultOf(a *answer, mime string, err error) error {
	var told *Fault
	switch {
	case err == nil, errors.As(err, &told):
		return err
	case errors.Is(err, errPage) && a.asksWho():
		return &Fault{Rule: RuleNotMedia, Message: a.host + " asks for a login before it shows the file", Remediation: "Share the file with everybody, and use the direct link to it; or upload it with POST /v1/media/presign."}
	case errors.Is(err, errPage):
		return &Fault{Rule: RuleNotMedia, Message: a.host + " answered with a web page, not with a file", Remediation: adviseLink}
	case errors.Is(err, errEmpty):
		return &Fault{Rule: RuleUnsupported, Message: "the file is empty", Remediation: "Upload the file again."}
	case errors.Is(err, errSound):
		return &Fault{Rule: RuleUnsupported, Message: "the file is a sound alone", Remediation: "Make a video of it, with a picture."}
	case errors.Is(err, errUnknown):
		return &Fault{Rule: RuleUnsupported, Message: "the file is of no format that can be published",
			Remediation: "Use JPEG, PNG, GIF, WebP, MP4, MOV, WebM or PDF."}
	case errors.Is(err, errNoMoov):
		return &Fault{Rule: RuleUnsupported, Message: "the video is cut off: what describes its tracks is missing", Remediation: "Upload the file again, or export the video anew.", Err: err}
	default:
		return damaged(mime, err)
	}
}

func damaged(mime string, err error) *Fault {
	return &Fault{Rule: RuleUnsupported, Message: fmt.Sprintf("the file begins like %s and cannot be read as such", mime),
		Remediation: "Save the file again; it may be cut off or damaged.", Err: err}
}
