package config

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with a configuration. [Load] and
// [Config.Validate] return all of them joined.
type Problem struct {
	Where  string // file:line, or the environment variable
	Key    string // dotted, as in the reference
	Value  string // as given, secrets masked; empty when there is none
	Fault  string // what is wrong, lower-case
	Remedy string // what to do about it
}

// Error names place, key, value, fault and remedy, in this order.
func (p *Problem) Error() string {
	parts := make([]string, 0, 4)
	for _, part := range []string{p.Where, p.Key, p.Value, p.Fault} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	text := strings.Join(parts, ": ")
	if p.Remedy != "" {
		text += "; " + p.Remedy
	}
	return text
}

// origin remembers where each value came from, so that a fault found late can
// still name the line.
type origin struct {
	file  string
	lines map[string]int    // key → line of the file
	env   map[string]string // key → variable that set it
	given map[string]string // key → value as written
	stray []string          // MLGATE_… variables that set nothing
}

// where names the place of a key's value.
func (o origin) where(key string) string {
	list, _, _ := strings.Cut(key, "[")
	if name, ok := o.env[list]; ok {
		return "environment variable " + name
	}
	if line, ok := o.lines[key]; ok {
		return fmt.Sprintf("%s:%d", o.file, line)
	}
	if item := itemOf(key); item != "" && item != key {
		return o.where(item) // a key that is missing in a section of a list
	}
	return o.file
}

// problem makes the [Problem] of a key.
func (o origin) problem(key, fault, remedy string) *Problem {
	return &Problem{Where: o.where(key), Key: key, Value: o.given[key], Fault: fault, Remedy: remedy}
}

// shown quotes a value for an error message. What stands between the scheme and
// the @ of a URL may be a password that was put in the wrong place.
func shown(value any) string {
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("%q", masked(v))
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = item
			if text, ok := item.(string); ok {
				list[i] = masked(text)
			}
		}
		return fmt.Sprint(list)
	}
	return fmt.Sprint(value)
}

func masked(text string) string {
	at := strings.LastIndex(text, "@")
	if at < 0 {
		return text
	}
	start := 0
	if scheme := strings.Index(text, "://"); scheme >= 0 && scheme < at {
		start = scheme + len("://")
	}
	return text[:start] + "…" + text[at:]
}
