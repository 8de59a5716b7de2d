package policy

import (
	"fmt"
	"strings"
)

// Subjects keep their type as a prefix everywhere, from the file to the index
// and to Casbin: a user who is named "admin", or "role:admin", is then never
// mistaken for the role of that name.
const (
	userType  = "user:"
	groupType = "group:"
	roleType  = "role:"
	anySubj   = "any"
)

// checkSubject says whether s may stand as a subject.
func checkSubject(s string) error {
	if s == anySubj {
		return nil
	}
	kind, name, found := strings.Cut(s, ":")
	switch {
	case s == "":
		return fmt.Errorf("the subject is missing: write user:NAME, group:NAME, role:NAME or any")
	case s == "*" || strings.EqualFold(s, anySubj):
		return fmt.Errorf("unknown subject %q: write any for whoever is signed in", s)
	case !found:
		return fmt.Errorf("unknown subject %q: write user:%s, group:%s or role:%s", s, s, s, s)
	}
	switch kind + ":" {
	case userType, groupType, roleType:
	default:
		return fmt.Errorf("unknown subject type %q in %q: use user:, group:, role: or any", kind, s)
	}
	if name == "" {
		return fmt.Errorf("subject %q has no name: write %s:NAME", s, kind)
	}
	if strings.Contains(name, "*") {
		return fmt.Errorf("subject %q holds a '*': subjects are whole names; write any for whoever is signed in", s)
	}
	return checkText("subject", s[len(kind)+1:])
}

// checkGrant says whether a g line may give role to who.
func checkGrant(who, role string) error {
	if err := checkSubject(who); err != nil {
		return err
	}
	if !strings.HasPrefix(role, roleType) {
		return fmt.Errorf("%q is no role: a g line gives a role, write g, %s, role:NAME (groups come from the identity provider)", role, who)
	}
	return checkSubject(role)
}
