package basic

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"mlgate/auth"
)

// maxFile bounds what is read of an htpasswd file: room for 100,000 users.
const maxFile = 16 << 20

// Users is an immutable snapshot of an htpasswd file.
type Users struct {
	byName map[string]*entry
	// costliest is an entry with the most expensive kind of hash in the file.
	// Every failed sign-in costs at least one comparison of that kind, so that
	// time says nothing about which names exist.
	costliest *entry
	hash      string
}

type entry struct {
	stored   string
	match    func(password string) bool
	weight   int
	identity *auth.Identity
}

// Load reads the htpasswd file at path.
func Load(path string) (*Users, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	return Parse(path, data)
}

// Parse reads an htpasswd file: one "name:hash" a line; blank lines and lines
// that begin with # are skipped. Any bad line refuses the whole file, with all
// of them listed as name:line, so that a half-written file never replaces a
// good one. Errors quote no hash.
func Parse(name string, data []byte) (*Users, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: longer than %d bytes", name, maxFile)
	}
	sum := sha256.Sum256(data)
	u := &Users{byName: map[string]*entry{}, hash: hex.EncodeToString(sum[:])}
	firstLine := map[string]int{}
	var errs []error
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if skipLine(line) {
			continue
		}
		user, err := u.add(line)
		if first, ok := firstLine[user]; ok && err == nil {
			err = fmt.Errorf("user %q is there already, on line %d", user, first)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", name, i+1, err))
			continue
		}
		firstLine[user] = i + 1
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if u.costliest == nil {
		return nil, fmt.Errorf("%s: no users in it: add one with \"mlgate user add %s NAME\"", name, name)
	}
	return u, nil
}

func skipLine(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#'
}

func (u *Users) add(line string) (user string, err error) {
	user, stored, ok := strings.Cut(line, ":")
	if !ok {
		return "", errors.New("no colon: a line reads name:hash")
	}
	if err := auth.CheckName(user); err != nil {
		return "", err
	}
	stored = strings.TrimRight(stored, " \t")
	match, weight, err := parseHash(stored)
	if err != nil {
		return "", fmt.Errorf("user %q: %w", user, err)
	}
	e := &entry{
		stored:   stored,
		match:    match,
		weight:   weight,
		identity: auth.NewIdentity(auth.Identity{User: user, Method: auth.MethodPassword}),
	}
	u.byName[user] = e
	if u.costliest == nil || e.weight > u.costliest.weight {
		u.costliest = e
	}
	return user, nil
}

// Has reports whether the file holds user.
func (u *Users) Has(user string) bool {
	_, ok := u.byName[user]
	return ok
}

// Hash is the SHA-256 of the file, in hex: two snapshots with the same hash
// are the same.
func (u *Users) Hash() string { return u.hash }

// Len is the number of users.
func (u *Users) Len() int { return len(u.byName) }

// Mark changes whenever the user's password does, and says nothing about it to
// who does not hold the file. ok is false for unknown users.
func (u *Users) Mark(user string) (mark string, ok bool) {
	e, ok := u.byName[user]
	if !ok {
		return "", false
	}
	sum := sha256.Sum256([]byte("mark of " + user + ":" + e.stored))
	return hex.EncodeToString(sum[:]), true
}
