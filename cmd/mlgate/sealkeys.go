package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"mlgate/auth/store"
	"mlgate/config"
)

// sealKeySize is the length of a seal key in bytes.
const sealKeySize = 32

// sealKeys gives the keys of page tokens, of which the first seals: those of the
// file if there is one, else the one that the state store keeps.
func sealKeys(ctx context.Context, cfg *config.Config, keys store.Keys) ([][]byte, error) {
	if cfg.SealKeysFile != "" {
		return readSealKeys(cfg.SealKeysFile)
	}
	key, err := keys.Key(ctx, "seal", sealKeySize)
	if err != nil {
		return nil, err
	}
	return [][]byte{key}, nil
}

// readSealKeys reads one base64 key a line; blank lines and lines that begin with
// # are skipped. Errors name the line and never show it.
func readSealKeys(path string) ([][]byte, error) {
	content, err := os.ReadFile(path) // #nosec G304 -- the admin names the file
	if err != nil {
		return nil, fmt.Errorf("read seal_keys_file: %w", err)
	}
	const remedy = "make a key with `head -c 32 /dev/urandom | base64`"
	var list [][]byte
	scanner := bufio.NewScanner(bytes.NewReader(content))
	for line := 1; scanner.Scan(); line++ {
		text := strings.TrimSpace(scanner.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(key) != sealKeySize {
			return nil, hinted(fmt.Errorf("%s:%d: want a base64 key of %d bytes", path, line, sealKeySize), remedy)
		}
		list = append(list, key)
	}
	if len(list) == 0 {
		return nil, hinted(errors.Join(fmt.Errorf("%s: no key in it", path), scanner.Err()), remedy)
	}
	return list, nil
}
