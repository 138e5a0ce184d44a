package dev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"posthorn/internal/auth"
	"posthorn/internal/config"
	"posthorn/internal/tokens"
)

// The names of what is made once and kept in the data folder.
const (
	masterFile = "master.key"
	keyFile    = "api.key"
	keyBFile   = "api-b.key"
)

// kept reads a secret from the data folder, and makes it there when there is none.
func kept(dir, name string, fresh func() string) (string, error) {
	path := filepath.Join(dir, name)
	b, err := os.ReadFile(path)
	switch {
	case err == nil:
		return strings.TrimSpace(string(b)), nil
	case !errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("cannot read %s: %w", path, err)
	}
	secret := fresh()
	return secret, os.WriteFile(path, []byte(secret+"\n"), 0o600)
}

func masterKeys(dir string) (*tokens.Keys, error) {
	setting, err := kept(dir, masterFile, func() string { return tokens.NewKey("dev") })
	if err != nil {
		return nil, err
	}
	keys, err := tokens.ParseKeys(setting)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): delete the folder %s to start afresh", masterFile, err, dir)
	}
	return keys, nil
}

// apiKey is the configured key, or the one that is kept.
func apiKey(c *config.Config, configured, name string) (string, error) {
	if configured != "" {
		return configured, nil
	}
	key, err := kept(c.DataDir, name, auth.NewKey)
	if err == nil && !auth.ValidKey(key) {
		err = fmt.Errorf("%s in %s is damaged: delete it to get a new key", name, c.DataDir)
	}
	return key, err
}
