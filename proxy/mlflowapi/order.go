package mlflowapi

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// sortKey is one column of a search's order, as MLflow's answer shows it.
type sortKey struct {
	member  string
	desc    bool
	numeric bool
}

// sortValue is a row's value in one column. Names compare by bytes, which is
// SQLite's order and, on servers that collate otherwise, an approximation.
type sortValue struct {
	text string
	num  int64
	none bool
}

// orderClause is what MLflow's order_by accepts for one column (3.17.2,
// search_utils.py, _parse_order_by_string).
var orderClause = regexp.MustCompile("(?i)^\\s*(?:attributes?\\.)?[`\"']?(\\w+)[`\"']?(?:\\s+(asc|desc))?\\s*$")

// orderOf gives the columns by which MLflow will sort. needed: rows of several
// streams are to be merged, so that an order which cannot be read is an error.
func (s *Search) orderOf(v *value, needed bool) ([]sortKey, error) {
	if !needed {
		return nil, nil
	}
	if v == nil || len(v.list) == 0 {
		return s.withTies(s.Order), nil
	}
	var order []sortKey
	for _, item := range v.list {
		m := orderClause.FindStringSubmatch(item.str)
		if m == nil {
			return nil, Bad("cannot sort by %q", cut(item.str))
		}
		k, ok := s.Keys[m[1]]
		if !ok {
			return nil, Bad("cannot sort by %q", cut(item.str))
		}
		k.desc = strings.EqualFold(m[2], "desc")
		order = append(order, k)
	}
	return s.withTies(order), nil
}

func (s *Search) withTies(order []sortKey) []sortKey {
	order = slices.Clone(order)
	for _, t := range s.Tie {
		if !slices.ContainsFunc(order, func(k sortKey) bool { return k.member == t.member }) {
			order = append(order, t)
		}
	}
	return order
}

func sortValues(raw jsontext.Value, order []sortKey) []sortValue {
	if len(order) == 0 {
		return nil
	}
	var got map[string]jsontext.Value
	if json.Unmarshal(raw, &got) != nil {
		return make([]sortValue, len(order))
	}
	vals := make([]sortValue, len(order))
	for i, k := range order {
		v := got[k.member]
		s := string(v)
		if v.Kind() == '"' {
			b, _ := jsontext.AppendUnquote(nil, v)
			s = string(b)
		}
		vals[i] = sortValue{text: s, none: v == nil}
		if k.numeric {
			vals[i].num, _ = strconv.ParseInt(s, 10, 64)
		}
	}
	return vals
}

func (r *row) before(o *row, order []sortKey) bool {
	for i, k := range order {
		a, b := r.keys[i], o.keys[i]
		c := 0
		switch {
		case a.none != b.none: // NULL sorts first (SQLite)
			c = 1
			if a.none {
				c = -1
			}
		case k.numeric:
			c = cmp.Compare(a.num, b.num)
		default:
			c = cmp.Compare(a.text, b.text)
		}
		if k.desc {
			c = -c
		}
		if c != 0 {
			return c < 0
		}
	}
	return false
}
