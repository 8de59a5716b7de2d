package main

import (
	"strings"

	"mlgate/auth/basic"
	"mlgate/policy"
)

// serviceAccount begins the names of users who have no password: admins make
// their tokens.
const serviceAccount = "svc-"

// owners are those who may own API tokens: whoever has a password, and service
// accounts that the policy names. Who leaves either file has no token from then on.
type owners struct {
	users  *basic.Users // nil: no password file
	policy *policy.Policy
}

// Has implements token.Owners.
func (o owners) Has(user string) bool {
	if o.users != nil && o.users.Has(user) {
		return true
	}
	return strings.HasPrefix(user, serviceAccount) && o.policy.Names(user)
}
