package media

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"posthorn/internal/platforms"
)

const (
	filmTime     = 20 * time.Minute // how long a film may take to be copied
	filmPatience = 25 * time.Second // how long a step waits for it; the platform is asked again later
	filmJobs     = 4                // films that are copied at the same time in one Source
)

// filmJob is a film that is being made.
type filmJob struct {
	done chan struct{}
	key  string // what was made, or the old file's address where nothing could be
	err  error
}

func isFilm(mime string) bool { return mime == MP4 || mime == QuickTime }

// refitted reports whether a film's container has to be written anew.
func refitted(f platforms.Film, fit platforms.Fit) bool {
	return !f.Fragmented && (fit.MoovFirst && f.MoovLast || fit.NoEdits && f.Trimmed || f.Located)
}

// filmURL is the address of a film that fits. Making one takes as long as copying it does: it goes on when the step's time is up, and the
// step comes back for it.
func (s *Source) filmURL(ctx context.Context, address string, info Info, fit platforms.Fit) (string, error) {
	if !refitted(info.Film, fit) {
		return address, nil
	}
	job, err := s.filmJob(address, info, fit)
	if err != nil {
		return "", err
	}
	timer := time.NewTimer(filmPatience)
	defer timer.Stop()
	select {
	case <-job.done:
		return job.key, job.err
	case <-timer.C:
	case <-ctx.Done():
	}
	return "", &platforms.Error{Kind: platforms.NotReady, Category: platforms.SystemError, Rule: "media.being_prepared", Message: "the video is being copied into a form that the platform takes"}
}

// filmJob is the job that makes a film fit, which may be under way already. A job that is over is forgotten, since its file is in the store.
func (s *Source) filmJob(address string, info Info, fit platforms.Fit) (*filmJob, error) {
	name := fmt.Sprint(address, info, fit.MoovFirst, fit.NoEdits)
	s.mu.Lock()
	defer s.mu.Unlock()
	if job := s.films[name]; job != nil {
		return job, nil
	}
	if len(s.films) >= filmJobs {
		return nil, &platforms.Error{Kind: platforms.NotReady, Category: platforms.SystemError, Rule: "media.being_prepared", Message: "other videos are being prepared first"}
	}
	job := &filmJob{done: make(chan struct{})}
	s.films[name] = job
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), filmTime)
		defer cancel()
		job.key, job.err = s.makeFilm(ctx, address, info, fit)
		s.mu.Lock()
		delete(s.films, name)
		s.mu.Unlock()
		close(job.done)
	}()
	return job, nil
}

// makeFilm copies a film into a container that fits and gives its address. One that cannot be written anew is left as it is.
func (s *Source) makeFilm(ctx context.Context, address string, info Info, fit platforms.Fit) (string, error) {
	r, f, name, done, err := s.planFilm(ctx, address, fit)
	if errors.Is(err, errNotRemuxed) {
		return address, nil
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = done() }() // of a copy that was read; what becomes of it does not matter
	h := sha256.New()
	fmt.Fprintf(h, "film %s %s %x", keyVersion, name, r.sum())
	key := madeKey(h.Sum(nil), extensions[info.MIME])
	if has, err := s.files.Store.Has(ctx, key); err != nil {
		return "", err
	} else if !has {
		body := r.reader(ctx, f.fetch)
		defer body.Close()
		if err := s.keepMade(ctx, key, info.MIME, body); err != nil {
			return "", err
		}
	}
	return s.files.Store.URL(key), nil
}

// openFilm reads a film as it is made to fit; nil where it cannot be written anew.
func (s *Source) openFilm(ctx context.Context, address string, info Info, fit platforms.Fit) (*platforms.File, error) {
	r, f, _, done, err := s.planFilm(ctx, address, fit)
	if errors.Is(err, errNotRemuxed) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	body := r.reader(ctx, f.fetch)
	return &platforms.File{Body: &stream{body, closer(func() error { return errors.Join(body.Close(), done()) })}, MIME: info.MIME, Size: r.size, Width: info.Width, Height: info.Height}, nil
}

type stream struct {
	io.Reader
	io.Closer
}

type closer func() error

func (c closer) Close() error { return c() }

// planFilm opens a film in parts, which where its server gives none means to keep it on disk, and plans its new container. name is what
// the old one is known by. done lets go of it.
func (s *Source) planFilm(ctx context.Context, address string, fit platforms.Fit) (r *remux, f *ranged, name string, done func() error, err error) {
	a, err := s.prober.get(ctx, address, firstLook)
	if err != nil {
		return nil, nil, "", nil, err
	}
	defer a.body.Close()
	f, done = a.reader(), func() error { return nil }
	if name = a.name; name == "" { // what lies at another address is another film, even if all that was read of it is the same
		name = fmt.Sprintf("%x", sha256.Sum256([]byte(address)))
	}
	if a.again == nil {
		file, err := spool(a, nil, maxFile)
		if err != nil {
			return nil, nil, "", nil, err
		}
		f, done = file.ranged(), file.Close
	}
	if r, err = remuxed(ctx, f, fit); err != nil {
		if errors.Is(err, errCut) || errors.Is(err, errTooMuch) {
			err = errNotRemuxed
		}
		return nil, nil, "", nil, errors.Join(err, done())
	}
	return r, f, name, done, nil
}

// ranged reads the file in parts.
func (s *spooled) ranged() *ranged {
	return &ranged{size: s.size, fault: func(err error) error { return err }, fetch: func(_ context.Context, at, n int64) (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(s.file, at, n)), nil
	}}
}

// keepMade keeps a file that was made, and notes that it is wanted.
func (s *Source) keepMade(ctx context.Context, key, mime string, body io.Reader) error {
	if err := s.files.useMade(ctx, key); err != nil { // first, so that whatever becomes of it, it is swept one day
		return err
	}
	return s.files.Store.Put(ctx, key, mime, body)
}
