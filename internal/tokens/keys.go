package tokens

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const keyBytes = 32

// Keys are the master keys: the first seals, all open.
type Keys struct {
	first string
	byID  map[string]cipher.AEAD
}

// ParseKeys reads "id:base64,id:base64"; each key is 32 bytes. Its errors never quote a key.
func ParseKeys(setting string) (*Keys, error) {
	k := &Keys{byID: map[string]cipher.AEAD{}}
	for i, part := range strings.Split(setting, ",") {
		id, encoded, ok := strings.Cut(strings.TrimSpace(part), ":")
		if !ok || id == "" || len(id) > 255 {
			return nil, fmt.Errorf("key %d is not of the form id:base64", i+1)
		}
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(raw) != keyBytes {
			return nil, fmt.Errorf("key %q is not the base64 of %d bytes; make one with: openssl rand -base64 32", id, keyBytes)
		}
		if _, twice := k.byID[id]; twice {
			return nil, fmt.Errorf("key %q is given twice", id)
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		k.byID[id] = aead
		if k.first == "" {
			k.first = id
		}
	}
	return k, nil
}

// NewKey makes a setting with one fresh key of the given ID.
func NewKey(id string) string {
	raw := make([]byte, keyBytes)
	rand.Read(raw) // never fails, says crypto/rand
	return id + ":" + base64.StdEncoding.EncodeToString(raw)
}

// Seal encrypts what belongs to one row: associated is the ID without which it cannot be opened.
func (k *Keys) Seal(plain []byte, associated string) []byte { return k.seal(plain, associated) }

// Open is the reverse of Seal. Its error does not say what failed.
func (k *Keys) Open(sealed []byte, associated string) ([]byte, error) {
	return k.open(sealed, associated)
}

// seal encrypts plain for one account. The result is the key ID's length, the key ID, the nonce and the ciphertext.
func (k *Keys) seal(plain []byte, accountID string) []byte {
	aead := k.byID[k.first]
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	out := append([]byte{byte(len(k.first))}, k.first...)
	out = append(out, nonce...)
	return aead.Seal(out, nonce, plain, []byte(accountID))
}

// errSealed never says more: what failed to open must not be described.
var errSealed = errors.New("the sealed token cannot be opened: it is damaged, belongs to another account, or its master key is not in POSTHORN_MASTER_KEYS")

func (k *Keys) open(sealed []byte, accountID string) ([]byte, error) {
	if len(sealed) == 0 || len(sealed) < 1+int(sealed[0]) {
		return nil, errSealed
	}
	id, rest := string(sealed[1:1+int(sealed[0])]), sealed[1+int(sealed[0]):]
	aead, ok := k.byID[id]
	if !ok || len(rest) < aead.NonceSize() {
		return nil, errSealed
	}
	plain, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], []byte(accountID))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}
