package mlflowapi

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// readRest reads a value that nothing is decided by, and gives it in JSON's one
// shortest spelling. What it holds is held to the same rules as the rest of the
// body: UTF-8, and no key twice at any depth.
func readRest(dec *jsontext.Decoder) (*value, error) {
	raw, err := dec.ReadValue()
	if err != nil {
		return nil, badJSON(err)
	}
	raw = bytes.Clone(raw)
	if err := raw.Format(); err != nil {
		return nil, badJSON(err)
	}
	return &value{raw: raw, kind: '0'}, nil
}

// readAny reads a value whose form is known only later; null gives nil.
func readAny(dec *jsontext.Decoder) (*value, error) {
	switch kind := dec.PeekKind(); kind {
	case '{', '[':
		return readAnyOf(dec, kind)
	default:
		raw, err := dec.ReadValue()
		if err != nil {
			return nil, badJSON(err)
		}
		if kind == 'n' {
			return nil, nil
		}
		v := &value{raw: bytes.Clone(raw), kind: kind}
		if kind == '"' {
			s, err := jsontext.AppendUnquote(nil, raw)
			if err != nil {
				return nil, badJSON(err)
			}
			v.str = string(s)
		}
		return v, nil
	}
}

// readAnyOf reads an object or a list with all that is in it.
func readAnyOf(dec *jsontext.Decoder, kind jsontext.Kind) (*value, error) {
	if dec.StackDepth() > maxDepth {
		return nil, Bad("the request body is nested too deeply")
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, badJSON(err)
	}
	v := newList(nil)
	if kind == '{' {
		v = newObject(&object{})
	}
	for k := dec.PeekKind(); k != '}' && k != ']'; k = dec.PeekKind() {
		name := ""
		if kind == '{' {
			tok, err := dec.ReadToken()
			if err != nil {
				return nil, badJSON(err)
			}
			name = tok.String()
		}
		item, err := readAny(dec)
		if err != nil {
			return nil, err
		}
		if kind == '{' {
			v.obj.names, v.obj.values = append(v.obj.names, name), append(v.obj.values, item)
		} else {
			v.list = append(v.list, item)
		}
	}
	_, err := dec.ReadToken()
	if err != nil {
		return nil, badJSON(err)
	}
	return v, nil
}
