package mlflowapi

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
)

// memoryRow is an experiment or a registered model of a [memoryServer].
type memoryRow struct {
	ID      int
	Name    string
	Created int64
	Updated int64
}

func (r memoryRow) json(k Kind) map[string]any {
	if k == Model {
		return map[string]any{"name": r.Name, "creation_timestamp": strconv.FormatInt(r.Created, 10), "last_updated_timestamp": strconv.FormatInt(r.Updated, 10)}
	}
	return map[string]any{
		"experiment_id": strconv.Itoa(r.ID), "name": r.Name,
		"creation_time": strconv.FormatInt(r.Created, 10), "last_update_time": strconv.FormatInt(r.Updated, 10),
	}
}

// memoryServer answers searches by name as MLflow does: filters of clauses
// joined by AND, its default orders and ties, tokens that count rows.
type memoryServer struct {
	kind  Kind
	old   bool // it knows no lists of names or ids
	lock  sync.Mutex
	rows  []memoryRow
	calls int
	seen  []string // filters
}

var memoryClause = regexp.MustCompile(`^(name|experiment_id) (LIKE|=|IN) (.*)$`)

// IDs makes the server its own directory.
func (m *memoryServer) IDs(_ context.Context, names []string) (map[string]string, error) {
	ids := map[string]string{}
	for _, row := range m.rows {
		if slices.Contains(names, row.Name) {
			ids[row.Name] = strconv.Itoa(row.ID)
		}
	}
	return ids, nil
}

func (m *memoryServer) Experiments(_ context.Context, ids []string) (map[string]ExperimentInfo, error) {
	known := map[string]ExperimentInfo{}
	for _, row := range m.rows {
		if id := strconv.Itoa(row.ID); slices.Contains(ids, id) {
			known[id] = ExperimentInfo{ID: id, Name: row.Name}
		}
	}
	return known, nil
}

// Do is called by several streams at once.
func (m *memoryServer) Do(_ context.Context, r *Request) (*Answer, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.calls++
	q, err := memoryArgs(r)
	if err != nil {
		return nil, err
	}
	m.seen = append(m.seen, q.Filter)
	var rows []memoryRow
	matches, err := m.filter(q.Filter)
	if err != nil {
		return memoryError(err), nil
	}
	for _, row := range m.rows {
		if matches(row) {
			rows = append(rows, row)
		}
	}
	if err := m.sort(rows, q.OrderBy); err != nil {
		return memoryError(err), nil
	}
	return m.page(rows, q)
}

type memoryQuery struct {
	Filter    string   `json:"filter"`
	Max       int      `json:"max_results"`
	PageToken string   `json:"page_token"`
	OrderBy   []string `json:"order_by"`
}

func memoryArgs(r *Request) (q memoryQuery, err error) {
	if r.Body != nil {
		return q, json.Unmarshal(r.Body, &q)
	}
	vals, err := url.ParseQuery(r.Query)
	if err != nil {
		return q, err
	}
	q.Filter, q.PageToken, q.OrderBy = vals.Get("filter"), vals.Get("page_token"), vals["order_by"]
	q.Max, err = strconv.Atoi(cmp.Or(vals.Get("max_results"), "100"))
	return q, err
}

func memoryError(err error) *Answer {
	return &Answer{400, "application/json", []byte(`{"error_code":"INVALID_PARAMETER_VALUE","message":` + strconv.Quote(err.Error()) + `}`)}
}

// filter reads a filter into what it says of a row.
func (m *memoryServer) filter(filter string) (func(memoryRow) bool, error) {
	if filter == "" {
		return func(memoryRow) bool { return true }, nil
	}
	clauses := map[*regexp.Regexp]string{}
	for clause := range strings.SplitSeq(filter, " AND ") {
		c := memoryClause.FindStringSubmatch(clause)
		if c == nil || m.old && c[2] == "IN" {
			return nil, fmt.Errorf("Invalid clause(s) in filter string: %s", clause)
		}
		p := regexp.QuoteMeta(c[3])
		switch c[2] {
		case "IN":
			p = strings.NewReplacer(`', '`, "|", `\('`, "", `'\)`, "").Replace(p)
		case "LIKE":
			p = strings.NewReplacer("%", ".*", "_", ".", "'", "").Replace(p)
		default:
			p = strings.Trim(p, "'")
		}
		clauses[regexp.MustCompile("^(?s:"+p+")$")] = c[1]
	}
	return func(row memoryRow) bool {
		for c, key := range clauses {
			if key == "name" && !c.MatchString(row.Name) || key != "name" && !c.MatchString(strconv.Itoa(row.ID)) {
				return false
			}
		}
		return true
	}, nil
}

func (m *memoryServer) sort(rows []memoryRow, orderBy []string) error {
	type column func(a, b memoryRow) int
	name := func(a, b memoryRow) int { return strings.Compare(a.Name, b.Name) }
	id := func(a, b memoryRow) int { return a.ID - b.ID }
	created := func(a, b memoryRow) int { return cmp.Compare(a.Created, b.Created) }
	updated := func(a, b memoryRow) int { return cmp.Compare(a.Updated, b.Updated) }
	down := func(c column) column { return func(a, b memoryRow) int { return -c(a, b) } }
	var order []column
	for _, s := range orderBy {
		word, dir, _ := strings.Cut(s, " ")
		c := map[string]column{"name": name, "creation_time": created, "last_update_time": updated, "last_updated_timestamp": updated}[word]
		if c == nil {
			return fmt.Errorf("Invalid order_by clause: %s", s)
		}
		if dir == "DESC" {
			c = down(c)
		}
		order = append(order, c)
	}
	switch {
	case m.kind == Model:
		order = append(order, name)
	case len(order) == 0:
		order = []column{down(created), id}
	default:
		order = append(order, down(id))
	}
	slices.SortStableFunc(rows, func(a, b memoryRow) int {
		for _, c := range order {
			if d := c(a, b); d != 0 {
				return d
			}
		}
		return 0
	})
	return nil
}

func (m *memoryServer) page(rows []memoryRow, q memoryQuery) (*Answer, error) {
	offset := 0
	if q.PageToken != "" {
		b, err := base64.StdEncoding.DecodeString(q.PageToken)
		if err != nil {
			return memoryError(err), nil
		}
		if _, err := fmt.Sscanf(string(b), `{"offset": %d}`, &offset); err != nil {
			return memoryError(err), nil
		}
	}
	rows = rows[min(offset, len(rows)):]
	answer := map[string]any{}
	list := []map[string]any{}
	for _, r := range rows[:min(q.Max, len(rows))] {
		list = append(list, r.json(m.kind))
	}
	if len(list) > 0 {
		answer[map[Kind]string{Experiment: "experiments", Model: "registered_models"}[m.kind]] = list
	}
	if len(rows) > q.Max {
		answer["next_page_token"] = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"offset": %d}`, offset+q.Max))
	}
	b, err := json.Marshal(answer)
	return &Answer{200, "application/json", b}, err
}
