package media

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"net/http"
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
	keyVersion = "2"
)

// Source hands media to adapters, fitted. A process has one, which may be used by many goroutines.
type Source struct {
	prober Prober
	files  *Uploads
	slots  chan struct{}

	mu     sync.Mutex
	making map[string]chan struct{} // images being made, by key; closed when done
	films  map[string]*filmJob      // films being made, by key
}

var _ platforms.MediaSource = (*Source)(nil)

// NewSource reads through client, which must be a guarded one, and from files, where it also keeps what it makes.
func NewSource(client *http.Client, files *Uploads) *Source {
	return &Source{prober: Prober{Client: client, Files: files}, files: files, slots: make(chan struct{}, conversions), making: map[string]chan struct{}{}, films: map[string]*filmJob{}}
}

// URL gives an address from which the platform can read the item, made for this attempt: that of the item itself where it fits, or where
// nothing is asked of it; else that of a file made from it.
func (s *Source) URL(ctx context.Context, m platforms.Media, fit platforms.Fit) (string, error) {
	address, err := s.fittedURL(ctx, m, fit)
	if err == nil {
		address, err = s.files.DeliveryURL(ctx, address)
	}
	return address, platformError(err)
}

func (s *Source) fittedURL(ctx context.Context, m platforms.Media, fit platforms.Fit) (string, error) {
	if isZero(fit) {
		return m.URL, nil
	}
	info, err := s.prober.Probe(ctx, m.URL)
	if err != nil {
		return "", err
	}
	switch {
	case isFilm(info.MIME):
		return s.filmURL(ctx, m.URL, info, fit)
	case !isImage(info.MIME) || fits(info, m.Reshape, fit):
		return m.URL, nil
	}
	ctx, cancel := context.WithTimeout(ctx, convertTime)
	defer cancel()
	a, err := s.prober.get(ctx, m.URL, 0)
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
	if info.Size = file.size; fits(info, m.Reshape, fit) { // only its size was not known
		return m.URL, nil
	}
	key, err := s.make(ctx, file, info, m.Reshape, fit)
	if err != nil {
		return "", err
	}
	return s.files.Store.URL(key), nil
}

// Open reads the item itself, fitted. Of an image for which a fit is asked all metadata are left out; a video comes straight from its
// server where that tells the length, and what is skipped of it is not read where the server gives parts. ctx must live until Body is closed.
func (s *Source) Open(ctx context.Context, m platforms.Media, fit platforms.Fit) (*platforms.File, error) {
	f, err := s.open(ctx, m, fit)
	return f, platformError(err)
}

func (s *Source) open(ctx context.Context, m platforms.Media, fit platforms.Fit) (*platforms.File, error) {
	a, err := s.prober.get(ctx, m.URL, 0)
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
		return s.openImage(ctx, a, prefix, info, m.Reshape, fit)
	}
	if isFilm(info.MIME) && !isZero(fit) && refitted(info.Film, fit) {
		a.body.Close()
		f, err := s.openFilm(ctx, m.URL, info, fit)
		if f != nil || err != nil {
			return f, err
		}
		if a, err = s.prober.get(ctx, m.URL, 0); err != nil {
			return nil, err
		}
		prefix = nil
	}
	f := &platforms.File{MIME: info.MIME, Width: info.Width, Height: info.Height, Size: a.size}
	if a.size >= 0 {
		f.Body = s.prober.newDownload(ctx, m.URL, a, bytes.NewReader(prefix))
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

func (s *Source) openImage(ctx context.Context, a *answer, prefix []byte, info Info, reshape platforms.Reshape, fit platforms.Fit) (*platforms.File, error) {
	file, err := spool(a, prefix, maxImage)
	if err != nil {
		return nil, err
	}
	info.Size = file.size
	if info.Picture.Located = false; fits(info, reshape, fit) { // cleaning takes the place away
		clean, err := s.clean(ctx, file, info)
		if clean != nil || err != nil {
			return clean, err
		}
	}
	defer file.Close()
	key, err := s.make(ctx, file, info, reshape, fit)
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

func (s *Source) openMade(ctx context.Context, key string) (*platforms.File, error) {
	r, err := s.files.Store.open(ctx, key)
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
