package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// A Policy is one policy file, read and indexed. It does not change after Parse
// and may be used by many goroutines.
type Policy struct {
	file  string
	hash  string
	rules []rule // in the order of their lines
	roles graph
	raw   index // by the names of experiments, datasets and gateways
	model index // by the '/'-form of the names of models

	bySubject [][]*rule
	crowded   int // nodes of both indexes with many lines

	casbin func() (*authority, error) // built once, when first asked
}

// A rule is a p line.
type rule struct {
	subject string
	id      subjectID
	kinds   kindSet
	pattern pattern
	action  Action
	deny    bool
	speaks  actionSet // the actions that the line permits, or forbids
	line    int
	text    string
}

// object is the resource of the rule in one spelling.
func (r *rule) object() string {
	if k, ok := r.kinds.only(); ok {
		return k.String() + ":" + r.pattern.String()
	}
	return r.pattern.String()
}

// A grant is a g line.
type grant struct {
	who, role string
	line      int
	text      string
}

// Load reads a policy from a file.
func Load(path string) (*Policy, []Warning, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read policy: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read policy: %w", err)
	}
	return Parse(path, data)
}

// Parse reads a policy and says everything that is wrong with it: the error
// joins one *Fault for each, in the order of the lines. A policy with a fault is
// no policy, so that a line that was misread cannot widen or narrow the others.
// name stands for the file in messages.
func Parse(name string, data []byte) (*Policy, []Warning, error) {
	sum := sha256.Sum256(data)
	rep := &report{file: name}
	p := &Policy{file: name, hash: hex.EncodeToString(sum[:])}
	var grants []grant
	for _, rec := range readRecords(data, rep) {
		switch rec.fields[0] {
		case "p":
			if r, ok := readRule(rec, rep); ok {
				p.rules = append(p.rules, r)
			}
		case "g":
			if g, ok := readGrant(rec, rep); ok {
				grants = append(grants, g)
			}
		default:
			rep.fault(rec.line, "unknown line type %q: a line begins with p (a right), g (a role) or # (a comment)", rec.fields[0])
		}
	}
	p.rules = dropDoubles(p.rules, rep)
	p.roles = newGraph(grants, p.rules, rep)
	checkOverlaps(p.rules, rep)
	if err := rep.err(); err != nil {
		return nil, rep.sorted(), err
	}
	p.checkHolders(grants, rep)
	p.compile(crowded)
	p.casbin = sync.OnceValues(func() (*authority, error) { return newAuthority(p.rules, grants) })
	return p, rep.sorted(), nil
}

// Hash returns the SHA-256 of the file's bytes in hex.
func (p *Policy) Hash() string { return p.hash }

func readRule(rec record, rep *report) (rule, bool) {
	f := rec.fields
	if len(f) < 4 || len(f) > 5 {
		rep.fault(rec.line, "a p line has 4 or 5 fields, not %d: p, subject, resource, action [, allow|deny] (a field with a comma in it needs quotes)", len(f))
		return rule{}, false
	}
	before := len(rep.faults) + rep.dropped
	r := rule{subject: f[1], line: rec.line, text: rec.text}
	if err := checkSubject(r.subject); err != nil {
		rep.fault(rec.line, "%v", err)
	}
	res, note, err := parseResource(f[2])
	if err != nil {
		rep.fault(rec.line, "%v", err)
	} else if note != "" {
		rep.warn(rec.line, "%s", note)
	}
	r.kinds, r.pattern = res.kinds, res.pattern
	if r.action, err = ParseAction(f[3]); err != nil {
		rep.fault(rec.line, "%v", err)
	}
	if len(f) == 5 {
		r.deny = f[4] == "deny"
		if f[4] != "deny" && f[4] != "allow" {
			rep.fault(rec.line, "unknown effect %q: write allow or deny, or nothing for allow (a comment needs a line of its own)", f[4])
		}
	}
	if len(rep.faults)+rep.dropped > before {
		return rule{}, false
	}
	return r, settle(&r, rep)
}

// settle checks what action and resource say together.
func settle(r *rule, rep *report) bool {
	switch {
	case r.action == Admin && (r.pattern.shape != all || r.kinds != kindless):
		rep.fault(r.line, "admin goes with * only, not with %q: use manage for the things below a prefix", r.object())
		return false
	case r.action == Use && r.kinds != 1<<Gateway:
		rep.fault(r.line, "use is the right to invoke a gateway, and %q is none: write gateway:%s", r.object(), r.pattern)
		return false
	case r.action == Approve && (r.kinds == 1<<Gateway || r.kinds == 1<<Experiment):
		rep.warn(r.line, "approve on %q has no effect beyond read: approvals are for models and datasets", r.object())
	}
	r.speaks = granted(r.action)
	if r.deny {
		r.speaks = denied(r.action)
	}
	if r.action == Admin {
		r.kinds = allKinds
	}
	return true
}

func readGrant(rec record, rep *report) (grant, bool) {
	if len(rec.fields) != 3 {
		rep.fault(rec.line, "a g line has 3 fields, not %d: g, who, role:NAME (a field with a comma in it needs quotes)", len(rec.fields))
		return grant{}, false
	}
	g := grant{who: rec.fields[1], role: rec.fields[2], line: rec.line, text: rec.text}
	if err := checkGrant(g.who, g.role); err != nil {
		rep.fault(rec.line, "%v", err)
		return grant{}, false
	}
	return g, true
}

// dropDoubles leaves the first of lines that say the same.
func dropDoubles(rules []rule, rep *report) []rule {
	type key struct {
		subject string
		kinds   kindSet
		pattern pattern
		action  Action
		deny    bool
	}
	seen := make(map[key]int, len(rules))
	kept := rules[:0]
	for _, r := range rules {
		k := key{r.subject, r.kinds, r.pattern, r.action, r.deny}
		if first, ok := seen[k]; ok {
			rep.warn(r.line, "says the same as line %d: remove one", first)
			continue
		}
		seen[k] = r.line
		kept = append(kept, r)
		k.deny = !k.deny
		if other, ok := seen[k]; ok {
			rep.warn(r.line, "contradicts line %d: deny wins, so the line that allows has no effect of its own", other)
		}
	}
	return kept
}

// describe names a rule in a message about two lines.
func (r *rule) describe() string {
	return fmt.Sprintf("line %d (%s)", r.line, strings.Join([]string{r.subject, r.object(), r.action.String()}, ", "))
}
