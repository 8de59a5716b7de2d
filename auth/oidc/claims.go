package oidc

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// claims are what a token or the userinfo endpoint says.
type claims map[string]any

// rawJSON takes a JSON text as it is.
type rawJSON []byte

// UnmarshalJSON implements the JSON decoders' interface.
func (r *rawJSON) UnmarshalJSON(b []byte) error {
	*r = append((*r)[:0], b...)
	return nil
}

// readClaims reads an object strictly: names count by case, none is there
// twice, text is UTF-8.
func readClaims(text []byte) (claims, error) {
	var c claims
	if err := json.Unmarshal(text, &c); err != nil || c == nil {
		return nil, errors.New("claims are not a JSON object without repeated names")
	}
	return c, nil
}

// text returns the claim, or "" unless it is a text.
func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// texts returns a claim that is one text or a list of texts.
func (c claims) texts(name string) ([]string, error) {
	return texts(c[name])
}

func texts(value any) ([]string, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []any:
		list := make([]string, 0, len(v))
		for _, one := range v {
			s, ok := one.(string)
			if !ok {
				return nil, errors.New("the list holds something that is no text")
			}
			list = append(list, s)
		}
		return list, nil
	}
	return nil, errors.New("neither a text nor a list of texts")
}

// time returns a claim in seconds since 1970.
func (c claims) time(name string) (time.Time, bool) {
	n, ok := c[name].(float64)
	if !ok || math.IsNaN(n) || n <= 0 || n > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(n), 0), true
}

// path leads to a claim.
type path []string

// parsePath reads the way to a claim: names with dots between them, as in
// "resource_access.mlgate.roles". A dot that belongs to a name is written
// "\."; a name that is a web address ("https://example.org/groups") is taken
// whole. What the path means depends on the setting alone, never on a token.
func parsePath(text string) (path, error) {
	if strings.Contains(text, "://") {
		return path{text}, nil
	}
	var p path
	var name strings.Builder
	escaped := false
	for _, c := range text {
		switch {
		case escaped:
			if c != '.' && c != '\\' {
				return nil, fmt.Errorf(`claim %q: a backslash stands before a dot or another backslash only`, text)
			}
			name.WriteRune(c)
			escaped = false
		case c == '\\':
			escaped = true
		case c == '.':
			p = append(p, name.String())
			name.Reset()
		default:
			name.WriteRune(c)
		}
	}
	p = append(p, name.String())
	for _, part := range p {
		if part == "" || escaped {
			return nil, fmt.Errorf("claim %q: write names with single dots between them, as in resource_access.mlgate.roles", text)
		}
	}
	return p, nil
}

// at returns what stands at the end of p, and whether anything does.
func (c claims) at(p path) (any, bool) {
	var here any = map[string]any(c)
	for _, name := range p {
		object, ok := here.(map[string]any)
		if !ok {
			return nil, false
		}
		if here, ok = object[name]; !ok {
			return nil, false
		}
	}
	return here, here != nil
}
