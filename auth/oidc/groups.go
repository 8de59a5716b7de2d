package oidc

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mlgate/auth"
)

// maxGroups bounds the groups of one person.
const maxGroups = 2000

// groupNames returns the groups as they are called here. A group that cannot
// be named is no reason to go on without it: a policy may deny something to
// that very group.
func (p *Provider) groupNames(c claims) ([]string, error) {
	if p.groups == nil {
		return nil, nil
	}
	list, err := p.groupList(c)
	if err != nil {
		return nil, fail(ErrClaims, sayGroups, fmt.Errorf("claim %q (groups_claim): %w", p.opts.GroupsClaim, err))
	}
	groups := make([]string, 0, len(list))
	for _, name := range list {
		if to, ok := p.rename[name]; ok {
			name = to
		} else {
			name = p.opts.GroupPrefix + name
		}
		if err := checkGroup(name); err != nil {
			return nil, fail(ErrClaims, sayGroups, err)
		}
		groups = append(groups, name)
	}
	slices.Sort(groups)
	return slices.Compact(groups), nil
}

func (p *Provider) groupList(c claims) ([]string, error) {
	value, found := c.at(p.groups)
	if !found && elsewhere(c, p.groups[0]) {
		return nil, errors.New("too many groups for a token (_claim_names): have the provider send only those assigned to this client")
	}
	list, err := texts(value)
	if err == nil && len(list) > maxGroups {
		err = fmt.Errorf("more than %d groups", maxGroups)
	}
	return list, err
}

// checkGroup is CheckName, with colons: groups travel in no sign-in.
func checkGroup(name string) error {
	if err := auth.CheckName(strings.ReplaceAll(name, ":", ".")); err != nil {
		return fmt.Errorf("group %s: empty, longer than 255 bytes, or with characters that cannot be seen (group_rename can give it another name)", short(name))
	}
	return nil
}

// elsewhere reports whether the provider keeps the claim at another address
// because it is too long for the token.
func elsewhere(c claims, name string) bool {
	names, _ := c["_claim_names"].(map[string]any)
	_, ok := names[name]
	return ok
}
