package basic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"

	"mlgate/auth"
)

// bcryptCost makes one guess cost an attacker who stole the file about 0.1 s
// of a core; a user pays it once after each start.
const bcryptCost = 11

// Bounds on new passwords. bcrypt ignores what follows the 72nd byte; silently
// dropping it would make two different passwords one.
const (
	minNewPassword = 8
	maxNewPassword = 72
)

// AddUser sets the password of user name in the htpasswd file at path, which
// it makes, readable to its owner alone, if it is not there. All other lines
// stay as they are. The file is replaced in one step, so a reader sees the old
// or the new one, never half of it; who else adds a user this way meanwhile waits
// for it. replaced says that the user was there before.
func AddUser(path, name string, password auth.Secret) (replaced bool, err error) {
	return addUser(path, name, password, bcryptCost)
}

func addUser(path, name string, password auth.Secret, cost int) (replaced bool, err error) {
	name = norm.NFC.String(name)
	if err := checkNew(name, password.Reveal()); err != nil {
		return false, err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password.Reveal()), cost)
	if err != nil {
		return false, fmt.Errorf("hash password: %w", err)
	}
	if path, err = target(path); err != nil {
		return false, fmt.Errorf("read users: %w", err)
	}
	unlock, err := lockFolder(filepath.Dir(path), lockWait)
	if err != nil {
		return false, fmt.Errorf("lock the folder of %s: %w", path, err)
	}
	defer unlock()
	old, mode, err := current(path)
	if err != nil {
		return false, fmt.Errorf("read users: %w", err)
	}
	data, replaced := setLine(string(old), name, name+":"+string(hash))
	if _, err := Parse(path, []byte(data)); err != nil {
		return false, fmt.Errorf("mend the file first: %w", err)
	}
	if err := replaceFile(path, []byte(data), mode); err != nil {
		return false, fmt.Errorf("write users: %w", err)
	}
	return replaced, nil
}

func checkNew(name, password string) error {
	if err := auth.CheckName(name); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(name, "#"):
		return errors.New("user name begins with #, which makes a line a comment")
	case (auth.Credentials{Scheme: auth.SchemeBasic, User: name}).IsSignOut():
		return errors.New("user name is one that MLflow's UI uses to sign out: choose another")
	case name == "token":
		return errors.New("user name \"token\" is kept for signing in with an API token: choose another")
	case len(password) < minNewPassword:
		return fmt.Errorf("password is shorter than %d characters", minNewPassword)
	case len(password) > maxNewPassword:
		return fmt.Errorf("password is longer than %d bytes, which bcrypt does not cover: choose a shorter one", maxNewPassword)
	case strings.HasPrefix(password, auth.TokenPrefix):
		return fmt.Errorf("password begins with %q, as API tokens do: choose another", auth.TokenPrefix)
	case password == name:
		return errors.New("password is the user's name")
	case strings.ContainsFunc(password, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return errors.New("password holds a control character, which clients cannot send")
	}
	return nil
}

// lockWait is how long another one may take. Only reading and writing a small
// file lies within the lock; the slow hash does not.
const lockWait = 10 * time.Second

// target follows a symbolic link, so that replacing the file does not cut it.
func target(path string) (string, error) {
	end, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	return end, err
}

// current reads the file as it is; none is an empty one.
func current(path string) (data []byte, mode fs.FileMode, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0o600, nil
	}
	if err != nil {
		return nil, 0, err
	}
	data, err = os.ReadFile(path)
	return data, info.Mode().Perm(), err
}

// setLine replaces the line of user name, or appends one.
func setLine(data, name, line string) (string, bool) {
	eol := "\n"
	if strings.Contains(data, "\r\n") {
		eol = "\r\n"
	}
	lines := strings.SplitAfter(data, "\n")
	for i, old := range lines {
		if strings.HasPrefix(old, name+":") {
			lines[i] = line + eol
			return strings.Join(lines, ""), true
		}
	}
	if data != "" && !strings.HasSuffix(data, "\n") {
		data += eol
	}
	return data + line + eol, false
}

// replaceFile writes beside path and renames over it. The new file gets the
// old one's owner where that is allowed: mlgate must still be able to read
// what root changed.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".users-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already after the rename
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		keepOwner(f, path)
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
