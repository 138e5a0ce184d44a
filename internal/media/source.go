package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"posthorn/internal/platforms"
)

const (
	maxImage = 64 << 20 // of an image that is converted
	maxFile  = 1 << 30  // of a file whose server does not tell its length, which must be kept on disk to find out
	// convertTime bounds the download of an image that has to be converted.
	convertTime = 60 * time.Second
	// conversions run at the same time in one Source; each may take some hundred MB.
	conversions = 2
	// keyVersion changes when the same input is to give other bytes than before.
	keyVersion = "1"
)

// Source hands media to adapters, fitted. A process has one, which may be used by many goroutines.
type Source struct {
	prober Prober
	store  *Store
	slots  chan struct{}

	mu     sync.Mutex
	making map[string]chan struct{} // keys being made; closed when done
}

var _ platforms.MediaSource = (*Source)(nil)

// NewSource reads through client, which must be a guarded one, and keeps in store what it makes.
func NewSource(client *http.Client, store *Store) *Source {
	return &Source{prober: Prober{Client: client}, store: store, slots: make(chan struct{}, conversions), making: map[string]chan struct{}{}}
}

// URL gives an address from which the platform can read the item: the item's own where it fits, or where nothing is asked of it;
// else the public one of an image made from it. An image that fits is left as it is, with its metadata.
func (s *Source) URL(ctx context.Context, m platforms.Media, fit platforms.Fit) (string, error) {
	if m.Type == platforms.Video || isZero(fit) {
		return m.URL, nil
	}
	address, err := s.fittedURL(ctx, m.URL, fit)
	return address, platformError(err)
}

func (s *Source) fittedURL(ctx context.Context, address string, fit platforms.Fit) (string, error) {
	info, err := s.prober.Probe(ctx, address)
	if err != nil {
		return "", err
	}
	if !isImage(info.MIME) || fits(info, fit) {
		return address, nil
	}
	ctx, cancel := context.WithTimeout(ctx, convertTime)
	defer cancel()
	a, err := s.prober.get(ctx, address, 0)
	if err != nil {
		return "", err
	}
	defer a.body.Close()
	info, prefix, err := inspect(ctx, a)
	if err != nil {
		return "", err
	}
	file, err := spool(a, prefix, maxImage)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if info.Size = file.size; fits(info, fit) { // only its size was not known
		return address, nil
	}
	key, err := s.make(ctx, file, info.MIME, fit)
	if err != nil {
		return "", err
	}
	return s.store.URL(key), nil
}

// Open reads the item itself. An image for which a fit is asked comes without metadata and with its orientation applied; anything
// else comes as it is, and straight from its server where that tells the length. ctx must live until Body is closed.
func (s *Source) Open(ctx context.Context, m platforms.Media, fit platforms.Fit) (*platforms.File, error) {
	f, err := s.open(ctx, m.URL, fit)
	return f, platformError(err)
}

func (s *Source) open(ctx context.Context, address string, fit platforms.Fit) (*platforms.File, error) {
	a, err := s.prober.get(ctx, address, 0)
	if err != nil {
		return nil, err
	}
	info, prefix, err := inspect(ctx, a)
	if err != nil {
		a.body.Close()
		return nil, err
	}
	if isImage(info.MIME) && !isZero(fit) {
		defer a.body.Close()
		return s.openImage(ctx, a, prefix, info, fit)
	}
	f := &platforms.File{MIME: info.MIME, Width: info.Width, Height: info.Height, Size: a.size}
	if !isImage(info.MIME) {
		f.Width, f.Height = 0, 0
	}
	if a.size >= 0 {
		f.Body = &stream{io.MultiReader(bytes.NewReader(prefix), a.body), a.body}
		return f, nil
	}
	defer a.body.Close()
	file, err := spool(a, prefix, maxFile)
	if err != nil {
		return nil, err
	}
	f.Body, f.Size = file, file.size
	return f, nil
}

type stream struct {
	io.Reader
	io.Closer
}

func (s *Source) openImage(ctx context.Context, a *answer, prefix []byte, info Info, fit platforms.Fit) (*platforms.File, error) {
	file, err := spool(a, prefix, maxImage)
	if err != nil {
		return nil, err
	}
	info.Size = file.size
	if fits(info, fit) {
		clean, err := s.clean(ctx, file, info)
		if clean != nil || err != nil {
			return clean, err
		}
	}
	defer file.Close()
	key, err := s.make(ctx, file, info.MIME, fit)
	if err != nil {
		return nil, err
	}
	return s.openMade(ctx, key)
}

// clean gives a spooled image that fits, without its metadata. It gives nil where that takes a new image, since the orientation
// is part of the metadata. It takes the file over when it gives something.
func (s *Source) clean(ctx context.Context, file *spooled, info Info) (*platforms.File, error) {
	release, err := s.slot(ctx)
	if err != nil {
		file.Close()
		return nil, err
	}
	defer release()
	b, err := file.bytes()
	if err != nil {
		file.Close()
		return nil, err
	}
	out := &platforms.File{MIME: info.MIME, Size: file.size, Width: info.Width, Height: info.Height}
	t := traitsOf(info.MIME, b)
	switch {
	case t.orientation != 1:
		return nil, nil
	case t.tagged:
		file.Close()
		b = strip(info.MIME, b)
		out.Body, out.Size = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	default:
		out.Body = file
	}
	return out, nil
}

// make converts a spooled image and keeps the result, once: the key follows from the bytes and what is asked of them.
func (s *Source) make(ctx context.Context, file *spooled, mime string, fit platforms.Fit) (string, error) {
	format, err := formatFor(mime, fit)
	if err != nil {
		return "", err
	}
	key := keyOf(file.sum, format, fit)
	unlock, err := s.lock(ctx, key)
	if err != nil {
		return "", err
	}
	defer unlock()
	if has, err := s.store.Has(ctx, key); has || err != nil {
		return key, err
	}
	release, err := s.slot(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	b, err := file.bytes()
	if err != nil {
		return "", err
	}
	out, err := convert(b, format, fit)
	if err != nil {
		return "", err
	}
	return key, s.store.Put(ctx, key, out.mime, bytes.NewReader(out.bytes))
}

func (s *Source) openMade(ctx context.Context, key string) (*platforms.File, error) {
	r, err := s.store.open(ctx, key)
	if err != nil {
		return nil, err
	}
	c, _, err := image.DecodeConfig(r)
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	return &platforms.File{Body: r, MIME: mimeOf(r.ContentType(), key), Size: r.Size(), Width: c.Width, Height: c.Height}, nil
}

// keyOf names what is made of an image.
func keyOf(sum [sha256.Size]byte, format string, fit platforms.Fit) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %x %s %d %d", keyVersion, sum, format, fit.MaxBytes, fit.MaxWidth)
	name := fmt.Sprintf("%x", h.Sum(nil)[:16])
	return "fit/" + name[:2] + "/" + name[2:] + extensions[format]
}

func isImage(mime string) bool { return strings.HasPrefix(mime, "image/") }

func isZero(f platforms.Fit) bool { return len(f.Formats) == 0 && f.MaxBytes == 0 && f.MaxWidth == 0 }

// fits reports whether an image can be used as it is. What is not known does not fit where it is asked for.
func fits(i Info, f platforms.Fit) bool {
	return (len(f.Formats) == 0 || slices.Contains(f.Formats, i.MIME)) &&
		(f.MaxBytes == 0 || (i.Size > 0 && i.Size <= f.MaxBytes)) &&
		(f.MaxWidth == 0 || (i.Width > 0 && i.Width <= f.MaxWidth))
}

var errBusy = errors.New("waiting for other images to be converted")

// slot waits for a place to convert in, or for the end of ctx.
func (s *Source) slot(ctx context.Context) (release func(), err error) {
	select {
	case s.slots <- struct{}{}:
		return func() { <-s.slots }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", errBusy, context.Cause(ctx))
	}
}

// lock waits until nobody else makes a key, or for the end of ctx.
func (s *Source) lock(ctx context.Context, key string) (unlock func(), err error) {
	for {
		s.mu.Lock()
		busy, taken := s.making[key]
		if !taken {
			done := make(chan struct{})
			s.making[key] = done
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				delete(s.making, key)
				s.mu.Unlock()
				close(done)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", errBusy, context.Cause(ctx))
		}
	}
}
