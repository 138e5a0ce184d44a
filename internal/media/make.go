package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"posthorn/internal/platforms"
)

// make makes a spooled image fit and keeps the result, once: the key follows from the bytes and what is asked of them.
func (s *Source) make(ctx context.Context, file *spooled, info Info, reshape platforms.Reshape, fit platforms.Fit) (string, error) {
	format, err := formatFor(info.MIME, fit)
	if err != nil {
		return "", err
	}
	key := imageKey(file.sum, format, reshape, fit)
	unlock, err := s.lock(ctx, key)
	if err != nil {
		return "", err
	}
	defer unlock()
	if has, err := s.files.Store.Has(ctx, key); has || err != nil {
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
	var out *made
	if place := info; place.Picture.Located {
		if place.Picture.Located = false; fits(place, reshape, fit) { // nothing but that: the picture itself stays as it is
			out = &made{mime: info.MIME, bytes: strip(info.MIME, b)}
			key = strings.TrimSuffix(key, extensions[format]) + "-clean" + extensions[info.MIME]
		}
	}
	if out == nil {
		if out, err = convert(b, format, reshape, fit); err != nil {
			return "", err
		}
	}
	return key, s.keepMade(ctx, key, out.mime, bytes.NewReader(out.bytes))
}

// imageKey names what is made of an image.
func imageKey(sum [sha256.Size]byte, format string, reshape platforms.Reshape, fit platforms.Fit) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %x %s %d %d %s %g %g", keyVersion, sum, format, fit.MaxBytes, fit.MaxWidth, reshape, fit.MinRatio, fit.MaxRatio)
	return madeKey(h.Sum(nil), extensions[format])
}

func madeKey(sum []byte, extension string) string {
	name := fmt.Sprintf("%x", sum[:16])
	return "fit/" + name[:2] + "/" + name[2:] + extension
}

func isImage(mime string) bool { return strings.HasPrefix(mime, "image/") }

func isZero(f platforms.Fit) bool {
	return len(f.Formats) == 0 && f.MaxBytes == 0 && f.MaxWidth == 0 && f.MinRatio == 0 && f.MaxRatio == 0 && !f.MoovFirst && !f.NoEdits
}

// fits reports whether an image can be used as it is. What is not known does not fit where it is asked for.
func fits(i Info, reshape platforms.Reshape, f platforms.Fit) bool {
	limits := platforms.ImageLimits{MinRatio: f.MinRatio, MaxRatio: f.MaxRatio}
	return (len(f.Formats) == 0 || slices.Contains(f.Formats, i.MIME)) &&
		(f.MaxBytes == 0 || (i.Size > 0 && i.Size <= f.MaxBytes)) &&
		(f.MaxWidth == 0 || (i.Width > 0 && i.Width <= f.MaxWidth)) &&
		!i.Picture.Located && i.Picture.Orientation <= 1 && i.Picture.Colours != platforms.CMYK &&
		(reshape == "" || i.Height == 0 || !limits.RatioFault(i.Width, i.Height))
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
