package mlflowapi

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds nesting; MLflow's own messages stay below six.
const maxDepth = 16

// readBody reads a JSON body against a message's fields. MLflow would decode
// a string holding JSON a second time, take UTF-16, let the last of two equal
// keys win and accept camelCase beside snake_case: all of that is refused
// here, because it is how a request says one thing to a proxy and another to
// MLflow. Fields that the message does not have are dropped.
func readBody(body []byte, fields []field) (*object, error) {
	if len(bytes.TrimLeft(body, " \t\r\n")) == 0 {
		return &object{}, nil // MLflow reads no body as {}
	}
	dec := jsontext.NewDecoder(bytes.NewReader(body)) // refuses bad UTF-8 and duplicate names at any depth
	if k := dec.PeekKind(); k != '{' {
		if _, err := dec.ReadToken(); err != nil {
			return nil, badJSON(err)
		}
		return nil, Bad("the request body must be one JSON object")
	}
	o, err := readObject(dec, fields)
	if err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, Bad("the request body must be one JSON object and nothing behind it")
	}
	return o, nil
}

// badJSON words a syntax error without repeating the client's bytes.
func badJSON(err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var syn *jsontext.SyntacticError
	if errors.As(err, &syn) {
		why := "invalid JSON"
		if errors.Is(err, jsontext.ErrDuplicateName) {
			why = "a field is given twice"
		} else if errors.Is(err, io.ErrUnexpectedEOF) {
			why = "the JSON ends too early"
		}
		return Bad("cannot read the request body: %s at byte %d", why, syn.ByteOffset)
	}
	return Bad("cannot read the request body: invalid JSON")
}

func readObject(dec *jsontext.Decoder, fields []field) (*object, error) {
	if dec.StackDepth() > maxDepth {
		return nil, Bad("the request body is nested too deeply")
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, badJSON(err)
	}
	o := &object{}
	for dec.PeekKind() != '}' {
		tok, err := dec.ReadToken()
		if err != nil {
			return nil, badJSON(err)
		}
		f, name, err := fieldNamed(fields, tok.String())
		if err != nil {
			return nil, err
		}
		if f != nil && f.rest {
			v, err := readRest(dec)
			if err != nil {
				return nil, err
			}
			o.names, o.values = append(o.names, name), append(o.values, v)
			continue
		}
		if f == nil || dec.PeekKind() == 'n' && !f.any { // unknown, or null: MLflow reads null as absent
			if err := dec.SkipValue(); err != nil {
				return nil, badJSON(err)
			}
			continue
		}
		v, err := readValue(dec, f, f.many)
		if err != nil {
			return nil, err
		}
		o.names, o.values = append(o.names, name), append(o.values, v)
	}
	_, err := dec.ReadToken()
	if err != nil {
		return nil, badJSON(err)
	}
	return o, nil
}

func readValue(dec *jsontext.Decoder, f *field, many bool) (*value, error) {
	kind := dec.PeekKind()
	switch {
	case f.any:
		return readAny(dec)
	case many:
		if kind != '[' {
			return nil, Bad("Invalid value for parameter '%s': it must be a list", f.name)
		}
		return readList(dec, f)
	case f.of != nil:
		if kind != '{' {
			return nil, Bad("Invalid value for parameter '%s': it must be an object", f.name)
		}
		o, err := readObject(dec, f.of)
		return newObject(o), err
	case kind == '[' || kind == '{':
		return nil, Bad("Invalid value for parameter '%s': it must not be a list or an object", f.name)
	}
	tok, err := dec.ReadValue()
	if err != nil {
		return nil, badJSON(err)
	}
	if kind == '"' {
		s, err := jsontext.AppendUnquote(nil, tok)
		if err != nil {
			return nil, badJSON(err)
		}
		return newString(string(s)), nil
	}
	if f.is != plain {
		return nil, Bad("Invalid value for parameter '%s': it must be a string", f.name)
	}
	return &value{raw: bytes.Clone(tok), kind: kind}, nil
}

func readList(dec *jsontext.Decoder, f *field) (*value, error) {
	if _, err := dec.ReadToken(); err != nil {
		return nil, badJSON(err)
	}
	var items []*value
	for dec.PeekKind() != ']' {
		if dec.PeekKind() == 'n' {
			return nil, Bad("Invalid value for parameter '%s': null in a list", f.name)
		}
		v, err := readValue(dec, f, false)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, badJSON(err)
	}
	return newList(items), nil
}

// fieldNamed finds the field that a client's key names. A key that is unknown
// gives nil; one that only looks like a known one (another case, camelCase)
// is refused, since MLflow may take it for the known one.
func fieldNamed(fields []field, key string) (*field, string, error) {
	for i := range fields {
		if f := &fields[i]; f.name == key || (f.alias == key && f.alias != "") {
			return f, key, nil
		}
	}
	for i := range fields {
		for _, n := range [...]string{fields[i].name, fields[i].alias} {
			if n != "" && !fields[i].rest && looksLike(key, n) {
				return nil, "", Bad("unknown field %q: spell it %q", cut(key), n)
			}
		}
	}
	if n := len(fields); n > 0 && fields[n-1].rest {
		return &fields[n-1], key, nil
	}
	return nil, "", nil
}

// looksLike compares two keys without case, underscores, hyphens and blanks.
func looksLike(a, b string) bool { return squash(a) == squash(b) }

func squash(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r == '-' || r <= ' ':
			return -1
		default:
			return r
		}
	}, strings.ToLower(s))
}

// cut keeps a client's text short enough for a message.
func cut(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
