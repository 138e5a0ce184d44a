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

// Service keeps owners, their people, invitations and API keys.
type Service struct {
	Pool     *pgxpool.Pool
	Profiles ProfileNamer // needed where people restrict others or themselves to profiles
	Now      func() time.Time
}

// ProfileNamer tells what profiles are called.
type ProfileNamer interface {
	// NameProfiles reads those of the profiles that exist and that the principal reaches.
	NameProfiles(ctx context.Context, by Principal, profileIDs []string) ([]ProfileName, error)
}

// ProfileName is a profile as it is shown beside what is restricted to it.
type ProfileName struct {
	ID, Name, Color string
}

// NewKey makes a key. It is shown once; only its hash is stored.
func NewKey() string { return newKey(keyPrefix) }

func newKey(prefix string) string {
	b := make([]byte, keyDigits/2)
	rand.Read(b) // never fails, says crypto/rand
	return prefix + hex.EncodeToString(b)
}

// hashOf is all that is stored of a random secret, which needs no salt.
func hashOf(secret string) []byte {
	hash := sha256.Sum256([]byte(secret))
	return hash[:]
}

// ValidKey reports whether s has the form of a key.
func ValidKey(s string) bool {
	return hasForm(s, keyPrefix) || hasForm(s, restrictedPrefix)
}

// hasForm reports whether s can have come from newKey.
func hasForm(s, prefix string) bool {
	digits, ok := strings.CutPrefix(s, prefix)
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
	now := s.Now()
	var ofKey, ofUser []string
	var seen *time.Time
	err = s.Pool.QueryRow(ctx, `
		select k.id, k.owner_id, u.id, u.role, k.read_only, k.disabled_groups, k.profile_ids, u.profile_ids, u.last_login_at
		from api_keys k join users u on u.id = coalesce(k.user_id, k.owner_id)
		where k.hash = $1 and (k.expires_at is null or k.expires_at > $2)`, hashOf(key), now).
		Scan(&p.KeyID, &p.OwnerID, &p.UserID, &p.Role, &p.ReadOnly, &p.Disabled, &ofKey, &ofUser, &seen)
	if errors.Is(err, pgx.ErrNoRows) {
		return Principal{}, errs.New(errs.Unauthorized, "Invalid API key")
	}
	if err != nil {
		return Principal{}, err
	}
	p.Profiles, p.Narrowed = both(ofKey, ofUser), ofKey != nil
	if seen == nil || seen.Before(now.Add(-loginStampEvery)) {
		s.stampLogin(ctx, p.UserID, now)
	}
	return p, nil
}

// loginStampEvery is how exactly it is known when somebody was last here; it keeps most requests from writing.
const loginStampEvery = time.Hour

// stampLogin notes that somebody was here. One of several requests at once writes it and the others wait for nothing; a database that
// takes no writes right now still answers who a key stands for.
func (s *Service) stampLogin(ctx context.Context, userID string, now time.Time) {
	_, _ = s.Pool.Exec(ctx, `
		update users set last_login_at = $2
		where id = (select id from users where id = $1 and (last_login_at is null or last_login_at < $3) for no key update skip locked)`,
		userID, now, now.Add(-loginStampEvery))
}

// both is what two lists of profiles allow together; nil allows all.
func both(a, b []string) []string {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	common := []string{}
	for _, x := range a {
		if slices.Contains(b, x) {
			common = append(common, x)
		}
	}
	return common
}

// StoreKey makes a key of an owner's root user valid, with all that it may do. One that is valid for that owner already stays as it is;
// one of another owner is a Conflict.
func (s *Service) StoreKey(ctx context.Context, tx pgx.Tx, ownerID, name, key string) (err error) {
	defer errs.Wrap(&err, "auth.StoreKey(%s)", name)
	if !ValidKey(key) {
		return errs.New(errs.Invalid, "an API key is %s and %d lower-case hex digits", keyPrefix, keyDigits)
	}
	now := s.Now()
	hash := hashOf(key)
	if _, err := tx.Exec(ctx, `insert into api_keys (id, owner_id, user_id, name, hash, preview, created_at) values ($1, $2, $2, $3, $4, $5, $6) on conflict (hash) do nothing`,
		id.New(now), ownerID, name, hash, preview(key), now); err != nil {
		return err
	}
	var holder string
	if err := tx.QueryRow(ctx, `select owner_id from api_keys where hash = $1`, hash).Scan(&holder); err != nil {
		return err
	}
	if holder != ownerID {
		return errs.New(errs.Conflict, "this API key belongs to another owner")
	}
	return nil
}
