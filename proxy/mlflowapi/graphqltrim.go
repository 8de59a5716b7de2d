package mlflowapi

import (
	"context"
	"fmt"
	"slices"
)

// addNames adds to every object that goes as a whole the field that names it:
// a client that asks for a version's number alone must not count the versions
// of others.
func (s *selection) addNames() {
	for _, r := range graphqlRules {
		if r.typ == s.typ && (r.whole || s.asks(r.blank)) && s.keyOf(r.by) == "" {
			s.kids = append(s.kids, &selection{key: s.freeKey(r.by), field: r.by, typ: "String", ours: true})
		}
	}
	for _, k := range s.kids {
		k.addNames()
	}
}

// asks reports whether one of the fields is selected.
func (s *selection) asks(fields map[string]string) bool {
	return slices.ContainsFunc(s.kids, func(k *selection) bool { return fields[k.field] != "" })
}

// keyOf is a response key under which the answer gives a field; "": none.
func (s *selection) keyOf(field string) string {
	for _, k := range s.kids {
		if k.field == field {
			return k.key
		}
	}
	return ""
}

// freeKey is a response key for a field that the client did not ask for: its
// own name, which is no alias and so not counted by MLflow, where it is free.
func (s *selection) freeKey(field string) string {
	if slices.ContainsFunc(s.kids, func(k *selection) bool { return k.key == field }) {
		return privateKey + field
	}
	return field
}

// trims are the rules of the whole answer, by its own response keys.
func (s *selection) trims() *trimNode {
	root := &trimNode{}
	root.at("data").grow(s)
	root.always = root.at("data").writes()
	return root
}

func (n *trimNode) grow(s *selection) {
	for _, r := range graphqlRules {
		if r.typ != s.typ {
			continue
		}
		blank := map[string]string{}
		for _, k := range s.kids {
			if with := r.blank[k.field]; with != "" {
				blank[k.key] = with
			}
		}
		for _, k := range s.kids {
			if k.field == r.by {
				n.rules = append(n.rules, trimRule{by: []string{k.key}, is: r.is, must: r.whole, blank: blank})
			}
		}
	}
	for _, k := range s.kids {
		if k.ours {
			n.strip = append(n.strip, k.key)
		}
		if len(k.kids) == 0 {
			continue
		}
		path := k.key
		if k.list {
			n.at(path).stays = true
			path += "[]"
		}
		n.at(path).grow(k)
	}
}

// writes reports whether some object below must be written anew, or told
// apart, even where all that is named is visible.
func (n *trimNode) writes() bool {
	if len(n.strip) > 0 || slices.ContainsFunc(n.rules, func(r trimRule) bool { return r.must }) {
		return true
	}
	for _, k := range n.kids {
		if k.writes() {
			return true
		}
	}
	return false
}

// TrimGraphQL takes out of a GraphQL answer what the caller may not see, and
// what mlgate asked for on its own account.
func (w *World) TrimGraphQL(ctx context.Context, c *Call, body []byte) ([]byte, error) {
	if c.answer == nil {
		return nil, fmt.Errorf("trim a GraphQL answer: the call was not read as GraphQL")
	}
	return w.trim(ctx, c.answer, body)
}
