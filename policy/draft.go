package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// An Inventory is what a server holds already.
type Inventory struct {
	Experiments []Named
	Models      []Named // registered models and prompts
}

// A Named is one thing and who seems to have made it. Authors are what MLflow
// recorded, which is what its clients said of themselves.
type Named struct {
	Name    string
	Authors []string
}

// Draft writes a policy to start from. A prefix that holds several names becomes
// a role of that name, which edits all below it and is given to the authors
// seen; a name that fits no prefix gets a line for each of its authors. The
// draft is a policy that Parse takes and that covers every name which a pattern
// can express; the others stand in comments, with what else to check.
func Draft(inv Inventory) []byte {
	d := newDrafting(inv)
	return d.write()
}

// A thing is one name of the inventory.
type thing struct {
	kind    Kind
	name    string
	authors []string
}

// A team is a prefix that holds several names.
type team struct {
	head    string
	below   []thing // what the prefix covers
	itself  []thing // what is named like the prefix, without anything below
	authors []string
}

// A drafting sorts an inventory into teams and the rest.
type drafting struct {
	teams    []*team
	single   []thing
	unnamed  []thing        // no pattern can express them
	spelling map[string]int // '/'-forms of models, by how many names share one
	unsorted string         // the role that holds what has no author
	alike    map[string][]string
}

func newDrafting(inv Inventory) *drafting {
	things := append(gather(Experiment, inv.Experiments), gather(Model, inv.Models)...)
	d := &drafting{spelling: make(map[string]int), alike: make(map[string][]string)}
	heads := make(map[string]*team)
	for _, t := range things {
		if t.kind == Model {
			d.spelling[slash(t.name)]++
		}
		if h := headOf(t); h != "" {
			tm := heads[h]
			if tm == nil {
				tm = &team{head: h}
				heads[h] = tm
			}
			tm.below = append(tm.below, t)
		}
	}
	maps.DeleteFunc(heads, func(h string, t *team) bool { return len(t.below) < 2 || !writable(h) })
	for _, t := range things {
		d.place(t, heads)
	}
	for _, h := range slices.Sorted(maps.Keys(heads)) {
		d.teams = append(d.teams, heads[h])
		d.alike[plain(h)] = append(d.alike[plain(h)], h)
	}
	d.unsorted = roleType + "unsorted"
	for heads[strings.TrimPrefix(d.unsorted, roleType)] != nil {
		d.unsorted += "-names"
	}
	return d
}

// place puts a thing into its team, beside it, or among the rest.
func (d *drafting) place(t thing, heads map[string]*team) {
	if tm := heads[headOf(t)]; tm != nil {
		tm.authors = merge(tm.authors, t.authors)
		return
	}
	_, ok := d.exactly(t)
	tm := heads[forKind(pattern{exact, t.name}, t.kind).text]
	switch {
	case !ok:
		d.unnamed = append(d.unnamed, t)
	case tm != nil:
		tm.itself = append(tm.itself, t)
		tm.authors = merge(tm.authors, t.authors)
	default:
		d.single = append(d.single, t)
	}
}

// gather drops doubles and brings names and authors in order.
func gather(k Kind, list []Named) []thing {
	authors := make(map[string][]string)
	for _, n := range list {
		authors[n.Name] = merge(authors[n.Name], n.Authors)
	}
	things := make([]thing, 0, len(authors))
	for name, who := range authors {
		things = append(things, thing{k, name, who})
	}
	slices.SortFunc(things, func(a, b thing) int { return cmp.Compare(a.name, b.name) })
	return things
}

// merge adds the authors that can stand in a policy.
func merge(known, more []string) []string {
	for _, a := range more {
		if checkSubject(userType+a) == nil && len(a) < maxLine/4 && !slices.Contains(known, a) {
			known = append(known, a)
		}
	}
	slices.Sort(known)
	return known
}

// headOf returns the first segment of a name with something behind it, "" if
// there is none. Models are split at dots too.
func headOf(t thing) string {
	name := forKind(pattern{exact, t.name}, t.kind).text
	start := len(name) - len(strings.TrimLeft(name, "/"))
	i := strings.IndexByte(name[start:], '/')
	if i < 0 {
		return ""
	}
	return name[:start+i]
}

// writable reports whether a prefix and its role can be written.
func writable(head string) bool {
	p, err := parsePattern(head + "/*")
	return err == nil && p.shape == prefix && len(head) < maxLine/4 && checkSubject(roleType+head) == nil
}

// exactly returns the resource that is this one thing, if it can be written.
// Names with a kind before them: a name may begin with a word and a colon.
func (d *drafting) exactly(t thing) (string, bool) {
	name := t.name
	if t.kind == Model && d.spelling[slash(name)] > 1 {
		// Two spellings of one model for two subjects would be refused.
		name = slash(name)
	}
	p, err := parsePattern(name)
	return t.kind.String() + ":" + name, err == nil && p.shape == exact && len(name) < maxLine/4
}

// resources returns the patterns that cover what is below a team's prefix. A
// head with a dot is one of experiments only, and says so: without a kind it
// would overlap with the models of another team.
func (t *team) resources() []string {
	pat := t.head + "/*"
	res, note, err := parseResource(pat)
	if err == nil && note == "" && res.kinds == kindless && !strings.Contains(t.head, ".") {
		return []string{pat}
	}
	var list []string
	for _, k := range [2]Kind{Experiment, Model} {
		if t.count(k) > 0 {
			list = append(list, k.String()+":"+pat)
		}
	}
	return list
}

// count returns how many things of kind k lie below the prefix.
func (t *team) count(k Kind) int {
	n := 0
	for _, b := range t.below {
		if b.kind == k {
			n++
		}
	}
	return n
}
