package mlflowapi

import (
	"context"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Narrow shrinks what a request asks about to what the caller may see. MLflow
// passes over ids that do not exist in a list, so an id that is not visible
// gives its place to one that nobody holds: the list keeps its length, and
// MLflow's limits on it stay what they are.
func (w *World) Narrow(ctx context.Context, c *Call) error {
	switch c.Endpoint.Special {
	case NarrowLocations:
		if err := w.narrowLocations(ctx, c); err != nil {
			return err
		}
	case NarrowDatasets:
		if err := w.fillDatasets(ctx, c); err != nil {
			return err
		}
	}
	for _, n := range c.lists {
		if err := w.narrowList(ctx, c, n); err != nil {
			return err
		}
	}
	return nil
}

// mostRuns is how many runs MLflow takes in any list (3.17.2, handlers.py); a
// look-up for each is what more would cost.
const mostRuns = 100

// mostTraces is how many traces MLflow gives on one page (3.17.2, handlers.py),
// which clients then ask for together.
const mostTraces = 500

// mostExperiments bounds lists of experiments, which MLflow does not, and which
// clients fill with all that the caller sees; some hundred cost one look-up.
const mostExperiments = 10_000

// tooMany refuses a list before anything is asked about it.
func (r role) tooMany(list *value) error {
	most := mostExperiments
	switch r {
	case runID:
		most = mostRuns
	case traceID:
		most = mostTraces
	}
	if n := len(list.list); n > most {
		return Bad("the list holds %d %ss, and one call may ask about %d: ask in several calls", n, roleName(r), most)
	}
	return nil
}

func roleName(r role) string {
	switch r {
	case runID:
		return "run"
	case traceID:
		return "trace"
	case evalDatasetID:
		return "evaluation dataset"
	case labelSchemaID:
		return "label schema"
	case reviewQueueID:
		return "review queue"
	case issueID:
		return "issue"
	default:
		return "experiment"
	}
}

// replace puts an id that nobody holds in the place of one in a list.
func (c *Call) replace(v *value, is role, i int) {
	fake := is.absent(i)
	c.standFor(fake, v.str)
	v.str = fake
}

// standFor notes what a stand-in stands for, so that answers show that.
func (c *Call) standFor(fake, real string) {
	if c.absent == nil {
		c.absent = map[string]string{}
	}
	c.absent[fake] = real
}

func (w *World) narrowList(ctx context.Context, c *Call, n narrowing) error {
	if w.Rights.Scope(Experiment).Free() {
		return nil
	}
	if err := n.is.tooMany(n.list); err != nil {
		return err
	}
	s := sight{}
	for _, v := range n.list.list {
		s[sighted{n.is, v.str}] = false
	}
	if err := w.look(ctx, s); err != nil {
		return err
	}
	for i, v := range n.list.list {
		if !s[sighted{n.is, v.str}] {
			c.replace(v, n.is, i)
		}
	}
	return nil
}

// narrowLocations does the same for the experiments of traces/search.
func (w *World) narrowLocations(ctx context.Context, c *Call) error {
	list := c.args.get("locations")
	if w.Rights.Scope(Experiment).Free() {
		return nil
	}
	if list == nil || len(list.list) == 0 { // which to an older MLflow may mean all
		exp, at := &object{}, &object{}
		exp.set("experiment_id", newString(experimentID.nonexistent()))
		at.set("type", newString("MLFLOW_EXPERIMENT"))
		at.set("mlflow_experiment", newObject(exp))
		c.args.set("locations", newList([]*value{newObject(at)}))
		return nil
	}
	if err := experimentID.tooMany(list); err != nil {
		return err
	}
	s := sight{}
	id := func(v *value) *value { return v.obj.get("mlflow_experiment").obj.get("experiment_id") } // which must be there
	for _, v := range list.list {
		s[sighted{experimentID, id(v).str}] = false
	}
	if err := w.look(ctx, s); err != nil {
		return err
	}
	for i, v := range list.list {
		if !s[sighted{experimentID, id(v).str}] {
			c.replace(id(v), experimentID, i)
		}
	}
	return nil
}

// admin reports whether the caller is one.
func (w *World) admin() bool { return w.Rights.Allows(Admin, Server, "") }

// fillDatasets names the visible experiments where the client names none: what
// belongs to no experiment is for admins to see.
func (w *World) fillDatasets(ctx context.Context, c *Call) error {
	if w.admin() {
		return nil
	}
	if v := c.args.get("experiment_ids"); v != nil && len(v.list) > 0 {
		return nil // shrinks with the other lists
	}
	ids, err := w.visibleExperiments(ctx)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		ids = []string{experimentID.nonexistent()}
	}
	list := make([]*value, len(ids))
	for i, id := range ids {
		list[i] = newString(id)
	}
	c.args.set("experiment_ids", newList(list))
	return nil
}

// visibleExperiments lists the ids of all experiments that the caller may
// see, deleted ones too.
func (w *World) visibleExperiments(ctx context.Context) ([]string, error) {
	m, _ := w.Table.Find("POST", "/api/2.0/mlflow/experiments/search")
	c := &Call{Match: m, Method: "POST", args: &object{}}
	c.args.set("max_results", &value{raw: jsontext.Value(strconv.Itoa(5000)), kind: '0'})
	c.args.set("view_type", newString("ALL"))
	var ids []string
	for {
		a, err := w.SearchPage(ctx, c)
		if err != nil {
			return nil, err
		}
		if a.Status != 200 {
			return nil, fmt.Errorf("list the visible experiments: MLflow answered %d", a.Status)
		}
		var got struct {
			Experiments []struct {
				ID string `json:"experiment_id"`
			} `json:"experiments"`
			Next string `json:"next_page_token"`
		}
		if err := json.Unmarshal(a.Body, &got); err != nil {
			return nil, err
		}
		for _, e := range got.Experiments {
			ids = append(ids, e.ID)
		}
		if got.Next == "" {
			return ids, nil
		}
		c.args.set("page_token", newString(got.Next))
	}
}
