package mlflowapi

import (
	"github.com/go-json-experiment/json/jsontext"
)

// value is one JSON value of a request as it was read: a scalar, a list or an
// object. It is what goes upstream, written anew.
type value struct {
	raw  jsontext.Value // a number, true or false as the client wrote it; see also readRest
	str  string         // its text when it is a string
	kind jsontext.Kind  // '"' '0' 't' 'f' '[' '{'
	list []*value
	obj  *object
}

// object keeps the fields of a message in the order in which they came.
type object struct {
	names  []string
	values []*value
}

func newString(s string) *value { return &value{str: s, kind: '"'} }

func newList(items []*value) *value { return &value{kind: '[', list: items} }

func newObject(o *object) *value { return &value{kind: '{', obj: o} }

func (o *object) get(name string) *value {
	if o == nil {
		return nil
	}
	for i, n := range o.names {
		if n == name {
			return o.values[i]
		}
	}
	return nil
}

// find tells a field that is null (nil, true) from one that is absent.
func (o *object) find(name string) (*value, bool) {
	for i, n := range o.names {
		if n == name {
			return o.values[i], true
		}
	}
	return nil, false
}

// text gives a field's string, or "" where it is absent or no string.
func (o *object) text(name string) string {
	if v := o.get(name); v != nil {
		return v.str
	}
	return ""
}

// spelling gives a scalar's text as the client wrote it; false: it is absent.
func (o *object) spelling(name string) (string, bool) {
	v := o.get(name)
	if v == nil {
		return "", false
	}
	if v.kind == '"' {
		return v.str, true
	}
	return string(v.raw), true
}

// set puts a field in place of one of the same name, or behind the others.
func (o *object) set(name string, v *value) {
	for i, n := range o.names {
		if n == name {
			o.values[i] = v
			return
		}
	}
	o.names, o.values = append(o.names, name), append(o.values, v)
}

func (o *object) drop(name string) {
	for i, n := range o.names {
		if n == name {
			o.names = append(o.names[:i:i], o.names[i+1:]...)
			o.values = append(o.values[:i:i], o.values[i+1:]...)
			return
		}
	}
}

func (o *object) appendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, n := range o.names {
		if i > 0 {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, n)
		b = append(b, ':')
		b = o.values[i].appendJSON(b)
	}
	return append(b, '}')
}

func (v *value) appendJSON(b []byte) []byte {
	if v == nil { // within a value of any form
		return append(b, "null"...)
	}
	switch v.kind {
	case '{':
		return v.obj.appendJSON(b)
	case '[':
		b = append(b, '[')
		for i, item := range v.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.appendJSON(b)
		}
		return append(b, ']')
	case '"': // written anew: an escaped id must not differ from what was read
		b, _ = jsontext.AppendQuote(b, v.str)
		return b
	default:
		return append(b, v.raw...)
	}
}
