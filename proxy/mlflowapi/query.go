package mlflowapi

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// readQuery reads a query string against an endpoint's fields. MLflow takes
// the first of two equal keys where one is expected, and never reads ';' as a
// separator: both are refused, as is a key that only looks like a known one.
func readQuery(raw string, fields []field) (*object, error) {
	o := &object{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		key, err1 := url.QueryUnescape(k)
		val, err2 := url.QueryUnescape(v)
		if err1 != nil || err2 != nil || !utf8.ValidString(key) || !utf8.ValidString(val) {
			return nil, Bad("cannot read the query string: bad percent-encoding or not UTF-8")
		}
		f, name, err := fieldNamed(fields, key)
		if err != nil {
			return nil, err
		}
		if f == nil {
			continue
		}
		if err := addArgument(o, f, name, val); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func addArgument(o *object, f *field, name, val string) error {
	if f.of != nil {
		return Bad("Invalid value for parameter '%s': it cannot be given in the query string", f.name)
	}
	have := o.get(name)
	switch {
	case f.rest && have == nil:
		o.set(name, newList([]*value{newString(val)})) // may come again
	case f.many && have == nil:
		o.set(name, newList([]*value{newString(val)}))
	case f.many, f.rest:
		have.list = append(have.list, newString(val))
	case have != nil:
		return Bad("parameter %q is given twice", name)
	default:
		o.set(name, newString(val))
	}
	return nil
}

// query writes an object as a query string.
func (o *object) query() string {
	var b strings.Builder
	add := func(name, val string) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(val))
	}
	for i, n := range o.names {
		v := o.values[i]
		switch v.kind {
		case '[':
			for _, item := range v.list {
				add(n, item.str)
			}
		case '"':
			add(n, v.str)
		default:
			add(n, string(v.raw))
		}
	}
	return b.String()
}

// clone copies an object so that one reading can go upstream in several forms.
func (o *object) clone() *object {
	c := &object{names: slices.Clone(o.names), values: make([]*value, len(o.values))}
	for i, v := range o.values {
		c.values[i] = v.clone()
	}
	return c
}

func (v *value) clone() *value {
	if v == nil { // null
		return nil
	}
	c := *v
	if v.obj != nil {
		c.obj = v.obj.clone()
	}
	if v.list != nil {
		c.list = make([]*value, len(v.list))
		for i, item := range v.list {
			c.list[i] = item.clone()
		}
	}
	return &c
}
