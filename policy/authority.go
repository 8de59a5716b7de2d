package policy

import (
	"fmt"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	defaultrolemanager "github.com/casbin/casbin/v2/rbac/default-role-manager"
)

// casbinModel is the meaning of a policy file, in Casbin's words. g gives roles;
// g2 says which action brings which when a line allows; g3 says which action
// falls with which when a line denies.
const casbinModel = `
[request_definition]
r = who, act, kind, name

[policy_definition]
p = sub, obj, act, eft

[role_definition]
g = _, _
g2 = _, _
g3 = _, _

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = holds(r.who, p.sub) && covers(p.obj, p.act, r.kind, r.name) && (p.eft == "allow" && g2(p.act, r.act) || p.eft == "deny" && g3(r.act, p.act))
`

// casbinSteps are the next steps down; Casbin follows them on.
func casbinSteps() (allow, deny [][]string) {
	allow = [][]string{{"edit", "read"}, {"manage", "edit"}, {"approve", "read"}, {"admin", "manage"}, {"admin", "approve"}, {"admin", "use"}}
	deny = [][]string{{"edit", "read"}, {"manage", "edit"}, {"admin", "manage"}, {"approve", "read"}, {"use", "read"}}
	return allow, deny
}

// An authority is Casbin over the same lines. It goes through all of them for
// each question, so it answers `policy test` and the property tests, and the
// index answers calls.
type authority struct {
	enforcer *casbin.Enforcer
}

func newAuthority(rules []rule, grants []grant) (*authority, error) {
	m, err := model.NewModelFromString(casbinModel)
	if err != nil {
		return nil, fmt.Errorf("build casbin model: %w", err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, fmt.Errorf("build casbin: %w", err)
	}
	// Casbin stops at ten levels of roles unless told; a chain can be no longer
	// than there are g lines.
	e.SetRoleManager(defaultrolemanager.NewRoleManager(len(grants) + 1))
	a := &authority{enforcer: e}
	e.AddFunction("holds", a.holds)
	e.AddFunction("covers", casbinCovers)
	return a, a.load(rules, grants)
}

// load hands the lines over as fields: as text, Casbin would read a comma or '#'
// in a name as its own.
func (a *authority) load(rules []rule, grants []grant) error {
	allow, deny := casbinSteps()
	var lines [][]string
	for i := range rules {
		r := &rules[i]
		effect := "allow"
		if r.deny {
			effect = "deny"
		}
		lines = append(lines, []string{r.subject, r.object(), r.action.String(), effect})
	}
	var roles [][]string
	seen := make(map[[2]string]bool)
	for _, g := range grants {
		if !seen[[2]string{g.who, g.role}] {
			seen[[2]string{g.who, g.role}] = true
			roles = append(roles, []string{g.who, g.role})
		}
	}
	for ptype, list := range map[string][][]string{"g": roles, "g2": allow, "g3": deny} {
		if len(list) == 0 {
			continue
		}
		if _, err := a.enforcer.AddNamedGroupingPolicies(ptype, list); err != nil {
			return fmt.Errorf("load casbin roles: %w", err)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if _, err := a.enforcer.AddPolicies(lines); err != nil {
		return fmt.Errorf("load casbin rules: %w", err)
	}
	return nil
}

func (a *authority) decide(c Caller, act Action, k Kind, name string) (bool, error) {
	ok, err := a.enforcer.Enforce(&c, act.String(), k.String(), name)
	if err != nil {
		return false, fmt.Errorf("ask casbin: %w", err)
	}
	return ok, nil
}

// holds(who, sub): is the caller the subject of the line, or has its role?
func (a *authority) holds(args ...any) (any, error) {
	c, sub := args[0].(*Caller), args[1].(string)
	if c.Anonymous || c.User == "" || sub == "" {
		return false, nil
	}
	mine := []string{"any", "user:" + c.User}
	for _, g := range c.Groups {
		mine = append(mine, "group:"+g)
	}
	for _, s := range mine {
		if ok, err := a.enforcer.GetRoleManager().HasLink(s, sub); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// casbinCovers(obj, act, kind, name): does the resource of the line cover the
// thing? It reads the resource's text anew, so that a slip in this package's own
// reading shows in the property tests.
func casbinCovers(args ...any) (any, error) {
	obj, act, kind, name := args[0].(string), args[1].(string), args[2].(string), args[3].(string)
	if obj == "*" && act == "admin" {
		return true, nil
	}
	of, pat, found := strings.Cut(obj, ":")
	switch {
	case found && (of == "experiment" || of == "model" || of == "dataset" || of == "gateway"):
		if of != kind {
			return false, nil
		}
	case kind == "gateway":
		return false, nil
	default:
		pat = obj
	}
	if kind == "model" {
		pat, name = strings.ReplaceAll(pat, ".", "/"), strings.ReplaceAll(name, ".", "/")
	}
	below, isPrefix := strings.CutSuffix(pat, "*")
	return pat == name || isPrefix && strings.HasPrefix(name, below), nil
}

// Enforce asks Casbin itself, which reads the same lines by its own engine. It
// takes milliseconds where Rights.Decide takes less than one thousandth of one,
// and is there to check Decide against. The limits of a token are not Casbin's:
// they take away from what it permits.
func (p *Policy) Enforce(c Caller, a Action, k Kind, name string) (bool, error) {
	if !asked(a, k, name) {
		return false, nil
	}
	casbin, err := p.casbin()
	if err != nil {
		return false, err
	}
	ok, err := casbin.decide(c, a, k, name)
	limits := newLimits(c)
	return ok && limits.permit(a, k, []byte(forKind(pattern{exact, name}, k).text)), err
}
