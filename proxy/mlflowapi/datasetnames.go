package mlflowapi

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
)

// An older MLflow looks for the dataset that a run logs on the whole server, by
// name and digest, and ties the run to the one that it finds: the run then shows
// another team's source, schema and profile, and those that were sent are lost.
// There each experiment's datasets bear names of their own, with the experiment's
// id behind them, and answers show the names without it; see decision 0013.

// datasetsApart is the first recorded release that looks within the experiment.
const datasetsApart = "3.17.2"

// sharesDatasets reports whether an MLflow with these rows may do so.
func (t *Table) sharesDatasets() bool {
	return slices.Compare(versionParts(t.at), versionParts(datasetsApart)) < 0
}

// nameSeal stands between a dataset's name and the experiment's id. A pattern
// may hold it: nothing in it is a wildcard, and no letter a capital.
const nameSeal = "~mlgate:"

func sealed(name, experiment string) string { return name + nameSeal + experiment }

// unsealed gives the name that a dataset was logged by; false: it is no other.
func unsealed(name string) (string, bool) {
	at := strings.LastIndex(name, nameSeal)
	if at < 0 || !ValidExperimentID(name[at+len(nameSeal):]) {
		return "", false
	}
	return name[:at], true
}

// sealDatasets gives the datasets of a run the names of its experiment. One
// without a name is one whose name is empty.
func (w *World) sealDatasets(ctx context.Context, c *Call) error {
	list := c.args.get("datasets")
	if list == nil || !w.Table.sharesDatasets() {
		return nil
	}
	run, err := w.Names.Run(ctx, c.args.text("run_id"))
	if errors.Is(err, ErrNotFound) {
		return nil // as MLflow will say
	}
	if err != nil {
		return err
	}
	for _, input := range list.list {
		d := input.obj.get("dataset")
		if d == nil {
			d = newObject(&object{})
			input.obj.set("dataset", d)
		}
		d.obj.set("name", newString(sealed(d.obj.text("name"), run.ExperimentID)))
	}
	return nil
}

// findDatasets lets a filter find datasets by the names that they were logged by,
// also those that an older MLflow left behind.
func (w *World) findDatasets(_ context.Context, c *Call) error {
	searches := []*value{newObject(c.args)}
	if vars := c.args.get("variables"); vars != nil { // of GraphQL
		searches = vars.obj.values
	}
	for _, s := range searches {
		filter := s.obj.get("filter")
		if filter == nil || !strings.Contains(filter.str, "dataset") {
			continue
		}
		var ids []string
		for _, name := range [...]string{"experiment_ids", "experimentIds"} {
			if list := s.obj.get(name); list != nil {
				for _, id := range list.list {
					ids = append(ids, id.str)
				}
			}
		}
		filter.str = w.Table.datasetFilter(filter.str, ids)
	}
	return nil
}

const inQuotes = `'(?:''|\\'|[^'])*'|"(?:""|\\"|[^"])*"`

var (
	// datasetTerm is a comparison with a dataset's name; or a text between quotes,
	// which is passed over with what it holds.
	datasetTerm = regexp.MustCompile(inQuotes + "|`[^`]*`" +
		`|((?:^|\s)datasets?\.(?:name|"name"|'name'|` + "`name`" + `))\s*(=|!=|(?i:LIKE|ILIKE|IN|NOT\s+IN))\s*(` + inQuotes + `|\((?:\s*(?:` + inQuotes + `)\s*,?)+\))`)
	quotedText = regexp.MustCompile(inQuotes)
)

// mostNames bounds how many names a filter asks about in place of one comparison.
const mostNames = 500

// datasetFilter rewrites what a filter says of datasets' names, so that it is
// said of the names in these experiments.
func (t *Table) datasetFilter(filter string, experiments []string) string {
	var out strings.Builder
	at := 0
	for _, m := range datasetTerm.FindAllStringSubmatchIndex(filter, -1) {
		if m[2] < 0 {
			continue
		}
		out.WriteString(filter[at:m[2]])
		out.WriteString(t.datasetTerm(filter[m[2]:m[3]], filter[m[4]:m[5]], filter[m[6]:m[7]], experiments))
		at = m[1]
	}
	return out.String() + filter[at:]
}

func (t *Table) datasetTerm(key, comparator, operand string, experiments []string) string {
	as := strings.ToUpper(strings.Join(strings.Fields(comparator), " "))
	var names []string
	plain := true // MLflow reads lists in another way: as Python, and without names in capitals
	for _, q := range quotedText.FindAllString(operand, -1) {
		name := q[1 : len(q)-1]
		plain = plain && !strings.ContainsAny(name, `'"\`+"\n\r") && (strings.HasSuffix(as, "IN") || name == strings.ToLower(name))
		names = append(names, name)
		for _, id := range experiments {
			names = append(names, sealed(name, id))
		}
	}
	plain = plain && len(names) <= mostNames
	list := " ('" + strings.Join(names, "', '") + "')"
	switch {
	case plain && (as == "=" || as == "IN"):
		return key + " IN" + list
	case plain && (as == "!=" || as == "NOT IN"):
		return key + " NOT IN" + list
	case t.sharesDatasets() && (as == "=" || strings.HasSuffix(as, "LIKE") && !strings.HasSuffix(names[0], "%")):
		like := "LIKE"
		if as == "ILIKE" {
			like = as
		}
		end := len(operand) - 1
		return key + " " + like + " " + operand[:end] + nameSeal + "%" + operand[end:]
	default:
		return key + " " + comparator + " " + operand
	}
}
