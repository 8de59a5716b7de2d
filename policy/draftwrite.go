package policy

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const draftHead = `# A policy to start from, drafted from %s and %s.
#
# p, subject, resource, action [, allow|deny]
# g, who, role
#
# Check before use:
# - Authors are what MLflow's clients said of themselves (often the account on
#   somebody's machine). The names in user: must be those that people sign in with.
# - Everybody gets edit here. Give manage (delete, rename, restore) to those who
#   should have it, and read to those who only look on.
# - Nobody is admin yet. Take the # from these two lines and put in a name:
# p, role:admin, *, admin
# g, user:NAME, role:admin
`

// shownAuthors bounds a list of people in a comment.
const shownAuthors = 8

func (d *drafting) write() []byte {
	var b bytes.Buffer
	experiments, models := d.total(Experiment), d.total(Model)
	fmt.Fprintf(&b, draftHead, plural(experiments, "experiment"), plural(models, "model"))
	for _, t := range d.teams {
		d.writeTeam(&b, t)
	}
	d.writeSingle(&b)
	d.writeUnnamed(&b)
	return b.Bytes()
}

func (d *drafting) total(k Kind) int {
	n := 0
	for _, t := range d.teams {
		n += t.count(k)
		for _, i := range t.itself {
			if i.kind == k {
				n++
			}
		}
	}
	for _, list := range [2][]thing{d.single, d.unnamed} {
		for _, t := range list {
			if t.kind == k {
				n++
			}
		}
	}
	return n
}

func (d *drafting) writeTeam(b *bytes.Buffer, t *team) {
	fmt.Fprintf(b, "\n# %s: %s, %s\n", quoteShort(t.head+"/"), plural(t.count(Experiment), "experiment"), plural(t.count(Model), "model"))
	if twin := d.twin(t); twin != "" {
		fmt.Fprintf(b, "# check: %s is spelt nearly like it; names are compared byte for byte\n", quoteShort(twin+"/"))
	}
	role := roleType + t.head
	for _, res := range t.resources() {
		writeLine(b, "p", role, res, Edit.String())
	}
	for _, i := range t.itself {
		res, _ := d.exactly(i)
		writeLine(b, "p", role, res, Edit.String())
	}
	if len(t.authors) == 0 {
		fmt.Fprintf(b, "# check: no author was recorded; give the role to somebody:\n# g, user:NAME, %s\n", quoteIfNeeded(role))
	}
	for _, a := range t.authors {
		writeLine(b, "g", userType+a, role)
	}
}

// twin finds another team whose name differs by case, signs or blanks only.
func (d *drafting) twin(t *team) string {
	for _, other := range d.alike[plain(t.head)] {
		if other != t.head {
			return other
		}
	}
	return ""
}

func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_ .", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

func (d *drafting) writeSingle(b *bytes.Buffer) {
	if len(d.single) == 0 {
		return
	}
	fmt.Fprintf(b, "\n# %s that fit no prefix, one by one. Those that belong together are better\n# renamed below one prefix: then a single line covers them, and new ones too.\n", plural(len(d.single), "name"))
	stem := ""
	for i, t := range d.single {
		if s := stemOf(t.name); s != stem {
			stem = s
			if n := d.sameStem(i); n > 2 {
				fmt.Fprintf(b, "# check: %d names begin with %s; rename them to %s?\n", n, quoteShort(s), quoteShort(strings.TrimRight(s, "-_ .")+"/…"))
			}
		}
		d.writeThing(b, t)
	}
}

// writeThing writes the lines of one name.
func (d *drafting) writeThing(b *bytes.Buffer, t thing) {
	res, _ := d.exactly(t)
	switch {
	case t.kind == Experiment && t.name == "Default":
		fmt.Fprint(b, "# check: runs that name no experiment land in this one\n")
	case strings.ContainsAny(t.name, "\",#"):
		fmt.Fprintf(b, "# check: the name %s needs quotes\n", quoteShort(t.name))
	}
	if len(t.authors) == 0 {
		writeLine(b, "p", d.unsorted, res, Edit.String())
	}
	for _, a := range t.authors {
		writeLine(b, "p", userType+a, res, Edit.String())
	}
}

// stemOf returns what stands before the first sign that people part words with.
func stemOf(name string) string {
	i := strings.IndexAny(name, "-_ .")
	if i < 1 {
		return name
	}
	return name[:i+1]
}

// sameStem counts the names from i on that begin like the one at i.
func (d *drafting) sameStem(i int) int {
	n := 0
	for _, t := range d.single[i:] {
		if stemOf(t.name) != stemOf(d.single[i].name) {
			break
		}
		n++
	}
	return n
}

func (d *drafting) writeUnnamed(b *bytes.Buffer) {
	if len(d.unnamed) == 0 {
		return
	}
	fmt.Fprintf(b, "\n# check: %s that no pattern can express. Only * covers them; rename them.\n", plural(len(d.unnamed), "name"))
	for _, t := range d.unnamed {
		fmt.Fprintf(b, "# %s %s", t.kind, quoteShort(t.name))
		if len(t.authors) > 0 {
			fmt.Fprintf(b, " by %s", people(t.authors))
		}
		b.WriteByte('\n')
	}
}

func writeLine(b *bytes.Buffer, fields ...string) {
	b.WriteString(joinFields(fields...))
	b.WriteByte('\n')
}

// quoteShort shows a name in a comment, on one line whatever it holds.
func quoteShort(s string) string {
	const most = 300
	if len(s) <= most {
		return quoteIfNeeded(s)
	}
	end := most
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strconv.Quote(s[:end]) + "…"
}

func quoteIfNeeded(s string) string {
	if q := strconv.Quote(s); q != `"`+s+`"` || strings.TrimSpace(s) != s || strings.Contains(s, ",") {
		return q
	}
	return s
}

func people(list []string) string {
	more := ""
	if len(list) > shownAuthors {
		more = fmt.Sprintf(" and %d more", len(list)-shownAuthors)
		list = list[:shownAuthors]
	}
	shown := make([]string, len(list))
	for i, a := range list {
		shown[i] = quoteShort(a)
	}
	return strings.Join(shown, ", ") + more
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
