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
	return r.watch && k != mlflowapi.Gateway || r.Decide(actionOf(a, k), kindOf(k), name).Allow
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

// actionOf gives the policy's action. An endpoint of the gateway is seen by
// whoever may use it: the policy knows nothing else to do with one.
func actionOf(a mlflowapi.Action, k mlflowapi.Kind) policy.Action {
	if k == mlflowapi.Gateway {
		return policy.Use
	}
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
	switch k {
	case mlflowapi.Model:
		return policy.Model
	case mlflowapi.Gateway:
		return policy.Gateway
	default:
		return policy.Experiment
	}
}
