package oidc

import (
	"slices"
	"strings"
	"testing"
)

// written is the setting that means p.
func written(p path) string {
	parts := slices.Clone(p)
	for i, part := range parts {
		parts[i] = strings.NewReplacer(`\`, `\\`, `.`, `\.`).Replace(part)
	}
	return strings.Join(parts, ".")
}

func FuzzClaimPath(f *testing.F) {
	f.Add("groups", []byte(`{"groups":["a"]}`))
	f.Add("resource_access.mlgate.roles", []byte(`{"resource_access":{"mlgate":{"roles":"x"}}}`))
	f.Add(`a\.b.c\\`, []byte(`{"a.b":{"c\\":[1]}}`))
	f.Add("https://example.org/groups", []byte(`[]`))
	f.Add("a..b", []byte(`{"a":{"":{"b":"c"}}}`))
	f.Fuzz(func(t *testing.T, text string, said []byte) {
		p, err := parsePath(text)
		if err != nil {
			return
		}
		if len(p) == 0 || slices.Contains(p, "") {
			t.Fatalf("%q leads along %q", text, p)
		}
		if again := written(p); !strings.Contains(again, "://") {
			if q, err := parsePath(again); err != nil || !slices.Equal(p, q) {
				t.Errorf("%q is %q, written again %q is %q, %v", text, p, again, q, err)
			}
		}
		// What stands at the end is found, and nothing else is.
		var inner any = "here"
		for _, name := range slices.Backward(p) {
			inner = map[string]any{name: inner}
		}
		if got, ok := claims(inner.(map[string]any)).at(p); !ok || got != "here" {
			t.Errorf("%q: got %v, %v", text, got, ok)
		}
		if c, err := readClaims(said); err == nil {
			value, found := c.at(p)
			if list, err := texts(value); !found && (err != nil || list != nil) {
				t.Errorf("%q in %s: not found, but %q, %v", text, said, list, err)
			}
		}
	})
}
