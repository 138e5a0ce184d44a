// Package auth keeps owners, their people and API keys, and says who stands behind a credential.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/errs"
	"posthorn/internal/gather"
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

	once     sync.Once // makes gathered
	gathered *gather.Calls[string, *holder]
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
	holder, err := s.holders().Do(ctx, string(hashOf(key)))
	if err != nil {
		return Principal{}, err
	}
	if holder == nil || holder.Expires != nil && !holder.Expires.After(now) {
		return Principal{}, errs.New(errs.Unauthorized, "Invalid API key")
	}
	if holder.Seen == nil || holder.Seen.Before(now.Add(-loginStampEvery)) {
		s.stampLogin(ctx, holder.UserID, now)
	}
	return Principal{KeyID: holder.KeyID, OwnerID: holder.OwnerID, UserID: holder.UserID, Role: holder.Role, ReadOnly: holder.ReadOnly, Disabled: slices.Clone(holder.Disabled),
		Profiles: both(holder.OfKey, holder.OfUser), Narrowed: holder.OfKey != nil}, nil
}

const (
	// holdersAtOnce bounds the keys that are looked up together, and lookers how often that goes on at a time.
	holdersAtOnce = 200
	lookers       = 1
	lookTimeout   = 10 * time.Second
)

// holder is who a key stands for.
type holder struct {
	Hash                   []byte
	KeyID, OwnerID, UserID string
	Role                   Role
	ReadOnly               bool
	Disabled               []Group
	OfKey, OfUser          []string // profiles; nil: all
	Seen, Expires          *time.Time
}

// holders look up the keys of requests that come at about the same time together. Nothing is kept: a key that is revoked has ended.
func (s *Service) holders() *gather.Calls[string, *holder] {
	s.once.Do(func() { s.gathered = gather.New(holdersAtOnce, lookers, s.lookMany) })
	return s.gathered
}

// lookMany answers nil for a hash of no key.
func (s *Service) lookMany(ctx context.Context, hashes []string) ([]*holder, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	raw := make([][]byte, len(hashes))
	for i, h := range hashes {
		raw[i] = []byte(h)
	}
	rows, err := s.Pool.Query(ctx, `
		select k.hash, k.id, k.owner_id, u.id, u.role, k.read_only, k.disabled_groups, k.profile_ids, u.profile_ids, u.last_login_at, k.expires_at
		from api_keys k join users u on u.id = coalesce(k.user_id, k.owner_id) where k.hash = any(array(select unnest($1::bytea[])))`, raw) // the array hides how many there are, or each call would be planned anew
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[holder])
	if err != nil {
		return nil, err
	}
	byHash := make(map[string]*holder, len(found))
	for _, h := range found {
		byHash[string(h.Hash)] = h
	}
	list := make([]*holder, len(hashes))
	for i, h := range hashes {
		list[i] = byHash[h]
	}
	return list, nil
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
