// Package auth keeps owners, their people and API keys, and says who stands behind a credential.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/errs"
	"posthorn/internal/id"
)

// A key is a prefix and keyDigits hex digits. That of a key with disabled groups tells so.
const (
	keyPrefix        = "sk_"
	restrictedPrefix = "zrk_"
	keyDigits        = 64
)

// Service keeps owners and API keys.
type Service struct {
	Pool *pgxpool.Pool
	Now  func() time.Time
}

// NewKey makes a key. It is shown once; only its hash is stored.
func NewKey() string { return newKey(keyPrefix) }

func newKey(prefix string) string {
	b := make([]byte, keyDigits/2)
	rand.Read(b) // never fails, says crypto/rand
	return prefix + hex.EncodeToString(b)
}

// ValidKey reports whether s has the form of a key.
func ValidKey(s string) bool {
	digits, ok := strings.CutPrefix(s, keyPrefix)
	if !ok {
		digits, ok = strings.CutPrefix(s, restrictedPrefix)
	}
	if !ok || len(digits) != keyDigits {
		return false
	}
	for _, c := range []byte(digits) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// preview is what may be shown of a key for good.
func preview(key string) string {
	prefix := len(key) - keyDigits
	return fmt.Sprintf("%s...%s", key[:prefix+8], key[len(key)-8:])
}

// Authenticate finds who stands behind a key. An unknown or expired one is Unauthorized, and the answer does not tell which.
func (s *Service) Authenticate(ctx context.Context, key string) (p Principal, err error) {
	if !ValidKey(key) {
		return Principal{}, errs.New(errs.Unauthorized, "Invalid API key")
	}
	defer errs.Wrap(&err, "auth.Authenticate")
	hash := sha256.Sum256([]byte(key))
	var ofKey, ofUser []string
	err = s.Pool.QueryRow(ctx, `
		select k.id, k.owner_id, u.id, u.role, k.read_only, k.disabled_groups, k.profile_ids, u.profile_ids
		from api_keys k join users u on u.id = coalesce(k.user_id, k.owner_id)
		where k.hash = $1 and (k.expires_at is null or k.expires_at > $2)`, hash[:], s.Now()).
		Scan(&p.KeyID, &p.OwnerID, &p.UserID, &p.Role, &p.ReadOnly, &p.Disabled, &ofKey, &ofUser)
	if errors.Is(err, pgx.ErrNoRows) {
		return Principal{}, errs.New(errs.Unauthorized, "Invalid API key")
	}
	p.Profiles = both(ofKey, ofUser)
	return p, err
}

// both is what two lists of profiles allow together; nil allows all.
func both(a, b []string) []string {
	if a == nil || b == nil {
		return append(a, b...)
	}
	common := []string{}
	for _, x := range a {
		if slices.Contains(b, x) {
			common = append(common, x)
		}
	}
	return common
}

// EnsureOwner finds the owner of a name, and makes it, with its root user, when there is none.
func (s *Service) EnsureOwner(ctx context.Context, tx pgx.Tx, name string) (ownerID string, made bool, err error) {
	defer errs.Wrap(&err, "auth.EnsureOwner(%s)", name)
	err = tx.QueryRow(ctx, `select id from owners where name = $1 order by id limit 1`, name).Scan(&ownerID)
	if !errors.Is(err, pgx.ErrNoRows) {
		return ownerID, false, err
	}
	now := s.Now()
	ownerID = id.New(now)
	if _, err = tx.Exec(ctx, `insert into owners (id, name, created_at) values ($1, $2, $3)`, ownerID, name, now); err != nil {
		return "", false, err
	}
	_, err = tx.Exec(ctx, `insert into users (id, owner_id, name, role, created_at) values ($1, $1, $2, $3, $4)`, ownerID, name, RoleOwner, now)
	return ownerID, true, err
}

// StoreKey makes a key of an owner's root user valid, with all that it may do. One that is valid for that owner already stays as it is;
// one of another owner is a Conflict.
func (s *Service) StoreKey(ctx context.Context, tx pgx.Tx, ownerID, name, key string) (err error) {
	defer errs.Wrap(&err, "auth.StoreKey(%s)", name)
	if !ValidKey(key) {
		return errs.New(errs.Invalid, "an API key is %s and %d lower-case hex digits", keyPrefix, keyDigits)
	}
	now := s.Now()
	hash := sha256.Sum256([]byte(key))
	if _, err := tx.Exec(ctx, `insert into api_keys (id, owner_id, user_id, name, hash, preview, created_at) values ($1, $2, $2, $3, $4, $5, $6) on conflict (hash) do nothing`,
		id.New(now), ownerID, name, hash[:], preview(key), now); err != nil {
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
