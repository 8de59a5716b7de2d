package main

import (
	"context"
	"errors"
	"strings"

	"mlgate/auth"
	"mlgate/auth/store"
	"mlgate/proxy/console"
)

// serviceAccount begins the names of users who have no password: admins make
// their tokens.
const serviceAccount = "svc-"

// owners are those who may own API tokens: whoever has a password, whoever signed in
// at a company login, and service accounts that the policy names. Who leaves has no
// token from then on.
type owners struct {
	files  *files
	signIn *console.SignIn // nil: nobody signs in in the browser
}

// Groups implements token.Owners. A token of somebody with a password may do what the
// password may, and that brings no groups.
func (o owners) Groups(ctx context.Context, user string) ([]string, error) {
	if o.files.users != nil && o.files.users.Has(user) {
		return nil, nil
	}
	if strings.HasPrefix(user, serviceAccount) && o.files.policy.Names(user) {
		return nil, nil
	}
	if o.signIn != nil {
		for _, p := range o.files.providers {
			if o.files.taken(p.options.Name, user) != "" {
				continue
			}
			groups, err := o.signIn.Sessions.Groups(ctx, p.options.Name, user, o.files.config.Auth.Tokens.MaxGroupAge)
			if !errors.Is(err, store.ErrNotFound) {
				return groups, err
			}
		}
	}
	if len(o.files.providers) > 0 {
		return nil, &auth.Refusal{Why: "the token's owner can no longer sign in, or has to sign in at the company again, in a browser"}
	}
	return nil, &auth.Refusal{Why: "the token's owner can no longer sign in"}
}
