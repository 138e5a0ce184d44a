// Package media looks at the media that posts name, makes images fit a platform's limits, and keeps and serves what it made.
package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file://
	_ "gocloud.dev/blob/memblob"  // mem://
	"gocloud.dev/gcerrors"
)

// ErrNoFile says that nothing is kept under a key.
var ErrNoFile = errors.New("no such file")

// Store keeps files under keys, and knows the public address of each. A key is never written twice with different content.
type Store struct {
	bucket *blob.Bucket
	public string // without trailing slash
	dir    string // where the files lie; empty: not on a disk
}

// OpenStore opens the bucket that a URL names, "file:///var/lib/posthorn/media" or "mem://", whose files the world reads under
// publicURL + "/media/". A folder is made if need be, and its temporary files lie in it, unless the URL's parameters say otherwise
// (create_dir, no_tmp_dir).
func OpenStore(ctx context.Context, bucketURL, publicURL string) (*Store, error) {
	u, err := url.Parse(bucketURL)
	if err != nil || (u.Scheme != "file" && u.Scheme != "mem") {
		return nil, errors.New("the media store must be a file:// or mem:// address")
	}
	if u.Scheme == "file" {
		q := u.Query()
		for _, p := range []string{"create_dir", "no_tmp_dir"} {
			if !q.Has(p) {
				q.Set(p, "true") // a temporary file elsewhere could lie on another disk, and the rename would fail
			}
		}
		u.RawQuery = q.Encode()
	}
	bucket, err := blob.OpenBucket(ctx, u.String())
	if err != nil {
		return nil, fmt.Errorf("opening the media store: %w", err)
	}
	s := &Store{bucket: bucket, public: strings.TrimRight(publicURL, "/")}
	if u.Scheme == "file" {
		s.dir = filepath.FromSlash(u.Path)
	}
	return s, nil
}

// Close lets go of the bucket.
func (s *Store) Close() error { return s.bucket.Close() }

// URL is the public address of a key.
func (s *Store) URL(key string) string { return s.public + Prefix + key }

// Put keeps a file. It is there whole or, after an error, not at all. The key must be one that Handler serves: parts of letters,
// digits, "-" and "_", joined by "/", and an extension.
func (s *Store) Put(ctx context.Context, key, mime string, body io.Reader) error {
	if !validKey(key) {
		return fmt.Errorf("media key %q is not valid", key)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{ContentType: mime})
	if err != nil {
		return fmt.Errorf("keeping %s: %w", key, err)
	}
	if _, err := io.Copy(w, body); err != nil {
		cancel() // Close then drops what was written
		w.Close()
		return fmt.Errorf("keeping %s: %w", key, err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("keeping %s: %w", key, err)
	}
	return nil
}

// Has reports whether a key is kept.
func (s *Store) Has(ctx context.Context, key string) (bool, error) {
	if !validKey(key) {
		return false, nil
	}
	return s.bucket.Exists(ctx, key)
}

// open gives a kept file, seekable; ErrNoFile when there is none. The caller closes it.
func (s *Store) open(ctx context.Context, key string) (*blob.Reader, error) {
	if !validKey(key) {
		return nil, ErrNoFile
	}
	r, err := s.bucket.NewReader(ctx, key, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, ErrNoFile
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	return r, nil
}

// A key has one extension and no other dots: no way up, and no way to the files in which a bucket notes what it knows of others.
var keyForm = regexp.MustCompile(`^([A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.[a-z0-9]{2,5}$`)

func validKey(key string) bool { return len(key) <= 256 && keyForm.MatchString(key) }

// mimeOf is the type of a kept file: as noted when it was kept, else by its extension.
func mimeOf(noted, key string) string {
	if noted != "" && noted != "application/octet-stream" {
		return noted
	}
	for mime, ext := range extensions {
		if ext == path.Ext(key) {
			return mime
		}
	}
	return "application/octet-stream"
}

// Delete removes a file; one that is not there is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	if !validKey(key) {
		return nil
	}
	if err := s.bucket.Delete(ctx, key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("deleting %s: %w", key, err)
	}
	return nil
}

// DropHalves removes what is left of files whose writing was broken off before a time, as only a process that dies leaves it. Nothing else in
// the folder is touched.
func (s *Store) DropHalves(before time.Time) (n int, err error) {
	if s.dir == "" {
		return 0, nil
	}
	err = filepath.WalkDir(s.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !half.MatchString(e.Name()) {
			return err
		}
		info, err := e.Info()
		if err != nil || !info.ModTime().Before(before) {
			return ignoreMissing(err)
		}
		n++
		return ignoreMissing(os.Remove(path))
	})
	return n, ignoreMissing(err)
}

// half is what the bucket calls a file that it is still writing.
var half = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[a-z0-9]{2,5}\.[0-9a-f]{16}\.tmp$`)

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
