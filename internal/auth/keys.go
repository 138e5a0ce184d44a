package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/errs"
	"posthorn/internal/id"
)

// A key is keyPrefix and keyDigits hex digits.
const (
	keyPrefix = "sk_"
	keyDigits = 64
)

// Service keeps owners and API keys.
type Service struct {
	Pool *pgxpool.Pool
	Now  func() time.Time
}

// NewKey makes a key. It is shown once; only its hash is stored.
func NewKey() string {
	b := make([]byte, keyDigits/2)
	rand.Read(b) // never fails, says crypto/rand
	return keyPrefix + hex.EncodeToString(b)
}

// ValidKey reports whether s has the form of a key.
func ValidKey(s string) bool {
	if len(s) != len(keyPrefix)+keyDigits || s[:len(keyPrefix)] != keyPrefix {
		return false
	}
	for _, c := range s[len(keyPrefix):] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Authenticate finds who stands behind a key. An unknown or expired one is Unauthorized, and the answer does not tell which.
func (s *Service) Authenticate(ctx context.Context, key string) (p Principal, err error) {
	if !ValidKey(key) {
		return Principal{}, errs.New(errs.Unauthorized, "Invalid API key")
	}
	hash := sha256.Sum256([]byte(key))
	err = s.Pool.QueryRow(ctx, `select id, owner_id from api_keys where hash = $1 and (expires_at is null or expires_at > $2)`, hash[:], s.Now()).Scan(&p.KeyID, &p.OwnerID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Principal{}, errs.New(errs.Unauthorized, "Invalid API key")
	}
	errs.Wrap(&err, "auth.Authenticate")
	return p, err
}

// EnsureOwner finds the owner of a name, and makes it when there is none.
func (s *Service) EnsureOwner(ctx context.Context, tx pgx.Tx, name string) (ownerID string, made bool, err error) {
	defer errs.Wrap(&err, "auth.EnsureOwner(%s)", name)
	err = tx.QueryRow(ctx, `select id from owners where name = $1 order by id limit 1`, name).Scan(&ownerID)
	if !errors.Is(err, pgx.ErrNoRows) {
		return ownerID, false, err
	}
	now := s.Now()
	ownerID = id.New(now)
	_, err = tx.Exec(ctx, `insert into owners (id, name, created_at) values ($1, $2, $3)`, ownerID, name, now)
	return ownerID, true, err
}

// StoreKey makes a key valid for an owner. One that is valid for that owner already stays so; one of another owner is a Conflict.
func (s *Service) StoreKey(ctx context.Context, tx pgx.Tx, ownerID, name, key string) (err error) {
	defer errs.Wrap(&err, "auth.StoreKey(%s)", name)
	if !ValidKey(key) {
		return errs.New(errs.Invalid, "an API key is %s and %d lower-case hex digits", keyPrefix, keyDigits)
	}
	now := s.Now()
	hash := sha256.Sum256([]byte(key))
	preview := fmt.Sprintf("%s...%s", key[:len(keyPrefix)+8], key[len(key)-8:])
	if _, err := tx.Exec(ctx, `insert into api_keys (id, owner_id, name, hash, preview, created_at) values ($1, $2, $3, $4, $5, $6) on conflict (hash) do nothing`,
		id.New(now), ownerID, name, hash[:], preview, now); err != nil {
		return err
	}
	var holder string
	if err := tx.QueryRow(ctx, `select owner_id from api_keys where hash = $1`, hash[:]).Scan(&holder); err != nil {
		return err
	}
	if holder != ownerID {
		return errs.New(errs.Conflict, "this API key belongs to another owner")
	}
	return nil
}
