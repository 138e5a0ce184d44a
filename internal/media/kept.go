package media

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"posthorn/internal/errs"
)

// kept is a file that is there, or that may have been written to the store itself since.
type kept struct {
	key, object, mime, declared, content string
	size                                 int64
}

// find looks up the file that a key names: an upload, or a file that was made to fit. It is ErrNoFile where there is none, or none any more.
func (u *Uploads) find(ctx context.Context, key string) (k kept, err error) {
	defer func() {
		if !errors.Is(err, ErrNoFile) {
			errs.Wrap(&err, "media.find(%s)", key)
		}
	}()
	if !validKey(key) {
		return kept{}, ErrNoFile
	}
	if !strings.HasPrefix(key, uploadRoot) {
		return kept{key: key, object: key, content: "made:" + key}, nil
	}
	var there *time.Time
	var object, mime, content *string
	var size *int64
	var objects []string
	err = u.Pool.QueryRow(ctx, `select declared, objects, kept_at, object, mime, size, content from media_files where key = $1 and (expires_at is null or expires_at > $2)`, key, u.Now()).
		Scan(&k.declared, &objects, &there, &object, &mime, &size, &content)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return kept{}, ErrNoFile
	case err != nil:
		return kept{}, err
	case there != nil:
		k.key, k.object, k.mime, k.size, k.content = key, *object, *mime, *size, *content
		return k, nil
	case len(objects) != 1 || objects[0] != key: // it waits for its bytes
		return kept{}, ErrNoFile
	}
	return u.discover(ctx, key, k.declared)
}

// discover looks whether a file has been written to the store without passing through here, and takes it in: its type is told by its
// bytes, and what cannot be used is thrown away.
func (u *Uploads) discover(ctx context.Context, key, declared string) (kept, error) {
	attrs, err := u.Store.bucket.Attributes(ctx, key)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return kept{}, ErrNoFile
	}
	if err != nil {
		return kept{}, err
	}
	r, err := u.Store.bucket.NewRangeReader(ctx, key, 0, sniffBytes, nil)
	if err != nil {
		return kept{}, err
	}
	defer r.Close()
	in := newIntake(r, MaxUpload)
	mime, err := in.sniff(declared)
	if err != nil || attrs.Size > MaxUpload {
		if errs.As(err) == nil && err != nil {
			return kept{}, err
		}
		return kept{}, errors.Join(ErrNoFile, u.Store.remove(ctx, key))
	}
	f := File{Key: key, MIME: mime, Size: attrs.Size, Content: fmt.Sprintf("store:%s:%s:%d", key, attrs.ETag, attrs.Size)}
	if err := u.keep(ctx, f, key, nil); err != nil && errs.CodeOf(err) != errs.Conflict {
		return kept{}, err
	}
	return kept{key: key, object: key, mime: mime, declared: declared, content: f.Content, size: f.Size}, nil
}

// open gives a file, seekable. The caller closes it.
func (u *Uploads) open(ctx context.Context, k kept) (*blob.Reader, error) {
	return u.Store.open(ctx, k.object)
}

// DeliveryURL is an address of a file of ours for a platform, made for one attempt, that holds for as long as a platform may take. Of any
// other address it is that address. A file of limited life lives at least as long.
func (u *Uploads) DeliveryURL(ctx context.Context, address string) (_ string, err error) {
	defer errs.Wrap(&err, "media.DeliveryURL")
	key, ours := u.Store.KeyOf(address)
	if !ours {
		return address, nil
	}
	k, err := u.find(ctx, key)
	if errors.Is(err, ErrNoFile) {
		return "", noFile()
	}
	if err != nil {
		return "", err
	}
	until := u.Now().Add(signedLife)
	if strings.HasPrefix(key, uploadRoot) {
		err = u.extend(ctx, []string{key}, until)
	} else {
		err = u.useMade(ctx, key)
	}
	if err != nil {
		return "", err
	}
	if signed := u.Store.signedRead(ctx, k.object, k.mime, signedLife); signed != "" {
		return signed, nil
	}
	return u.Store.URL(key), nil
}

// ours reports whether an address is one of a file of ours, there or not.
func (u *Uploads) ours(address string) bool {
	_, ours := u.Store.KeyOf(address)
	return ours
}

func noFile() *Fault {
	return &Fault{Rule: RuleNotFound, Message: "the uploaded file is not there: it has expired, or was never sent", Remediation: "Upload the file again."}
}

// Reserve sees that the files of ours among some addresses outlive a post that is due at a time.
func (u *Uploads) Reserve(ctx context.Context, addresses []string, due time.Time) (err error) {
	defer errs.Wrap(&err, "media.Reserve")
	var keys []string
	for _, a := range addresses {
		if key, ours := u.Store.KeyOf(a); ours && strings.HasPrefix(key, uploadRoot) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return u.extend(ctx, keys, due.Add(keptAfter))
}

func (u *Uploads) extend(ctx context.Context, keys []string, until time.Time) error {
	_, err := u.Pool.Exec(ctx, `update media_files set expires_at = $2 where key = any($1) and expires_at < $2`, keys, until)
	return err
}

// useMade notes that a made file is wanted, so that it stays.
func (u *Uploads) useMade(ctx context.Context, key string) error {
	_, err := u.Pool.Exec(ctx, `
		insert into media_made (key, expires_at) values ($1, $2)
		on conflict (key) do update set expires_at = excluded.expires_at where media_made.expires_at < $3`, key, u.Now().Add(madeLife), u.Now().Add(madeLife-time.Hour))
	return err
}
