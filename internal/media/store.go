// Package media looks at the media that posts name, makes images fit a platform's limits, and keeps and serves what it made.
package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/fileblob"  // file://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	_ "gocloud.dev/blob/memblob"   // mem://
	_ "gocloud.dev/blob/s3blob"    // s3://
	"gocloud.dev/gcerrors"
)

// ErrNoFile says that nothing is kept under a key.
var ErrNoFile = errors.New("no such file")

// Store keeps files under keys, and knows the public address of each. A key is never written twice with different content.
type Store struct {
	bucket *blob.Bucket
	public string // without trailing slash
	folder string // of a file:// store, where writes that a dead process left behind are swept up; empty for the others
}

// schemes are the stores that an address can name.
var schemes = []string{"file", "s3", "gs", "azblob", "mem"}

// OpenStore opens the bucket that a URL names ("file:///var/lib/posthorn/media", "s3://bucket?region=eu-central-1", "gs://bucket",
// "azblob://container", "mem://"), whose files the world reads under publicURL + "/media/". Credentials come from where the clouds' own
// tools look for them. A folder is made if need be, and its temporary files lie in it, unless the URL's parameters say otherwise
// (create_dir, no_tmp_dir).
func OpenStore(ctx context.Context, bucketURL, publicURL string) (*Store, error) {
	u, err := url.Parse(bucketURL)
	if err != nil || !slices.Contains(schemes, u.Scheme) {
		return nil, errors.New("the media store must be a file://, s3://, gs:// or azblob:// address")
	}
	s := &Store{public: strings.TrimRight(publicURL, "/")}
	if u.Scheme == "file" {
		q := u.Query()
		for _, p := range []string{"create_dir", "no_tmp_dir"} {
			if !q.Has(p) {
				q.Set(p, "true") // a temporary file elsewhere could lie on another disk, and the rename would fail
			}
		}
		u.RawQuery, s.folder = q.Encode(), u.Path
	}
	if s.bucket, err = blob.OpenBucket(ctx, u.String()); err != nil {
		return nil, fmt.Errorf("opening the media store: %w", err)
	}
	return s, nil
}

// Close lets go of the bucket.
func (s *Store) Close() error { return s.bucket.Close() }

// URL is the public address of a key.
func (s *Store) URL(key string) string { return s.public + Prefix + key }

// KeyOf is the key that an address of ours names; false for any other address.
func (s *Store) KeyOf(address string) (string, bool) {
	key, ok := strings.CutPrefix(address, s.public+Prefix)
	key, _, _ = strings.Cut(key, "?")
	return key, ok && validKey(key)
}

// signed is an address of the store itself that lets whoever has it read a file, or write it with PUT, for a time. It is empty where the
// store has no such thing: a folder has none, and a cloud's only with credentials that can sign.
func (s *Store) signed(ctx context.Context, method, key, mime string, life time.Duration) string {
	o := blob.SignedURLOptions{Method: method, Expiry: life}
	if method == http.MethodPut {
		o.ContentType = mime
	}
	address, err := s.bucket.SignedURL(ctx, key, &o)
	if gcerrors.Code(err) == gcerrors.Unimplemented && o.ContentType != "" { // S3 cannot bind the type, which is told by the bytes anyway
		o.ContentType = ""
		address, err = s.bucket.SignedURL(ctx, key, &o)
	}
	if err != nil {
		return ""
	}
	return address
}

// signedRead is signed for reading, where the store serves the file as what it is: it believes what it was told on writing.
func (s *Store) signedRead(ctx context.Context, key, mime string, life time.Duration) string {
	address := s.signed(ctx, http.MethodGet, key, "", life)
	if address == "" {
		return ""
	}
	if attrs, err := s.bucket.Attributes(ctx, key); err != nil || mime != "" && attrs.ContentType != mime {
		return ""
	}
	return address
}

// remove takes a file away. One that is not there is no error.
func (s *Store) remove(ctx context.Context, key string) error {
	if err := s.bucket.Delete(ctx, key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("removing %s: %w", key, err)
	}
	return nil
}

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
