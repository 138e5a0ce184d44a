package media

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

// sniffBytes is how much of a file is looked at to tell its type.
const sniffBytes = 4096

// Receive takes the file that an address of Presign was made for. token is what the address carries, size the length that the caller
// told, or -1. The same file may be sent again, as a client does that lost the answer; another one is refused, since an address always
// shows the same file.
func (u *Uploads) Receive(ctx context.Context, key, token string, size int64, body io.Reader) (f File, err error) {
	defer errs.Wrap(&err, "media.Receive")
	unknown := &errs.Error{Code: errs.NotFound, Rule: "upload.unknown", Message: "There is no upload at this address"}
	if !validKey(key) {
		return File{}, unknown
	}
	now := u.Now()
	object := path.Dir(key) + "/" + nonce() + path.Ext(key)
	var (
		r       row
		stored  []byte
		kept    *time.Time
		content *string
	)
	err = u.Pool.QueryRow(ctx, `select filename, declared, token, open_until, kept_at, content from media_files where key = $1`, key).
		Scan(&r.filename, &r.declared, &stored, &r.openUntil, &kept, &content)
	hash := sha256.Sum256([]byte(token))
	switch {
	case errors.Is(err, pgx.ErrNoRows), err == nil && subtle.ConstantTimeCompare(stored, hash[:]) != 1:
		return File{}, unknown
	case err != nil:
		return File{}, err
	case r.openUntil.Before(now):
		return File{}, &errs.Error{Code: errs.Gone, Rule: "upload.expired", Message: "The address took its file for an hour, which is over"}
	case size > MaxUpload:
		return File{}, uploadTooLarge(MaxUpload)
	}
	in := newIntake(body, MaxUpload)
	mime, err := in.sniff(r.declared)
	if err != nil {
		return File{}, err
	}
	f = File{Key: key, URL: u.Store.URL(key), Filename: r.filename, MIME: mime}
	if kept != nil {
		return f, u.repeated(&f, in, *content)
	}
	// Before the first byte is stored, so that whatever becomes of this, the object is known.
	if _, err := u.Pool.Exec(ctx, `update media_files set objects = array_append(objects, $2), open_until = greatest(open_until, $3) where key = $1`, key, object, now.Add(partTime)); err != nil {
		return File{}, err
	}
	if err := in.store(ctx, u.Store, object, mime); err != nil {
		return File{}, err
	}
	f.Size, f.Content = in.size, in.content()
	return f, u.keep(ctx, f, object, nil)
}

// repeated compares a file that is sent once more with the one that is there.
func (u *Uploads) repeated(f *File, in *intake, content string) error {
	if err := in.drain(); err != nil {
		return err
	}
	if f.Size, f.Content = in.size, in.content(); f.Content != content {
		return errTaken
	}
	return nil
}

var errTaken = &errs.Error{Code: errs.Conflict, Rule: "upload.done", Message: "Another file was sent to this address already; presign a new one"}

// keep notes that a file's bytes are there. Of several that were sent to one address at once the first counts.
func (u *Uploads) keep(ctx context.Context, f File, object string, expires *time.Time) error {
	ctx = context.WithoutCancel(ctx) // the bytes are stored, and the caller will ask for them
	tag, err := u.Pool.Exec(ctx, `
		update media_files set kept_at = $2, object = $3, mime = $4, size = $5, content = $6, expires_at = $7 where key = $1 and kept_at is null`,
		f.Key, u.Now(), object, f.MIME, f.Size, f.Content, expires)
	if err != nil || tag.RowsAffected() == 1 {
		return err
	}
	if err := u.Store.remove(ctx, object); err != nil {
		return err
	}
	var first string
	if err := u.Pool.QueryRow(ctx, `select content from media_files where key = $1`, f.Key).Scan(&first); err != nil {
		return err
	}
	if first != f.Content {
		return errTaken
	}
	return nil
}

// Take takes a file that comes with a request, and keeps it for a week. declared is the type that the caller tells; empty: none was told.
func (u *Uploads) Take(ctx context.Context, by auth.Principal, filename, declared string, body io.Reader) (f File, err error) {
	defer errs.Wrap(&err, "media.Take(%s)", by.OwnerID)
	in := newIntake(body, MaxDirect)
	if declared != "" && !Uploadable(declared) {
		return File{}, notUploadable(declared)
	}
	mime, err := in.sniff(declared)
	if err != nil {
		return File{}, err
	}
	r := u.newRow(by, filename, mime, partTime)
	r.objects = []string{r.key}
	if err := u.insert(ctx, r); err != nil {
		return File{}, err
	}
	if err := in.store(ctx, u.Store, r.key, mime); err != nil {
		return File{}, err
	}
	f = File{Key: r.key, URL: u.Store.URL(r.key), Filename: path.Base(path.Dir(r.key)) + "-" + path.Base(r.key), MIME: mime, Size: in.size, Content: in.content()}
	expires := r.created.Add(directLife)
	return f, u.keep(ctx, f, r.key, &expires)
}

// Drop takes a file of the caller's away again, which a request brought that turned out to be wrong as a whole.
func (u *Uploads) Drop(ctx context.Context, f File) (err error) {
	defer errs.Wrap(&err, "media.Drop")
	if err := u.Store.remove(ctx, f.Key); err != nil {
		return err
	}
	_, err = u.Pool.Exec(ctx, `delete from media_files where key = $1`, f.Key)
	return err
}

// intake is a file on its way in: it is measured, named by its bytes and bounded, and never held in memory.
type intake struct {
	head  *bufio.Reader
	limit int64
	size  int64
	sum   hash.Hash
	err   error // of the caller's side
}

func newIntake(body io.Reader, limit int64) *intake {
	return &intake{head: bufio.NewReaderSize(body, 64<<10), limit: limit, sum: sha256.New()}
}

// sniff says what the file is. Its bytes count; what the caller said must be of the same family.
func (in *intake) sniff(declared string) (string, error) {
	b, err := in.head.Peek(sniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", brokenOff(err)
	}
	mime := Sniff(b)
	switch {
	case len(b) == 0:
		return "", &errs.Error{Code: errs.Invalid, Field: "file", Rule: RuleUnsupported, Message: "the file is empty"}
	case !Uploadable(mime):
		what := "the file is of no type that can be uploaded"
		if mime != "" {
			what += ": it is " + mime
		}
		return "", &errs.Error{Code: errs.Invalid, Field: "file", Rule: RuleUnsupported, Message: what, Details: map[string]any{"allowed": UploadTypes()}}
	}
	return mime, Accord(declared, mime)
}

// Accord holds what a caller says of a file's type to what it is. A caller may take one picture for another, or say nothing.
func Accord(declared, mime string) error {
	switch {
	case declared == "":
	case !Uploadable(declared):
		return notUploadable(declared)
	case family(mime) != family(canonical(declared)):
		return &errs.Error{Code: errs.Invalid, Field: "contentType", Rule: "media.type_mismatch", Message: fmt.Sprintf("the file was announced as %s, and is %s", declared, mime)}
	}
	return nil
}

func notUploadable(mime string) *errs.Error {
	return &errs.Error{Code: errs.Invalid, Field: "contentType", Rule: "upload.type", Message: fmt.Sprintf("files of type %q cannot be uploaded", clip(mime, 60)),
		Details: map[string]any{"allowed": UploadTypes()}}
}

// Read reads on, measuring. It ends with an error where there is more than the limit.
func (in *intake) Read(p []byte) (int, error) {
	n, err := in.head.Read(p)
	in.sum.Write(p[:n])
	if in.size += int64(n); in.size > in.limit {
		in.err = uploadTooLarge(in.limit)
		return 0, in.err
	}
	if err != nil && err != io.EOF {
		in.err = brokenOff(err)
		return n, in.err
	}
	return n, err
}

// content names the bytes that were read.
func (in *intake) content() string { return "sha256:" + hex.EncodeToString(in.sum.Sum(nil)) }

func (in *intake) store(ctx context.Context, s *Store, object, mime string) error {
	if err := s.Put(ctx, object, mime, in); err != nil {
		if in.err != nil { // not the store is to blame
			return in.err
		}
		return err
	}
	return nil
}

func (in *intake) drain() error {
	if _, err := io.Copy(io.Discard, in); err != nil {
		return in.err
	}
	return nil
}

func uploadTooLarge(limit int64) *errs.Error {
	return &errs.Error{Code: errs.Invalid, Field: "file", Rule: "upload.too_large", Message: fmt.Sprintf("the file has more than %d bytes (%d MB)", limit, limit>>20)}
}

func brokenOff(err error) *errs.Error {
	var known *errs.Error
	if errors.As(err, &known) {
		return known
	}
	return &errs.Error{Code: errs.Invalid, Field: "file", Rule: "upload.broken", Message: "The file broke off before its end; nothing of it was kept", Err: err}
}
