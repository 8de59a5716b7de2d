package mlflowapi

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonText is a field that holds JSON as text, which MLflow reads on its own.
type jsonText struct {
	in   *object
	name string
	is   role
}

// signText puts the identity into the tags that such a text holds, and refuses
// what may not be in them: MLflow takes the tag mlflow.user for who created a
// dataset or a record, and for who changed it last.
func (w *World) signText(c *Call, t jsonText) error {
	text := t.in.text(t.name)
	if t.is == scorerText {
		return w.admitScorer(text)
	}
	text, restore := withoutNaN(text)
	dec := jsontext.NewDecoder(bytes.NewBufferString(text))
	var out []byte
	var err error
	var refused *Refusal
	if t.is == tagsText {
		out, err = w.signTags(dec, c.Endpoint.Creates, !c.Endpoint.Creates)
	} else {
		out, err = w.signRecords(dec)
	}
	if errors.As(err, &refused) {
		err = nil // it is canonical all the same, for where mlgate only watches
	}
	if err == nil {
		_, err = dec.ReadToken()
		if err == io.EOF {
			err = nil
		} else if err == nil {
			err = Bad("'%s' must be one JSON text", t.name)
		}
	}
	if err != nil {
		return badText(t.name, err)
	}
	t.in.set(t.name, newString(restore(string(out))))
	if refused != nil {
		return refused
	}
	return nil
}

func badText(name string, err error) error {
	switch err.(type) {
	case *Error, *Refusal:
		return err
	}
	return Bad("Invalid value for parameter '%s': it must be JSON text that can be read in one way only", name)
}

// signTags copies an object of tags, signed; later: they are set on what is
// there already, where nobody signs.
func (w *World) signTags(dec *jsontext.Decoder, creates, later bool) ([]byte, error) {
	if dec.PeekKind() != '{' {
		return nil, Bad("tags must be a JSON object")
	}
	var refused error
	out := []byte{'{'}
	err := members(dec, func(key string, raw jsontext.Value) {
		if err := reservedTag(key, creates); err != nil && refused == nil {
			refused = err
		}
		if tagNamed(key, userTag) && !later && w.User != "" {
			return
		}
		out = appendMember(out, key, raw)
	})
	if err != nil {
		return nil, err
	}
	if !later && w.User != "" {
		out = appendMember(out, userTag, quoted(w.User))
	}
	return append(out, '}'), refused
}

// signRecords copies a list of records, each with its tags signed.
func (w *World) signRecords(dec *jsontext.Decoder) ([]byte, error) {
	if dec.PeekKind() != '[' {
		return nil, Bad("records must be a JSON list")
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	out := []byte{'['}
	for dec.PeekKind() == '{' {
		if len(out) > 1 {
			out = append(out, ',')
		}
		record, err := w.signRecord(dec)
		if err != nil {
			return nil, err
		}
		out = append(out, record...)
	}
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != ']' {
		return nil, Bad("every record must be a JSON object")
	}
	return append(out, ']'), nil
}

func (w *World) signRecord(dec *jsontext.Decoder) ([]byte, error) {
	out, tags := []byte{'{'}, jsontext.Value("{}")
	err := members(dec, func(key string, raw jsontext.Value) {
		switch {
		case key != "tags":
			out = appendMember(out, key, raw)
		case raw.Kind() != 'n':
			tags = raw
		}
	})
	if err != nil {
		return nil, err
	}
	signed, err := w.signTags(jsontext.NewDecoder(bytes.NewBuffer(tags)), true, false)
	if err != nil {
		return nil, err
	}
	return append(appendMember(out, "tags", signed), '}'), nil
}

// members reads an object member by member.
func members(dec *jsontext.Decoder, each func(key string, raw jsontext.Value)) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		tok, err := dec.ReadToken()
		if err != nil {
			return err
		}
		key := tok.String()
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		each(key, bytes.Clone(raw))
	}
	_, err := dec.ReadToken()
	return err
}

func appendMember(out []byte, key string, raw []byte) []byte {
	if len(out) > 1 {
		out = append(out, ',')
	}
	out, _ = jsontext.AppendQuote(out, key)
	return append(append(out, ':'), raw...)
}

func quoted(s string) []byte {
	b, _ := jsontext.AppendQuote(nil, s)
	return b
}

// withoutNaN puts texts in the place of NaN, Infinity and -Infinity, which
// Python writes and reads and JSON does not have; restore puts them back.
func withoutNaN(text string) (plain string, restore func(string) string) {
	word := rand.Text()
	names := [...]string{"-Infinity", "Infinity", "NaN"}
	var b strings.Builder
	inside, replaced := false, false
	for i := 0; i < len(text); {
		if !inside {
			if n := nanAt(text[i:], names[:]); n != "" {
				b.WriteString(`"` + word + n + `"`)
				i, replaced = i+len(n), true
				continue
			}
		}
		switch {
		case inside && text[i] == '\\' && i+1 < len(text):
			b.WriteByte(text[i])
			i++
		case text[i] == '"':
			inside = !inside
		}
		b.WriteByte(text[i])
		i++
	}
	if !replaced {
		return text, func(s string) string { return s }
	}
	return b.String(), func(s string) string {
		for _, n := range names {
			s = strings.ReplaceAll(s, `"`+word+n+`"`, n)
		}
		return s
	}
}

func nanAt(text string, names []string) string {
	for _, n := range names {
		if strings.HasPrefix(text, n) {
			return n
		}
	}
	return ""
}
