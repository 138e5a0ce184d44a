// Package uploads takes files from customers into the media store: at an address that is given out beforehand, or with the request itself.
// Files are streamed and never held in memory. It owns the table uploads.
package uploads

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/media"
)

const (
	// MaxSize is the contract's limit of a file that is sent to an address of its own.
	MaxSize = 5 << 30
	// MaxDirect is its limit of one that comes with its request.
	MaxDirect = 25 << 20
	// Valid is how long a file may be sent.
	Valid = time.Hour
	// keepDirect is how long a file is kept that came with its request.
	keepDirect = 7 * 24 * time.Hour
	// claimFor keeps a second sender away while the first is at it; if that one dies, this is how long it takes until another may.
	claimFor = 15 * time.Minute
	// Prefix is the path under which files are sent.
	Prefix = media.Prefix + "uploads/"
)

// Service takes files.
type Service struct {
	Pool   *pgxpool.Pool
	Media  *media.Store
	Public string // how the world reaches the server, without a slash at the end
	Now    func() time.Time
}

// Presigned is where a file may be sent to, and where it can be read then.
type Presigned struct {
	UploadURL, PublicURL, Key string
	ExpiresIn                 time.Duration
}

// File is one that is there.
type File struct {
	URL, Filename, ContentType string
	Size                       int64
}

// Presign gives out an address to which a file may be sent. size is nil when the caller does not tell.
func (s *Service) Presign(ctx context.Context, by auth.Principal, filename, contentType string, size *int64) (p Presigned, err error) {
	defer errs.Wrap(&err, "uploads.Presign")
	contentType, err = known(contentType)
	if err != nil {
		return Presigned{}, err
	}
	if size != nil && (*size <= 0 || *size > MaxSize) {
		return Presigned{}, &errs.Error{Code: errs.Invalid, Rule: media.RuleTooLarge, Field: "size", Message: fmt.Sprintf("size must be between 1 and %d bytes", int64(MaxSize))}
	}
	token := secret()
	key := keyFor(secret(), filename, contentType)
	now := s.Now()
	if _, err := s.Pool.Exec(ctx, `insert into uploads (key, owner_id, token, filename, content_type, size, expires_at, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		key, by.OwnerID, hash(token), filename, contentType, size, now.Add(Valid), now); err != nil {
		return Presigned{}, err
	}
	return Presigned{UploadURL: s.Public + Prefix + token, PublicURL: s.Media.URL(key), Key: key, ExpiresIn: Valid}, nil
}

func known(contentType string) (string, error) {
	contentType, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(contentType)), ";")
	contentType = strings.TrimSpace(contentType)
	if _, ok := extensions[contentType]; !ok {
		return "", errs.Fieldf("contentType", "files of the type %.60q cannot be uploaded; possible are %s", contentType, strings.Join(Types(), ", "))
	}
	return contentType, nil
}

// secret is a name that nobody guesses.
func secret() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

type row struct {
	Key, ContentType string
	Size             *int64
	Sum              []byte
	ExpiresAt        time.Time
	Stored           bool
}

// Receive takes the file that belongs to a token. length is -1 where it is not told. The same file once more is no error, since the first
// answer may have been lost; another one is a Conflict.
func (s *Service) Receive(ctx context.Context, token, contentType string, length int64, body io.Reader) (err error) {
	defer errs.Wrap(&err, "uploads.Receive")
	u, err := s.claim(ctx, token)
	if err != nil {
		return err
	}
	if u.Stored {
		return same(u, body)
	}
	stored, err := s.receive(ctx, u, contentType, length, body)
	after := context.WithoutCancel(ctx)
	if err != nil {
		_, freeErr := s.Pool.Exec(after, `update uploads set claimed_until = null where key = $1`, u.Key)
		return errors.Join(err, freeErr)
	}
	_, err = s.Pool.Exec(after, `update uploads set stored_at = $2, claimed_until = null, content_type = $3, size = $4, sum = $5 where key = $1`, u.Key, s.Now(), stored.mime, stored.size, stored.sum)
	return err
}

// claim finds what a token is for, and keeps others away from it.
func (s *Service) claim(ctx context.Context, token string) (row, error) {
	now := s.Now()
	rows, err := s.Pool.Query(ctx, `
		update uploads set claimed_until = case when stored_at is null then $3::timestamptz end
		where token = $1 and (claimed_until is null or claimed_until < $2) returning key, content_type, size, sum, expires_at, stored_at is not null`, hash(token), now, now.Add(claimFor))
	if err != nil {
		return row{}, err
	}
	u, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[row])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		var exists bool
		if err := s.Pool.QueryRow(ctx, `select exists (select 1 from uploads where token = $1)`, hash(token)).Scan(&exists); err != nil {
			return row{}, err
		}
		if exists {
			return row{}, &errs.Error{Code: errs.Conflict, Rule: "upload.busy", Message: "The file is being sent by another request", RetryAfter: time.Minute}
		}
		return row{}, &errs.Error{Code: errs.NotFound, Rule: "upload.unknown", Message: "There is no upload at this address"}
	case err != nil:
		return row{}, err
	case !u.Stored && now.After(u.ExpiresAt):
		_, err := s.Pool.Exec(ctx, `update uploads set claimed_until = null where key = $1`, u.Key)
		return row{}, errors.Join(&errs.Error{Code: errs.Forbidden, Rule: "upload.expired", Message: "The address has expired: a file may be sent within an hour"}, err)
	}
	return u, nil
}

// same holds a file against the one that is there.
func same(u row, body io.Reader) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(body, MaxSize+1)); err != nil {
		return broken(err)
	}
	if string(sum.Sum(nil)) != string(u.Sum) {
		return &errs.Error{Code: errs.Conflict, Rule: "upload.done", Message: "Another file has been sent to this address already"}
	}
	return nil
}

func broken(err error) error {
	return &errs.Error{Code: errs.Invalid, Rule: "upload.broken", Message: "The file broke off before its end", Err: err}
}

type storedFile struct {
	mime string
	size int64
	sum  []byte
}

func (s *Service) receive(ctx context.Context, u row, contentType string, length int64, body io.Reader) (storedFile, error) {
	if declared, err := known(contentType); contentType != "" && (err != nil || declared != u.ContentType) {
		return storedFile{}, &errs.Error{Code: errs.Invalid, Rule: "upload.other_type", Field: "Content-Type", Message: "The file must be sent with the Content-Type " + u.ContentType + ", which its address was asked for"}
	}
	limit := int64(MaxSize)
	if u.Size != nil {
		limit = *u.Size
		if length >= 0 && length != limit {
			return storedFile{}, &errs.Error{Code: errs.Invalid, Rule: "upload.other_size", Field: "Content-Length", Message: fmt.Sprintf("The file was announced with %d bytes and has %d", limit, length)}
		}
	}
	if length > limit {
		return storedFile{}, tooLarge(limit)
	}
	stored, err := s.store(ctx, u.Key, u.ContentType, limit, body)
	if err == nil && u.Size != nil && stored.size != limit {
		return storedFile{}, errors.Join(&errs.Error{Code: errs.Invalid, Rule: "upload.other_size", Message: fmt.Sprintf("The file was announced with %d bytes and has %d", limit, stored.size)}, s.Media.Delete(ctx, u.Key))
	}
	return stored, err
}

func tooLarge(limit int64) error {
	return &errs.Error{Code: errs.Invalid, Wire: "request_too_large", Rule: media.RuleTooLarge, Field: "file", Message: fmt.Sprintf("The file has more than %d bytes", limit), Remedy: "Send a smaller file."}
}

// store streams a file into the store.
func (s *Service) store(ctx context.Context, key, declared string, limit int64, body io.Reader) (storedFile, error) {
	from := bufio.NewReaderSize(body, 4<<10)
	head, err := from.Peek(512)
	if len(head) == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return storedFile{}, broken(err)
		}
		return storedFile{}, &errs.Error{Code: errs.Invalid, Rule: media.RuleUnsupported, Field: "file", Message: "the file is empty"}
	}
	mime, err := typeOf(head, declared)
	if err != nil {
		return storedFile{}, err
	}
	sum := sha256.New()
	counted := &counter{from: io.TeeReader(from, sum), left: limit}
	err = s.Media.Put(ctx, key, mime, counted)
	switch {
	case counted.left < 0:
		return storedFile{}, tooLarge(limit)
	case counted.err != nil:
		return storedFile{}, broken(counted.err)
	case err != nil:
		return storedFile{}, err
	}
	return storedFile{mime: mime, size: limit - counted.left, sum: sum.Sum(nil)}, nil
}

// counter reads up to a limit, and remembers what kept it from reading on.
type counter struct {
	from io.Reader
	left int64
	err  error
}

var errTooLarge = errors.New("too large")

// Read fails for the first byte that is too much.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, errTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// Direct takes a file that comes with its request. It is kept for a week.
func (s *Service) Direct(ctx context.Context, by auth.Principal, filename, contentType string, body io.Reader) (f File, err error) {
	defer errs.Wrap(&err, "uploads.Direct")
	if contentType == "" || contentType == "application/octet-stream" { // what programs say that do not know
		contentType = typeByName(filename)
	}
	if contentType, err = known(contentType); err != nil {
		return File{}, err
	}
	key := keyFor(secret(), filename, contentType)
	now := s.Now()
	// The row is there first, so that a file whose request dies is found and swept.
	if _, err := s.Pool.Exec(ctx, `insert into uploads (key, owner_id, filename, content_type, expires_at, claimed_until, delete_at, created_at) values ($1, $2, $3, $4, $5, $5, $6, $7)`,
		key, by.OwnerID, filename, contentType, now.Add(Valid), now.Add(keepDirect), now); err != nil {
		return File{}, err
	}
	stored, err := s.store(ctx, key, contentType, MaxDirect, body)
	after := context.WithoutCancel(ctx)
	if err != nil {
		_, dropErr := s.Pool.Exec(after, `delete from uploads where key = $1`, key)
		return File{}, errors.Join(err, dropErr)
	}
	if _, err := s.Pool.Exec(after, `update uploads set stored_at = $2, claimed_until = null, content_type = $3, size = $4, sum = $5 where key = $1`, key, s.Now(), stored.mime, stored.size, stored.sum); err != nil {
		return File{}, err
	}
	return File{URL: s.Media.URL(key), Filename: filename, ContentType: stored.mime, Size: stored.size}, nil
}

const (
	sweepBatch = 200
	// abandoned is how long after its time an upload is forgotten that never came.
	abandoned = 24 * time.Hour
)

// Sweep removes files whose time is over, what was never sent, and what is left of uploads whose server died.
func (s *Service) Sweep(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "uploads.Sweep")
	now := s.Now()
	rows, err := s.Pool.Query(ctx, `
		(select key from uploads where delete_at < $1 limit $3) union (select key from uploads where stored_at is null and expires_at < $2 limit $3)`,
		now, now.Add(-abandoned), sweepBatch)
	if err != nil {
		return err
	}
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, key := range keys { // the file first: a row without one is found again
		if err := s.Media.Delete(ctx, key); err != nil {
			return err
		}
	}
	if _, err := s.Pool.Exec(ctx, `delete from uploads where key = any($1)`, keys); err != nil {
		return err
	}
	_, err = s.Media.DropHalves(now.Add(-abandoned))
	return err
}
