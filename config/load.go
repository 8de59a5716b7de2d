package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"github.com/spf13/viper"
)

// Load reads the config file at path, lays the MLGATE_… environment over it and
// validates the result. The error joins one [Problem] for each fault found.
//
// Nothing is remembered between calls, so that a reload starts from nothing too:
// a key that was removed from the file is back at its default.
func Load(path string) (*Config, error) {
	content, err := os.ReadFile(path) // #nosec G304 -- the admin names the file
	if err != nil {
		return nil, unreadable(path, err)
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", path, err)
	}
	cfg := &Config{origin: origin{
		file: path, lines: map[string]int{}, env: map[string]string{}, given: map[string]string{},
	}}
	values, problems, err := read(content, &cfg.origin)
	if err != nil {
		return nil, err
	}
	layers, stray := overlay(values, &cfg.origin)
	problems = append(problems, stray...)
	problems = append(problems, cfg.fill(layers, folder)...)
	problems = append(problems, unrepeated(problems, cfg.faults())...)
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return cfg, nil
}

// unreadable explains why the file could not be read.
func unreadable(path string, err error) error {
	var reason *fs.PathError
	if errors.As(err, &reason) {
		err = reason.Err
	}
	return &Problem{Where: path, Fault: "read config: " + err.Error(), Remedy: "name the config file with --config"}
}

// overlay puts the layers on each other: environment over file over defaults.
func overlay(values map[string]any, from *origin) (*viper.Viper, []error) {
	layers := viper.New()
	var bad []error
	for _, l := range leaves() {
		layers.SetDefault(l.key, l.defaultValue())
		if value, ok := values[l.key]; ok {
			layers.Set(l.key, value)
		}
		// A variable that is set but empty is an empty value, not an absent one:
		// MLGATE_ADMIN_LISTEN= turns the admin port off.
		if text, ok := os.LookupEnv(l.env()); ok {
			value := l.fromEnv(text)
			from.env[l.key] = l.env()
			from.given[l.key] = shown(text)
			if l.isItems() {
				var faulty []error
				value, faulty = itemsFromEnv(l, text, from)
				bad = append(bad, faulty...)
			}
			layers.Set(l.key, value)
		}
	}
	stray, problems := strayEnv(os.Environ())
	from.stray = stray
	return layers, append(bad, problems...)
}

// defaultValue is the default in the shape of a value from the file.
func (l leaf) defaultValue() any { return l.fromEnv(l.tag.Get("default")) }

// fill decodes every key into its field. A key that is neither given nor has a
// default keeps its field's zero value.
func (c *Config) fill(layers *viper.Viper, folder string) []error {
	var problems []error
	target := reflect.ValueOf(c).Elem()
	for _, l := range leaves() {
		raw := layers.Get(l.key)
		if raw == "" {
			continue
		}
		if l.isItems() {
			value, faults := decodeItems(l.key, l.typ, raw, folder)
			for _, f := range faults {
				problems = append(problems, c.origin.problem(f.key, f.fault, "correct the value"))
			}
			target.FieldByIndex(l.index).Set(value)
			continue
		}
		value, err := l.decode(raw, folder)
		if err != nil {
			problems = append(problems, c.origin.problem(l.key, err.Error(), "correct the value"))
			continue
		}
		target.FieldByIndex(l.index).Set(reflect.ValueOf(value))
	}
	return problems
}

// unrepeated drops the later faults of keys that have one already: a value that
// could not be read must not also be called missing.
func unrepeated(problems, later []error) []error {
	faulty := map[string]bool{}
	for _, err := range problems {
		var p *Problem
		if errors.As(err, &p) {
			faulty[p.Key] = true
		}
	}
	var kept []error
	for _, err := range later {
		var p *Problem
		if errors.As(err, &p) && !faulty[p.Key] && !faulty[itemOf(p.Key)] {
			kept = append(kept, err)
		}
	}
	return kept
}
