package media

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

// The limits of uploads.
const (
	MaxUpload = 5 << 30  // of a file that is sent to its own address
	MaxDirect = 25 << 20 // of a file that comes as part of a request

	uploadTime = time.Hour           // how long an address takes a file
	directLife = 7 * 24 * time.Hour  // how long a file is kept that came with a request
	partTime   = 12 * time.Hour      // how long an upload may take that was begun in time
	uploadRoot = "uploads/"          // what the keys of uploads begin with
	longName   = 255                 // bytes of a file's name
	mostWaits  = 10_000              // uploads of one owner that wait for their bytes
	busyAgain  = time.Minute         // when one who has too many of those is to try again
	signedLife = 25 * time.Hour      // of an address that a platform gets: Instagram may take a day over a video
	keptAfter  = 7 * 24 * time.Hour  // how long a file of limited life stays after a post that uses it was due
	madeLife   = 30 * 24 * time.Hour // how long a made file is kept after it was last asked for
)

// TokenParam is the parameter of an upload's address that lets whoever has the address write the file.
const TokenParam = "upload"

// Uploads takes files in, and knows those that it took. The table is media_files.
type Uploads struct {
	Pool  *pgxpool.Pool
	Store *Store
	Now   func() time.Time
}

// NewUpload is what a caller tells of a file that is to come. Size is zero where that was not told.
type NewUpload struct {
	Filename, ContentType string
	Size                  int64
}

// Upload is an address that takes a file.
type Upload struct {
	UploadURL string // takes a PUT with the file as its body
	PublicURL string // where the file is then
	Key       string
	ExpiresIn time.Duration
}

// File is a file that was taken in.
type File struct {
	Key, URL, Filename string
	MIME               string // by the bytes
	Size               int64
	Content            string // names the bytes
}

// Presign makes an address that takes a file: the store's own where it can give one, so that the bytes never pass through here, else
// one of this server. Either takes nothing but that one file, for an hour.
func (u *Uploads) Presign(ctx context.Context, by auth.Principal, n NewUpload) (up Upload, err error) {
	defer errs.Wrap(&err, "media.Presign(%s)", by.OwnerID)
	if !Uploadable(n.ContentType) {
		return Upload{}, notUploadable(n.ContentType)
	}
	if n.Size > MaxUpload {
		return Upload{}, &errs.Error{Code: errs.Invalid, Field: "size", Rule: "upload.too_large", Message: fmt.Sprintf("the file has %d bytes, at most %d (5 GB) are taken", n.Size, int64(MaxUpload))}
	}
	row := u.newRow(by, n.Filename, n.ContentType, uploadTime)
	token := rand.Text()
	hash := sha256.Sum256([]byte(token))
	row.token = hash[:]
	signed := u.Store.signed(ctx, http.MethodPut, row.key, n.ContentType, uploadTime)
	if signed != "" {
		row.objects = []string{row.key}
	}
	if err := u.insert(ctx, row); err != nil {
		return Upload{}, err
	}
	up = Upload{UploadURL: signed, PublicURL: u.Store.URL(row.key), Key: row.key, ExpiresIn: uploadTime}
	if signed == "" {
		up.UploadURL = up.PublicURL + "?" + url.Values{TokenParam: {token}}.Encode()
	}
	return up, nil
}

// row is a file's row before its bytes are there.
type row struct {
	key, ownerID, filename, declared string
	token                            []byte
	objects                          []string
	created, openUntil               time.Time
}

func (u *Uploads) newRow(by auth.Principal, filename, mime string, open time.Duration) row {
	now := u.Now()
	return row{key: freshKey(filename, mime), ownerID: by.OwnerID, filename: clip(filename, longName), declared: mime, objects: []string{}, created: now, openUntil: now.Add(open)}
}

// freshKey is a key that nobody can guess, with the file's name and extension at its end.
func freshKey(filename, mime string) string {
	return uploadRoot + nonce() + "/" + slug(filename) + extensionOf(filename, mime)
}

func nonce() string {
	var b [16]byte
	rand.Read(b[:]) // never fails, says crypto/rand
	return hex.EncodeToString(b[:])
}

// insert notes a file that is to come. One owner cannot have so many of them that the table is a burden to all.
func (u *Uploads) insert(ctx context.Context, r row) error {
	tag, err := u.Pool.Exec(ctx, `
		insert into media_files (key, owner_id, filename, declared, token, objects, open_until, created_at)
		select $1, $2, $3, $4, $5, $6, $7, $8 where (select count(*) from media_files where owner_id = $2 and kept_at is null and open_until > $8) < $9`,
		r.key, r.ownerID, r.filename, r.declared, r.token, r.objects, r.openUntil, r.created, mostWaits)
	if err == nil && tag.RowsAffected() == 0 {
		err = &errs.Error{Code: errs.Limited, Rule: "upload.too_many", RetryAfter: busyAgain, Message: fmt.Sprintf("%d uploads wait for their files already", mostWaits)}
	}
	return err
}

// clip is the beginning of a text that may be as long as a stranger likes.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xc0 == 0x80 { // not within a character
		most--
	}
	return s[:most]
}
