package proxy

import (
	"strings"

	"mlgate/policy"
	"mlgate/proxy/mlflowapi"
)

// rights answers mlflowapi's questions from the policy. Where mlgate only
// watches, everything is allowed here; what would have been refused is
// recorded where the call is decided.
type rights struct {
	*policy.Rights
	watch bool
}

func (r rights) Allows(a mlflowapi.Action, k mlflowapi.Kind, name string) bool {
	return r.watch || r.Decide(actionOf(a), kindOf(k), name).Allow
}

func (r rights) Scope(k mlflowapi.Kind) mlflowapi.Scope {
	if r.watch {
		return mlflowapi.Scope{All: true}
	}
	s := r.Rights.Scope(policy.Read, kindOf(k))
	return mlflowapi.Scope{
		All: s.All, Denied: s.Denies, Prefixes: s.Prefixes, Names: s.Names,
		Key: strings.Join(s.Prefixes, "\n") + "\n\n" + strings.Join(s.Names, "\n"),
	}
}

func actionOf(a mlflowapi.Action) policy.Action {
	switch a {
	case mlflowapi.Read:
		return policy.Read
	case mlflowapi.Edit:
		return policy.Edit
	case mlflowapi.Manage:
		return policy.Manage
	default:
		return policy.Admin
	}
}

func kindOf(k mlflowapi.Kind) policy.Kind {
	if k == mlflowapi.Model {
		return policy.Model
	}
	return policy.Experiment
}
