package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// setCredentials sets keys of the section mlflow in MLflow's credentials file, or
// removes those whose value is empty. All else in the file stays as it is. It is
// replaced in one step, and readable to its owner alone.
func setCredentials(path string, values map[string]string) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // the link stays
	}
	old, err := os.ReadFile(path) // #nosec G304 -- the user's own file
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read credentials: %w", err)
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("write credentials: %w", err)
	}
	// Made by it, the file is readable to its owner alone.
	temporary, err := os.CreateTemp(folder, ".credentials-*")
	if err != nil {
		return fmt.Errorf("write credentials: %w", err)
	}
	_, err = temporary.WriteString(setINI(string(old), "mlflow", values))
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return fmt.Errorf("write credentials: %w", err)
	}
	return nil
}

// setINI is content with the keys of a section set; "" removes one.
func setINI(content, section string, values map[string]string) string {
	var lines []string
	if content != "" {
		lines = strings.Split(strings.TrimSuffix(content, "\n"), "\n")
	}
	inside, end := false, -1 // where the section ends
	var kept []string
	for _, line := range lines {
		text := strings.TrimSpace(line)
		if strings.HasPrefix(text, "[") {
			inside = text == "["+section+"]"
		}
		at := strings.IndexAny(text, "=:")
		if inside && at > 0 && text[0] != '#' && text[0] != ';' {
			if _, ours := values[strings.ToLower(strings.TrimSpace(text[:at]))]; ours {
				continue
			}
		}
		kept = append(kept, line)
		if inside && text != "" {
			end = len(kept)
		}
	}
	var added []string
	for key, value := range values {
		if value != "" {
			added = append(added, key+" = "+value)
		}
	}
	slices.Sort(added)
	switch {
	case len(added) == 0:
	case end < 0:
		if len(kept) > 0 {
			kept = append(kept, "")
		}
		kept = append(append(kept, "["+section+"]"), added...)
	default:
		kept = slices.Insert(kept, end, added...)
	}
	return strings.Join(kept, "\n") + "\n"
}
